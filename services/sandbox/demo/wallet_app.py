"""A partner wallet's server, as small as it can be: what it sends to the gateway."""

from dataclasses import dataclass
from typing import Any

from services.core.money import Money
from services.kit.rpc import call
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2

CALL_SECONDS = 30.0
FINAL = frozenset(
    {
        payment_pb2.PAYMENT_STATE_COMPLETED,
        payment_pb2.PAYMENT_STATE_DECLINED,
        payment_pb2.PAYMENT_STATE_CANCELLED,
        payment_pb2.PAYMENT_STATE_EXPIRED,
    }
)


def to_proto(money: Money) -> money_pb2.Money:
    """Money as it travels."""
    return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)


def to_money(money: money_pb2.Money) -> Money:
    """Money as it came."""
    return Money(money.minor_units, money.currency_code)


@dataclass(frozen=True, slots=True)
class WalletApp:
    """Calls the gateway with one participant's key. Every method raises the gateway's refusal."""

    name: str
    stub: "stubs.GatewayServiceAsyncStub"
    api_key: str

    async def _ask(self, method: Any, request: Any) -> Any:
        metadata = (("authorization", f"Bearer {self.api_key}"),)
        return await call(method(request, metadata=metadata, timeout=CALL_SECONDS))

    async def decode(self, code: str) -> pb.DecodeCodeResponse:
        """What a code says."""
        answer: pb.DecodeCodeResponse = await self._ask(
            self.stub.DecodeCode, pb.DecodeCodeRequest(code=code)
        )
        return answer

    async def create(
        self, payment_id: str, payer_id: str, code: str, amount: Money | None = None
    ) -> payment_pb2.Payment:
        """A price for paying `code`."""
        request = pb.CreatePaymentRequest(payment_id=payment_id, payer_id=payer_id, code=code)
        if amount is not None:
            request.amount.CopyFrom(to_proto(amount))
        return (await self._ask(self.stub.CreatePayment, request)).payment  # type: ignore[no-any-return]

    async def confirm(self, payment_id: str) -> payment_pb2.Payment:
        """Pay; the answer is final, or says what the payer has to do."""
        request = pb.ConfirmPaymentRequest(payment_id=payment_id)
        return (await self._ask(self.stub.ConfirmPayment, request)).payment  # type: ignore[no-any-return]

    async def cancel(self, payment_id: str) -> payment_pb2.Payment:
        """Give up a payment that has not been confirmed."""
        request = pb.CancelPaymentRequest(payment_id=payment_id)
        return (await self._ask(self.stub.CancelPayment, request)).payment  # type: ignore[no-any-return]

    async def get(self, payment_id: str) -> pb.GetPaymentResponse:
        """The payment and its moves."""
        answer: pb.GetPaymentResponse = await self._ask(
            self.stub.GetPayment, pb.GetPaymentRequest(payment_id=payment_id)
        )
        return answer

    async def until_final(self, payment_id: str) -> payment_pb2.Payment:
        """Watch the payment until it is final."""
        metadata = (("authorization", f"Bearer {self.api_key}"),)
        request = pb.WatchPaymentRequest(payment_id=payment_id)
        watch = self.stub.WatchPayment(request, metadata=metadata, timeout=2 * CALL_SECONDS)
        payment = payment_pb2.Payment()
        async for answer in watch:
            payment = answer.payment
            if payment.state in FINAL:
                break
        return payment

    async def refund(
        self, refund_id: str, payment_id: str, amount: Money, reason: str
    ) -> payment_pb2.Refund:
        """Give part of a payment back."""
        request = pb.CreateRefundRequest(
            refund_id=refund_id, payment_id=payment_id, amount=to_proto(amount), reason=reason
        )
        return (await self._ask(self.stub.CreateRefund, request)).refund  # type: ignore[no-any-return]

    async def get_refund(self, refund_id: str) -> payment_pb2.Refund:
        """A refund as it stands."""
        request = pb.GetRefundRequest(refund_id=refund_id)
        return (await self._ask(self.stub.GetRefund, request)).refund  # type: ignore[no-any-return]

    async def link_bank_account(self, request: pb.LinkBankAccountRequest) -> payment_pb2.BankLink:
        """Link a payer's bank account."""
        return (await self._ask(self.stub.LinkBankAccount, request)).bank_link  # type: ignore[no-any-return]

    async def top_up(self, top_up_id: str, bank_link_id: str, amount: Money) -> payment_pb2.TopUp:
        """Draw money from a linked account."""
        request = pb.CreateTopUpRequest(
            top_up_id=top_up_id, bank_link_id=bank_link_id, amount=to_proto(amount)
        )
        return (await self._ask(self.stub.CreateTopUp, request)).top_up  # type: ignore[no-any-return]

    async def get_top_up(self, top_up_id: str) -> payment_pb2.TopUp:
        """A top-up as it stands."""
        request = pb.GetTopUpRequest(top_up_id=top_up_id)
        return (await self._ask(self.stub.GetTopUp, request)).top_up  # type: ignore[no-any-return]
