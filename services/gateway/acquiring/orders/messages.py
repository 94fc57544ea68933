"""Orders as messages."""

from datetime import datetime

from services.gateway.acquiring.orders.model import OrderState, state_of
from services.gateway.acquiring.orders.store import Found
from services.gateway.admin.codec import choice
from services.gateway.payments.messages import STATE_NUMBERS, money, timestamp
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb

_STATES: dict[OrderState, pb.OrderState.ValueType] = {
    OrderState.OPEN: pb.ORDER_STATE_OPEN,
    OrderState.PAYING: pb.ORDER_STATE_PAYING,
    OrderState.PAID: pb.ORDER_STATE_PAID,
    OrderState.EXPIRED: pb.ORDER_STATE_EXPIRED,
    OrderState.CLOSED: pb.ORDER_STATE_CLOSED,
}
_NAMED: dict[int, OrderState] = {number: state for state, number in _STATES.items()}


def state_from(number: int) -> OrderState | None:
    """The state that is asked for, None for any. Raises `ChoiceUnknown`."""
    return choice(_NAMED, number, "state") if number else None


def order_message(found: Found, now: datetime) -> pb.Order:
    """An order as its acquirer sees it; a payment that has failed is not told of."""
    order, claim = found
    told = pb.Order(
        order_id=order.order_id,
        merchant_id=order.merchant_id,
        state=_STATES[state_of(order, claim, now)],
        amount=money(order.amount.minor, order.amount.currency),
        note=order.note,
        code=order.code,
        expire_time=timestamp(order.expire_time),
        create_time=timestamp(order.create_time),
    )
    if order.close_time is not None:
        told.close_time.CopyFrom(timestamp(order.close_time))
    if claim is not None and claim.holds:
        told.payment_reference = claim.payment_reference
        told.payment_state = STATE_NUMBERS[claim.state]
        if claim.refunded_minor:
            told.refunded.CopyFrom(money(claim.refunded_minor, order.amount.currency))
    return told
