"""Codes that a phone makes by the client's own arithmetic are those the gateway expects."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.presenting.numbers import check_digit
from services.gateway.presenting.offline import number_at
from services.sdk import OfflineKey
from services.sdk.wallet.offline import luhn_digit

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)


def key_of(secret: bytes, code_count: int = 100) -> OfflineKey:
    return OfflineKey(
        offline_key_id="phone-1",
        payer_id="li-na",
        key_number="4711081599",
        code_count=code_count,
        step_seconds=30,
        create_time=NOON,
        expire_time=NOON + timedelta(days=7),
        secret=base64.b64encode(secret).decode(),
    )


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 99),
    st.timedeltas(timedelta(0), timedelta(days=5_000)),
)
def test_the_phone_shows_what_the_gateway_expects(
    secret: bytes, counter: int, later: timedelta
) -> None:
    key, now = key_of(secret), NOON + later
    assert key.number(counter, now) == number_at(secret, key.key_number, counter, now)


@given(st.text("0123456789", min_size=1, max_size=30))
def test_check_digits_are_those_of_the_standard(digits: str) -> None:
    assert luhn_digit(digits) == check_digit(digits)


def test_a_key_is_used_up_and_keeps_its_secret_to_itself() -> None:
    key = key_of(bytes(32), code_count=2)
    with pytest.raises(ValueError, match="2 codes"):
        key.number(2, NOON)
    assert key.secret not in repr(key)


def test_a_key_without_its_secret_makes_no_codes() -> None:
    key = OfflineKey("phone-1", "li-na", "4711081599", 20, 30, NOON, NOON)
    with pytest.raises(ValueError, match="once"):
        key.number(0, NOON)
