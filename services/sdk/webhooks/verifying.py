"""Webhooks as the gateway sends them: whether one is genuine, and what it says.

By the Standard Webhooks specification, whose library signs; a body is compared as it came, before
it is read as JSON.
"""

import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from services.core.clock import Clock, SystemClock
from services.sdk.errors import SignatureInvalid

TOLERANCE = timedelta(minutes=5)
_VERSION = "v1,"
_PREFIX = "whsec_"
_FORM = "a webhook secret is whsec_ and base64"
# A sender signs with the secrets of a rotation: two. More is somebody trying.
_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """`event_id` is the same at every repeat: keep those you have handled."""

    event_id: str
    sign_time: datetime
    body: dict[str, Any]


def verify_webhook(
    secrets: str | Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    tolerance: timedelta = TOLERANCE,
    clock: Clock | None = None,
) -> WebhookEvent:
    """The event, where one of `secrets` (`whsec_…`) has signed it within `tolerance` of now.

    During a rotation give both secrets. Raises `SignatureInvalid`, and ValueError for a secret
    that is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event_id = given.get("webhook-id", "")
    sign_time = _instant(given.get("webhook-timestamp", ""))
    if abs((clock or SystemClock()).now() - sign_time) > tolerance:
        raise SignatureInvalid("The webhook was signed too long ago, or ahead of your clock.")
    signatures = given.get("webhook-signature", "").split(" ")[:_SIGNATURES]
    signed = [one.encode() for one in signatures if one.startswith(_VERSION)]
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise SignatureInvalid("The webhook's body is not UTF-8.") from None
    wanted = [_key(secret).sign(event_id, sign_time, text).encode() for secret in known]
    if not event_id or not any(
        hmac.compare_digest(one, other) for one in wanted for other in signed
    ):
        raise SignatureInvalid("None of the secrets has signed this webhook.")
    return WebhookEvent(event_id, sign_time, json.loads(text))


def check_secret(secret: str) -> None:
    """Raises ValueError for what is no secret of a webhook."""
    if not secret.startswith(_PREFIX):
        raise ValueError(_FORM)
    _key(secret)


def _key(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except (binascii.Error, EmptyWebhookSecretError) as error:
        raise ValueError(_FORM) from error


def _instant(text: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise SignatureInvalid("The webhook says no time of its signature.")
    return datetime.fromtimestamp(int(text), UTC)
