"""Why something cannot be done with an escrow: one leaf per clause."""

from services.core.errors import Conflict, Contended, Forbidden, Malformed, NotFound, Refused
from services.core.money import Money

REASON_MAXIMUM = 500  # characters


class AcquirerReturns(Forbidden):
    """Only the merchant's acquirer gives back of its own will."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call needs the key of an acquirer: a wallet disputes what it did not get.",
            participant_id=participant_id,
        )


class NotInEscrow(NotFound):
    """No payment of the caller's of this id was confirmed into escrow."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"There is no payment {payment_id[:64]!r} of yours whose money is in escrow: check the "
            "id; what was confirmed otherwise was paid at once.",
            payment_id=payment_id[:64],
        )


class ConfirmedWithoutEscrow(Conflict):
    """The payment was confirmed or authorised before, and nothing of it is held in escrow."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} was confirmed without escrow, and its money is not held: "
            "get the payment to see where it stands, or ask the merchant for a refund.",
            payment_id=payment_id,
        )


class EscrowNotOffered(Refused):
    """The corridor or the merchant takes nothing into escrow."""

    def __init__(self, payment_id: str, corridor_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} cannot be kept in escrow: its corridor takes only payments "
            "that are paid at once. Confirm it instead.",
            payment_id=payment_id,
            corridor_id=corridor_id,
        )


class EscrowPending(Contended):
    """The payment is not completed yet."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The payment {reference} is still on its way into escrow: try again in a moment.",
            payment_reference=reference,
        )


class EscrowEmpty(Refused):
    """All of it was released or has gone back, or nothing was paid."""

    def __init__(self, reference: str, state: str) -> None:
        super().__init__(
            f"Nothing is held of the payment {reference}: it is {state}.",
            payment_reference=reference,
            state=state,
        )


class EscrowDisputed(Refused):
    """The buyer has stopped the clock."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The payment {reference} is disputed: withdraw the dispute before anything is "
            "released, or wait for the operator's decision.",
            payment_reference=reference,
        )


class EscrowNotDisputed(Refused):
    """There is nothing for the operator to decide."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The payment {reference} is not disputed: its buyer and its merchant decide.",
            payment_reference=reference,
        )


class EscrowDisputeResolvedOtherwise(Conflict):
    """The id was used before, for something else."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"A dispute of the payment {reference} was resolved under this id with another "
            "amount: use a fresh id for a new decision.",
            payment_reference=reference,
        )


class EscrowPeriodOver(Refused):
    """The merchant has got the money, or is about to."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The time to dispute the payment {reference} is over: ask the merchant for a refund.",
            payment_reference=reference,
        )


class ExceedsHeld(Refused):
    """More than is held; refunds under way count."""

    def __init__(self, asked: Money, held: Money) -> None:
        super().__init__(
            f"{asked} is more than is held: {held} is left in escrow.",
            minor_units=str(asked.minor),
            held_minor_units=str(held.minor),
        )


class ReleasedDifferently(Conflict):
    """The id was used before, for another amount."""

    def __init__(self, release_id: str, amount: Money) -> None:
        super().__init__(
            f"The release {release_id} exists: {amount} was released by it. Use a fresh id for "
            "a new one.",
            release_id=release_id,
            minor_units=str(amount.minor),
        )


class DisputeReasonMalformed(Malformed):
    """A reason that nobody can read, or none."""

    def __init__(self) -> None:
        super().__init__(
            f"reason has 1 to {REASON_MAXIMUM} characters and no NUL: say what is wrong."
        )
