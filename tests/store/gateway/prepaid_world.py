"""A gateway whose payers order at Edo's shop before they come."""

from datetime import datetime, timedelta

from services.core.money import Money
from services.gateway.payments.messages import money
from services.gateway.prepaid.handlers import Basket, PrepaidOrders
from services.gateway.prepaid.model import Order
from services.gateway.prepaid.refunding import Refunding
from services.gateway.reference import Participant, ParticipantKind, RefundPolicy
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.waking import Wakers
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from tests.rpc.gateway.payments_served import answered, calls_of
from tests.store.gateway.payments_world import NOW, PANDA, Gateway

KYO = Participant("kyo", ParticipantKind.ACQUIRER, "Kyo")
UNTIL = NOW + timedelta(hours=3)
DEAR = Money(100_000, "CNY")


class Counter:
    """Prepaid orders of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        refunds = RefundHandlers(
            gateway.units, gateway.board, gateway.sheets, Wakers(), gateway.clock, 0.0
        )
        self._refunds = refunds
        self.refunding = Refunding(gateway.units, gateway.board, gateway.clock, refunds)
        self.orders = PrepaidOrders(
            gateway.units,
            gateway.board,
            calls_of(gateway),
            gateway.shelf,
            gateway.clock,
            self.refunding,
        )

    async def place(
        self,
        payment_id: str = "p1",
        until: datetime = UNTIL,
        maximum: Money = DEAR,
        merchant_id: str = "shokudo",
    ) -> Order:
        """Two bowls, paid."""
        basket = Basket("li-na", merchant_id, Money(1_800, "JPY"), "2 ramen", until, maximum)
        async with answered(self.gateway):
            order, _ = await self.orders.place(PANDA, payment_id, basket, lambda: 10.0)
        return order

    async def refund(
        self,
        refund_id: str,
        payment_id: str,
        amount: Money | None = None,
        policy: RefundPolicy | None = None,
        by: Participant = PANDA,
    ) -> None:
        """The wallet asks back what it has paid, or a part; or the shop's side gives it back."""
        request = pb.CreateRefundRequest(refund_id=refund_id, payment_id=payment_id)
        if amount is not None:
            request.amount.CopyFrom(money(amount.minor, amount.currency))
        await self._refunds.create(by, request, policy)

    async def refunds(self) -> int:
        """How many refunds there are."""
        found: int = await self.gateway.pool.fetchval("SELECT count(*) FROM refund_asks")
        return found
