"""Why a call about prepaid orders is refused."""

from datetime import datetime

from services.core.errors import Forbidden, Malformed, NotFound, Refused


class ShopRequired(Forbidden):
    """Orders are accepted and redeemed by the acquirers of shops."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call needs the key of an acquirer: its shops hand orders out.",
            participant_id=participant_id,
        )


class PrepaidOrderUnknown(NotFound):
    """No such order of the caller's. Another's is not told apart."""

    def __init__(self, named: str) -> None:
        super().__init__(
            f"There is no prepaid order {named[:64]!r} of yours: check the id.",
            payment_id=named[:64],
        )


class PickUpCodeUnknown(NotFound):
    """No order at the acquirer's shops has this code."""

    def __init__(self) -> None:
        super().__init__(
            "No order at your shops has this pick-up code: read it again from the payer's phone."
        )


class PickUpTimeMalformed(Malformed):
    """Not a time by which an order can be picked up."""

    def __init__(self, days: int) -> None:
        super().__init__(
            f"pick_up_until_time must be after now and at most {days} days from now.",
            field="pick_up_until_time",
        )


class OrderLinesMalformed(Malformed):
    """What was ordered cannot be kept."""

    def __init__(self, longest: int) -> None:
        super().__init__(
            f"lines must be up to {longest} characters, without control characters but line ends.",
            field="lines",
        )


class OrderUnpaid(Refused):
    """Nothing is handed out for a payment that is not completed."""

    def __init__(self, reference: str, state: str) -> None:
        super().__init__(
            f"The order {reference} is not paid: its payment is {state}.",
            payment_reference=reference,
            payment_state=state,
        )


class OrderPickedUp(Refused):
    """Orders are handed out once."""

    def __init__(self, reference: str, picked_up: datetime) -> None:
        super().__init__(
            f"The order {reference} was picked up at {picked_up:%Y-%m-%d %H:%M} UTC.",
            payment_reference=reference,
        )


class OrderCancelled(Refused):
    """The payer has given the order up."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The order {reference} was cancelled by its payer and is refunded: hand nothing out.",
            payment_reference=reference,
        )


class OrderRefunded(Refused):
    """What was paid was given back whole, or is contested."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Nothing is left of what was paid for the order {reference}: hand nothing out.",
            payment_reference=reference,
        )


class OrderExpired(Refused):
    """Nobody came in time."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The time of the order {reference} is over and it is refunded: hand nothing out.",
            payment_reference=reference,
        )


class OrderAccepted(Refused):
    """The shop has begun."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The shop has accepted the order {reference}: it cannot be cancelled any more.",
            payment_reference=reference,
        )
