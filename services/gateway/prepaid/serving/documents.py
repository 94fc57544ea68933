"""Prepaid orders over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, ConfigDict, Field

from services.gateway.http import examples
from services.gateway.http.answers import Money, Payment, Told, money_told
from services.gateway.http.requests import (
    ID_FORM,
    Asked,
    CallerId,
    ListQuery,
    MoneyInput,
    PaymentStateName,
)
from services.gateway.payments.messages import money
from services.gateway.payments.model import State as PaymentState
from services.gateway.prepaid.codes import LONGEST_TYPED, shown
from services.gateway.prepaid.handlers import LONGEST_LINES
from services.gateway.prepaid.model import Order, is_refunded
from services.gateway.reference import Participant, ParticipantKind

OrderStateName = Literal["placed", "accepted", "picked_up", "cancelled", "expired"]


class PlaceOrderRequest(Asked):
    """An order to be placed and paid."""

    model_config = ConfigDict(strict=False)

    payment_id: CallerId | None = Field(
        default=None,
        description="Your own id of its payment: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    payer_id: CallerId
    merchant_id: CallerId
    amount: MoneyInput = Field(description="In the merchant's currency.")
    lines: str = Field(
        default="",
        max_length=LONGEST_LINES,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
        description="What is ordered.",
    )
    pick_up_until_time: AwareDatetime = Field(description="At most 31 days from now.")
    maximum: MoneyInput = Field(
        description="The most that the payer agrees to pay, all told; in home currency."
    )


class RedeemOrderRequest(Asked):
    """A payer who is there."""

    pick_up_code: str = Field(
        min_length=1, max_length=LONGEST_TYPED, pattern=r"^[^\x00]+$", examples=["K7Q-2MX-9DF"]
    )
    redemption_id: CallerId = Field(description="Your own id: a repeat is answered again.")


class ListPrepaidOrdersQuery(ListQuery):
    """Which page of the orders that wait."""

    merchant_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")


class PrepaidOrder(Told):
    """An order that is paid before it is picked up."""

    payment_reference: str = Field(description="Ours, of its payment.")
    merchant_id: str
    state: OrderStateName
    payment_state: PaymentStateName
    amount: Money
    lines: str
    pick_up_until_time: datetime
    create_time: datetime
    update_time: datetime
    pick_up_code: str | None = Field(description="For the wallet alone, once it is paid.")
    payment_id: str | None = Field(description="For the wallet alone.")
    refund_id: str | None = Field(description="For the wallet alone: by which it finds the refund.")


class PlacedOrder(Told):
    """An order and its payment."""

    order: PrepaidOrder
    payment: Payment


class PrepaidOrderPage(Told):
    """Orders that wait, in the order of their payments' references."""

    orders: list[PrepaidOrder]
    next_page_token: str | None = Field(description="Null on the last page.")


OrderPath = Annotated[
    str,
    Path(
        pattern=ID_FORM,
        description="A wallet's own id of the payment; for an acquirer our reference of it.",
    ),
]
OrdersQuery = Annotated[ListPrepaidOrdersQuery, Query()]


def order_told(order: Order, reader: Participant) -> PrepaidOrder:
    """An order as its wallet sees it, or as the shop's acquirer does: without the code."""
    is_wallet = reader.kind is ParticipantKind.WALLET
    is_paid = order.payment_state is PaymentState.COMPLETED
    return PrepaidOrder(
        payment_reference=order.payment_reference,
        merchant_id=order.merchant_id,
        state=order.state.value,
        payment_state=order.payment_state.value,
        amount=money_told(money(order.amount.minor, order.amount.currency)),
        lines=order.lines,
        pick_up_until_time=order.pick_up_until,
        create_time=order.create_time,
        update_time=order.update_time,
        pick_up_code=shown(order.pick_up_code) if is_wallet and is_paid else None,
        payment_id=order.payment_id if is_wallet else None,
        refund_id=order.refund_id if is_wallet and is_refunded(order) else None,
    )


_YEN = {"currency_code": "JPY", "minor_units": 1200}
PLACE = {
    "payment_id": "order-1",
    "payer_id": "li-na",
    "merchant_id": "shokudo",
    "amount": _YEN,
    "lines": "2 ramen",
    "pick_up_until_time": "2026-10-30T12:00:00Z",
    "maximum": {"currency_code": "CNY", "minor_units": 6000},
}
ORDER: dict[str, Any] = {
    "payment_reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "merchant_id": "shokudo",
    "state": "placed",
    "payment_state": "completed",
    "amount": {**_YEN, "display": "¥1,200"},
    "lines": "2 ramen",
    "pick_up_until_time": "2026-10-30T12:00:00Z",
    "create_time": "2026-10-30T09:00:00Z",
    "update_time": "2026-10-30T09:00:00Z",
    "pick_up_code": "K7Q-2MX-9DF",
    "payment_id": "order-1",
    "refund_id": None,
}
AT_THE_SHOP = {**ORDER, "pick_up_code": None, "payment_id": None}
PLACED = {"order": ORDER, "payment": examples.COMPLETED}
REDEEM = {"pick_up_code": "K7Q-2MX-9DF", "redemption_id": "till-1-0042"}
ORDERS = {"orders": [AT_THE_SHOP], "next_page_token": None}
