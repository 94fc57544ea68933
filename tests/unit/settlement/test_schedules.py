"""Schedules that cannot be kept are refused before they are stored."""

from dataclasses import replace
from typing import Any

import pytest

from services.settlement.domain.windows import Schedule, ScheduleMalformed

SCHEDULE = Schedule("krw", "panda-kakaopay", "KRW", "18:00", "Asia/Seoul", "KR", 1)


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
