"""An acceptor of CNY codes in Shanghai, simulated from facts.md §3: AMS with RSA256 both ways.

Environment beside the frame's: KAWASE_AMS_KEY, the PEM file of its own private key, and
KAWASE_AMS_CLIENT_KEY, that of its client's public key. A request's time may be five minutes off.
"""

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.clock import Clock
from services.sandbox.partners.base import Fields, Reply, Simulator, Work, run_simulator
from services.sandbox.partners.books import Books
from services.sandbox.partners.charging import Shop, Till, result

PATH = "/ams/api/v1/payments"
TOLERANCE = timedelta(minutes=5)
PAYMENT_LIMIT_FEN = 5_000_000
# The EMVCo specification's sample merchant, as in the golden vector mpm-001.
TAXI_CODE = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678"
    "520441115303156540523.725502015802CN5914BEST TRANSPORT6007BEIJING"
    "6233030412340603***0708A60086670902ME64200002ZH0104最佳运输0202北京6304CDE7"
)
TEA_LINK = "https://qr.alipay.com/fkx12345kawase0tea"
SHOPS = (
    Shop("CN-BJ-0001", "BEST TRANSPORT", "BEIJING", "CN", "CNY", (TAXI_CODE, "A93FO3230Q")),
    Shop("CN-SH-0001", "Yuyuan Tea House", "Shanghai", "CN", "CNY", (TEA_LINK,)),
)


class KeySettings(BaseSettings):
    """Where the keys are."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    ams_key: Path
    ams_client_key: Path


class AmsShanghai(Simulator):
    """Knows one client: who has the private key to the public key given."""

    name = "Shanghai acceptor (AMS)"

    def __init__(self, clock: Clock, books: Books, key: bytes, client_key: bytes) -> None:
        super().__init__(clock, books)
        private, public = load_pem_private_key(key, None), load_pem_public_key(client_key)
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise TypeError("the keys must be RSA keys")
        self._private = private
        self._client = public
        self._till = Till(books, SHOPS, PAYMENT_LIMIT_FEN)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PATH}/inquiryCode", self._code),
            web.post(f"{PATH}/pay", self._pay),
            web.post(f"{PATH}/inquiryPayment", self._inquiry),
            web.post(f"{PATH}/cancel", self._cancel),
            web.post(f"{PATH}/refund", self._refund),
        ]

    def accepted(self) -> Fields:
        return self._till.accepted()

    def rejection(self, code: str) -> Reply:
        return Reply({"result": result("F", code or "RISK_REJECT", "Refused.")})

    def seal(self, request: web.Request, reply: Reply) -> web.Response:
        """Sign the answer over its own time and body."""
        body = json.dumps(reply.fields, ensure_ascii=False, separators=(",", ":"))
        client = request.headers["Client-Id"]
        time = self.now().isoformat(timespec="seconds")
        text = f"{request.method} {request.path}\n{client}.{time}.{body}"
        raw = self._private.sign(text.encode("utf-8"), PKCS1v15(), SHA256())
        signature = quote_plus(base64.b64encode(raw))
        headers = {
            "Client-Id": client,
            "Response-Time": time,
            "Signature": f"algorithm=RSA256, keyVersion=1, signature={signature}",
        }
        return web.Response(
            body=body.encode(), headers=headers, content_type="application/json", charset="utf-8"
        )

    async def _read(self, request: web.Request) -> Fields:
        """The body, if the client has signed it and not long ago."""
        body = (await request.read()).decode()
        time = request.headers.get("Request-Time", "")
        parts = dict(
            part.strip().partition("=")[::2]
            for part in request.headers.get("Signature", "").split(",")
        )
        text = f"{request.method} {request.path}\n{request.headers.get('Client-Id')}.{time}.{body}"
        try:
            raw = base64.b64decode(unquote_plus(parts.get("signature", "")))
            self._client.verify(raw, text.encode(), PKCS1v15(), SHA256())
            if abs(datetime.fromisoformat(time) - self.now()) > TOLERANCE:
                raise ValueError("the request is not of this time")
            fields = json.loads(body)
        except (InvalidSignature, ValueError) as error:
            raise web.HTTPUnauthorized(text=f"INVALID_SIGNATURE: {error}") from error
        if not isinstance(fields, dict):
            raise web.HTTPBadRequest(text="The body is no JSON object.")
        return fields

    async def _code(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        code = fields["codeValue"]
        return await self._serve(request, "code", fields, 0, lambda: self._till.find(code))

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        amount = fields["paymentAmount"]
        code = fields["paymentMethod"]["paymentMethodId"]
        request_id = fields["paymentRequestId"]
        return await self._serve(
            request,
            "pay",
            fields,
            int(amount["value"]),
            lambda: self._till.pay(request_id, code, amount, fields),
            lambda: self._till.pay(request_id, code, amount, fields, is_late=True),
        )

    async def _inquiry(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        request_id = fields["paymentRequestId"]
        return await self._serve(
            request, "inquiry", fields, 0, lambda: self._till.inquire(request_id)
        )

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        request_id = fields["paymentRequestId"]
        return await self._serve(
            request, "cancel", fields, 0, lambda: self._till.cancel(request_id)
        )

    async def _refund(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        amount, request_id = fields["refundAmount"], fields["paymentRequestId"]
        refund_id = fields["refundRequestId"]
        return await self._serve(
            request,
            "refund",
            fields,
            int(amount["value"]),
            lambda: self._till.refund(request_id, refund_id, amount),
        )

    async def _serve(
        self,
        request: web.Request,
        operation: str,
        fields: Fields,
        amount: int,
        work: Work,
        late: Work | None = None,
    ) -> web.StreamResponse:
        call: dict[str, Any] = {
            "operation": operation,
            "amount": amount,
            "id": fields.get("paymentRequestId"),
        }
        return await self.serve(request, call, work, late)


def make(clock: Clock, books: Books) -> AmsShanghai:
    """The simulator with the keys that the environment names."""
    keys = KeySettings()  # type: ignore[call-arg]
    return AmsShanghai(clock, books, keys.ams_key.read_bytes(), keys.ams_client_key.read_bytes())


if __name__ == "__main__":
    run_simulator("ams_shanghai", make)
