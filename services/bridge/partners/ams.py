"""An acceptor of codes in China, in the manner of Alipay+'s AMS: RSA256 signing both ways.

Source: facts.md §3 and antom_ams.json. The specification for acquirers' codes (ACQP) is not public:
the names of pay's fields follow Antom's in-store payments, and the call that finds the merchant
behind a link is made up after them. It takes `https://qr.alipay.com/<token>` links and EMV codes.
Inquiries every 3 s, 10 to 20 times, then cancel; a cancel after its window (00:15 GMT+8 of the next
day) becomes a refund of all.
"""

import base64
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.partner import (
    CodeUnknown,
    Partner,
    PartnerUnavailable,
    ResolvedMerchant,
    Surroundings,
)
from services.bridge.partners.ams_results import (
    Fields,
    Read,
    read_cancel,
    read_inquiry,
    read_merchant,
    read_pay,
    read_refund,
    write_amount,
)
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp
from services.bridge.settings import PartnerConfig
from services.core.clock import Clock
from services.core.money import Money

RULES = Rules(
    repeatable=True,
    cancels=True,
    inquire_every=timedelta(seconds=3),
    inquiries=10,
    call=timedelta(seconds=5),
    in_flight=64,
)
PREFIX = "ams/api/v1/payments"
CANCEL_TOO_LATE = "CANCEL_WINDOW_EXCEED"
ID_LIMIT = 64
_SIGNATURE = re.compile(r"signature=([^,\s]+)")


def string_to_sign(method: str, path: str, client_id: str, time: str, body: str) -> str:
    """What is signed; for answers `time` is the response-time."""
    return f"{method} {path}\n{client_id}.{time}.{body}"


class Signer:
    """Our private key and the partner's public key, both PEM. Raises ValueError for others."""

    def __init__(self, client_id: str, private_key: str, partner_key: str) -> None:
        private = load_pem_private_key(private_key.encode(), None)
        public = load_pem_public_key(partner_key.encode())
        if not isinstance(private, rsa.RSAPrivateKey) or not isinstance(public, rsa.RSAPublicKey):
            raise ValueError("AMS takes RSA keys")
        self.client_id = client_id
        self._private = private
        self._public = public

    def sign(self, method: str, path: str, time: str, body: str) -> str:
        """The value of the Signature header."""
        text = string_to_sign(method, path, self.client_id, time, body)
        raw = self._private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        value = quote(base64.b64encode(raw).decode(), safe="")
        return f"algorithm=RSA256,keyVersion=1,signature={value}"

    def is_signed(self, header: str, method: str, path: str, time: str, body: str) -> bool:
        """Whether the partner has signed `body`."""
        found = _SIGNATURE.search(header)
        if found is None:
            return False
        text = string_to_sign(method, path, self.client_id, time, body)
        try:
            raw = base64.b64decode(unquote(found[1]), validate=True)
            self._public.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


class Ams(Partner):
    """The merchant code of a charge is the scanned code."""

    def __init__(
        self, partner_id: str, http: PartnerHttp, rules: Rules, signer: Signer, clock: Clock
    ) -> None:
        self.partner_id = partner_id
        self.rules = rules
        self._http = http
        self._signer = signer
        self._clock = clock

    async def start(self, charge: Charge) -> Answer:
        order = charge.order
        request = {
            "paymentRequestId": order.charge_id,
            "paymentAmount": write_amount(order.amount),
            "paymentMethod": {
                "paymentMethodType": "CONNECT_WALLET",
                "paymentMethodId": order.merchant_code,
            },
            "order": {
                "referenceOrderId": order.charge_id,
                "orderDescription": order.description,
                "orderAmount": write_amount(order.amount),
            },
        }
        return await self._ask("pay", request, read_pay)

    async def inquire(self, charge: Charge) -> Answer:
        request = {"paymentRequestId": charge.charge_id}
        return await self._ask("inquiryPayment", request, read_inquiry)

    async def cancel(self, charge: Charge) -> Answer:
        request = {"paymentRequestId": charge.charge_id}
        answer = await self._ask("cancel", request, read_cancel)
        if answer.partner_code != CANCEL_TOO_LATE:
            return answer
        void = f"{charge.charge_id[: ID_LIMIT - 5]}-void"
        refunded = await self._refund(charge, void, charge.order.amount)
        if refunded.outcome is not Outcome.ACCEPTED:
            return refunded
        return Answer(
            Outcome.CANCELLED,
            detail="refunded after the cancel window",
            request=refunded.request,
            response=refunded.response,
        )

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        return await self._refund(charge, refund.refund_id, refund.order.amount)

    async def _refund(self, charge: Charge, refund_id: str, amount: Money) -> Answer:
        request = {
            "paymentRequestId": charge.charge_id,
            "refundRequestId": refund_id,
            "refundAmount": write_amount(amount),
        }
        return await self._ask("refund", request, read_refund)

    async def resolve_code(self, payload: str) -> ResolvedMerchant:
        try:
            fields, _ = await self._post("inquiryCode", _dump({"codeValue": payload}))
            if fields["result"]["resultStatus"] == "S":
                return read_merchant(fields["merchant"])
        except (NotSent, NoAnswer, KeyError, TypeError, ValueError) as error:
            raise PartnerUnavailable(self.partner_id) from error
        raise CodeUnknown(self.partner_id)

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, operation: str, request: dict[str, Any], read: Read) -> Answer:
        body = _dump(request)
        try:
            fields, text = await self._post(operation, body)
            return read(fields, body, text)
        except NotSent as error:
            return Answer(Outcome.UNSENT, detail=str(error), request=body)
        except (NoAnswer, KeyError, TypeError, ValueError) as error:
            return Answer(Outcome.UNKNOWN, detail=repr(error), request=body)

    async def _post(self, operation: str, body: str) -> tuple[Fields, str]:
        """The answer and its text; one that the partner has not signed is none."""
        path = f"{PREFIX}/{operation}"
        signed_path = self._http.path_of(path)
        time = _time(self._clock.now())
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "Client-Id": self._signer.client_id,
            "Request-Time": time,
            "Signature": self._signer.sign("POST", signed_path, time, body),
        }
        reply = await self._http.post(path, body.encode(), headers)
        text = reply.body.decode()
        signature = reply.headers.get("signature", "")
        answered = reply.headers.get("response-time", "")
        if not self._signer.is_signed(signature, "POST", signed_path, answered, text):
            raise NoAnswer(f"status {reply.status} without the partner's signature")
        return reply.json(), text


def _dump(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def _time(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def open_partner(config: PartnerConfig, around: Surroundings) -> Partner:
    """The adapter `ams`; its secret is our private key, options `client_id`, `partner_key_file`."""
    rules = config.limits.apply(RULES)
    signer = Signer(
        config.options["client_id"],
        config.secret.get_secret_value(),
        Path(config.options["partner_key_file"]).read_text(),
    )
    http = PartnerHttp(config.base_url, rules.in_flight)
    return Ams(config.partner_id, http, rules, signer, around.clock)
