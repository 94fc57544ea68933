"""HTTP Message Signatures (RFC 9421) as the gateway wants them, for who calls it over HTTP.

A signature covers method, target and body; it says when it was made and carries a fresh nonce: it
is good for five minutes, and once.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from services.core.clock import Clock, SystemClock

NONCE_BYTES = 16
_COVERED = ("@method", "@target-uri")


@dataclass(frozen=True, slots=True)
class SigningPair:
    """An Ed25519 pair as PEM. The private half stays with you, the public one is put."""

    private_key: bytes = field(repr=False)
    public_key: str


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: dict[str, str]


def make_signing_pair() -> SigningPair:
    """A fresh pair."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningPair(text, public.decode())


class RequestSigner:
    """Signs with the private key whose public half is known to the gateway as `key_id`."""

    def __init__(self, key_id: str, private_key: bytes, clock: Clock | None = None) -> None:
        self._key_id = key_id
        self._clock = clock or SystemClock()
        keys = MappingKeyResolver(public_keys={}, private_keys={key_id: private_key})
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)

    def headers(
        self, method: str, url: str, body: bytes = b"", now: datetime | None = None
    ) -> dict[str, str]:
        """What to add to one request: send exactly `url` and `body`, once and soon.

        `now` is the instant of the signature, where it is not the clock's.
        """
        request = _Request(method.upper(), url, {})
        self._signer.sign(
            request,
            key_id=self._key_id,
            created=now or self._clock.now(),
            nonce=secrets.token_urlsafe(NONCE_BYTES),
            covered_component_ids=_COVERED,
            body=body or None,
        )
        return request.headers
