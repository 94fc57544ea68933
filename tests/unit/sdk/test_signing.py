"""Requests that the client signs are those the gateway believes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.core.clock import ManualClock
from services.gateway.access.book import Algorithm, SigningKey
from services.gateway.access.proof.signatures import HttpRequest, Signatures, check_public_key
from services.gateway.access.refusals import SignatureInvalid
from services.sdk import RequestSigner, make_signing_pair

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
URL = "https://gateway.example/v1/payments?state=quoted"
BODY = b'{"payment_id": "p1"}'
PAIR = make_signing_pair()
KEY = SigningKey("sk-1", "panda", Algorithm.ED25519, PAIR.public_key)


def signed(method: str = "POST", body: bytes = BODY, **given: datetime) -> HttpRequest:
    signer = RequestSigner("sk-1", PAIR.private_key, ManualClock(NOW))
    headers = {"Host": "gateway.example", **signer.headers(method, URL, body, **given)}
    return HttpRequest(method, URL, tuple(headers.items()), body)


def gateway() -> Signatures:
    return Signatures(lambda: {"sk-1": KEY}, ManualClock(NOW))


def test_a_signed_request_holds_and_each_has_a_nonce_of_its_own() -> None:
    check_public_key(Algorithm.ED25519, PAIR.public_key)
    first, second = (gateway().verify("panda", signed()) for _ in range(2))
    assert first != second


def test_a_request_without_a_body_holds() -> None:
    assert gateway().verify("panda", signed("GET", b"")).participant_id == "panda"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(replace(signed(), body=b"{}"), id="another body"),
        pytest.param(replace(signed(), url=f"{URL}d"), id="another target"),
        pytest.param(signed(now=NOW - timedelta(hours=1)), id="an hour ago"),
    ],
)
def test_what_was_changed_or_is_old_does_not(request_: HttpRequest) -> None:
    with pytest.raises(SignatureInvalid):
        gateway().verify("panda", request_)


def test_the_private_half_is_not_shown() -> None:
    assert "PRIVATE" not in repr(PAIR)
