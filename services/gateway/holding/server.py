"""HoldingService over gRPC: find the caller, call, answer."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.calls import Calls
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.payments.messages import money_of
from services.gateway.server import wait_seconds
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import holding_service_pb2 as pb
from services.pb.kawase.gateway.v1.holding_service_pb2_grpc import HoldingServiceServicer

NAME = "kawase.gateway.v1.HoldingService"
Context = grpc.aio.ServicerContext[Any, Any]


class HoldingServer(HoldingServiceServicer):
    """The methods of `HoldingService`."""

    def __init__(self, keys: Keys, calls: Calls, holding: HoldingHandlers) -> None:
        self._keys = keys
        self._calls = calls
        self._holding = holding

    @answers
    async def AuthorisePayment(
        self, request: pb.AuthorisePaymentRequest, context: Context
    ) -> pb.AuthorisePaymentResponse:
        caller = self._keys.participant_of(context)
        payment = await self._calls.authorise_payment(
            caller, request.payment_id, lambda: wait_seconds(context)
        )
        return pb.AuthorisePaymentResponse(payment=payment)

    @answers
    async def CapturePayment(
        self, request: pb.CapturePaymentRequest, context: Context
    ) -> pb.CapturePaymentResponse:
        caller = self._keys.participant_of(context)
        amount = money_of(request.amount) if request.HasField("amount") else None
        held = await self._holding.capture(caller, request.payment_id, amount)
        return pb.CapturePaymentResponse(authorisation=held)

    @answers
    async def VoidAuthorisation(
        self, request: pb.VoidAuthorisationRequest, context: Context
    ) -> pb.VoidAuthorisationResponse:
        caller = self._keys.participant_of(context)
        held = await self._holding.void(caller, request.payment_id)
        return pb.VoidAuthorisationResponse(authorisation=held)

    @answers
    async def GetAuthorisation(
        self, request: pb.GetAuthorisationRequest, context: Context
    ) -> pb.GetAuthorisationResponse:
        caller = self._keys.participant_of(context)
        held = await self._holding.get(caller, request.payment_id)
        return pb.GetAuthorisationResponse(authorisation=held)
