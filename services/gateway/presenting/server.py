"""PresentedService over gRPC: find the caller, call, encode."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.core.clock import Clock
from services.gateway.access.keys import Keys
from services.gateway.calls import require_wallet
from services.gateway.payments.messages import money_of
from services.gateway.presenting.charging import Charging, require_acquirer
from services.gateway.presenting.codes import Codes
from services.gateway.presenting.drawing import CONTENT_TYPES
from services.gateway.presenting.lifetimes import Lifetimes
from services.gateway.presenting.messages import (
    code_message,
    form_from,
    key_message,
    lifetime_from,
    lifetime_message,
    picture_from,
    policy_message,
    policy_of,
)
from services.gateway.reference import Participant
from services.gateway.server import wait_seconds
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from services.pb.kawase.gateway.v1.presented_service_pb2_grpc import PresentedServiceServicer

NAME = "kawase.gateway.v1.PresentedService"
Context = grpc.aio.ServicerContext[Any, Any]


class PresentedServer(PresentedServiceServicer):
    """The methods of `PresentedService`."""

    def __init__(
        self, keys: Keys, codes: Codes, charging: Charging, lifetimes: Lifetimes, clock: Clock
    ) -> None:
        self._keys = keys
        self._codes = codes
        self._charging = charging
        self._lifetimes = lifetimes
        self._clock = clock

    def _wallet(self, context: Context) -> Participant:
        return require_wallet(self._keys.participant_of(context))

    def _acquirer(self, context: Context) -> Participant:
        return require_acquirer(self._keys.participant_of(context))

    @answers
    async def CreatePaymentCode(
        self, request: pb.CreatePaymentCodeRequest, context: Context
    ) -> pb.CreatePaymentCodeResponse:
        code = await self._codes.create(
            self._wallet(context),
            request.code_id,
            request.payer_id,
            request.country_code,
            request.valid_seconds,
        )
        return pb.CreatePaymentCodeResponse(payment_code=code_message(code, self._clock.now()))

    @answers
    async def GetPaymentCode(
        self, request: pb.GetPaymentCodeRequest, context: Context
    ) -> pb.GetPaymentCodeResponse:
        code = await self._codes.get(self._wallet(context), request.code_id)
        return pb.GetPaymentCodeResponse(payment_code=code_message(code, self._clock.now()))

    @answers
    async def DrawPaymentCode(
        self, request: pb.DrawPaymentCodeRequest, context: Context
    ) -> pb.DrawPaymentCodeResponse:
        form, picture = form_from(request.form), picture_from(request.format)
        content = await self._codes.draw(self._wallet(context), request.code_id, form, picture)
        return pb.DrawPaymentCodeResponse(content_type=CONTENT_TYPES[picture], content=content)

    @answers
    async def CancelPaymentCode(
        self, request: pb.CancelPaymentCodeRequest, context: Context
    ) -> pb.CancelPaymentCodeResponse:
        code = await self._codes.cancel(self._wallet(context), request.code_id)
        return pb.CancelPaymentCodeResponse(payment_code=code_message(code, self._clock.now()))

    @answers
    async def ProvisionOfflineCodes(
        self, request: pb.ProvisionOfflineCodesRequest, context: Context
    ) -> pb.ProvisionOfflineCodesResponse:
        key, secret = await self._codes.provision(
            self._wallet(context),
            request.offline_key_id,
            request.payer_id,
            request.code_count,
            request.valid_days,
        )
        return pb.ProvisionOfflineCodesResponse(offline_key=key_message(key), secret=secret)

    @answers
    async def RevokeOfflineCodes(
        self, request: pb.RevokeOfflineCodesRequest, context: Context
    ) -> pb.RevokeOfflineCodesResponse:
        await self._codes.revoke(self._wallet(context), request.offline_key_id)
        return pb.RevokeOfflineCodesResponse()

    @answers
    async def PutPresentingPolicy(
        self, request: pb.PutPresentingPolicyRequest, context: Context
    ) -> pb.PutPresentingPolicyResponse:
        wallet = self._wallet(context)
        policy = await self._codes.put_policy(policy_of(wallet.participant_id, request.policy))
        return pb.PutPresentingPolicyResponse(policy=policy_message(policy))

    @answers
    async def GetPresentingPolicy(
        self, _request: pb.GetPresentingPolicyRequest, context: Context
    ) -> pb.GetPresentingPolicyResponse:
        policy = await self._codes.policy(self._wallet(context))
        return pb.GetPresentingPolicyResponse(policy=policy_message(policy))

    @answers
    async def ChargePaymentCode(
        self, request: pb.ChargePaymentCodeRequest, context: Context
    ) -> pb.ChargePaymentCodeResponse:
        payment = await self._charging.charge(
            self._acquirer(context),
            request.payment_id,
            request.code,
            request.merchant_id,
            money_of(request.amount),
            lambda: wait_seconds(context),
        )
        return pb.ChargePaymentCodeResponse(payment=payment)

    @answers
    async def GetPresentedPayment(
        self, request: pb.GetPresentedPaymentRequest, context: Context
    ) -> pb.GetPresentedPaymentResponse:
        payment = await self._charging.get(self._acquirer(context), request.payment_id)
        return pb.GetPresentedPaymentResponse(payment=payment)

    @answers
    async def CancelPresentedPayment(
        self, request: pb.CancelPresentedPaymentRequest, context: Context
    ) -> pb.CancelPresentedPaymentResponse:
        payment = await self._charging.cancel(self._acquirer(context), request.payment_id)
        return pb.CancelPresentedPaymentResponse(payment=payment)

    @answers
    async def WatchPresentedPayment(
        self, request: pb.WatchPresentedPaymentRequest, context: Context
    ) -> AsyncIterator[pb.WatchPresentedPaymentResponse]:
        acquirer = self._acquirer(context)
        async for payment in self._charging.watch(acquirer, request.payment_id):
            yield pb.WatchPresentedPaymentResponse(payment=payment)

    @answers
    async def PutCodeLifetime(
        self, request: pb.PutCodeLifetimeRequest, context: Context
    ) -> pb.PutCodeLifetimeResponse:
        caller = self._keys.require_operator(context)
        new = await self._lifetimes.put(caller, lifetime_from(request.code_lifetime))
        return pb.PutCodeLifetimeResponse(code_lifetime=lifetime_message(new))

    @answers
    async def ListCodeLifetimes(
        self, _request: pb.ListCodeLifetimesRequest, context: Context
    ) -> pb.ListCodeLifetimesResponse:
        self._keys.require_operator(context)
        known = [lifetime_message(each) for each in await self._lifetimes.list()]
        return pb.ListCodeLifetimesResponse(code_lifetimes=known)
