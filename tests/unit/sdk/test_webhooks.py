"""A webhook is believed where one of the secrets has signed it, now."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.core.clock import ManualClock
from services.gateway.webhooks.signing import new_secret, signed_headers
from services.sdk import SignatureInvalid, verify_webhook

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
BODY = json.dumps({"type": "payment.completed", "data": {"payment": "食堂"}}, ensure_ascii=False)
SECRET, OTHER = new_secret(), new_secret()


def headers(*secrets: str) -> dict[str, str]:
    return signed_headers("event-1", BODY, secrets or (SECRET,), NOW)


def at(seconds: float) -> ManualClock:
    return ManualClock(NOW + timedelta(seconds=seconds))


def test_what_the_gateway_signs_is_believed_and_read() -> None:
    event = verify_webhook(SECRET, headers(), BODY.encode(), clock=at(1))
    assert (event.event_id, event.sign_time) == ("event-1", NOW)
    assert event.body["data"] == {"payment": "食堂"}


def test_either_secret_of_a_rotation_is_enough() -> None:
    for known in ([SECRET], [OTHER], [OTHER, SECRET]):
        verify_webhook(known, headers(SECRET, OTHER), BODY.encode(), clock=at(0))
    with pytest.raises(SignatureInvalid):
        verify_webhook([OTHER], headers(SECRET), BODY.encode(), clock=at(0))
    with pytest.raises(SignatureInvalid):
        verify_webhook([], headers(SECRET), BODY.encode(), clock=at(0))


def test_names_of_headers_are_read_in_any_case() -> None:
    loud = {name.upper(): value for name, value in headers().items()}
    verify_webhook(SECRET, loud, BODY.encode(), clock=at(0))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_signature_of_another_time_is_not_believed(seconds: float) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook(SECRET, headers(), BODY.encode(), clock=at(seconds))
    verify_webhook(SECRET, headers(), BODY.encode(), timedelta(days=1), at(seconds))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "event-2"),
        ("webhook-id", ""),
        ("webhook-timestamp", str(int(NOW.timestamp()) + 1)),
        ("webhook-timestamp", "٣"),
        ("webhook-timestamp", "9" * 30),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", ""),
        ("webhook-signature", ""),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,é"),
        ("webhook-signature", "v2,AAAA"),
    ],
)
def test_a_header_that_was_changed_is_not_believed(name: str, value: str) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook(SECRET, headers() | {name: value}, BODY.encode(), clock=at(0))


@pytest.mark.parametrize("body", [b"", b"{}", BODY.encode() + b" ", b"\xff"])
def test_a_body_that_was_changed_is_not_believed(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook(SECRET, headers(), body, clock=at(0))


def test_a_secret_that_is_none_is_said() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook("whsec_!", headers(), BODY.encode(), clock=at(0))
