"""When a deposit runs out, by what the hours of the week have spent before."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.prefunding.forecast import (
    HISTORY_WEEKS,
    HORIZON,
    HOUR,
    WEEK,
    forecast,
)

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)


def every_hour(weeks: int, minor: int) -> dict[datetime, int]:
    return {NOON - n * HOUR: minor for n in range(1, weeks * 168 + 1)}


def test_even_spending_runs_out_after_as_many_hours_as_there_is_money() -> None:
    found = forecast(1000, every_hour(2, 100), NOON)

    assert found.run_out_time == NOON + 10 * HOUR
    assert found.history_weeks == 2
    assert found.spent_last_day_minor == 2400


def test_an_hour_spends_as_the_same_hour_of_the_weeks_before() -> None:
    busy = NOON + 5 * HOUR
    spent = dict.fromkeys(every_hour(2, 0), 0) | {busy - WEEK: 600, busy - 2 * WEEK: 200}

    assert forecast(200, spent, NOON).run_out_time == busy + HOUR / 2
    assert forecast(401, spent, NOON).run_out_time == busy + WEEK + timedelta(seconds=9)


def test_with_less_than_a_week_of_history_every_hour_is_like_the_mean() -> None:
    spent = {NOON - 10 * HOUR: 1000}

    assert forecast(500, spent, NOON).run_out_time == NOON + 5 * HOUR
    assert forecast(500, spent, NOON).history_weeks == 0


def test_nothing_known_says_nothing_and_nothing_left_says_now() -> None:
    assert forecast(500, {}, NOON).run_out_time is None
    assert forecast(0, {}, NOON).run_out_time == NOON


def test_what_lies_too_far_back_does_not_count() -> None:
    assert forecast(5, {NOON - (HISTORY_WEEKS + 1) * WEEK: 10**9}, NOON).run_out_time is None


SPENT = st.dictionaries(
    st.integers(1, 9 * 168).map(lambda n: NOON - n * HOUR), st.integers(-1000, 10**9), max_size=60
)


@given(st.integers(-5, 10**10), SPENT, st.integers(0, 3599))
def test_more_money_never_runs_out_earlier(
    left: int, spent: dict[datetime, int], seconds: int
) -> None:
    now = NOON + timedelta(seconds=seconds)
    less, more = forecast(left, spent, now), forecast(left + 1000, spent, now)

    if less.run_out_time is None:
        assert more.run_out_time is None
    else:
        assert now <= less.run_out_time <= now + HORIZON + HOUR
        assert more.run_out_time is None or more.run_out_time >= less.run_out_time
