"""Orders that a wallet's payers place and pay before they come."""

from datetime import datetime
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import prepaid_service_pb2 as pb
from services.pb.kawase.gateway.v1.prepaid_service_pb2_grpc import PrepaidServiceStub
from services.sdk.line import Line
from services.sdk.prepaid import PrepaidOrder, prepaid_of
from services.sdk.values import money_message, time_message


class PrepaidOrders:
    """`kawase.prepaid` of a wallet. An order has the id of its payment."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def place(
        self,
        payment_id: str,
        payer_id: str,
        merchant_id: str,
        amount: Money,
        pick_up_until: datetime,
        maximum: Money,
        lines: str = "",
    ) -> PrepaidOrder:
        """Order and pay at once, up to `maximum` in home money; `lines` is what is ordered."""
        request = pb.PlaceOrderRequest(
            payment_id=payment_id,
            payer_id=payer_id,
            merchant_id=merchant_id,
            amount=money_message(amount),
            lines=lines,
            pick_up_until_time=time_message(pick_up_until),
            maximum=money_message(maximum),
        )
        return prepaid_of((await self._ask("PlaceOrder", request)).order)

    async def get(self, payment_id: str) -> PrepaidOrder:
        """An order as it is now."""
        request = pb.GetPrepaidOrderRequest(payment_id=payment_id)
        return prepaid_of((await self._ask("GetPrepaidOrder", request)).order)

    async def cancel(self, payment_id: str) -> PrepaidOrder:
        """Give an order up that the shop has not accepted: it is refunded."""
        request = pb.CancelOrderRequest(payment_id=payment_id)
        return prepaid_of((await self._ask("CancelOrder", request)).order)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(PrepaidServiceStub, method, request)
