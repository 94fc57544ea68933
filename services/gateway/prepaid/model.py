"""A prepaid order, and what may happen to it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.model import FINAL
from services.gateway.payments.model import State as PaymentState
from services.gateway.prepaid.refusals import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderPickedUp,
    OrderRefunded,
    OrderUnpaid,
)
from services.gateway.refunds.asking import refund_id_of_order


class State(StrEnum):
    """Where an order is in its life."""

    PLACED = "placed"
    ACCEPTED = "accepted"  # the shop has begun
    PICKED_UP = "picked_up"  # final
    CANCELLED = "cancelled"  # by the payer; final, refunded
    EXPIRED = "expired"  # not picked up in time; final, refunded where it was paid


OPEN = frozenset({State.PLACED, State.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Order:
    """An order with the state of its payment. `refund_due`: its money is still to be asked back.

    `paid_left`: whether refunds and disputes have left anything of what was paid; looked up for
    those who are about to serve it.
    """

    payment_reference: str
    participant_id: str
    payment_id: str
    acquirer_id: str
    merchant_id: str
    lines: str
    pick_up_code: str
    pick_up_until: datetime
    state: State
    redemption_id: str
    refund_due: bool
    create_time: datetime
    update_time: datetime
    payment_state: PaymentState
    amount: Money
    paid_left: bool = True

    @property
    def refund_id(self) -> str:
        """The wallet's id of the refund: the same however often it is asked for."""
        return refund_id_of_order(self.payment_reference)


def is_refunded(order: Order) -> bool:
    """Whether its refund was asked for, or is about to be."""
    ended = order.state in (State.CANCELLED, State.EXPIRED)
    return ended and order.payment_state is PaymentState.COMPLETED


def accepted(order: Order, now: datetime) -> Order:
    """The shop begins. A repeat changes nothing. Raises why it cannot."""
    if order.state is State.ACCEPTED:
        return order
    _raise(_closed(order, now))
    return replace(order, state=State.ACCEPTED, update_time=now)


def redeemed(order: Order, redemption_id: str, now: datetime) -> Order:
    """The payer is there. The same redemption again changes nothing. Raises why it cannot."""
    if order.state is State.PICKED_UP and order.redemption_id == redemption_id:
        return order
    _raise(_closed(order, now))
    return replace(order, state=State.PICKED_UP, redemption_id=redemption_id, update_time=now)


def cancelled(order: Order, now: datetime) -> Order:
    """The payer gives it up. A repeat changes nothing. Raises why it cannot."""
    if order.state is State.CANCELLED:
        return order
    if order.state is State.ACCEPTED:
        raise OrderAccepted(order.payment_reference)
    _raise(_closed(order, now))
    return replace(order, state=State.CANCELLED, refund_due=True, update_time=now)


def expired(order: Order, now: datetime) -> Order | None:
    """Its time is over; None where it is not, or while its payment is under way still."""
    if order.state not in OPEN or now < order.pick_up_until:
        return None
    if order.payment_state not in FINAL:
        return None
    paid = order.payment_state is PaymentState.COMPLETED
    return replace(order, state=State.EXPIRED, refund_due=paid, update_time=now)


def _closed(order: Order, now: datetime) -> KawaseError | None:
    """Why nothing more happens to an order."""
    if order.state is State.PICKED_UP:
        return OrderPickedUp(order.payment_reference, order.update_time)
    if order.state is State.CANCELLED:
        return OrderCancelled(order.payment_reference)
    if order.state is State.EXPIRED or now >= order.pick_up_until:
        return OrderExpired(order.payment_reference)
    if order.payment_state is not PaymentState.COMPLETED:
        return OrderUnpaid(order.payment_reference, order.payment_state)
    return None if order.paid_left else OrderRefunded(order.payment_reference)


def _raise(refusal: KawaseError | None) -> None:
    if refusal is not None:
        raise refusal
