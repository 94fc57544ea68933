"""Signatures by the Standard Webhooks specification (symmetric, v1), and their secrets."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

_PREFIX = "whsec_"
# The specification asks for 24 to 64 bytes.
_SECRET_BYTES = 32
_AGENT = "kawase-webhooks/1"


def new_secret() -> str:
    """A fresh secret, as the receiver's library takes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(
    event_id: str, body: str, keys: Sequence[str], sign_time: datetime
) -> dict[str, str]:
    """The headers of one attempt. Each of `keys` signs, so that the receiver may know any of them.

    `sign_time` is aware and in UTC; receivers refuse what is minutes away from their own clock.
    """
    signatures = [Webhook(key).sign(event_id, sign_time, body) for key in keys]
    return {
        "Content-Type": "application/json",
        "User-Agent": _AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(int(sign_time.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
