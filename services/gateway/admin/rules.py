"""Rules for reference data: what may be put, given what is known. Pure.

Each `check_…` raises a leaf that says which field is wrong and what fits there. What ledger
accounts were opened for (a currency, a funding, a limit) stays as it was first put.
"""

import functools
import zoneinfo

from services.core.currencies import minor_units
from services.core.ids import checked_id
from services.core.rate import BASIS_POINTS
from services.gateway.admin.errors import (
    AMOUNT_MAXIMUM,
    AUTHORISATION_DAYS_MAXIMUM,
    ESCROW_DAYS_MAXIMUM,
    LIMIT_RULES_MAXIMUM,
    QUOTE_SECONDS_MAXIMUM,
    REFUND_DAYS_MAXIMUM,
    AuthorisationAtPartner,
    AuthorisationDaysOutOfRange,
    CategoryMalformed,
    CorridorTaken,
    CountryMalformed,
    CurrencyDiffers,
    EscrowAtPartner,
    EscrowDaysOutOfRange,
    FeePlanUnknown,
    FeeRateOutOfRange,
    FieldFixed,
    FieldMissing,
    FieldOutOfPlace,
    LimitOutOfRange,
    LimitRuleEmpty,
    LimitRulesTooMany,
    LimitsContradict,
    MerchantCodeTaken,
    ParticipantOfOtherKind,
    ParticipantUnknown,
    QuoteSecondsOutOfRange,
    RefundDaysOutOfRange,
    SchemeUnknown,
    TimeZoneUnknown,
    check_text,
)
from services.gateway.payments.pricing import PERSONAL_SCHEME
from services.gateway.reference import (
    Corridor,
    FeePlan,
    Funding,
    LimitFlow,
    LimitPeriod,
    LimitRule,
    Merchant,
    Participant,
    ParticipantKind,
    Reference,
    Scheme,
)


def check_participant(known: Reference, new: Participant) -> None:
    """Wallets need funding, home currency and time zone; others have none of these."""
    checked_id(new.participant_id, "participant_id")
    check_text(new.display_name, "display_name")
    _check_limit(new.net_debit_limit, "net_debit_limit")
    if new.kind is ParticipantKind.WALLET:
        _check_wallet(new)
    elif new.funding or new.home_currency or new.collect_partner_id or new.net_debit_limit:
        raise FieldOutOfPlace(
            "funding, home_currency_code, collect_partner_id and net_debit_limit are for wallets; "
            f"leave them out for the {new.kind} {new.participant_id}.",
        )
    if new.country_code:
        _check_country(new.country_code)
    before = known.participants.get(new.participant_id)
    if before is not None:
        for field in ("kind", "funding", "home_currency", "net_debit_limit"):
            _check_fixed(before, new, field, f"participant {new.participant_id}")


def _check_wallet(new: Participant) -> None:
    if new.funding is None:
        raise FieldMissing("funding")
    minor_units(new.home_currency)
    if new.time_zone not in _time_zones():
        raise TimeZoneUnknown(new.time_zone)
    if new.funding is Funding.PARTNER:
        checked_id(new.collect_partner_id, "collect_partner_id")
    elif new.collect_partner_id:
        raise FieldOutOfPlace(
            "collect_partner_id is for wallets with FUNDING_PARTNER; leave it out here."
        )


@functools.cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_scheme(_known: Reference, new: Scheme) -> None:
    """A scheme whose codes name no merchant needs the partner who does."""
    checked_id(new.scheme, "scheme")
    minor_units(new.currency)
    _check_country(new.country_code)
    if new.acceptance_partner_id or new.resolved_by_partner:
        checked_id(new.acceptance_partner_id, "acceptance_partner_id")


