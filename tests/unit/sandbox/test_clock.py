"""The stack's clock never goes back by itself, and stands still while the stack is stopped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.core.clock import ClockSetting, SharedClock, write_shared_clock
from services.sandbox.clock import (
    FIRST_INSTANT,
    advance_clock,
    hold_clock,
    read_setting,
    set_clock,
    shown,
    start_clock,
)

MOMENT = timedelta(seconds=30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clock.json"


def test_a_new_clock_shows_nine_in_tokyo_on_the_demos_day(path: Path) -> None:
    start_clock(path)
    assert FIRST_INSTANT.isoformat() == "2026-10-30T00:00:00+00:00"
    assert FIRST_INSTANT <= shown(path) < FIRST_INSTANT + MOMENT


def test_a_held_clock_stands_still_and_goes_on_from_there(path: Path) -> None:
    start_clock(path)
    held = hold_clock(path)
    assert shown(path) == held
    assert shown(path) == held
    assert start_clock(path) == held
    assert read_setting(path).pace == 1.0


def test_a_clock_nobody_held_went_on_at_its_pace(path: Path) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    write_shared_clock(path, ClockSetting(an_hour_ago, FIRST_INSTANT, 2.0))
    went_on = FIRST_INSTANT + timedelta(hours=2)
    assert went_on <= start_clock(path) < went_on + MOMENT
    assert read_setting(path).pace == 2.0


def test_advancing_keeps_the_pace(path: Path) -> None:
    set_clock(path, FIRST_INSTANT, 0.0)
    advance_clock(path, timedelta(minutes=15))
    assert shown(path) == FIRST_INSTANT + timedelta(minutes=15)


def test_a_process_that_reads_the_clock_sees_utc(path: Path) -> None:
    set_clock(path, datetime.fromisoformat("2026-10-30T10:00:00+09:00"), 0.0)
    now = SharedClock(path).now()
    assert now.isoformat() == "2026-10-30T01:00:00+00:00"
