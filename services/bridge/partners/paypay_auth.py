"""How PayPay's OPA knows its callers: an HMAC-SHA256 header over path, method, nonce, time, body.

Source: facts.md §4 and paypay_opa.json. The time is within two minutes of PayPay's; a request
without a body is signed with the word `empty` for its content type and its digest.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from datetime import datetime

CONTENT_TYPE = "application/json;charset=UTF-8;"
NONCE_BYTES = 4
_EMPTY = "empty"


def body_hash(body: str, content_type: str = CONTENT_TYPE) -> str:
    """The digest of content type and body, in base64; PayPay prescribes MD5."""
    if not body:
        return _EMPTY
    digest = hashlib.md5(usedforsecurity=False)
    digest.update(content_type.encode())
    digest.update(body.encode())
    return b64encode(digest.digest()).decode()


def authorization(
    key: str,
    secret: str,
    method: str,
    path: str,
    nonce: str,
    epoch: str,
    body: str,
    content_type: str = CONTENT_TYPE,
) -> str:
    """The value of the Authorization header. `path` is without the query."""
    hashed = body_hash(body, content_type)
    signed = "\n".join((path, method, nonce, epoch, content_type if body else _EMPTY, hashed))
    mac = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"hmac OPA-Auth:{key}:{b64encode(mac).decode()}:{nonce}:{epoch}:{hashed}"


class OpaKey:
    """Our key at PayPay, and the merchant that we speak for."""

    def __init__(self, key: str, secret: str, merchant: str) -> None:
        self._key = key
        self._secret = secret
        self.merchant = merchant

    def headers(self, method: str, path: str, body: str, now: datetime) -> dict[str, str]:
        """The headers of a request made `now`."""
        nonce = secrets.token_hex(NONCE_BYTES)
        epoch = str(int(now.timestamp()))
        value = authorization(self._key, self._secret, method, path, nonce, epoch, body)
        headers = {"Authorization": value, "X-ASSUME-MERCHANT": self.merchant}
        return headers | {"Content-Type": CONTENT_TYPE} if body else headers
