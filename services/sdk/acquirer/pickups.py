"""Orders that payers have placed and paid ahead, as the shop's side serves them."""

from collections.abc import AsyncIterator
from typing import Any

from services.pb.kawase.gateway.v1 import prepaid_service_pb2 as pb
from services.pb.kawase.gateway.v1.prepaid_service_pb2_grpc import PrepaidServiceStub
from services.sdk.line import Line
from services.sdk.prepaid import PrepaidOrder, prepaid_of
from services.sdk.values import pages


class PickUps:
    """`kawase.pick_ups`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def waiting(self, merchant_id: str = "") -> AsyncIterator[PrepaidOrder]:
        """Those that are paid and not picked up, at one shop or at all."""
        request = pb.ListPrepaidOrdersRequest(merchant_id=merchant_id)
        return pages(
            lambda asked: self._ask("ListPrepaidOrders", asked), request, "orders", prepaid_of
        )

    async def accept(self, reference: str) -> PrepaidOrder:
        """The shop begins: the payer cannot cancel any more."""
        request = pb.AcceptOrderRequest(payment_reference=reference)
        return prepaid_of((await self._ask("AcceptOrder", request)).order)

    async def redeem(self, pick_up_code: str, redemption_id: str) -> PrepaidOrder:
        """The payer is there. Another redemption of the same order is refused."""
        request = pb.RedeemOrderRequest(pick_up_code=pick_up_code, redemption_id=redemption_id)
        return prepaid_of((await self._ask("RedeemOrder", request)).order)

    async def get(self, reference: str) -> PrepaidOrder:
        """An order as it is now."""
        request = pb.GetPrepaidOrderRequest(payment_id=reference)
        return prepaid_of((await self._ask("GetPrepaidOrder", request)).order)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(PrepaidServiceStub, method, request)
