"""Statements: a day in each account's zone, and tokens that come back as they were given."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.statements import LineKey, StatementMalformed, spans_of_day

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_day_is_that_of_the_zone_of_each_accounts_currency() -> None:
    spans = spans_of_day(["x:a:JPY", "x:a:CNY"], "2026-10-30", {"JPY": "Asia/Tokyo"})
    assert spans[0].begin == datetime(2026, 10, 29, 15, tzinfo=UTC)
    assert spans[0].end == datetime(2026, 10, 30, 15, tzinfo=UTC)
    assert spans[1].begin == datetime(2026, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("day", ["", "yesterday", "2026-13-01", "9999-12-31"])
def test_what_is_no_day_is_refused(day: str) -> None:
    with pytest.raises(StatementMalformed):
        spans_of_day(["x:a:JPY"], day, {})


@pytest.mark.parametrize("token", ["x", "1.2.3", "1.2.3.4.x", f"{10**30}.0.0.0.0"])
def test_a_token_that_was_never_given_is_refused(token: str) -> None:
    with pytest.raises(StatementMalformed):
        LineKey.read(token)


@given(
    st.integers(0, 10**16),
    st.integers(0, 63),
    st.integers(1, 10**12),
    st.integers(0, 63),
    st.integers(0, 1),
)
def test_a_token_is_read_as_it_was_given(
    micros: int, stripe: int, sequence: int, leg: int, side: int
) -> None:
    key = LineKey(EPOCH + timedelta(microseconds=micros), stripe, sequence, leg, side)
    assert LineKey.read(key.token) == key