def check_fee_plan(known: Reference, new: FeePlan) -> None:
    """A rate of 0 to 10000 basis points; amounts of one currency."""
    checked_id(new.fee_plan_id, "fee_plan_id")
    minor_units(new.fixed.currency)
    if not 0 <= new.rate_basis_points <= BASIS_POINTS:
        raise FeeRateOutOfRange(new.rate_basis_points)
    if new.minimum.currency != new.fixed.currency:
        raise CurrencyDiffers("minimum", new.minimum.currency, "fixed", new.fixed.currency)
    _check_limit(new.fixed.minor, "fixed")
    _check_limit(new.minimum.minor, "minimum")
    before = known.fee_plans.get(new.fee_plan_id)
    if before is not None and before.fixed.currency != new.fixed.currency:
        raise FieldFixed("currency", f"fee plan {new.fee_plan_id}", before.fixed.currency)


def check_merchant(known: Reference, new: Merchant) -> None:
    """A shop of a known acquirer, found by a code that no other shop has."""
    checked_id(new.merchant_id, "merchant_id")
    _participant_of_kind(known, new.acquirer_id, ParticipantKind.ACQUIRER)
    for value, field in (
        (new.name, "name"),
        (new.city, "city"),
        (new.scheme_account_id, "scheme_account_id"),
    ):
        check_text(value, field)
    _check_country(new.country_code)
    if not (new.category_code.isascii() and new.category_code.isdigit()) or (
        len(new.category_code) != 4
    ):
        raise CategoryMalformed(new.category_code)
    minor_units(new.currency)
    # Codes of persons lead to persons, whoever else claims their tokens.
    if new.scheme not in known.schemes or new.scheme == PERSONAL_SCHEME:
        raise SchemeUnknown(new.scheme)
    _check_plan(known, new.fee_plan_id, new.currency)
    _check_limit(new.net_debit_limit, "net_debit_limit")
    other = known.merchants_by_account.get((new.scheme, new.scheme_account_id))
    if other is not None and other.merchant_id != new.merchant_id:
        raise MerchantCodeTaken(new.scheme, new.scheme_account_id, other.merchant_id)
    before = known.merchants.get(new.merchant_id)
    if before is not None:
        for field in ("acquirer_id", "currency", "net_debit_limit"):
            _check_fixed(before, new, field, f"merchant {new.merchant_id}")


def check_corridor(known: Reference, new: Corridor) -> None:
    """From a known wallet's home currency to a target currency, by a fee plan of that currency."""
    checked_id(new.corridor_id, "corridor_id")
    wallet = _participant_of_kind(known, new.wallet_id, ParticipantKind.WALLET)
    if new.acceptance_partner_id:
        checked_id(new.acceptance_partner_id, "acceptance_partner_id")
    if new.home_currency != wallet.home_currency:
        raise CurrencyDiffers(
            "home_currency_code", new.home_currency, f"wallet {wallet.participant_id}",
            wallet.home_currency,
        )  # fmt: skip
    minor_units(new.target_currency)
    _check_plan(known, new.fee_plan_id, new.target_currency)
    if not 1 <= new.quote_seconds <= QUOTE_SECONDS_MAXIMUM:
        raise QuoteSecondsOutOfRange(new.quote_seconds)
    for field in ("payment_minimum", "payment_limit", "payer_day_limit", "corridor_day_limit"):
        _check_limit(getattr(new, field), field)
    if 0 < new.payment_limit < new.payment_minimum:
        raise LimitsContradict(
            "payment_minimum", new.payment_minimum, "payment_limit", new.payment_limit
        )
    if not 0 <= new.refund_policy.within_days <= REFUND_DAYS_MAXIMUM:
        raise RefundDaysOutOfRange(new.refund_policy.within_days)
    if not 0 <= new.authorisation_days <= AUTHORISATION_DAYS_MAXIMUM:
        raise AuthorisationDaysOutOfRange(new.authorisation_days)
    if new.authorisation_days and new.acceptance_partner_id:
        raise AuthorisationAtPartner(new.acceptance_partner_id)
    if not 0 <= new.escrow_days <= ESCROW_DAYS_MAXIMUM:
        raise EscrowDaysOutOfRange(new.escrow_days)
    if new.escrow_days and new.acceptance_partner_id:
        raise EscrowAtPartner(new.acceptance_partner_id)
    if new.personal:
        _check_receiving(known, new)
    other = known.corridors.get(new.way)
    if other is not None and other.corridor_id != new.corridor_id:
        raise CorridorTaken(other.corridor_id)
    before = corridor_named(known, new.corridor_id)
    if before is not None:
        for field in ("wallet_id", "acceptance_partner_id", "target_currency", "personal"):
            _check_fixed(before, new, field, f"corridor {new.corridor_id}")


