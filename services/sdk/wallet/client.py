"""The wallet's client: payments by a shop's code, and rooms for what else a wallet does."""

from collections.abc import AsyncIterator, Hashable
from typing import Any

from services.core.money import Money
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import holding_service_pb2 as holding_pb
from services.pb.kawase.gateway.v1.gateway_service_pb2_grpc import GatewayServiceStub
from services.pb.kawase.gateway.v1.holding_service_pb2_grpc import HoldingServiceStub
from services.sdk.line import CALL_SECONDS, WATCH_SECONDS, Tls
from services.sdk.model import PAYMENT_STATES, Payment, PaymentState, payment_of
from services.sdk.participant import Participant
from services.sdk.retrying import Retry
from services.sdk.values import money_message, pages
from services.sdk.wallet.banking import Banking
from services.sdk.wallet.bills import Bills
from services.sdk.wallet.codes import PayerCodes
from services.sdk.wallet.escrow import WalletEscrows
from services.sdk.wallet.persons import Persons
from services.sdk.wallet.prepaid import PrepaidOrders


class WalletClient(Participant):
    """Pays, and sees its own payments."""

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
        self.codes = PayerCodes(self._line)
        """Codes that payers show."""
        self.bills = Bills(self._line)
        """Billers, and payment by the reference on a bill."""
        self.escrow = WalletEscrows(self._line)
        """Payments that shops get when the buyer has received."""
        self.prepaid = PrepaidOrders(self._line)
        """Orders paid before they are picked up."""
        self.persons = Persons(self._line)
        """Codes by which payers of hosted wallets are paid themselves."""
        self.banking = Banking(self._line)
        """Bank accounts, top-ups and withdrawals of hosted wallets."""

    async def pay(
        self, payment_id: str, payer_id: str, code: str, maximum: Money, amount: Money | None = None
    ) -> Payment:
        """Price and pay a scanned code in one call, up to `maximum` in home money.

        `amount`, in the merchant's currency, is what the payer typed where the code states none.
        The answer is final, asks for the payer's action, or where the time is over is CONFIRMED:
        watch it. Raises `Refused` with PRICE_ABOVE_MAXIMUM where the price is more.
        """
        request = pb.PayRequest(
            payment_id=payment_id,
            payer_id=payer_id,
            code=code,
            amount=money_message(amount),
            maximum=money_message(maximum),
        )
        return payment_of((await self._ask("Pay", request)).payment)

    async def quote(
        self, payment_id: str, payer_id: str, code: str, amount: Money | None = None
    ) -> Payment:
        """The price of paying a scanned code, held until its `quote_expire_time`."""
        request = pb.CreatePaymentRequest(
            payment_id=payment_id, payer_id=payer_id, code=code, amount=money_message(amount)
        )
        return payment_of((await self._ask("CreatePayment", request)).payment)

    async def confirm(self, payment_id: str) -> Payment:
        """Pay a quote. What the answer may be stands at `pay`."""
        request = pb.ConfirmPaymentRequest(payment_id=payment_id)
        return payment_of((await self._ask("ConfirmPayment", request)).payment)

    async def authorise(self, payment_id: str) -> Payment:
        """Say yes to a quote that the shop charges later: its money is held at the agreed price
        until the acquirer captures it. `cancel` gives it up."""
        request = holding_pb.AuthorisePaymentRequest(payment_id=payment_id)
        answer = await self._line.ask(HoldingServiceStub, "AuthorisePayment", request)
        return payment_of(answer.payment)

    async def cancel(self, payment_id: str) -> Payment:
        """Give up a quote that has not been confirmed, or an authorised payment."""
        request = pb.CancelPaymentRequest(payment_id=payment_id)
        return payment_of((await self._ask("CancelPayment", request)).payment)

    async def get(self, payment_id: str) -> Payment:
        """A payment as it is now."""
        request = pb.GetPaymentRequest(payment_id=payment_id)
        return payment_of((await self._ask("GetPayment", request)).payment)

    def list(self, state: PaymentState | None = None) -> AsyncIterator[Payment]:
        """Your payments, or those in `state`, in the order of your ids; pages come as needed."""
        request = pb.ListPaymentsRequest()
        if state is not None:
            request.state = PAYMENT_STATES.number(state)
        return pages(
            lambda asked: self._ask("ListPayments", asked), request, "payments", payment_of
        )

    async def watch(
        self, payment_id: str, seconds: float = WATCH_SECONDS
    ) -> AsyncIterator[Payment]:
        """The payment now and at each of its states, until it is final.

        A connection that breaks is made again and nothing is told twice. Raises `AnswerOverdue`
        where the payment is not final within `seconds`.
        """
        request = pb.WatchPaymentRequest(payment_id=payment_id)
        answers = self._line.follow(GatewayServiceStub, "WatchPayment", request, seconds, _place)
        async for answer in answers:
            payment = payment_of(answer.payment)
            yield payment
            if payment.is_final:
                return

    async def _ask(self, method: str, request: Any) -> Any:
        return await self._line.ask(GatewayServiceStub, method, request)


def _place(answer: pb.WatchPaymentResponse) -> Hashable:
    return answer.payment.state, answer.payment.action_url
