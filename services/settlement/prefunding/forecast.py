"""When a deposit runs out: pure.

An hour to come spends what the same hour of the week has spent on average over the weeks that are
known. Hours are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
HOUR_SECONDS = HOUR // SECOND
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
HOURS_OF_WEEK = 168
HISTORY_WEEKS = 8
HORIZON = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`run_out_time` is None where the horizon passes first, or nothing is known."""

    run_out_time: datetime | None
    spent_last_day_minor: int
    """In the last 24 whole hours and in this one."""
    history_weeks: int


def hour_of(time: datetime) -> datetime:
    """The beginning of the hour."""
    return time.replace(minute=0, second=0, microsecond=0)


def forecast(left_minor: int, spent: Mapping[datetime, int], now: datetime) -> Forecast:
    """When `left_minor` is spent.

    `spent` is by the beginning of each hour; hours without an entry spent nothing. Only whole hours
    of the last `HISTORY_WEEKS` weeks count. With less than a week of history every hour to come
    is like the mean of the known ones.
    """
    this_hour = hour_of(now)
    known = {
        hour: minor
        for hour, minor in spent.items()
        if this_hour - HISTORY_WEEKS * WEEK <= hour < this_hour
    }
    last_day = sum(minor for hour, minor in spent.items() if hour >= hour_of(now - DAY))
    if not known:
        return Forecast(now if left_minor <= 0 else None, last_day, 0)
    hours = (this_hour - min(known)) // HOUR
    weeks = hours // HOURS_OF_WEEK
    rates = _rates(known, this_hour, hours)
    return Forecast(_run_out(left_minor, rates, now), last_day, weeks)


def _rates(known: Mapping[datetime, int], this_hour: datetime, hours: int) -> list[int]:
    """What each hour of a week is expected to spend, from this hour on; minor units, rounded up: a
    forecast is early rather than late."""
    weeks = hours // HOURS_OF_WEEK
    if not weeks:
        mean = -(-max(0, sum(known.values())) // max(1, hours))
        return [mean] * HOURS_OF_WEEK
    sums = [0] * HOURS_OF_WEEK
    for hour, minor in known.items():
        back = (this_hour - hour) // HOUR
        if back <= weeks * HOURS_OF_WEEK:
            sums[-back % HOURS_OF_WEEK] += minor
    return [-(-max(0, minor) // weeks) for minor in sums]


def _run_out(left_minor: int, rates: list[int], now: datetime) -> datetime | None:
    if left_minor <= 0:
        return now
    hour = hour_of(now)
    left, ahead = left_minor, 0
    while ahead * HOUR < HORIZON:
        rate = rates[ahead % HOURS_OF_WEEK]
        start = max(now, hour + ahead * HOUR)
        seconds = (hour + (ahead + 1) * HOUR - start) // SECOND
        spend = rate * seconds // HOUR_SECONDS
        if rate and left <= spend:
            return start + left * HOUR_SECONDS // rate * SECOND
        left -= spend
        ahead += 1
    return None
