"""When a partner takes new orders, as data: a zone, from, to, and which days. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# No partner is closed for longer; a search for its next opening ends here.
LONGEST_CLOSED = timedelta(days=31)
_DAY = timedelta(days=1)

IsOpenDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Hours:
    """Open from `opens` until before `closes`, local time, on the days that `is_open_day` names.

    Where `closes` is not after `opens`, the day ends in the next morning.
    """

    zone: ZoneInfo
    opens: time
    closes: time
    is_open_day: IsOpenDay

    def spell(self, day: date) -> tuple[datetime, datetime]:
        """The opening and the closing of the day that begins on `day`."""
        last = day if self.closes > self.opens else day + _DAY
        return (
            datetime.combine(day, self.opens, self.zone),
            datetime.combine(last, self.closes, self.zone),
        )


def next_opening(hours: Hours, now: datetime) -> datetime | None:
    """None while it is open; else when it opens next, at most `LONGEST_CLOSED` from now."""
    today = now.astimezone(hours.zone).date()
    day = today - _DAY
    while day <= today + LONGEST_CLOSED:
        if hours.is_open_day(day):
            opening, closing = hours.spell(day)
            if opening <= now < closing:
                return None
            if opening > now:
                return opening
        day += _DAY
    return now + LONGEST_CLOSED
