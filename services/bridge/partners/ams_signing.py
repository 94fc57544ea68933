"""AMS's signatures: RSA with SHA-256 over method, path, client, time and body, both ways.

Source: facts.md §3 and antom_ams.json. A request is signed with its request-time, an answer with
its response-time; a partner's notice is a request, and our answer to it an answer.
"""

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.bridge.notices.notice import NoticeRefused, NoticeReply, NoticeRequest

TOLERANCE = timedelta(minutes=5)
CONTENT_TYPE = "application/json; charset=UTF-8"
_TAKEN = '{"result":{"resultStatus":"S","resultCode":"SUCCESS","resultMessage":"success"}}'
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

    def headers(self, method: str, path: str, body: str, now: datetime) -> dict[str, str]:
        """The headers of a request of ours; `path` as the partner sees it."""
        time = written_time(now)
        return {
            "Content-Type": CONTENT_TYPE,
            "Client-Id": self.client_id,
            "Request-Time": time,
            "Signature": self.sign(method, path, time, body),
        }

    def verified(self, request: NoticeRequest) -> str:
        """The body of a notice that the partner has signed, and not long ago. Raises
        `NoticeRefused`."""
        time = request.headers.get("request-time", "")
        try:
            text = request.body.decode()
            sent = datetime.fromisoformat(time)
        except ValueError as error:
            raise NoticeRefused("it is not written as AMS writes") from error
        header = request.headers.get("signature", "")
        if not self.is_signed(header, request.method, request.path, time, text):
            raise NoticeRefused("the signature is not the partner's")
        if sent.tzinfo is None or abs(request.now - sent) > TOLERANCE:
            raise NoticeRefused("it is not of this time")
        return text

    def reply(self, request: NoticeRequest) -> NoticeReply:
        """That the notice was taken, signed as AMS wants it."""
        time = written_time(request.now)
        headers: Mapping[str, str] = {
            "Content-Type": CONTENT_TYPE,
            "Client-Id": self.client_id,
            "Response-Time": time,
            "Signature": self.sign(request.method, request.path, time, _TAKEN),
        }
        return NoticeReply(200, headers, _TAKEN.encode())


def written_time(now: datetime) -> str:
    """An instant as AMS writes it."""
    return now.isoformat(timespec="seconds")
