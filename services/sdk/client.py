"""The client: one method per call, deadlines on all, repeats where they are safe."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc

from services.core.money import Money
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.sdk.errors import AnswerOverdue, error_of
from services.sdk.model import (
    Payment,
    PaymentState,
    Refund,
    money_message,
    payment_of,
    refund_of,
    state_number,
)
from services.sdk.retrying import RETRIED, Retry

CALL_SECONDS = 30.0
WATCH_SECONDS = 600.0
PAGE_SIZE = 100
_OPTIONS = (
    ("grpc.keepalive_time_ms", 30_000),
    # Repeats are the client's own: it knows how long the caller waits.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM texts. Without `ca` the machine's own authorities are trusted; `certificate` and `key`
    are yours, where the operator asks for mutual TLS."""

    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


class Client:
    """Calls the gateway with one participant's key, inside `async with`.

    Every id is yours to choose and is the idempotency key: the same call again has one effect. A
    call ends within `seconds`; while the gateway is away (UNAVAILABLE, ABORTED) it is repeated.
    Methods raise the errors of `services.sdk.errors`.
    """

    def __init__(
        self,
        address: str,
        api_key: str,
        tls: Tls | None = None,
        *,
        seconds: float = CALL_SECONDS,
        retry: Retry | None = None,
    ) -> None:
        """`address` is host:port. Without `tls` nothing is encrypted: for the sandbox only."""
        self._address = address
        self._metadata = (("authorization", f"Bearer {api_key}"),)
        self._tls = tls
        self._seconds = seconds
        self._retry = retry or Retry()
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        if self._tls is None:
            self._channel = grpc.aio.insecure_channel(self._address, options=_OPTIONS)
        else:
            tls = grpc.ssl_channel_credentials(self._tls.ca, self._tls.key, self._tls.certificate)
            self._channel = grpc.aio.secure_channel(self._address, tls, options=_OPTIONS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

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

    async def cancel(self, payment_id: str) -> Payment:
        """Give up a quote that has not been confirmed."""
        request = pb.CancelPaymentRequest(payment_id=payment_id)
        return payment_of((await self._ask("CancelPayment", request)).payment)

    async def get(self, payment_id: str) -> Payment:
        """A payment as it is now."""
        request = pb.GetPaymentRequest(payment_id=payment_id)
        return payment_of((await self._ask("GetPayment", request)).payment)

    async def refund(
        self, refund_id: str, payment_id: str, amount: Money | None = None, reason: str = ""
    ) -> Refund:
        """Give money of a completed payment back: `amount` in the merchant's currency, or all that
        is left. An acquirer names the payment by our reference."""
        request = pb.CreateRefundRequest(
            refund_id=refund_id, payment_id=payment_id, amount=money_message(amount), reason=reason
        )
        return refund_of((await self._ask("CreateRefund", request)).refund)

    async def get_refund(self, refund_id: str) -> Refund:
        """A refund as it is now."""
        request = pb.GetRefundRequest(refund_id=refund_id)
        return refund_of((await self._ask("GetRefund", request)).refund)

    async def list(self, state: PaymentState | None = None) -> AsyncIterator[Payment]:
        """Your payments, or those in `state`, in the order of your ids; pages come as needed."""
        request = pb.ListPaymentsRequest(page_size=PAGE_SIZE)
        if state is not None:
            request.state = state_number(state)
        while True:
            page = await self._ask("ListPayments", request)
            for message in page.payments:
                yield payment_of(message)
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    async def watch(
        self, payment_id: str, seconds: float = WATCH_SECONDS
    ) -> AsyncIterator[Payment]:
        """The payment now and at each of its states, until it is final.

        A connection that breaks is made again and nothing is told twice. Raises `AnswerOverdue`
        where the payment is not final within `seconds`.
        """
        ends = time.monotonic() + seconds
        request = pb.WatchPaymentRequest(payment_id=payment_id)
        seen: tuple[PaymentState, str] | None = None
        failures = 0
        while True:
            stream = self._stub.WatchPayment(
                request, metadata=self._metadata, timeout=ends - time.monotonic()
            )
            try:
                async for answer in stream:
                    failures = 0
                    payment = payment_of(answer.payment)
                    if (payment.state, payment.action_url) != seen:
                        seen = (payment.state, payment.action_url)
                        yield payment
                    if payment.is_final:
                        return
            except grpc.aio.AioRpcError as error:
                if error.code() not in RETRIED:
                    raise error_of(error) from error
            finally:
                stream.cancel()
            failures += 1
            pause = self._retry.pause(failures)
            if time.monotonic() + pause >= ends:
                raise AnswerOverdue
            await asyncio.sleep(pause)

    @property
    def _stub(self) -> Any:
        if self._channel is None:
            raise RuntimeError("use the client inside `async with Client(…) as kawase:`")
        return stubs.GatewayServiceStub(self._channel)

    async def _ask(self, method: str, request: Any) -> Any:
        """The answer of a call, repeated while the gateway is away and the time lasts."""
        ends = time.monotonic() + self._seconds
        attempt = 0
        while True:
            attempt += 1
            call = getattr(self._stub, method)
            try:
                left = ends - time.monotonic()
                return await call(request, metadata=self._metadata, timeout=left)
            except grpc.aio.AioRpcError as error:
                pause = self._retry.pause(attempt)
                is_last = attempt >= self._retry.attempts or time.monotonic() + pause >= ends
                if error.code() not in RETRIED or is_last:
                    raise error_of(error) from error
            await asyncio.sleep(pause)
