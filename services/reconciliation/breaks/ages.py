"""How old a break is."""

from collections.abc import Sequence
from datetime import datetime

AGE_CLASSES: Sequence[tuple[int, str]] = ((0, "0-1"), (2, "2-7"), (8, "8-30"), (31, "31+"))
"""From which age in days a class holds, and its name."""


def age_days(open_time: datetime, now: datetime) -> int:
    """Whole days; a clock that was set back makes nothing younger than today."""
    return max(0, (now - open_time).days)


def age_class(days: int) -> str:
    """The class of an age: 0-1, 2-7, 8-30, 31+ days."""
    return next(name for least, name in reversed(AGE_CLASSES) if days >= least)