def _check_receiving(known: Reference, new: Corridor) -> None:
    """Persons have accounts with us where their wallet is hosted, in its home currency."""
    receiving = _participant_of_kind(known, new.acceptance_partner_id, ParticipantKind.WALLET)
    if receiving.funding is not Funding.HOSTED:
        raise FieldOutOfPlace(
            f"personal is for corridors to payers of a hosted wallet; {receiving.participant_id} "
            f"is funded by {receiving.funding}."
        )
    if new.target_currency != receiving.home_currency:
        raise CurrencyDiffers(
            "target_currency_code", new.target_currency, f"wallet {receiving.participant_id}",
            receiving.home_currency,
        )  # fmt: skip


def check_limit_rule(known: Reference, new: LimitRule) -> None:
    """A maximum per payment, day, month or year; per payment also, or only, a minimum."""
    checked_id(new.limit_rule_id, "limit_rule_id")
    if new.wallet_country:
        _check_country(new.wallet_country)
    if new.wallet_id:
        _participant_of_kind(known, new.wallet_id, ParticipantKind.WALLET)
    for field in ("acceptance_partner_id", "collect_partner_id"):
        if getattr(new, field):
            checked_id(getattr(new, field), field)
    minor_units(new.maximum.currency)
    _check_limit(new.maximum.minor, "maximum")
    _check_limit(new.minimum, "minimum")
    if new.minimum and new.period is not LimitPeriod.PAYMENT:
        raise FieldOutOfPlace("minimum is for rules per payment; leave it out here.")
    if new.flow is LimitFlow.WITHDRAWAL and new.acceptance_partner_id:
        raise FieldOutOfPlace(
            "acceptance_partner_id is for rules on payments; a withdrawal's bank is its "
            "collect_partner_id."
        )
    if new.flow is LimitFlow.RECEIPT and (
        new.acceptance_partner_id or new.collect_partner_id or new.minimum
    ):
        raise FieldOutOfPlace(
            "acceptance_partner_id, collect_partner_id and minimum are for rules on what is paid; "
            "leave them out of a rule on what persons are paid."
        )
    if not new.maximum.minor and not new.minimum:
        raise LimitRuleEmpty
    if 0 < new.maximum.minor < new.minimum:
        raise LimitsContradict("minimum", new.minimum, "maximum", new.maximum.minor)
    check_text(new.source, "source")
    if new.limit_rule_id not in known.limit_rules and (
        len(known.limit_rules) >= LIMIT_RULES_MAXIMUM
    ):
        raise LimitRulesTooMany


def corridor_named(known: Reference, corridor_id: str) -> Corridor | None:
    """The corridor of this id."""
    named = (each for each in known.corridors.values() if each.corridor_id == corridor_id)
    return next(named, None)


def _participant_of_kind(
    known: Reference, participant_id: str, kind: ParticipantKind
) -> Participant:
    participant = known.participants.get(participant_id)
    if participant is None:
        raise ParticipantUnknown(participant_id)
    if participant.kind is not kind:
        raise ParticipantOfOtherKind(participant, kind)
    return participant


def _check_plan(known: Reference, fee_plan_id: str, currency: str) -> None:
    plan = known.fee_plans.get(fee_plan_id)
    if plan is None:
        raise FeePlanUnknown(fee_plan_id)
    if plan.fixed.currency != currency:
        raise CurrencyDiffers("fee_plan_id", plan.fixed.currency, "what is paid", currency)


def _check_country(value: str) -> None:
    if not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()):
        raise CountryMalformed(value)


def _check_limit(minor: int, field: str) -> None:
    if not 0 <= minor <= AMOUNT_MAXIMUM:
        raise LimitOutOfRange(field, minor)


def _check_fixed(before: object, new: object, field: str, subject: str) -> None:
    if getattr(before, field) != getattr(new, field):
        raise FieldFixed(field, subject, str(getattr(before, field)))
