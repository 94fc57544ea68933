"""A partner's opening hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.bridge.domain.hours import LONGEST_CLOSED, Hours, next_opening

TOKYO = ZoneInfo("Asia/Tokyo")


def on_weekdays(day: date) -> bool:
    return day.weekday() < 5


BANK = Hours(TOKYO, time(8, 30), time(21), on_weekdays)
NIGHT = Hours(TOKYO, time(22), time(5), on_weekdays)


def tokyo(day: int, hour: int, minute: int = 0) -> datetime:
    """In October 2026, where the 30th is a Friday."""
    return datetime(2026, 10, day, hour, minute, tzinfo=TOKYO).astimezone(UTC)


def test_it_is_open_from_the_first_minute_until_before_the_last() -> None:
    assert next_opening(BANK, tokyo(29, 8, 30)) is None
    assert next_opening(BANK, tokyo(29, 20, 59)) is None
    assert next_opening(BANK, tokyo(29, 8, 29)) == tokyo(29, 8, 30)
    assert next_opening(BANK, tokyo(29, 21)) == tokyo(30, 8, 30)


def test_a_weekend_is_waited_for() -> None:
    monday = datetime(2026, 11, 2, 8, 30, tzinfo=TOKYO)
    assert next_opening(BANK, tokyo(30, 21)) == monday


def test_hours_over_midnight_belong_to_the_day_they_began_on() -> None:
    assert next_opening(NIGHT, tokyo(31, 4)) is None
    assert next_opening(NIGHT, tokyo(31, 23)) is not None
    assert next_opening(NIGHT, tokyo(30, 12)) == tokyo(30, 22)


def test_a_partner_that_never_opens_is_looked_at_again() -> None:
    never = Hours(TOKYO, time(9), time(17), lambda _: False)
    assert next_opening(never, tokyo(29, 12)) == tokyo(29, 12) + LONGEST_CLOSED


@given(st.times(), st.times(), st.sets(st.integers(0, 6), min_size=1), st.integers(0, 60 * 24 * 30))
def test_a_next_opening_is_ahead_and_it_is_open_then(
    opens: time, closes: time, days: set[int], minutes: int
) -> None:
    hours = Hours(ZoneInfo("Asia/Seoul"), opens, closes, lambda day: day.weekday() in days)
    now = tokyo(1, 0) + timedelta(minutes=minutes)
    opening = next_opening(hours, now)
    if opening is not None:
        assert opening > now
        assert next_opening(hours, opening) is None
        assert next_opening(hours, opening - timedelta(microseconds=1)) == opening
