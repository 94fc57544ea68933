"""Why reference data are refused: one leaf per clause."""

from services.core.errors import Conflict, Malformed, NotFound, Refused
from services.core.rate import BASIS_POINTS
from services.gateway.reference import Participant, ParticipantKind

QUOTE_SECONDS_MAXIMUM = 3600
REFUND_DAYS_MAXIMUM = 3650
AUTHORISATION_DAYS_MAXIMUM = 30
ESCROW_DAYS_MAXIMUM = 90
TEXT_MAXIMUM = 100  # characters
AMOUNT_MAXIMUM = 10**15  # minor units, as the ledger takes them
LIMIT_RULES_MAXIMUM = 500


class FieldMissing(Malformed):
    """A field that is needed is empty."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is empty; it is needed here.", field=field)


class FieldOutOfPlace(Malformed):
    """A field is given where it has no meaning."""


class TextTooLong(Malformed):
    """A text beyond what is kept."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is longer than {TEXT_MAXIMUM} characters.", field=field)


def check_text(value: str, field: str) -> None:
    """A short text that is needed. Raises `FieldMissing`, `TextTooLong`."""
    if not value.strip():
        raise FieldMissing(field)
    if len(value) > TEXT_MAXIMUM:
        raise TextTooLong(field)


class TimeZoneUnknown(Malformed):
    """Not a name of the IANA time zone database."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The time zone {name[:40]!r} is not known: use an IANA name such as Asia/Shanghai.",
            time_zone=name[:40],
        )


class CountryMalformed(Malformed):
    """Not two capital letters."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"country_code {value[:10]!r} is not a country: use ISO 3166 letters such as JP."
        )


class CategoryMalformed(Malformed):
    """Not a merchant category code."""

    def __init__(self, value: str) -> None:
        super().__init__(
            f"category_code {value[:10]!r} is not one: use four digits of ISO 18245, such as 5812."
        )


class FeeRateOutOfRange(Malformed):
    """A fee rate below nothing or above everything."""

    def __init__(self, rate: int) -> None:
        super().__init__(f"rate_basis_points {rate} is not between 0 and {BASIS_POINTS}.")


class LimitOutOfRange(Malformed):
    """A limit or amount below zero, or beyond 10^15."""

    def __init__(self, field: str, minor: int) -> None:
        super().__init__(
            f"{field} {minor} is not an amount: use 0 or more minor units, at most 10^15.",
            field=field,
        )


class LimitsContradict(Malformed):
    """No amount fits both limits."""

    def __init__(self, least: str, minimum: int, most: str, limit: int) -> None:
        super().__init__(f"{least} {minimum} is above {most} {limit}.")


class LimitRuleEmpty(Malformed):
    """A rule that limits nothing."""

    def __init__(self) -> None:
        super().__init__("The rule has neither a maximum nor a minimum: give one of them.")


class LimitRulesTooMany(Refused):
    """More rules than a gateway holds."""

    def __init__(self) -> None:
        super().__init__(
            f"There are {LIMIT_RULES_MAXIMUM} limit rules already: change one of them."
        )


class QuoteSecondsOutOfRange(Malformed):
    """A quote's life that makes no sense."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"quote_seconds {seconds} is not between 1 and {QUOTE_SECONDS_MAXIMUM}.")


class RefundDaysOutOfRange(Malformed):
    """Refunds that are too late before they begin, or after all records are gone."""

    def __init__(self, days: int) -> None:
        super().__init__(
            f"refund_policy.within_days is {days}; it has to be 0 (no limit of ours) to "
            f"{REFUND_DAYS_MAXIMUM}."
        )


class AuthorisationDaysOutOfRange(Malformed):
    """Holds that would outlast what wallets and merchants expect."""

    def __init__(self, days: int) -> None:
        super().__init__(
            f"authorisation_days is {days}; it has to be 0 (none are taken) to "
            f"{AUTHORISATION_DAYS_MAXIMUM}."
        )


class AuthorisationAtPartner(Refused):
    """A corridor of a partner's network, whose charges cannot be held."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(
            f"authorisation_days has to be 0 where {partner_id} accepts: only payments at "
            "merchants of our own acquirers can be authorised.",
            acceptance_partner_id=partner_id,
        )


class EscrowDaysOutOfRange(Malformed):
    """Money that would be kept from merchants longer than buyers need."""

    def __init__(self, days: int) -> None:
        super().__init__(
            f"escrow_days is {days}; it has to be 0 (nothing is kept) to {ESCROW_DAYS_MAXIMUM}."
        )


class EscrowAtPartner(Refused):
    """A corridor of a partner's network, which pays its merchants itself."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(
            f"escrow_days has to be 0 where {partner_id} accepts: only payments at merchants of "
            "our own acquirers can be kept from them.",
            acceptance_partner_id=partner_id,
        )


class CurrencyDiffers(Refused):
    """Two things that must share a currency do not."""

    def __init__(self, field: str, currency: str, other: str, other_currency: str) -> None:
        super().__init__(
            f"{field} is in {currency or 'no currency'}, but {other} is in {other_currency}.",
            field=field,
            currency_code=currency[:10],
            other_currency_code=other_currency,
        )


class ParticipantUnknown(NotFound):
    """No participant of this id has been put."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            f"There is no participant {participant_id[:80]!r}: put it first.",
            participant_id=participant_id[:80],
        )


class ParticipantOfOtherKind(Refused):
    """A wallet where an acquirer is needed, or the reverse."""

    def __init__(self, participant: Participant, needed: ParticipantKind) -> None:
        super().__init__(
            f"{participant.participant_id} is of kind {participant.kind}; "
            f"one of kind {needed} is needed here.",
            participant_id=participant.participant_id,
        )


class SchemeUnknown(NotFound):
    """No scheme of this name has been put."""

    def __init__(self, scheme: str) -> None:
        super().__init__(f"There is no scheme {scheme[:80]!r}: put it first.", scheme=scheme[:80])


class FeePlanUnknown(NotFound):
    """No fee plan of this id has been put."""

    def __init__(self, fee_plan_id: str) -> None:
        super().__init__(
            f"There is no fee plan {fee_plan_id[:80]!r}: put it first.",
            fee_plan_id=fee_plan_id[:80],
        )


class MerchantCodeTaken(Conflict):
    """A scheme's account id leads to another merchant already."""

    def __init__(self, scheme: str, account_id: str, merchant_id: str) -> None:
        super().__init__(
            f"The {scheme} account {account_id!r} belongs to merchant {merchant_id} already.",
            merchant_id=merchant_id,
        )


class CorridorTaken(Conflict):
    """Wallet, acceptance partner and target currency have a corridor already."""

    def __init__(self, corridor_id: str) -> None:
        super().__init__(
            f"This wallet, acceptance partner and target currency are corridor {corridor_id} "
            "already: change that one.",
            corridor_id=corridor_id,
        )


class FieldFixed(Refused):
    """A change of what ledger accounts were opened for."""

    def __init__(self, field: str, subject: str, before: str) -> None:
        super().__init__(
            f"{field} of {subject} is {before} and cannot be changed, "
            "because accounts were opened for it: put a new one under another id.",
            field=field,
        )
