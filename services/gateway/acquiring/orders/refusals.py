"""Why an order is not made, found or paid."""

from services.core.errors import Conflict, Malformed, NotFound, Refused
from services.core.money import Money


class OrderUnknown(NotFound):
    """No such order of this acquirer. Another's is not told apart."""

    def __init__(self, order_id: str) -> None:
        super().__init__(
            f"There is no order {order_id[:64]!r} of yours: create it first.",
            order_id=order_id[:64],
        )


class OrderExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, order_id: str) -> None:
        super().__init__(
            f"The order {order_id} exists with another merchant, amount, note or time: use a fresh "
            "id.",
            order_id=order_id,
        )


class ValidSecondsOutOfRange(Malformed):
    """A life that makes no sense."""

    def __init__(self, longest: int) -> None:
        super().__init__(
            f"valid_seconds has to be from 0, which stands for 15 minutes, to {longest}.",
            field="valid_seconds",
        )


class OrderNoteUnfit(Malformed):
    """A note that is not kept."""

    def __init__(self, longest: int) -> None:
        super().__init__(
            f"note has to be at most {longest} characters, none of them a control character.",
            field="note",
        )


class OrderUnpayable(NotFound):
    """The code names an order that was never made."""

    def __init__(self, label: str) -> None:
        super().__init__(
            "The code names an order that does not exist here: ask the shop for a new code.",
            order_label=label,
        )


class OrderDiffers(Refused):
    """The code was changed on its way, or a tip was added to it."""

    def __init__(self, amount: Money) -> None:
        super().__init__(
            f"The code's order is {amount} at its own shop: pay just that, or ask for a new code.",
            minor_units=str(amount.minor),
            currency_code=amount.currency,
        )


class OrderExpired(Refused):
    """It was to be paid before now."""

    def __init__(self) -> None:
        super().__init__("The code's order has expired: ask the shop for a new code.")


class OrderClosed(Refused):
    """The shop has taken it back."""

    def __init__(self) -> None:
        super().__init__("The shop has closed the code's order: ask it for a new code.")


class OrderBeingPaid(Refused):
    """It can only be closed while nobody has taken it."""

    def __init__(self, order_id: str, payment_reference: str) -> None:
        super().__init__(
            f"The order {order_id} has been paid or is being paid by payment {payment_reference}: "
            "refund that payment once it is completed.",
            order_id=order_id,
            payment_reference=payment_reference,
        )


class OrderTaken(Refused):
    """It is paid once."""

    def __init__(self) -> None:
        super().__init__(
            "The code's order has been paid, or is being paid by somebody else: ask the shop."
        )
