"""Why a refund is refused at the door: one leaf per clause."""

from services.core.errors import Conflict, Malformed, NotFound, Refused
from services.core.money import Money

NOTE_MAXIMUM = 200  # characters


class RefundUnknown(NotFound):
    """No such refund of this participant."""

    def __init__(self, refund_id: str) -> None:
        super().__init__(
            f"There is no refund {refund_id[:64]!r} of yours: check the id, or create it first.",
            refund_id=refund_id[:64],
        )


class RefundExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, refund_id: str) -> None:
        super().__init__(
            f"The refund {refund_id} exists with another payment, amount or reason: "
            "use a fresh id for a new refund.",
            refund_id=refund_id,
        )


class PaymentNotCompleted(Refused):
    """Only what was paid can be given back."""

    def __init__(self, payment_id: str, state: str) -> None:
        super().__init__(
            f"The payment {payment_id} is {state}; only a completed one can be refunded.",
            payment_id=payment_id,
            state=state,
        )


class HeldInEscrow(Refused):
    """What is held for a buyer is not their wallet's to take back alone."""

    def __init__(self, payment_id: str, held: Money) -> None:
        super().__init__(
            f"{held} of the payment {payment_id} is held in escrow: dispute it, and the merchant's "
            "side or the operator gives it back.",
            payment_id=payment_id,
            held_minor_units=str(held.minor),
        )


class RefundsByShop(Refused):
    """The corridor leaves it to the shop what is given back."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} is given back by the shop's side alone: its corridor takes "
            "no refunds by wallets. Ask the shop.",
            payment_id=payment_id,
        )


class OrderBegun(Refused):
    """What a shop has begun for a payer is not their wallet's to take back alone."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The shop has begun the order of the payment {payment_id}, or handed it out: the "
            "shop's side gives back, ask it.",
            payment_id=payment_id,
        )


class RefundTooLate(Refused):
    """The corridor takes refunds for a number of days after the payment."""

    def __init__(self, payment_id: str, days: int) -> None:
        super().__init__(
            f"The payment {payment_id} can no longer be refunded: its corridor takes refunds for "
            f"{days} days. Give the money back by another way, or ask the operator.",
            payment_id=payment_id,
            within_days=str(days),
        )


class RefundExceedsPayment(Refused):
    """More than is left of the payment; refunds and disputes under way count."""

    def __init__(self, asked: Money, left: Money) -> None:
        super().__init__(
            f"{asked} cannot be refunded: {left} of the payment is left.",
            minor_units=str(asked.minor),
            left_minor_units=str(left.minor),
        )


class NothingLeftToRefund(Refused):
    """The payment was given back whole, or is about to be."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"Nothing is left of the payment {payment_id}: it has been refunded or "
            "is disputed whole.",
            payment_id=payment_id,
        )


class RefundIdReserved(Malformed):
    """An id under which the house itself gives an order's money back."""

    def __init__(self, refund_id: str) -> None:
        super().__init__(
            f"refund_id {refund_id} is kept for the refund of a prepaid order that ends unserved: "
            "use another.",
            field="refund_id",
        )


class NoteTooLong(Malformed):
    """A reason longer than partners take."""

    def __init__(self) -> None:
        super().__init__(f"reason is longer than {NOTE_MAXIMUM} characters: shorten it.")


class NoteUnreadable(Malformed):
    """A reason that no file or ledger takes."""

    def __init__(self) -> None:
        super().__init__("reason holds a NUL character: leave it out.")
