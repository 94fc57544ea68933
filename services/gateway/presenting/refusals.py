"""Why a call about payers' codes is refused.

What an acquirer is told says nothing about the payer: neither their limits nor their money.
"""

from services.core.errors import (
    Conflict,
    Forbidden,
    LimitReached,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)


class PayerCodeMalformed(Malformed):
    """Not the text or number of a payer's code."""

    def __init__(self) -> None:
        super().__init__(
            "This is not a code that a payer shows, or it was misread: scan it again.", field="code"
        )


class PayerCodeForeign(Malformed):
    """A payer's code of somebody else's."""

    def __init__(self) -> None:
        super().__init__(
            "This payer's code was not made by a wallet that takes part here: ask for another way "
            "to pay.",
            field="code",
        )


class CodeUnknown(NotFound):
    """No wallet has made this code."""

    def __init__(self) -> None:
        super().__init__("This code is not known: ask the payer for a fresh one.")


class CodeUsed(Refused):
    """Another charge was first."""

    def __init__(self) -> None:
        super().__init__("This code has been charged: ask the payer for a fresh one.")


class CodeExpired(Refused):
    """Its time is over."""

    def __init__(self) -> None:
        super().__init__("This code's time is over: ask the payer for a fresh one.")


class CodeCancelled(Refused):
    """The payer or the wallet took it back."""

    def __init__(self) -> None:
        super().__init__("This code was taken back: ask the payer for a fresh one.")


class CodeNotYetValid(Refused):
    """A phone's clock is ahead of ours."""

    def __init__(self) -> None:
        super().__init__(
            "This code is of a time to come: the clock of the payer's phone has to be set right."
        )


class CodeForOtherCountry(Refused):
    """Made for shops elsewhere."""

    def __init__(self, country_code: str) -> None:
        super().__init__(
            f"This code is good in {country_code} only: ask the payer for one of this country.",
            country_code=country_code,
        )


class OfflineCodesUsedUp(Refused):
    """A counter beyond what the key is good for."""

    def __init__(self) -> None:
        super().__init__(
            "The phone has no more codes of its own: it has to go online once to pay again."
        )


class OfflineKeyLocked(Refused):
    """Too many forged codes of one key."""

    def __init__(self) -> None:
        super().__init__(
            "Codes of this phone are not taken for now: it has to go online once to pay again."
        )


class PaymentCodeOver(Refused):
    """Nobody is to be shown what cannot be charged."""

    def __init__(self, code_id: str, state: str) -> None:
        super().__init__(
            f"The payment code {code_id} is {state}: make a fresh one to show.",
            code_id=code_id,
            state=state,
        )


class LifetimeMalformed(Malformed):
    """Codes cannot live so."""

    def __init__(self, field: str, form: str) -> None:
        super().__init__(f"{field} has to be {form}.", field=field)


class PaymentCodeUnknown(NotFound):
    """No such code of this wallet."""

    def __init__(self, code_id: str) -> None:
        super().__init__(
            f"There is no payment code {code_id[:64]!r} of yours: check the id, or create it.",
            code_id=code_id[:64],
        )


class PaymentCodeExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, code_id: str) -> None:
        super().__init__(
            f"The payment code {code_id} exists with another payer, country or lifetime: "
            "use a fresh id for a new code.",
            code_id=code_id,
        )


class TooManyLiveCodes(LimitReached):
    """A payer has as many codes at a time as one may."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The payer has {limit} codes that are good still, which is the limit: cancel one, or "
            "wait until one expires.",
            limit=str(limit),
        )


class ValiditySecondsOutOfRange(Malformed):
    """Longer than codes of the wallet's country may live."""

    def __init__(self, longest: int) -> None:
        super().__init__(
            f"valid_seconds has to be 1 to {longest} for wallets of your country, or 0.",
            field="valid_seconds",
            longest=str(longest),
        )


class CountryNotAccepted(Refused):
    """None of this wallet's open corridors leads to shops of the country."""

    def __init__(self, country_code: str) -> None:
        super().__init__(
            f"Your payers cannot be charged in {country_code!r}: no corridor of yours leads there.",
            country_code=country_code,
        )


class CountryCodeMalformed(Malformed):
    """Not two capital letters."""

    def __init__(self) -> None:
        super().__init__(
            "country_code has to be the two letters of ISO 3166-1, such as JP.",
            field="country_code",
        )


class PolicyMalformed(Malformed):
    """A field of a presenting policy that cannot be."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field} has to be {wanted}.", field=field)


class OfflineKeyUnknown(NotFound):
    """No such key of this wallet."""

    def __init__(self, offline_key_id: str) -> None:
        super().__init__(
            f"There is no offline key {offline_key_id[:64]!r} of yours: check the id.",
            offline_key_id=offline_key_id[:64],
        )


class OfflineKeyExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, offline_key_id: str) -> None:
        super().__init__(
            f"The offline key {offline_key_id} exists with another payer, count or lifetime: "
            "use a fresh id for a new key.",
            offline_key_id=offline_key_id,
        )


class TooManyOfflineKeys(LimitReached):
    """A payer has as many phones with keys as one may."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The payer has {limit} offline keys, which is the limit: revoke one first.",
            limit=str(limit),
        )


class OfflineKeyOutOfRange(Malformed):
    """More codes, or a longer life, than keys are given."""

    def __init__(self, field: str, longest: int) -> None:
        super().__init__(f"{field} has to be 1 to {longest}, or 0.", field=field)


class AcquiredMerchantUnknown(NotFound):
    """No such merchant of this acquirer. Another's is not told apart."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"There is no merchant {merchant_id[:64]!r} of yours: check the id.",
            merchant_id=merchant_id[:64],
        )


class PresentedPaymentUnknown(NotFound):
    """No such charge of this acquirer."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"There is no presented payment {payment_id[:64]!r} of yours: check the id.",
            payment_id=payment_id[:64],
        )


class PresentedPaymentConfirmed(Refused):
    """Too late to give it up."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The presented payment {payment_id} is confirmed and can no longer be cancelled: wait "
            "for its final state, and refund it if it completes.",
            payment_id=payment_id,
        )


class PresentedPaymentExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The presented payment {payment_id} exists with another code, merchant or amount: "
            "use a fresh id for a new one.",
            payment_id=payment_id,
        )


class ChargeRefused(Refused):
    """The payer's side says no. Why is the payer's own business."""

    def __init__(self) -> None:
        super().__init__(
            "The payer's wallet cannot pay this: ask for another amount or another way to pay."
        )


class ChargeUnavailable(Unavailable):
    """A part of the payment's way is away."""

    def __init__(self) -> None:
        super().__init__(
            "The payment cannot be made at the moment: try again with the same payment_id."
        )


class AcquirerRequired(Forbidden):
    """Only the shops' acquirers charge codes."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call needs the key of an acquirer: codes are charged by the shops' acquirers.",
            participant_id=participant_id,
        )
