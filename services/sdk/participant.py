"""What wallets and acquirers have in common: how they connect, refunds, webhooks, codes decoded."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from services.core.money import Money
from services.pb.kawase.gateway.v1 import access_service_pb2 as access_pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1.access_service_pb2_grpc import AccessServiceStub
from services.pb.kawase.gateway.v1.gateway_service_pb2_grpc import GatewayServiceStub
from services.sdk.line import CALL_SECONDS, Line, Tls
from services.sdk.model import Refund, refund_of
from services.sdk.retrying import Retry
from services.sdk.values import money_in, money_message
from services.sdk.webhooks.endpoints import Webhooks


@dataclass(frozen=True, slots=True)
class DecodedCode:
    """What a scanned code says. `amount` is None where the payer types it; `findings` are what is
    wrong with it, for people."""

    kind: str
    is_valid: bool
    scheme: str
    merchant_name: str
    merchant_city: str
    currency_code: str
    amount: Money | None
    findings: tuple[str, ...]


class Participant:
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
        self._line = Line(address, api_key, tls, seconds, retry or Retry())
        self.webhooks = Webhooks(self._line)
        """Where you are told what happens, and what was sent there."""

    async def __aenter__(self) -> Self:
        self._line.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._line.close()

    async def decode(self, code: str) -> DecodedCode:
        """What a scanned code says, and what is wrong with it."""
        request = pb.DecodeCodeRequest(code=code)
        found = await self._line.ask(GatewayServiceStub, "DecodeCode", request)
        return DecodedCode(
            kind=found.kind,
            is_valid=found.valid,
            scheme=found.scheme,
            merchant_name=found.merchant.name,
            merchant_city=found.merchant.city,
            currency_code=found.currency_code,
            amount=money_in(found, "amount"),
            findings=tuple(each.message for each in found.findings),
        )

    async def refund(
        self, refund_id: str, payment_id: str, amount: Money | None = None, reason: str = ""
    ) -> Refund:
        """Give money of a completed payment back: `amount` in the merchant's currency, or all that
        is left. A wallet names the payment by its own id, an acquirer by our reference."""
        request = pb.CreateRefundRequest(
            refund_id=refund_id, payment_id=payment_id, amount=money_message(amount), reason=reason
        )
        answer = await self._line.ask(GatewayServiceStub, "CreateRefund", request)
        return refund_of(answer.refund)

    async def get_refund(self, refund_id: str) -> Refund:
        """A refund as it is now."""
        request = pb.GetRefundRequest(refund_id=refund_id)
        return refund_of((await self._line.ask(GatewayServiceStub, "GetRefund", request)).refund)

    async def rotate_key(self, overlap_seconds: int) -> str:
        """Another API key in the place of the one you call with, told here and nowhere else. The
        one before stays good for `overlap_seconds`; this client goes on with it.

        Every call makes one, and at most two of a purpose are good at once: an answer that was lost
        takes a place until the key before has ended.
        """
        request = access_pb.RotateApiKeyRequest(overlap_seconds=overlap_seconds)
        answer = await self._line.ask(AccessServiceStub, "RotateApiKey", request, once=True)
        return str(answer.api_key)

    async def put_signing_key(self, public_key: str) -> str:
        """Make an Ed25519 key (PEM) known, with which you sign HTTP requests; its id for `signing`.

        The same key again is another id.
        """
        request = access_pb.PutSigningKeyRequest(
            algorithm=access_pb.SIGNING_ALGORITHM_ED25519, public_key=public_key
        )
        answer = await self._line.ask(AccessServiceStub, "PutSigningKey", request, once=True)
        return str(answer.signing_key.signing_key_id)

    async def revoke_signing_key(self, signing_key_id: str) -> None:
        """Nothing signed with it is taken from now on."""
        request = access_pb.RevokeSigningKeyRequest(signing_key_id=signing_key_id)
        await self._line.ask(AccessServiceStub, "RevokeSigningKey", request)
