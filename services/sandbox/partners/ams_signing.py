"""AMS's signatures as the partner makes and checks them; facts.md §3."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

TOLERANCE = timedelta(minutes=5)
_EXPONENT, _BITS = 65537, 2048


class Seal:
    """The partner's private key and its client's public key, both PEM."""

    def __init__(self, key: bytes, client_key: bytes) -> None:
        private, public = load_pem_private_key(key, None), load_pem_public_key(client_key)
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise TypeError("the keys must be RSA keys")
        self._private = private
        self._client = public
        self._stranger: RSAPrivateKey | None = None

    def signature(self, method: str, path: str, client: str, time: str, body: str) -> str:
        """The Signature header over the body and its time."""
        return _signed(self._private, f"{method} {path}\n{client}.{time}.{body}")

    def forged(self, body: str) -> str:
        """The header as a stranger would make it."""
        if self._stranger is None:
            self._stranger = generate_private_key(_EXPONENT, _BITS)
        return _signed(self._stranger, body)

    async def read(self, request: web.Request, now: datetime) -> str:
        """The body, if the client has signed it and not long ago."""
        body = (await request.read()).decode()
        time = request.headers.get("Request-Time", "")
        parts = dict(
            part.strip().partition("=")[::2]
            for part in request.headers.get("Signature", "").split(",")
        )
        client = request.headers.get("Client-Id")
        text = f"{request.method} {request.path_qs}\n{client}.{time}.{body}"
        try:
            raw = base64.b64decode(unquote_plus(parts.get("signature", "")))
            self._client.verify(raw, text.encode(), PKCS1v15(), SHA256())
            if abs(datetime.fromisoformat(time) - now) > TOLERANCE:
                raise ValueError("the request is not of this time")
        except (InvalidSignature, ValueError) as error:
            raise web.HTTPUnauthorized(text=f"INVALID_SIGNATURE: {error}") from error
        return body


def read_object(body: str) -> dict[str, Any]:
    """The JSON object of a body. Answers 400 by itself where there is none."""
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise web.HTTPBadRequest(text="The body is no JSON object.")
    return fields


def _signed(key: RSAPrivateKey, text: str) -> str:
    raw = key.sign(text.encode("utf-8"), PKCS1v15(), SHA256())
    return f"algorithm=RSA256, keyVersion=1, signature={quote_plus(base64.b64encode(raw))}"
