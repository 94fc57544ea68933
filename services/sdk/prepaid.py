"""Orders that are paid before they are picked up, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.money import Money
from services.pb.kawase.gateway.v1 import prepaid_service_pb2 as pb
from services.sdk.model import PAYMENT_STATES, PaymentState
from services.sdk.values import States, money_of, time_of


class PrepaidState(StrEnum):
    """Where a prepaid order is in its life."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    PICKED_UP = "picked_up"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PrepaidOrder:
    """`reference` is that of its payment. The last three are told to the wallet alone: the code the
    payer shows once it is paid, the wallet's ids of payment and refund."""

    reference: str
    merchant_id: str
    state: PrepaidState
    payment_state: PaymentState
    amount: Money
    lines: str
    pick_up_until: datetime
    pick_up_code: str
    payment_id: str
    refund_id: str


_STATES = States(pb.PrepaidOrderState, "PREPAID_ORDER_STATE", PrepaidState)


def prepaid_of(message: pb.PrepaidOrder) -> PrepaidOrder:
    """An order as it came."""
    return PrepaidOrder(
        reference=message.payment_reference,
        merchant_id=message.merchant_id,
        state=_STATES.of(message.state),
        payment_state=PAYMENT_STATES.of(message.payment_state),
        amount=money_of(message.amount),
        lines=message.lines,
        pick_up_until=time_of(message.pick_up_until_time),
        pick_up_code=message.pick_up_code,
        payment_id=message.payment_id,
        refund_id=message.refund_id,
    )
