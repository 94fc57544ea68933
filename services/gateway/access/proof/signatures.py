"""HTTP Message Signatures (RFC 9421) of partners who sign, checked on any request.

A signature has to cover the method, the whole target, and the digest of a body there is; it says
when it was made, which key made it, and a nonce. It is good for five minutes, and once: who checks
it spends its nonce (`nonces`). A signature that is there is checked, whether it is required or not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import http_sf
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)

from services.core.clock import Clock
from services.core.errors import Malformed
from services.gateway.access.book import Algorithm, SigningKey
from services.gateway.access.proof.nonces import Nonce
from services.gateway.access.refusals import SignatureInvalid

GOOD_SECONDS = 300
SKEW_SECONDS = 30
NONCE_BYTES = 128
RSA_BITS_MINIMUM = 2048
PROBLEM_CHARACTERS = 200

_ALGORITHMS: Mapping[Algorithm, type[HTTPSignatureAlgorithm]] = {
    Algorithm.ED25519: algorithms.ED25519,
    Algorithm.ECDSA_P256_SHA256: algorithms.ECDSA_P256_SHA256,
    Algorithm.ECDSA_P384_SHA384: algorithms.ECDSA_P384_SHA384,
    Algorithm.RSA_PSS_SHA512: algorithms.RSA_PSS_SHA512,
}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: `url` absolute, as the caller wrote it; all header lines in order."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """A field's lines as one; empty without."""
        return ", ".join(value for known, value in self.headers if known.lower() == name)

    @property
    def is_signed(self) -> bool:
        """Whether it carries any signature."""
        return bool(self.header("signature") or self.header("signature-input"))


class _Fields:
    """Header lines as the library wants them."""

    def __init__(self, lines: tuple[tuple[str, str], ...]) -> None:
        self._lines = lines

    def items(self) -> Iterable[tuple[str, str]]:
        return self._lines


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: _Fields


class _Verifier(HTTPMessageVerifier):
    """Reads the house's clock where the library reads the machine's."""

    def __init__(self, key: SigningKey, now: float) -> None:
        resolver = MappingKeyResolver(
            public_keys={key.signing_key_id: key.public_key.encode()}, private_keys={}
        )
        super().__init__(signature_algorithm=_ALGORITHMS[key.algorithm], key_resolver=resolver)
        self._now = now

    def validate_created_and_expires(
        self, sig_input: Any, max_age: timedelta | None = None
    ) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if not isinstance(created, int):
            raise InvalidSignature("it does not say when it was `created`")
        if not self._now - GOOD_SECONDS <= created <= self._now + SKEW_SECONDS:
            raise InvalidSignature(
                f"`created` has to be within the last {GOOD_SECONDS} seconds of our clock"
            )
        if isinstance(expires, int) and expires < self._now:
            raise InvalidSignature("it has expired")


class Signatures:
    """Checks signatures against the keys on the board."""

    def __init__(self, signing_keys: Callable[[], Mapping[str, SigningKey]], clock: Clock) -> None:
        self._signing_keys = signing_keys
        self._clock = clock

    def verify(self, participant_id: str, request: HttpRequest) -> Nonce:
        """The nonce of a signature that holds, still to be spent. Raises `SignatureInvalid`."""
        now = self._clock.now().timestamp()
        key = self._key_of(participant_id, _key_id_of(request), now)
        message = _Message(request.method.upper(), request.url, _Fields(request.headers))
        try:
            (result,) = _Verifier(key, now).verify(
                message, max_age=None, require_components=("@method",), body=request.body
            )
        except HTTPMessageSignaturesException as problem:
            text = str(problem)[:PROBLEM_CHARACTERS]
            raise SignatureInvalid(text or "it does not match the request.") from None
        _check_target(set(result.covered_components), request.url)
        nonce = result.nonce or ""
        if not 0 < len(nonce) <= NONCE_BYTES:
            raise SignatureInvalid(f"it needs a `nonce` of at most {NONCE_BYTES} characters.")
        return Nonce(participant_id, nonce)

    def _key_of(self, participant_id: str, key_id: str, now: float) -> SigningKey:
        key = self._signing_keys().get(key_id)
        if key is None or key.participant_id != participant_id:
            raise SignatureInvalid("`keyid` names no signing key of this participant.")
        if key.revoked or (key.expire_time is not None and key.expire_time <= now):
            raise SignatureInvalid("its key was revoked or has expired.")
        return key


def _key_id_of(request: HttpRequest) -> str:
    text = request.header("signature-input")
    try:
        members: Any = http_sf.parse(text.encode("ascii"), tltype="dictionary")
        (member,) = members.values()
        key_id = member[1].get("keyid", "")
    except (ValueError, TypeError, AttributeError, IndexError):
        raise SignatureInvalid("Signature-Input has to hold exactly one signature.") from None
    return str(key_id)


def _check_target(covered: set[str], url: str) -> None:
    """The query is part of the target: what is not covered could be exchanged on the way."""
    path = '"@path"' in covered and ('"@query"' in covered or "?" not in url)
    if '"@target-uri"' not in covered and not path:
        raise SignatureInvalid("it has to cover @target-uri, or @path and @query.")


def check_public_key(algorithm: Algorithm, pem: str) -> None:
    """Raises `PublicKeyUnfit`."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        raise PublicKeyUnfit("it cannot be read: send a SubjectPublicKeyInfo as PEM") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < RSA_BITS_MINIMUM:
        raise PublicKeyUnfit(f"an RSA key needs {RSA_BITS_MINIMUM} bits or more")
    fits = {
        Algorithm.ED25519: isinstance(key, ed25519.Ed25519PublicKey),
        Algorithm.ECDSA_P256_SHA256: _is_on(key, ec.SECP256R1),
        Algorithm.ECDSA_P384_SHA384: _is_on(key, ec.SECP384R1),
        Algorithm.RSA_PSS_SHA512: isinstance(key, rsa.RSAPublicKey),
    }
    if not fits[algorithm]:
        raise PublicKeyUnfit(f"it is not one for {algorithm}")


def _is_on(key: object, curve: type[ec.EllipticCurve]) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curve)


class PublicKeyUnfit(Malformed):
    """Not a public key, or not one for this algorithm."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"public_key is not usable: {problem}.")
