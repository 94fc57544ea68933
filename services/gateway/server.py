"""GatewayService over gRPC: find the caller, call, answer. What wallets and acquirers call.

A participant sees only its own payments; another's is answered as unknown, so that ids cannot be
probed.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.calls import Calls
from services.gateway.session import CONFIRM_SECONDS
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1.gateway_service_pb2_grpc import GatewayServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

# What is left of a caller's deadline for the answer's way back.
DEADLINE_MARGIN_SECONDS = 0.25


class GatewayServer(GatewayServiceServicer):
    """The methods of `GatewayService`."""

    def __init__(self, keys: Keys, calls: Calls) -> None:
        self._keys = keys
        self._calls = calls

    @answers
    async def DecodeCode(
        self, request: pb.DecodeCodeRequest, context: Context
    ) -> pb.DecodeCodeResponse:
        self._keys.participant_of(context)
        return self._calls.decode_code(request)

    @answers
    async def CreatePayment(
        self, request: pb.CreatePaymentRequest, context: Context
    ) -> pb.CreatePaymentResponse:
        caller = self._keys.participant_of(context)
        payment = await self._calls.create_payment(caller, request)
        return pb.CreatePaymentResponse(payment=payment)

    @answers
    async def ConfirmPayment(
        self, request: pb.ConfirmPaymentRequest, context: Context
    ) -> pb.ConfirmPaymentResponse:
        caller = self._keys.participant_of(context)
        payment = await self._calls.confirm_payment(
            caller, request.payment_id, lambda: wait_seconds(context)
        )
        return pb.ConfirmPaymentResponse(payment=payment)

    @answers
    async def Pay(self, request: pb.PayRequest, context: Context) -> pb.PayResponse:
        caller = self._keys.participant_of(context)
        payment = await self._calls.pay(caller, request, lambda: wait_seconds(context))
        return pb.PayResponse(payment=payment)

    @answers
    async def CancelPayment(
        self, request: pb.CancelPaymentRequest, context: Context
    ) -> pb.CancelPaymentResponse:
        caller = self._keys.participant_of(context)
        payment = await self._calls.cancel_payment(caller, request.payment_id)
        return pb.CancelPaymentResponse(payment=payment)

    @answers
    async def GetPayment(
        self, request: pb.GetPaymentRequest, context: Context
    ) -> pb.GetPaymentResponse:
        caller = self._keys.participant_of(context)
        payment, moves = await self._calls.get_payment(caller, request.payment_id)
        return pb.GetPaymentResponse(payment=payment, moves=moves)

    @answers
    async def ListPayments(
        self, request: pb.ListPaymentsRequest, context: Context
    ) -> pb.ListPaymentsResponse:
        caller = self._keys.participant_of(context)
        return await self._calls.list_payments(caller, request)

    @answers
    async def WatchPayment(
        self, request: pb.WatchPaymentRequest, context: Context
    ) -> AsyncIterator[pb.WatchPaymentResponse]:
        caller = self._keys.participant_of(context)
        async for payment in self._calls.watch_payment(caller, request.payment_id):
            yield pb.WatchPaymentResponse(payment=payment)

    @answers
    async def PaySession(
        self, request_iterator: AsyncIterator[pb.PaySessionRequest], context: Context
    ) -> AsyncIterator[pb.PaySessionResponse]:
        session = self._calls.open_session(self._keys.participant_of(context))
        async for answer in session.run(request_iterator):
            yield answer

    @answers
    async def CreateRefund(
        self, request: pb.CreateRefundRequest, context: Context
    ) -> pb.CreateRefundResponse:
        caller = self._keys.participant_of(context)
        left = partial(wait_seconds, context)
        refund = await self._calls.create_refund(caller, request, left)
        return pb.CreateRefundResponse(refund=refund)

    @answers
    async def GetRefund(
        self, request: pb.GetRefundRequest, context: Context
    ) -> pb.GetRefundResponse:
        caller = self._keys.participant_of(context)
        refund = await self._calls.get_refund(caller, request.refund_id)
        return pb.GetRefundResponse(refund=refund)

    @answers
    async def LinkBankAccount(
        self, request: pb.LinkBankAccountRequest, context: Context
    ) -> pb.LinkBankAccountResponse:
        caller = self._keys.participant_of(context)
        link = await self._calls.link_bank_account(caller, request)
        return pb.LinkBankAccountResponse(bank_link=link)

    @answers
    async def CreateTopUp(
        self, request: pb.CreateTopUpRequest, context: Context
    ) -> pb.CreateTopUpResponse:
        caller = self._keys.participant_of(context)
        left = partial(wait_seconds, context)
        top_up = await self._calls.create_top_up(caller, request, left)
        return pb.CreateTopUpResponse(top_up=top_up)

    @answers
    async def GetTopUp(self, request: pb.GetTopUpRequest, context: Context) -> pb.GetTopUpResponse:
        caller = self._keys.participant_of(context)
        return pb.GetTopUpResponse(top_up=await self._calls.get_top_up(caller, request.top_up_id))


def wait_seconds(context: Context) -> float:
    """How long a call may wait for an end, by the caller's deadline."""
    left = context.time_remaining()
    return CONFIRM_SECONDS if left is None else left - DEADLINE_MARGIN_SECONDS
