"""An order: what is to be paid once, and the rules of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.acquiring.orders.refusals import (
    OrderClosed,
    OrderDiffers,
    OrderExpired,
    OrderTaken,
    OrderUnpayable,
)
from services.gateway.payments.model import State as PaymentState
from services.gateway.payments.model import Terms

VALID_SECONDS = 15 * 60
VALID_SECONDS_MAXIMUM = 30 * 24 * 3600
NOTE_MAXIMUM = 200

# A payment in these states has not paid, and never will.
FAILED = frozenset({PaymentState.DECLINED, PaymentState.CANCELLED, PaymentState.EXPIRED})


class OrderState(StrEnum):
    """Where an order is."""

    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    EXPIRED = "expired"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was made. `label` is what its code carries."""

    acquirer_id: str
    order_id: str
    label: str
    merchant_id: str
    amount: Money
    note: str
    valid_seconds: int
    code: str
    create_time: datetime
    expire_time: datetime
    close_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The payment that has taken an order, and where it stands."""

    payment_reference: str
    state: PaymentState
    refunded_minor: int = 0

    @property
    def holds(self) -> bool:
        """Whether no other payment may take the order."""
        return self.state not in FAILED


def expiry_of(now: datetime, valid_seconds: int) -> datetime:
    """When an order of `now` expires."""
    return now + timedelta(seconds=valid_seconds)


def state_of(order: Order, claim: Claim | None, now: datetime) -> OrderState:
    """Where an order is. One that is being paid stays so past its expiry."""
    if claim is not None and claim.holds:
        paid = claim.state is PaymentState.COMPLETED
        return OrderState.PAID if paid else OrderState.PAYING
    if order.close_time is not None:
        return OrderState.CLOSED
    return OrderState.EXPIRED if now >= order.expire_time else OrderState.OPEN


def quote_refusal(
    terms: Terms, found: tuple[Order, Claim | None] | None, now: datetime
) -> KawaseError | None:
    """Why the order that a code names cannot be quoted to be paid now."""
    if found is None:
        return OrderUnpayable(terms.order_label)
    order, claim = found
    if order.merchant_id != terms.merchant_id or order.amount != terms.target:
        return OrderDiffers(order.amount)
    state = state_of(order, claim, now)
    if state is OrderState.CLOSED:
        return OrderClosed()
    if state is OrderState.EXPIRED:
        return OrderExpired()
    return None if state is OrderState.OPEN else OrderTaken()


def confirm_refusal(
    terms: Terms, claim: Claim | None, *, closed: bool = False
) -> KawaseError | None:
    """Why a quoted payment of an order cannot be confirmed: another one was faster, or the shop has
    closed it. A quote holds for as long as it says, also past the order's expiry."""
    if closed:
        return OrderClosed()
    if claim is None or not claim.holds or claim.payment_reference == terms.reference:
        return None
    return OrderTaken()
