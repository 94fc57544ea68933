"""GatewayService: decode, call, encode. What wallets and acquirers call.

A participant sees only its own payments; another's is answered as unknown, so that ids cannot be
probed.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.codes import Code
from services.core.money import Money
from services.gateway.auth import Keys
from services.gateway.payments.confirming import Ask, Asked, Confirming
from services.gateway.payments.creating import Creating
from services.gateway.payments.messages import money, payment_message
from services.gateway.payments.reading import Reading
from services.gateway.payments.refusals import WalletRequired
from services.gateway.payments.scanning import scan
from services.gateway.payments.waiters import Snapshot, Waiters
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.session import CONFIRM_SECONDS, Session
from services.gateway.topups.handlers import BankLinkHandlers, TopUpHandlers
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.gateway.v1.gateway_service_pb2_grpc import GatewayServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

# What is left of a caller's deadline for the answer's way back.
DEADLINE_MARGIN_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 120.0


class GatewayServer(GatewayServiceServicer):
    """The methods of `GatewayService`."""

    def __init__(
        self,
        keys: Keys,
        creating: Creating,
        confirming: Confirming,
        reading: Reading,
        waiters: Waiters,
        refunds: RefundHandlers,
        bank_links: BankLinkHandlers,
        top_ups: TopUpHandlers,
    ) -> None:
        self._keys = keys
        self._creating = creating
        self._confirming = confirming
        self._reading = reading
        self._waiters = waiters
        self._refunds = refunds
        self._bank_links = bank_links
        self._top_ups = top_ups

    def _wallet(self, context: Context) -> Participant:
        participant = self._keys.participant_of(context)
        if participant.kind is not ParticipantKind.WALLET:
            raise WalletRequired(participant.participant_id)
        return participant

    @answers
    async def DecodeCode(
        self, request: pb.DecodeCodeRequest, context: Context
    ) -> pb.DecodeCodeResponse:
        self._keys.participant_of(context)
        return _decoded(scan(request.code))

    @answers
    async def CreatePayment(
        self, request: pb.CreatePaymentRequest, context: Context
    ) -> pb.CreatePaymentResponse:
        wallet = self._wallet(context)
        typed = None
        if request.HasField("amount"):
            typed = Money(request.amount.minor_units, request.amount.currency_code)
        payment = await self._creating.submit(
            wallet, request.payment_id, request.payer_id, request.code, typed
        )
        return pb.CreatePaymentResponse(payment=payment_message(payment))

    @answers
    async def ConfirmPayment(
        self, request: pb.ConfirmPaymentRequest, context: Context
    ) -> pb.ConfirmPaymentResponse:
        wallet = self._wallet(context)
        asked = await self._confirming.gather.submit(Ask(wallet, request.payment_id))
        return pb.ConfirmPaymentResponse(payment=await self._ended(asked, context))

    async def _ended(self, asked: Asked, context: Context) -> Snapshot:
        """The payment's end or the action it requires; at the deadline its state so far."""
        waiting = asked.waiting
        if waiting is None:
            return payment_message(asked.payment)
        left = context.time_remaining()
        seconds = CONFIRM_SECONDS if left is None else left - DEADLINE_MARGIN_SECONDS
        try:
            async with asyncio.timeout(min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)):
                return await waiting
        except TimeoutError:
            return payment_message(asked.payment)
        finally:
            self._waiters.forget(asked.payment.terms.reference, waiting)

    @answers
    async def CancelPayment(
        self, request: pb.CancelPaymentRequest, context: Context
    ) -> pb.CancelPaymentResponse:
        wallet = self._wallet(context)
        ask = Ask(wallet, request.payment_id, cancels=True)
        asked = await self._confirming.gather.submit(ask)
        return pb.CancelPaymentResponse(payment=payment_message(asked.payment))

    @answers
    async def GetPayment(
        self, request: pb.GetPaymentRequest, context: Context
    ) -> pb.GetPaymentResponse:
        participant = self._keys.participant_of(context)
        payment, moves = await self._reading.get(participant.participant_id, request.payment_id)
        return pb.GetPaymentResponse(payment=payment, moves=moves)

    @answers
    async def ListPayments(
        self, request: pb.ListPaymentsRequest, context: Context
    ) -> pb.ListPaymentsResponse:
        participant = self._keys.participant_of(context)
        return await self._reading.page(participant.participant_id, request)

    @answers
    async def WatchPayment(
        self, request: pb.WatchPaymentRequest, context: Context
    ) -> AsyncIterator[pb.WatchPaymentResponse]:
        participant = self._keys.participant_of(context)
        async for payment in self._reading.watch(participant.participant_id, request.payment_id):
            yield pb.WatchPaymentResponse(payment=payment)

    @answers
    async def PaySession(
        self, request_iterator: AsyncIterator[pb.PaySessionRequest], context: Context
    ) -> AsyncIterator[pb.PaySessionResponse]:
        wallet = self._wallet(context)
        session = Session(wallet, self._creating, self._confirming, self._waiters)
        async for answer in session.run(request_iterator):
            yield answer

    @answers
    async def CreateRefund(
        self, request: pb.CreateRefundRequest, context: Context
    ) -> pb.CreateRefundResponse:
        caller = self._keys.participant_of(context)
        return pb.CreateRefundResponse(refund=await self._refunds.create(caller, request))

    @answers
    async def GetRefund(
        self, request: pb.GetRefundRequest, context: Context
    ) -> pb.GetRefundResponse:
        caller = self._keys.participant_of(context)
        return pb.GetRefundResponse(refund=await self._refunds.get(caller, request))

    @answers
    async def LinkBankAccount(
        self, request: pb.LinkBankAccountRequest, context: Context
    ) -> pb.LinkBankAccountResponse:
        caller = self._keys.participant_of(context)
        link = await self._bank_links.link(caller, request)
        return pb.LinkBankAccountResponse(bank_link=link)

    @answers
    async def CreateTopUp(
        self, request: pb.CreateTopUpRequest, context: Context
    ) -> pb.CreateTopUpResponse:
        caller = self._keys.participant_of(context)
        return pb.CreateTopUpResponse(top_up=await self._top_ups.create(caller, request))

    @answers
    async def GetTopUp(self, request: pb.GetTopUpRequest, context: Context) -> pb.GetTopUpResponse:
        caller = self._keys.participant_of(context)
        return pb.GetTopUpResponse(top_up=await self._top_ups.get(caller, request))


def _decoded(code: Code) -> pb.DecodeCodeResponse:
    answer = pb.DecodeCodeResponse(
        kind=code.kind,
        valid=code.valid,
        scheme=code.scheme or "",
        currency_code=code.currency_code or "",
        findings=[
            pb.CodeFinding(
                code=finding.code,
                severity=finding.severity,
                path=finding.path,
                message=finding.message,
            )
            for finding in code.findings
        ],
    )
    if code.merchant is not None:
        merchant = code.merchant
        answer.merchant.CopyFrom(
            payment_pb2.Merchant(
                merchant_id=next(iter(merchant.account_ids.values()), ""),
                name=merchant.name or "",
                city=merchant.city or "",
                country_code=merchant.country_code or "",
            )
        )
    if code.amount_minor is not None and code.currency_code is not None:
        answer.amount.CopyFrom(money(code.amount_minor, code.currency_code))
    return answer
