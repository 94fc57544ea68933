"""On which days partners and banks give files, and when one is late: pure.

A bank has no statement of a day on which it is closed: what was booked shows on the next one. So
such a day needs no file, and is closed as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.reconciliation.partners import Partner, Partners

# Older files that never came are breaks by now, not news.
WATCHED = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A file that was due and has not come. `formats`: those missing; empty: any."""

    partner_id: str
    day: date
    formats: tuple[str, ...]
    due_time: datetime


def gives_file(partner: Partner | None, day: date) -> bool:
    """Whether the partner gives a file of the day; of one that is not known each day's."""
    return partner is None or partner.calendar is None or partner.calendar.is_open(day)


def due_time(partner: Partner, day: date) -> datetime | None:
    """When the file of a day has to be there; None: the partner promises nothing."""
    if partner.due is None:
        return None
    following = day + timedelta(days=1)
    if partner.calendar is not None:
        following = partner.calendar.on_or_after(following)
    return datetime.combine(following, partner.due, partner.time_zone)


def overdue(
    partners: Partners,
    given: Mapping[str, Mapping[date, AbstractSet[str]]],
    wanted: Mapping[str, Sequence[str]],
    now: datetime,
) -> Iterator[Overdue]:
    """What is late. `given`: the formats that have come, by partner and day; a partner is watched
    from its first file on. `wanted`: formats without which no day is closed."""
    for partner_id, days in sorted(given.items()):
        partner = partners.get(partner_id)
        if partner is None or partner.due is None or not days:
            continue
        day = max(min(days), partner.day_of(now) - WATCHED)
        while day < partner.day_of(now):
            come = days.get(day, frozenset())
            missing = tuple(each for each in wanted.get(partner_id, ()) if each not in come)
            due = due_time(partner, day)
            if gives_file(partner, day) and (missing or not come) and due and due <= now:
                yield Overdue(partner_id, day, missing, due)
            day += timedelta(days=1)
