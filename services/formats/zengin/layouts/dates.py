"""Dates that leave something out: MMDD without a year, YYMMDD of an era without its name.

Both are read as the possible day nearest to a given one. Source: facts.md §5.1; Reiwa 1 is 2019.
"""

from datetime import date

from services.core.errors import Malformed

# The first day of an era, its last, and the year before its first.
_ERAS = (
    (date(2019, 5, 1), date.max, 2018),
    (date(1989, 1, 8), date(2019, 4, 30), 1988),
)


class DateNotWritable(Malformed):
    """The day lies before the eras a file can name."""


def nearest_month_day(text: str, near: date) -> date | None:
    """`0731` near 2026-08-05 → 2026-07-31; None where it is no day of those years.

    29 February is a day of leap years only: near 2026 there is none.
    """
    years = (near.year - 1, near.year, near.year + 1)
    return _nearest([_day(year, text[:2], text[2:]) for year in years], near)


def nearest_era_date(text: str, near: date) -> date | None:
    """`080731` near 2026 → 2026-07-31 (Reiwa 8), near 1996 → 1996-07-31 (Heisei 8)."""
    days = []
    for first, last, before in _ERAS:
        day = _day(before + int(text[:2]), text[2:4], text[4:])
        if day is not None and first <= day <= last and text[:2] != "00":
            days.append(day)
    return _nearest(days, near)


def era_date(day: date) -> str:
    """2026-07-31 → `080731`. Raises `DateNotWritable`."""
    for first, last, before in _ERAS:
        if first <= day <= last and day.year - before <= 99:
            return f"{day.year - before:02}{day:%m%d}"
    raise DateNotWritable(f"{day} has no year of two digits in an era a bank writes.")


def _day(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None


def _nearest(days: list[date | None] | list[date], near: date) -> date | None:
    return min(
        (day for day in days if day is not None),
        key=lambda day: abs(day - near),
        default=None,
    )
