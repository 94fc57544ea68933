"""The authorization of PayPay's OPA as the server checks it, from facts.md §4 and paypay_opa.json.

A caller is known by an HMAC over path, method, nonce, epoch, content type and the digest of content
type and body; the epoch is at most two minutes off, and a nonce is taken once within that time.
"""

import base64
import hashlib
import hmac
from collections import OrderedDict
from datetime import datetime

from aiohttp import web

SCHEME = "hmac OPA-Auth"
WINDOW_SECONDS = 120
MOST_NONCES = 200_000
_PARTS = 6


class NotAuthorized(Exception):
    """The request is not our client's, or not of this time."""


class Gate:
    """Knows one client by key and secret, speaking for one merchant."""

    def __init__(self, key: str, secret: str, merchant: str) -> None:
        self._key = key
        self._secret = secret.encode()
        self.merchant = merchant
        self._nonces: OrderedDict[str, float] = OrderedDict()

    async def check(self, request: web.Request, now: datetime) -> None:
        """Raises `NotAuthorized`."""
        parts = request.headers.get("Authorization", "").split(":")
        if len(parts) != _PARTS or parts[0] != SCHEME or parts[1] != self._key:
            raise NotAuthorized("not a header of ours")
        _, _, mac, nonce, epoch, hashed = parts
        body = await request.read()
        kind = request.headers.get("Content-Type", "") if body else "empty"
        if hashed != (digest_of(kind, body) if body else "empty"):
            raise NotAuthorized("the digest is not of this body")
        lines = [request.path, request.method, nonce, epoch, kind, hashed]
        expected = hmac.new(self._secret, "\n".join(lines).encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(expected).decode(), mac):
            raise NotAuthorized("the mac does not fit")
        if not epoch.isdigit() or abs(now.timestamp() - int(epoch)) > WINDOW_SECONDS:
            raise NotAuthorized("not of this time")
        if request.headers.get("X-ASSUME-MERCHANT") != self.merchant:
            raise NotAuthorized("for another merchant")
        self._use(nonce, now.timestamp())

    def _use(self, nonce: str, now: float) -> None:
        if nonce in self._nonces and now - self._nonces[nonce] <= 2 * WINDOW_SECONDS:
            raise NotAuthorized("the nonce was used before")
        self._nonces[nonce] = now
        self._nonces.move_to_end(nonce)
        if len(self._nonces) > MOST_NONCES:
            self._nonces.popitem(last=False)


def digest_of(content_type: str, body: bytes) -> str:
    """MD5 over content type and body, in base64."""
    digest = hashlib.md5(content_type.encode() + body, usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode()
