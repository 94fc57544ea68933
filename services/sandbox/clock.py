"""The stack's clock file: who runs the stack owns it, everyone else reads it through `SharedClock`.

A fresh directory starts on the demo's day, Friday 2026-10-30, at 09:00 in Tokyo. The clock stands
still while the stack is stopped, so the next start goes on at the same instant of the same day;
where the stack was killed instead, nobody held the clock, and it went on at its pace. Either way it
never goes back by itself.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.core.clock import ClockSetting, write_shared_clock

FIRST_INSTANT = datetime(2026, 10, 30, 0, 0, tzinfo=UTC)
FILE_NAME = "clock.json"


def read_setting(path: Path) -> ClockSetting:
    """Raises FileNotFoundError where there is no clock yet."""
    return ClockSetting.from_json(path.read_text())


def shown(path: Path) -> datetime:
    """What the clock shows now, in UTC."""
    return read_setting(path).at(datetime.now(UTC))


def start_clock(path: Path, first: datetime = FIRST_INSTANT) -> datetime:
    """Let the clock run, from `first` where it is new; what it shows."""
    if not path.exists():
        return set_clock(path, first)
    setting = read_setting(path)
    return set_clock(path, shown(path), setting.pace or 1.0)


def hold_clock(path: Path) -> datetime:
    """Let it stand still at what it shows."""
    return set_clock(path, shown(path), 0.0)


def set_clock(path: Path, instant: datetime, pace: float = 1.0) -> datetime:
    """Let it show `instant` now and run on `pace` times as fast as the machine's clock."""
    instant = instant.astimezone(UTC)
    write_shared_clock(path, ClockSetting(datetime.now(UTC), instant, pace))
    return instant


def advance_clock(path: Path, by: timedelta) -> datetime:
    """Move it forward by `by`, at the pace it had; what it shows."""
    return set_clock(path, shown(path) + by, read_setting(path).pace)
