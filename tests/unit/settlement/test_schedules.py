"""Schedules: those that cannot be kept are refused; a late close keeps its cut-off's day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.core.business_days import BankCalendar
from services.settlement.domain.windows import Schedule, ScheduleMalformed

SCHEDULE = Schedule("krw", "panda-kakaopay", "KRW", "18:00", "Asia/Seoul", "KR", 1)

CALENDAR = BankCalendar(("KR",))
# A Thursday, 18:00 in Seoul; Friday the 9th is Hangul Day.
CUT_OFF = datetime(2026, 10, 8, 9, tzinfo=UTC)


def settled(schedule: Schedule, due: datetime, now: datetime) -> date:
    return schedule.settle_date(schedule.counted_time(due, now), CALENDAR.add)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=7), timedelta(days=6)])
def test_a_scheduled_close_is_paid_as_if_it_had_been_on_time(late: timedelta) -> None:
    assert settled(SCHEDULE, CUT_OFF, CUT_OFF + late) == date(2026, 10, 12)


def test_a_cut_off_on_a_holiday_is_paid_on_the_next_business_day() -> None:
    holiday = SCHEDULE.next_cut_off(CUT_OFF)
    same_day = replace(SCHEDULE, settle_days=0)
    assert holiday == CUT_OFF + timedelta(days=1)
    assert settled(same_day, holiday, holiday + timedelta(days=4)) == date(2026, 10, 12)


def test_a_close_before_its_time_is_of_the_day_it_is_made() -> None:
    early = CUT_OFF - timedelta(days=1)
    assert settled(SCHEDULE, CUT_OFF, early) == date(2026, 10, 8)


def test_a_close_while_the_schedule_rests_is_of_the_day_it_is_made() -> None:
    resting = replace(SCHEDULE, active=False)
    assert settled(resting, CUT_OFF, CUT_OFF + timedelta(days=6)) == date(2026, 10, 15)


def test_a_new_cut_off_that_would_be_over_is_made_at_once_and_is_of_its_day() -> None:
    now = CUT_OFF + timedelta(hours=16)
    assert SCHEDULE.moved_due_time(CUT_OFF, now) == CUT_OFF + timedelta(days=1)
    assert replace(SCHEDULE, cut_off="20:00").moved_due_time(CUT_OFF, now) == now


def test_a_schedule_can_be_of_no_corridor() -> None:
    replace(SCHEDULE, corridor_id="").check()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cut_off", "18"),
        ("cut_off", "18:00:30"),
        ("cut_off", "24:00"),
        ("time_zone", "Asia/Nowhere"),
        ("country", "FR"),
        ("currency", "XYZ"),
        ("settle_days", -1),
        ("settle_days", 61),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_malformed(field: str, value: Any) -> None:
    with pytest.raises(ScheduleMalformed):
        replace(SCHEDULE, **{field: value}).check()
