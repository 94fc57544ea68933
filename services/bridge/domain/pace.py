"""How fast a partner may be called: a token bucket, kept as the time when it will be full again.

A caller takes its token at once and is told how long it has to wait for it, so callers are served
in the order they came and none looks twice. Pure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """A call `every` so often in the long run, `burst` of them at once after a rest."""

    every: timedelta
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Bucket:
    """`full_time`: when all tokens will be there again if nobody takes one."""

    full_time: datetime

    def wait(self, pace: Pace, now: datetime) -> timedelta:
        """How long a caller of now would wait for its token."""
        back = pace.every * (pace.burst - 1)
        return max(timedelta(), self.full_time - back - now)

    def take(self, pace: Pace, now: datetime) -> "Bucket":
        """The bucket less one token."""
        return Bucket(max(self.full_time, now) + pace.every)
