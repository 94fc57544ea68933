"""The acquirer's client: charges of codes that payers show, payments at its shops, captures,
refunds, and rooms for shops, orders, prepaid orders, billers and escrow."""

from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as acquirer_pb
from services.pb.kawase.gateway.v1 import holding_service_pb2 as holding_pb
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from services.pb.kawase.gateway.v1.acquirer_service_pb2_grpc import AcquirerServiceStub
from services.pb.kawase.gateway.v1.holding_service_pb2_grpc import HoldingServiceStub
from services.pb.kawase.gateway.v1.presented_service_pb2_grpc import PresentedServiceStub
from services.sdk.acquirer.billers import Billers
from services.sdk.acquirer.escrow import ShopEscrows
from services.sdk.acquirer.orders import Orders
from services.sdk.acquirer.pickups import PickUps
from services.sdk.acquirer.shops import Shops
from services.sdk.line import CALL_SECONDS, WATCH_SECONDS, Tls
from services.sdk.model import FINAL, PAYMENT_STATES, Merchant, PaymentState, merchant_of
from services.sdk.participant import Participant
from services.sdk.retrying import Retry
from services.sdk.values import money_in, money_message, money_of, time_in, time_of


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment of a code that a payer has shown, as the shop's side sees it.

    In ACTION_REQUIRED the payer has to confirm until `expire_time`. `message` is for the till.
    """

    payment_id: str
    reference: str
    state: PaymentState
    merchant: Merchant
    amount: Money
    refunded: Money | None
    message: str
    expire_time: datetime | None
    create_time: datetime

    @property
    def is_final(self) -> bool:
        """Whether it stays in this state."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class ShopPayment:
    """A payment at one of your shops, whichever way it was made: the merchant's side of it.

    `authorised` is set where less was captured than had been authorised, `bill_reference` where a
    bill was paid; `in_escrow` where the merchant does not get it yet.
    """

    reference: str
    state: PaymentState
    merchant: Merchant
    amount: Money
    authorised: Money | None
    refunded: Money | None
    bill_reference: str
    in_escrow: bool
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A payment whose money is held: AUTHORISED until it is captured (COMPLETED), given up
    (CANCELLED) or over (EXPIRED). `captured` is what the shop was paid."""

    reference: str
    state: PaymentState
    merchant_id: str
    authorised: Money
    captured: Money | None
    expire_time: datetime


class AcquirerClient(Participant):
    """Serves your shops, and sees the merchant's side of their payments."""

    def __init__(
        self,
        address: str,
        api_key: str,
        tls: Tls | None = None,
        *,
        seconds: float = CALL_SECONDS,
        retry: Retry | None = None,
    ) -> None:
        super().__init__(address, api_key, tls, seconds=seconds, retry=retry)
        self.shops = Shops(self._line)
        """Your merchants, and the codes they hang up."""
        self.orders = Orders(self._line)
        """Codes with an amount, paid once."""
        self.pick_ups = PickUps(self._line)
        """Orders that payers have paid ahead."""
        self.billers = Billers(self._line)
        """Who sends bills, and which were paid."""
        self.escrow = ShopEscrows(self._line)
        """What is kept for your merchants until their buyers have received."""

    async def charge(self, payment_id: str, code: str, merchant_id: str, amount: Money) -> Charge:
        """Charge what a payer has shown: `code` is the scanned text or barcode number.

        The answer is final, waits for the payer, or where the time is over is CONFIRMED: watch it.
        """
        request = pb.ChargePaymentCodeRequest(
            payment_id=payment_id, code=code, merchant_id=merchant_id, amount=money_message(amount)
        )
        answer = await self._line.ask(PresentedServiceStub, "ChargePaymentCode", request)
        return _charge_of(answer.payment)

    async def get_charge(self, payment_id: str) -> Charge:
        """A charge as it is now."""
        request = pb.GetPresentedPaymentRequest(payment_id=payment_id)
        answer = await self._line.ask(PresentedServiceStub, "GetPresentedPayment", request)
        return _charge_of(answer.payment)

    async def cancel_charge(self, payment_id: str) -> Charge:
        """Do not wait for the payer any longer: from now on they cannot confirm. Raises `Refused`
        with PRESENTED_PAYMENT_CONFIRMED where they have."""
        request = pb.CancelPresentedPaymentRequest(payment_id=payment_id)
        answer = await self._line.ask(PresentedServiceStub, "CancelPresentedPayment", request)
        return _charge_of(answer.payment)

    async def watch_charge(
        self, payment_id: str, seconds: float = WATCH_SECONDS
    ) -> AsyncIterator[Charge]:
        """A charge now and at each of its states, until it is final.

        A connection that breaks is made again and nothing is told twice. Raises `AnswerOverdue`.
        """
        request = pb.WatchPresentedPaymentRequest(payment_id=payment_id)
        answers = self._line.follow(
            PresentedServiceStub, "WatchPresentedPayment", request, seconds, _place
        )
        async for answer in answers:
            charge = _charge_of(answer.payment)
            yield charge
            if charge.is_final:
                return

    async def payment(self, reference: str) -> ShopPayment:
        """A payment at one of your shops as it is now, by our reference, which webhooks tell."""
        request = acquirer_pb.GetShopPaymentRequest(reference=reference)
        answer = await self._line.ask(AcquirerServiceStub, "GetShopPayment", request)
        return _shop_payment_of(answer.payment)

    async def authorisation(self, reference: str) -> Authorisation:
        """An authorised payment as it is now, by our reference."""
        request = holding_pb.GetAuthorisationRequest(payment_id=reference)
        return await self._held("GetAuthorisation", request)

    async def capture(self, reference: str, amount: Money | None = None) -> Authorisation:
        """Take what is owed of an authorised payment, or all of it; the rest is released."""
        request = holding_pb.CapturePaymentRequest(
            payment_id=reference, amount=money_message(amount)
        )
        return await self._held("CapturePayment", request)

    async def void(self, reference: str) -> Authorisation:
        """Take nothing of an authorised payment."""
        request = holding_pb.VoidAuthorisationRequest(payment_id=reference)
        return await self._held("VoidAuthorisation", request)

    async def _held(self, method: str, request: Any) -> Authorisation:
        held = (await self._line.ask(HoldingServiceStub, method, request)).authorisation
        return Authorisation(
            reference=held.reference,
            state=PAYMENT_STATES.of(held.state),
            merchant_id=held.merchant_id,
            authorised=money_of(held.authorised),
            captured=money_in(held, "captured"),
            expire_time=time_of(held.expire_time),
        )


def _place(answer: pb.WatchPresentedPaymentResponse) -> Hashable:
    return answer.payment.state


def _shop_payment_of(message: acquirer_pb.ShopPayment) -> ShopPayment:
    return ShopPayment(
        reference=message.reference,
        state=PAYMENT_STATES.of(message.state),
        merchant=merchant_of(message.merchant),
        amount=money_of(message.target),
        authorised=money_in(message, "authorised_target"),
        refunded=money_in(message, "refunded"),
        bill_reference=message.bill_reference,
        in_escrow=message.in_escrow,
        create_time=time_of(message.create_time),
        update_time=time_of(message.update_time),
    )


def _charge_of(message: pb.PresentedPayment) -> Charge:
    return Charge(
        payment_id=message.payment_id,
        reference=message.reference,
        state=PAYMENT_STATES.of(message.state),
        merchant=merchant_of(message.merchant),
        amount=money_of(message.amount),
        refunded=money_in(message, "refunded"),
        message=message.message,
        expire_time=time_in(message, "expire_time"),
        create_time=time_of(message.create_time),
    )
