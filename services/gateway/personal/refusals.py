"""Why persons' codes are not made, and why persons are not paid."""

from services.core.errors import Conflict, Forbidden, LimitReached, Malformed, NotFound, Refused
from services.gateway.payments.refusals import PERIODS
from services.gateway.reference import LimitRule


class PersonalNameMalformed(Malformed):
    """No name, or one that cannot be shown."""

    def __init__(self, field: str, longest: int) -> None:
        super().__init__(
            f"{field} must be 1 to {longest} characters that can be seen, none of them a control.",
            field=field,
        )


class PersonalNameUnclear(Malformed):
    """Neither a chosen nor a real name, or both."""

    def __init__(self) -> None:
        super().__init__(
            "Either display_name or real_name must say what payers are shown: give one of them.",
            field="display_name",
        )


class PersonsNeedHostedWallet(Forbidden):
    """Only payers with an account with us can be paid."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call is for hosted wallets, whose payers have accounts with us.",
            participant_id=participant_id,
        )


class PersonalCodesNotOpen(Refused):
    """Nobody has said how much a person of this wallet may be paid."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            f"Persons of {participant_id} cannot be paid by codes yet: the operator puts a limit "
            "rule of what they may be paid per day or month first.",
            participant_id=participant_id,
        )


class WalletCountryMissing(Refused):
    """A code says in which country it is."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            f"The country of {participant_id} is not known: ask the operator to put it.",
            participant_id=participant_id,
        )


class PersonalCodesTooMany(LimitReached):
    """A person has as many good codes as they may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This payer has {most} codes that are good: revoke one first.", most=str(most)
        )


class PersonalCodeExistsWithDifferentContent(Conflict):
    """The id was used before, for another payer or name."""

    def __init__(self, code_id: str) -> None:
        super().__init__(
            f"The code {code_id} exists for another payer or name: use a fresh id.",
            code_id=code_id,
        )


class PersonalCodeUnknown(NotFound):
    """No such code of this wallet. Another's is not told apart."""

    def __init__(self, code_id: str) -> None:
        super().__init__(
            f"There is no code {code_id[:64]!r} of yours: create it first.", code_id=code_id[:64]
        )


class PersonUnknown(NotFound):
    """The code that was scanned was never given out."""

    def __init__(self) -> None:
        super().__init__("No person has this code: check that the right code was scanned.")


class PersonalCodeRevoked(Refused):
    """The person gave the code up, or their wallet did."""

    def __init__(self) -> None:
        super().__init__("This person's code is no longer good: ask them for a new one.")


class PaymentToOneself(Refused):
    """Payer and person are the same."""

    def __init__(self) -> None:
        super().__init__("This code is the payer's own: nobody pays themselves.")


class PersonsTakeNoHolds(Refused):
    """Money for a person is paid or it is not."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} goes to a person: confirm it, it cannot be authorised.",
            payment_id=payment_id,
        )


class ReceiptOverLimit(Refused):
    """More at once than a person may be paid."""

    def __init__(self, rule: LimitRule) -> None:
        super().__init__(
            f"A person can be paid {rule.maximum} at most {PERIODS[rule.period]}: pay less.",
            limit_minor_units=str(rule.maximum.minor),
            currency_code=rule.maximum.currency,
            period=rule.period.value,
        )


class ReceiverLimitReached(LimitReached):
    """The person was paid what a person may be in the period.

    How much is left is not told: it would say what others have paid them.
    """

    def __init__(self, rule: LimitRule) -> None:
        super().__init__(
            f"This person cannot be paid so much now: a person gets {rule.maximum} at most "
            f"{PERIODS[rule.period]}. Pay less, or later.",
            limit_minor_units=str(rule.maximum.minor),
            currency_code=rule.maximum.currency,
            period=rule.period.value,
        )


class RefundIsTheReceivers(Refused):
    """What a person was paid is theirs to give back."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} went to a person: only their wallet can give it back.",
            payment_id=payment_id,
        )
