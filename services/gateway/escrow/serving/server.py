"""EscrowService over gRPC: find the caller, call, answer."""

from functools import partial
from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.admin.errors import FieldMissing, check_text
from services.gateway.admin.pages import page_size
from services.gateway.calls import Calls
from services.gateway.escrow.handlers import EscrowHandlers, Resolving
from services.gateway.escrow.messages import escrow_message, release_message
from services.gateway.pages import last_id_of, next_token
from services.gateway.payments.messages import money_of
from services.gateway.refunds.asking import Wish
from services.gateway.refunds.messages import shown_message
from services.gateway.server import wait_seconds
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as pb
from services.pb.kawase.gateway.v1.escrow_service_pb2_grpc import EscrowServiceServicer

NAME = "kawase.gateway.v1.EscrowService"
Context = grpc.aio.ServicerContext[Any, Any]


class EscrowServer(EscrowServiceServicer):
    """The methods of `EscrowService`."""

    def __init__(self, keys: Keys, calls: Calls, escrows: EscrowHandlers) -> None:
        self._keys = keys
        self._calls = calls
        self._escrows = escrows

    @answers
    async def ConfirmIntoEscrow(
        self, request: pb.ConfirmIntoEscrowRequest, context: Context
    ) -> pb.ConfirmIntoEscrowResponse:
        caller = self._keys.participant_of(context)
        payment = await self._calls.confirm_into_escrow(
            caller, request.payment_id, lambda: wait_seconds(context)
        )
        return pb.ConfirmIntoEscrowResponse(payment=payment)

    @answers
    async def ReleaseEscrow(
        self, request: pb.ReleaseEscrowRequest, context: Context
    ) -> pb.ReleaseEscrowResponse:
        caller = self._keys.participant_of(context)
        amount = money_of(request.amount) if request.HasField("amount") else None
        kept, part = await self._escrows.release(
            caller, request.payment_id, request.release_id, amount
        )
        return pb.ReleaseEscrowResponse(
            escrow=escrow_message(kept, caller), release=release_message(part)
        )

    @answers
    async def DisputeEscrow(
        self, request: pb.DisputeEscrowRequest, context: Context
    ) -> pb.DisputeEscrowResponse:
        caller = self._keys.participant_of(context)
        kept = await self._escrows.dispute(caller, request.payment_id, request.reason)
        return pb.DisputeEscrowResponse(escrow=escrow_message(kept, caller))

    @answers
    async def WithdrawEscrowDispute(
        self, request: pb.WithdrawEscrowDisputeRequest, context: Context
    ) -> pb.WithdrawEscrowDisputeResponse:
        caller = self._keys.participant_of(context)
        kept = await self._escrows.withdraw(caller, request.payment_id)
        return pb.WithdrawEscrowDisputeResponse(escrow=escrow_message(kept, caller))

    @answers
    async def ResolveEscrowDispute(
        self, request: pb.ResolveEscrowDisputeRequest, context: Context
    ) -> pb.ResolveEscrowDisputeResponse:
        caller = self._keys.require_operator(context)
        kept = await self._escrows.resolve(caller.participant, _resolving(request, caller.key_id))
        return pb.ResolveEscrowDisputeResponse(escrow=escrow_message(kept, caller.participant))

    @answers
    async def ReturnEscrow(
        self, request: pb.ReturnEscrowRequest, context: Context
    ) -> pb.ReturnEscrowResponse:
        caller = self._keys.participant_of(context)
        amount = money_of(request.amount) if request.HasField("amount") else None
        names = (caller.participant_id, request.refund_id, request.payment_id)
        wish = Wish(*names, amount, request.reason)
        refund = await self._escrows.give_back(caller, wish, partial(wait_seconds, context))
        return pb.ReturnEscrowResponse(refund=shown_message(refund))

    @answers
    async def GetEscrow(
        self, request: pb.GetEscrowRequest, context: Context
    ) -> pb.GetEscrowResponse:
        caller = self._keys.participant_of(context)
        kept = await self._escrows.get(caller, request.payment_id)
        return pb.GetEscrowResponse(escrow=escrow_message(kept, caller))

    @answers
    async def ListEscrows(
        self, request: pb.ListEscrowsRequest, context: Context
    ) -> pb.ListEscrowsResponse:
        caller = self._keys.participant_of(context)
        size = page_size(request.page_size)
        after = last_id_of(request.page_token)
        found = await self._escrows.page(caller, request.disputed, after, size)
        return pb.ListEscrowsResponse(
            escrows=[escrow_message(kept, caller) for kept in found],
            next_page_token=next_token([kept.reference for kept in found], size),
        )


def _resolving(request: pb.ResolveEscrowDisputeRequest, key_id: str) -> Resolving:
    """Who decides, and why, is always said."""
    if not request.HasField("release_amount"):
        raise FieldMissing("release_amount")
    for value, field in ((request.operator, "operator"), (request.reason, "reason")):
        check_text(value, field)
    return Resolving(
        request.reference,
        request.resolution_id,
        money_of(request.release_amount),
        request.operator,
        request.reason,
        key_id,
    )
