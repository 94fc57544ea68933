"""HTTP message signatures: what holds, and each way in which one does not."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from services.core.clock import ManualClock
from services.core.errors import Unauthenticated
from services.gateway.access.book import Algorithm, SigningKey
from services.gateway.access.proof.nonces import KEPT, LocalNonces, Nonce, taken_once
from services.gateway.access.proof.signatures import (
    GOOD_SECONDS,
    SKEW_SECONDS,
    HttpRequest,
    PublicKeyUnfit,
    Signatures,
    check_public_key,
)
from services.gateway.access.refusals import NonceReplayed, SignatureInvalid

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
URL = "https://gateway.example/v1/payments?dry=1"
BODY = b'{"payment_id": "p1"}'
TARGET = ("@method", "@target-uri")
MADE = {
    Algorithm.ED25519: (ed25519.Ed25519PrivateKey.generate(), algorithms.ED25519),
    Algorithm.ECDSA_P256_SHA256: (
        ec.generate_private_key(ec.SECP256R1()),
        algorithms.ECDSA_P256_SHA256,
    ),
    Algorithm.ECDSA_P384_SHA384: (
        ec.generate_private_key(ec.SECP384R1()),
        algorithms.ECDSA_P384_SHA384,
    ),
    Algorithm.RSA_PSS_SHA512: (
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        algorithms.RSA_PSS_SHA512,
    ),
}


def pem_of(algorithm: Algorithm) -> str:
    private: Any = MADE[algorithm][0]
    public = private.public_key()
    text: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


@dataclass
class Message:
    """What the library signs."""

    method: str
    url: str
    headers: dict[str, str]


def signed(
    algorithm: Algorithm = Algorithm.ED25519,
    covered: tuple[str, ...] = TARGET,
    at: datetime = NOW,
    body: bytes | None = BODY,
    **more: Any,
) -> HttpRequest:
    private, kind = MADE[algorithm]
    signer = HTTPMessageSigner(
        signature_algorithm=kind,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={"sk-1": private}),  # type: ignore[dict-item]
    )
    message = Message("POST", URL, {"host": "gateway.example"})
    given = {"nonce": "n1", "key_id": "sk-1", **more}
    signer.sign(message, created=at, covered_component_ids=covered, body=body, **given)
    return HttpRequest("POST", URL, tuple(message.headers.items()), BODY)


def signatures(
    algorithm: Algorithm = Algorithm.ED25519, clock: ManualClock | None = None, **changed: Any
) -> Signatures:
    key = SigningKey("sk-1", "panda", algorithm, pem_of(algorithm))
    keys = {"sk-1": replace(key, **changed)}
    return Signatures(lambda: keys, clock or ManualClock(NOW))


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_signature_of_each_algorithm_holds(algorithm: Algorithm) -> None:
    check_public_key(algorithm, pem_of(algorithm))

    nonce = signatures(algorithm).verify("panda", signed(algorithm))

    assert nonce == Nonce("panda", "n1")


def changed_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    headers = tuple((n, value if n.lower() == name else v) for n, v in request.headers)
    return replace(request, headers=headers)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(replace(signed(), method="PUT"), id="another method"),
        pytest.param(replace(signed(), url=URL + "0"), id="another query"),
        pytest.param(replace(signed(), body=BODY + b" "), id="another body"),
        pytest.param(signed(body=None), id="a body that is not covered"),
        pytest.param(signed(covered=("@method",)), id="no target"),
        pytest.param(signed(covered=("@target-uri",)), id="no method"),
        pytest.param(signed(covered=("@method", "@path")), id="a path without its query"),
        pytest.param(signed(at=NOW - timedelta(seconds=301)), id="too old"),
        pytest.param(signed(at=NOW + timedelta(seconds=31)), id="from the future"),
        pytest.param(signed(expires=NOW - timedelta(seconds=1)), id="expired"),
        pytest.param(signed(nonce=None), id="no nonce"),
        pytest.param(signed(nonce="n" * 129), id="a nonce without end"),
        pytest.param(changed_header(signed(), "signature", "pyhms=:AAAA:"), id="no signature"),
        pytest.param(changed_header(signed(), "signature", "garbage"), id="garbage"),
        pytest.param(changed_header(signed(), "signature-input", "x=1"), id="a number as input"),
        pytest.param(changed_header(signed(), "signature-input", ""), id="no input"),
        pytest.param(replace(signed(), headers=()), id="nothing"),
    ],
)
def test_what_was_not_signed_so_does_not_hold(request_: HttpRequest) -> None:
    with pytest.raises(SignatureInvalid):
        signatures().verify("panda", request_)


@pytest.mark.parametrize(
    "changed",
    [
        {"participant_id": "momo"},
        {"revoked": True},
        {"expire_time": NOW.timestamp()},
        {"signing_key_id": "sk-2", "public_key": pem_of(Algorithm.ED25519).replace("A", "B", 1)},
    ],
)
def test_only_a_good_key_of_the_participant_itself_signs(changed: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        signatures(**changed).verify("panda", signed())


def test_path_and_query_stand_for_the_target() -> None:
    signatures().verify("panda", signed(covered=("@method", "@path", "@query")))


async def test_a_nonce_is_spent_once_by_whoever_signed() -> None:
    nonces = LocalNonces()
    await nonces.spend(signatures().verify("panda", signed()))
    await nonces.spend(Nonce("momo", "n1"))

    with pytest.raises(NonceReplayed):
        await nonces.spend(signatures().verify("panda", signed()))


def test_of_equal_nonces_that_come_together_one_is_taken() -> None:
    batch = [Nonce("panda", "a"), Nonce("panda", "a"), Nonce("panda", "b")]

    answers = taken_once(batch, {("panda", "a")})

    assert [answer is None for answer in answers] == [True, False, False]


def test_no_signature_outlives_its_nonce() -> None:
    assert timedelta(seconds=2 * (GOOD_SECONDS + SKEW_SECONDS)) < KEPT


@pytest.mark.parametrize(
    ("algorithm", "pem"),
    [
        (Algorithm.ED25519, pem_of(Algorithm.RSA_PSS_SHA512)),
        (Algorithm.ECDSA_P256_SHA256, pem_of(Algorithm.ECDSA_P384_SHA384)),
        (Algorithm.RSA_PSS_SHA512, pem_of(Algorithm.ED25519)),
        (Algorithm.ED25519, "not a key"),
    ],
)
def test_a_key_has_to_fit_its_algorithm(algorithm: Algorithm, pem: str) -> None:
    with pytest.raises(PublicKeyUnfit):
        check_public_key(algorithm, pem)
