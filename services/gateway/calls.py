"""What participants ask for, whichever edge they came by: gRPC and HTTP call these same methods.

A call has a caller who is known, a request and an answer as `GatewayService` names them; refusals
are raised as typed errors. Edges find the caller, and turn messages into what they speak.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from services.codes import Code
from services.core.ids import checked_id
from services.gateway.payments.asking import price_refusal
from services.gateway.payments.confirming import Ask, Asked, Confirming
from services.gateway.payments.creating import Creating
from services.gateway.payments.messages import money, money_of, payment_message
from services.gateway.payments.model import Payment
from services.gateway.payments.reading import Reading
from services.gateway.payments.refusals import MaximumRequired, WalletRequired
from services.gateway.payments.scanning import scan
from services.gateway.payments.waiters import Snapshot, Waiters
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.session import Session
from services.gateway.topups.handlers import BankLinkHandlers, TopUpHandlers
from services.gateway.waking import unhurried
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2

LONGEST_WAIT_SECONDS = 120.0


def require_wallet(caller: Participant) -> Participant:
    """The caller, who has to be a wallet. Raises `WalletRequired`."""
    if caller.kind is not ParticipantKind.WALLET:
        raise WalletRequired(caller.participant_id)
    return caller


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of `GatewayService`, for a caller who is known."""

    creating: Creating
    confirming: Confirming
    reading: Reading
    waiters: Waiters
    refunds: RefundHandlers
    bank_links: BankLinkHandlers
    top_ups: TopUpHandlers

    def decode_code(self, request: pb.DecodeCodeRequest) -> pb.DecodeCodeResponse:
        """What a scanned text says. Raises `CodeUnreadable`."""
        return _decoded(scan(request.code))

    async def create_payment(
        self, caller: Participant, request: pb.CreatePaymentRequest
    ) -> Snapshot:
        """Price a payment, or the payment of this id as it is now."""
        return payment_message(await self._priced(require_wallet(caller), request))

    async def _priced(
        self, wallet: Participant, request: pb.CreatePaymentRequest | pb.PayRequest
    ) -> Payment:
        typed = money_of(request.amount) if request.HasField("amount") else None
        return await self.creating.submit(
            wallet, request.payment_id, request.payer_id, request.code, typed
        )

    async def pay(
        self, caller: Participant, request: pb.PayRequest, wait_seconds: Callable[[], float]
    ) -> Snapshot:
        """Price and confirm, where the price is within the maximum; else the quote stands.

        Raises `MaximumRequired`, `MaximumCurrencyDiffers`, `PriceAboveMaximum`.
        """
        wallet = require_wallet(caller)
        if not request.HasField("maximum"):
            raise MaximumRequired
        payment = await self._priced(wallet, request)
        refusal = price_refusal(payment, money_of(request.maximum))
        if refusal is not None:
            raise refusal
        return await self.confirm_payment(caller, request.payment_id, wait_seconds)

    async def confirm_payment(
        self, caller: Participant, payment_id: str, wait_seconds: Callable[[], float]
    ) -> Snapshot:
        """Pay; the payment's end, or the action it requires, or after the wait its state so far.

        How long to wait is asked once the payment has been confirmed: a deadline runs meanwhile.
        """
        asked = await self.confirming.submit(Ask(require_wallet(caller), payment_id))
        return await self._ended(asked, wait_seconds())

    async def _ended(self, asked: Asked, wait_seconds: float) -> Snapshot:
        waiting = asked.waiting
        if waiting is None:
            return payment_message(asked.payment)
        try:
            async with asyncio.timeout(min(max(wait_seconds, 0.0), LONGEST_WAIT_SECONDS)):
                return await waiting
        except TimeoutError:
            return payment_message(asked.payment)
        finally:
            self.waiters.forget(asked.payment.terms.reference, waiting)

    async def authorise_payment(
        self, caller: Participant, payment_id: str, wait_seconds: Callable[[], float]
    ) -> Snapshot:
        """As `confirm_payment`, but the funds are held until the acquirer captures them.

        Raises `AuthorisationNotOffered`, and what a confirm raises.
        """
        ask = Ask(require_wallet(caller), payment_id, authorises=True)
        return await self._ended(await self.confirming.submit(ask), wait_seconds())

    async def confirm_into_escrow(
        self, caller: Participant, payment_id: str, wait_seconds: Callable[[], float]
    ) -> Snapshot:
        """As `confirm_payment`, but what is paid goes into escrow.

        Raises `EscrowNotOffered`, and what a confirm raises.
        """
        ask = Ask(require_wallet(caller), payment_id, escrows=True)
        return await self._ended(await self.confirming.submit(ask), wait_seconds())

    async def cancel_payment(self, caller: Participant, payment_id: str) -> Snapshot:
        """Give up a quote or a hold."""
        ask = Ask(require_wallet(caller), payment_id, cancels=True)
        return payment_message((await self.confirming.submit(ask)).payment)

    async def cancel_by_shop(self, wallet: Participant, payment_id: str) -> Snapshot:
        """Give up a quote of the wallet's, on the word of the shop that asked for it.

        Raises `PaymentConfirmed`, `QuoteExpired`.
        """
        ask = Ask(wallet, payment_id, cancels=True, by_shop=True)
        return payment_message((await self.confirming.submit(ask)).payment)

    async def get_payment(
        self, caller: Participant, payment_id: str
    ) -> tuple[Snapshot, list[payment_pb2.PaymentMove]]:
        """A payment of the caller's and its moves. Raises `PaymentUnknown`."""
        checked_id(payment_id, "payment_id")
        return await self.reading.get(caller.participant_id, payment_id)

    async def list_payments(
        self, caller: Participant, request: pb.ListPaymentsRequest
    ) -> pb.ListPaymentsResponse:
        """A page of the caller's payments. Raises `PageTokenMalformed`."""
        return await self.reading.page(caller.participant_id, request)

    def watch_payment(self, caller: Participant, payment_id: str) -> AsyncIterator[Snapshot]:
        """The payment now and at every state until it is final.

        Raises `PaymentUnknown`, `TooManyWatchers`; close it when no longer wanted.
        """
        checked_id(payment_id, "payment_id")
        return self.reading.watch(caller.participant_id, payment_id)

    def open_session(self, caller: Participant) -> Session:
        """A session for volume."""
        return Session(require_wallet(caller), self.creating, self.confirming, self.waiters)

    async def create_refund(
        self,
        caller: Participant,
        request: pb.CreateRefundRequest,
        left: Callable[[], float] = unhurried,
    ) -> payment_pb2.Refund:
        """Ask for a refund; what it raises stands at `RefundHandlers.create`."""
        return await self.refunds.create(caller, request, left=left)

    async def get_refund(self, caller: Participant, refund_id: str) -> payment_pb2.Refund:
        """A refund of the caller's. Raises `RefundUnknown`."""
        checked_id(refund_id, "refund_id")
        return await self.refunds.get(caller, pb.GetRefundRequest(refund_id=refund_id))

    async def link_bank_account(
        self, caller: Participant, request: pb.LinkBankAccountRequest
    ) -> payment_pb2.BankLink:
        """Link a payer's account; what it raises stands at `BankLinkHandlers.link`."""
        return await self.bank_links.link(caller, request)

    async def create_top_up(
        self,
        caller: Participant,
        request: pb.CreateTopUpRequest,
        left: Callable[[], float] = unhurried,
    ) -> payment_pb2.TopUp:
        """Draw money into a hosted wallet; what it raises stands at `TopUpHandlers.create`."""
        return await self.top_ups.create(caller, request, left)

    async def get_top_up(self, caller: Participant, top_up_id: str) -> payment_pb2.TopUp:
        """A top-up of the caller's. Raises `TopUpUnknown`."""
        checked_id(top_up_id, "top_up_id")
        return await self.top_ups.get(caller, pb.GetTopUpRequest(top_up_id=top_up_id))


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
