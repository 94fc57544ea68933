"""What buyers have paid into escrow at an acquirer's shops."""

from services.core.money import Money
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as pb
from services.pb.kawase.gateway.v1.escrow_service_pb2_grpc import EscrowServiceStub
from services.sdk.escrow import Escrows
from services.sdk.model import Refund, refund_of
from services.sdk.values import money_message


class ShopEscrows(Escrows):
    """`kawase.escrow` of an acquirer."""

    async def give_back(
        self, refund_id: str, reference: str, amount: Money | None = None, reason: str = ""
    ) -> Refund:
        """Give back of what is held, or all of it, at the rate it was paid at."""
        request = pb.ReturnEscrowRequest(
            payment_id=reference,
            refund_id=refund_id,
            amount=money_message(amount),
            reason=reason,
        )
        answer = await self._line.ask(EscrowServiceStub, "ReturnEscrow", request)
        return refund_of(answer.refund)
