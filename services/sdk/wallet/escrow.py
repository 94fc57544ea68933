"""Payments that a wallet's payers make into escrow, and what the buyer says of them."""

from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as pb
from services.pb.kawase.gateway.v1.escrow_service_pb2_grpc import EscrowServiceStub
from services.sdk.escrow import Escrow, Escrows, escrow_of
from services.sdk.model import Payment, payment_of
from services.sdk.values import money_message


class WalletEscrows(Escrows):
    """`kawase.escrow` of a wallet. An escrow has the id of its payment."""

    async def confirm(self, payment_id: str) -> Payment:
        """Pay a quote into escrow: the shop gets the money when the buyer has received, or when
        the corridor's days are over."""
        request = pb.ConfirmIntoEscrowRequest(payment_id=payment_id)
        return payment_of((await self._ask("ConfirmIntoEscrow", request)).payment)

    async def release(
        self, payment_id: str, release_id: str, amount: Money | None = None
    ) -> Escrow:
        """The buyer has received `amount`'s worth, or all: it becomes the merchant's. Repeat what
        you are unsure of under the same `release_id`."""
        request = pb.ReleaseEscrowRequest(
            payment_id=payment_id, release_id=release_id, amount=money_message(amount)
        )
        return escrow_of((await self._ask("ReleaseEscrow", request)).escrow)

    async def dispute(self, payment_id: str, reason: str) -> Escrow:
        """Stop the clock: the buyer has not received what they bought."""
        request = pb.DisputeEscrowRequest(payment_id=payment_id, reason=reason)
        return escrow_of((await self._ask("DisputeEscrow", request)).escrow)

    async def withdraw_dispute(self, payment_id: str) -> Escrow:
        """Have the clock go on where it was stopped."""
        request = pb.WithdrawEscrowDisputeRequest(payment_id=payment_id)
        return escrow_of((await self._ask("WithdrawEscrowDispute", request)).escrow)

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(EscrowServiceStub, method, request)
