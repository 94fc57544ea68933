"""Time comes from a `Clock`, so that a test or the sandbox can move it.

Instants are aware datetimes in UTC. Durations of work (time-outs, latency) use the event loop's own
clock instead: they measure the machine, not the day.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

# Machine time within which a change of the shared clock is seen by everybody.
REFRESH_SECONDS = 0.05


class Clock(Protocol):
    """Where a service reads the current instant."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock: what production reads."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward by `by`."""
        self._now += by

    def set(self, instant: datetime) -> None:
        """Move to `instant`."""
        self._now = instant


@dataclass(frozen=True, slots=True)
class ClockSetting:
    """At machine time `anchor` the clock shows `shows`; from there it runs `pace` times as fast."""

    anchor: datetime
    shows: datetime
    pace: float = 1.0

    def at(self, machine_time: datetime) -> datetime:
        """What the clock shows at `machine_time`."""
        return self.shows + (machine_time - self.anchor) * self.pace

    def to_json(self) -> str:
        return json.dumps(
            {
                "anchor": self.anchor.isoformat(),
                "shows": self.shows.isoformat(),
                "pace": self.pace,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "ClockSetting":
        """Raises ValueError or KeyError where `text` is not a clock setting."""
        fields = json.loads(text)
        return cls(
            datetime.fromisoformat(fields["anchor"]),
            datetime.fromisoformat(fields["shows"]),
            float(fields["pace"]),
        )


class SharedClock:
    """The sandbox's clock: every process reads the same small file, written by the stack.

    The file is replaced whole by rename, so a reader never sees half of it. It is looked at again
    at most every `refresh_seconds` of machine time.
    """

    def __init__(self, path: Path, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._path = path
        self._refresh_seconds = refresh_seconds
        self._looked = time.monotonic()
        self._setting = ClockSetting.from_json(path.read_text())

    def now(self) -> datetime:
        looked = time.monotonic()
        if looked - self._looked >= self._refresh_seconds:
            self._looked = looked
            self._setting = ClockSetting.from_json(self._path.read_text())
        return self._setting.at(datetime.now(UTC))


def write_shared_clock(path: Path, setting: ClockSetting) -> None:
    """Replace the shared clock file at `path` in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_text(setting.to_json())
    fresh.replace(path)
