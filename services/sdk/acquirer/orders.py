"""Orders: codes with an amount that are paid once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import AcquirerServiceStub
from services.sdk.drawing import DrawingFormat, format_number
from services.sdk.line import Line
from services.sdk.values import States, money_in, money_message, money_of, pages, time_of


class OrderState(StrEnum):
    """Where an order is in its life; one whose payment fails is OPEN again."""

    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    EXPIRED = "expired"
    CLOSED = "closed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Order:
    """`code` is what the payer scans. `payment_reference` names the payment that pays it, or is
    about to: refunds go by it."""

    order_id: str
    merchant_id: str
    state: OrderState
    amount: Money
    note: str
    code: str
    payment_reference: str
    refunded: Money | None
    expire_time: datetime


_STATES = States(pb.OrderState, "ORDER_STATE", OrderState)


class Orders:
    """`kawase.orders`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def create(
        self,
        order_id: str,
        merchant_id: str,
        amount: Money,
        note: str = "",
        valid_seconds: int = 0,
    ) -> Order:
        """A code to be paid within `valid_seconds`; 0: 15 minutes."""
        request = pb.CreateOrderRequest(
            order_id=order_id,
            merchant_id=merchant_id,
            amount=money_message(amount),
            note=note,
            valid_seconds=valid_seconds,
        )
        return _order_of((await self._ask("CreateOrder", request)).order)

    async def get(self, order_id: str) -> Order:
        """An order as it is now."""
        request = pb.GetOrderRequest(order_id=order_id)
        return _order_of((await self._ask("GetOrder", request)).order)

    def list(self, merchant_id: str = "", state: OrderState | None = None) -> AsyncIterator[Order]:
        """Yours, of one shop or in one state where they are named, by id; pages come as needed."""
        request = pb.ListOrdersRequest(merchant_id=merchant_id)
        if state is not None:
            request.state = _STATES.number(state)
        return pages(lambda asked: self._ask("ListOrders", asked), request, "orders", _order_of)

    async def close(self, order_id: str) -> Order:
        """Take an order back that nobody pays or has paid: it cannot be paid from now on."""
        request = pb.CloseOrderRequest(order_id=order_id)
        return _order_of((await self._ask("CloseOrder", request)).order)

    async def draw(self, order_id: str, form: DrawingFormat = DrawingFormat.PNG) -> bytes:
        """An order's code as a picture."""
        request = pb.DrawOrderRequest(order_id=order_id, format=format_number(form))
        return bytes((await self._ask("DrawOrder", request)).drawing.content)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(AcquirerServiceStub, method, request)


def _order_of(message: pb.Order) -> Order:
    return Order(
        order_id=message.order_id,
        merchant_id=message.merchant_id,
        state=_STATES.of(message.state),
        amount=money_of(message.amount),
        note=message.note,
        code=message.code,
        payment_reference=message.payment_reference,
        refunded=money_in(message, "refunded"),
        expire_time=time_of(message.expire_time),
    )
