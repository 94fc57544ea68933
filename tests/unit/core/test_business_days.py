"""Bank days, hours and cut-offs, with dates of 2026 and around."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.business_days import (
    BankCalendar,
    BankHours,
    CountryUnknown,
    Cutoff,
    known_working_weekends,
    value_date,
)

JAPAN = BankCalendar(("JP",))
KOREA = BankCalendar(("KR",))
CHINA = BankCalendar(("CN",))
TOKYO = ZoneInfo("Asia/Tokyo")
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("calendar", "day"),
    [
        (JAPAN, date(2025, 12, 31)),
        (JAPAN, date(2026, 1, 1)),
        (JAPAN, date(2026, 1, 2)),
        (JAPAN, date(2026, 1, 3)),
        (JAPAN, date(2026, 5, 6)),  # moved from Sunday 3 May
        (JAPAN, date(2026, 9, 22)),  # between two holidays
        (JAPAN, date(2026, 11, 23)),
        (JAPAN, date(2026, 12, 31)),
        (KOREA, date(2026, 2, 17)),
        (KOREA, date(2026, 9, 25)),
        (KOREA, date(2026, 5, 1)),
        (CHINA, date(2026, 2, 23)),
        (CHINA, date(2026, 10, 7)),
        (JAPAN, date(2026, 11, 21)),  # a Saturday
    ],
)
def test_banks_are_closed_on_these_days(calendar: BankCalendar, day: date) -> None:
    assert not calendar.is_open(day)


@pytest.mark.parametrize(
    ("calendar", "day"),
    [
        (JAPAN, date(2025, 12, 30)),
        (JAPAN, date(2026, 1, 5)),
        (JAPAN, date(2026, 11, 24)),
        (KOREA, date(2026, 12, 31)),
        (CHINA, date(2026, 10, 8)),
    ],
)
def test_banks_are_open_on_these_days(calendar: BankCalendar, day: date) -> None:
    assert calendar.is_open(day)


def test_the_banks_new_year_is_left_out_when_days_are_counted() -> None:
    assert JAPAN.add(date(2025, 12, 30), 1) == date(2026, 1, 5)
    assert JAPAN.add(date(2026, 1, 5), -1) == date(2025, 12, 30)
    assert JAPAN.on_or_after(date(2025, 12, 31)) == date(2026, 1, 5)
    assert JAPAN.on_or_before(date(2026, 1, 3)) == date(2025, 12, 30)


def test_golden_week_is_left_out_when_days_are_counted() -> None:
    assert JAPAN.add(date(2026, 5, 1), 2) == date(2026, 5, 8)
    assert JAPAN.between(date(2026, 5, 1), date(2026, 5, 8)) == 2


def test_banks_of_all_countries_named_have_to_be_open() -> None:
    both = BankCalendar(("JP", "KR"))

    assert both.add(date(2026, 2, 10), 1) == date(2026, 2, 12)
    assert both.add(date(2026, 2, 13), 1) == date(2026, 2, 19)


def test_working_weekends_of_china_are_known_for_2026_and_not_announced_for_2027() -> None:
    assert date(2026, 2, 28) in known_working_weekends("CN", 2026)
    assert known_working_weekends("CN", 2027) == ()
    assert not CHINA.is_open(date(2026, 2, 28))
    assert BankCalendar(("CN",), working_weekends=True).is_open(date(2026, 2, 28))


def test_days_a_bank_adds_are_closed() -> None:
    calendar = BankCalendar(("JP",), closed=frozenset({date(2026, 11, 24)}))

    assert calendar.add(date(2026, 11, 20), 1) == date(2026, 11, 25)


def test_a_country_without_holidays_here_is_refused() -> None:
    with pytest.raises(CountryUnknown):
        BankCalendar(("XX",))


def test_too_far_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="business days"):
        JAPAN.add(date(2026, 1, 5), 1000)


@given(DAYS, st.integers(1, 20))
def test_days_added_can_be_taken_back(day: date, count: int) -> None:
    begin = JAPAN.on_or_after(day)
    end = JAPAN.add(begin, count)

    assert JAPAN.is_open(end)
    assert JAPAN.add(end, -count) == begin
    assert JAPAN.between(begin, end) == count


def test_hours_are_on_the_banks_own_wall() -> None:
    hours = BankHours(JAPAN, "Asia/Tokyo", time(9), time(15))

    assert hours.is_open(datetime(2026, 11, 20, 0, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 11, 20, 6, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 11, 21, 1, 0, tzinfo=UTC))


def test_a_closed_bank_opens_at_the_next_business_day() -> None:
    hours = BankHours(JAPAN, "Asia/Tokyo", time(9), time(15))

    friday = datetime(2026, 11, 20, 16, 0, tzinfo=TOKYO)
    early = datetime(2026, 11, 24, 7, 0, tzinfo=TOKYO)

    assert hours.next_opening(friday) == datetime(2026, 11, 24, 9, 0, tzinfo=TOKYO)
    assert hours.next_opening(early) == datetime(2026, 11, 24, 9, 0, tzinfo=TOKYO)
    assert BankHours(JAPAN, "Asia/Tokyo", always=True).next_opening(friday) == friday


def test_what_comes_at_the_cut_off_is_of_the_next_business_day() -> None:
    cutoff = Cutoff(time(14), "Asia/Tokyo")
    before = datetime(2026, 11, 20, 13, 59, 59, tzinfo=TOKYO)
    at = datetime(2026, 11, 20, 14, 0, tzinfo=TOKYO)

    assert cutoff.business_day(before, JAPAN) == date(2026, 11, 20)
    assert cutoff.business_day(at, JAPAN) == date(2026, 11, 24)
    assert value_date(before, cutoff, 1, JAPAN) == date(2026, 11, 24)
    assert value_date(at, cutoff, 1, JAPAN) == date(2026, 11, 25)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1)))  # noqa: DTZ001 - made aware below
def test_the_next_cut_off_is_ahead_and_on_a_business_day(naive: datetime) -> None:
    cutoff = Cutoff(time(0, 15), "Asia/Shanghai")
    now = naive.replace(tzinfo=UTC)
    following = cutoff.next(now, JAPAN)

    assert now < following < now + timedelta(days=10)
    assert JAPAN.is_open(following.date())
