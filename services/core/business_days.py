"""Business days of banks, their hours, and the day money of a payment has its value.

Holidays come from the `holidays` package, loaded when first asked: JP with its bank holidays
(31 December to 3 January), KR, and CN. China's working weekends are in the package for years whose
schedule was announced (2026, not 2027): they are working days of offices, and banks settle on
them only where `BankCalendar.working_weekends` says so. Where banks of several countries have to
be open, name them all. Nothing here reads a clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.core.errors import Malformed

# Country → the categories of the package whose days its banks are closed on.
CATEGORIES: dict[str, tuple[str, ...]] = {
    "JP": ("public", "bank"),
    "KR": ("public", "bank"),
    "CN": ("public",),
}
# No run of closed days is longer than this; a calendar without an open day is a mistake.
LONGEST_CLOSURE_DAYS = 60
FARTHEST_BUSINESS_DAYS = 366


class CountryUnknown(Malformed):
    """No holidays are known here for a country."""

    def __init__(self, country: str) -> None:
        known = ", ".join(CATEGORIES)
        super().__init__(
            f"There are no bank holidays for {country[:10]!r}: use one of {known}.",
            country_code=country[:10],
        )


@dataclass(frozen=True, slots=True)
class BankCalendar:
    """The days on which banks of every one of `countries` (ISO 3166 letters) are open.

    `closed` are further days without business, such as a bank's system change. Raises
    `CountryUnknown`.
    """

    countries: tuple[str, ...]
    closed: frozenset[date] = frozenset()
    working_weekends: bool = False

    def __post_init__(self) -> None:
        for country in self.countries:
            if country not in CATEGORIES:
                raise CountryUnknown(country)

    def is_open(self, day: date) -> bool:
        """Whether `day` is a business day."""
        if day in self.closed:
            return False
        return all(self._open_in(country, day) for country in self.countries)

    def _open_in(self, country: str, day: date) -> bool:
        year = _year(country, day.year)
        if day in year.holidays:
            return False
        return day.weekday() < 5 or (self.working_weekends and day in year.working_weekends)

    def on_or_after(self, day: date) -> date:
        """`day`, or the first business day after it."""
        return self._seek(day, timedelta(days=1))

    def on_or_before(self, day: date) -> date:
        """`day`, or the last business day before it."""
        return self._seek(day, timedelta(days=-1))

    def add(self, day: date, count: int) -> date:
        """The `count`-th business day after `day` (before it, where negative).

        0 is `day`, or the next business day. Raises ValueError beyond a year of business days.
        """
        if abs(count) > FARTHEST_BUSINESS_DAYS:
            raise ValueError(f"{count} business days are more than {FARTHEST_BUSINESS_DAYS}")
        if count == 0:
            return self.on_or_after(day)
        step = timedelta(days=1 if count > 0 else -1)
        for _ in range(abs(count)):
            day = self._seek(day + step, step)
        return day

    def between(self, begin: date, end: date) -> int:
        """How many business days there are after `begin` up to and including `end`."""
        days = (end - begin).days
        return sum(self.is_open(begin + timedelta(days=each)) for each in range(1, days + 1))

    def _seek(self, day: date, step: timedelta) -> date:
        for _ in range(LONGEST_CLOSURE_DAYS):
            if self.is_open(day):
                return day
            day += step
        raise ValueError(f"no business day within {LONGEST_CLOSURE_DAYS} days of {day}")


@dataclass(frozen=True, slots=True)
class BankHours:
    """When a bank takes orders: from `opens` until before `closes`, on the wall of `zone` (IANA).

    On business days of `calendar`; around the clock on all days where `always`.
    """

    calendar: BankCalendar
    zone: str
    opens: time = time(9)
    closes: time = time(15)
    always: bool = False

    def is_open(self, now: datetime) -> bool:
        """Whether the bank takes orders at `now` (aware)."""
        if self.always:
            return True
        here = now.astimezone(ZoneInfo(self.zone))
        return self.calendar.is_open(here.date()) and self.opens <= here.time() < self.closes

    def next_opening(self, now: datetime) -> datetime:
        """`now` where the bank is open, else the instant it opens next, in its zone."""
        if self.is_open(now):
            return now
        here = now.astimezone(ZoneInfo(self.zone))
        today = self.calendar.is_open(here.date()) and here.time() < self.opens
        day = here.date() if today else self.calendar.add(here.date(), 1)
        return datetime.combine(day, self.opens, ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A time of day on the wall of `zone` (IANA): what comes at it, or later, is of tomorrow."""

    at: time
    zone: str

    def business_day(self, now: datetime, calendar: BankCalendar) -> date:
        """The business day to which `now` (aware) counts."""
        here = now.astimezone(ZoneInfo(self.zone))
        late = here.time() >= self.at
        return calendar.on_or_after(here.date() + timedelta(days=1 if late else 0))

    def next(self, now: datetime, calendar: BankCalendar) -> datetime:
        """The instant of the next cut-off after `now`, on a business day."""
        day = self.business_day(now, calendar)
        return datetime.combine(day, self.at, ZoneInfo(self.zone))


def value_date(now: datetime, cutoff: Cutoff, days: int, calendar: BankCalendar) -> date:
    """The day of T+`days`, where T is the business day to which `now` (aware) counts."""
    return calendar.add(cutoff.business_day(now, calendar), days)


def known_working_weekends(country: str, year: int) -> tuple[date, ...]:
    """Weekend days that are working days in `country`. Raises `CountryUnknown`."""
    if country not in CATEGORIES:
        raise CountryUnknown(country)
    return tuple(sorted(_year(country, year).working_weekends))


@dataclass(frozen=True, slots=True)
class _Year:
    holidays: frozenset[date]
    working_weekends: frozenset[date]


@lru_cache(maxsize=256)
def _year(country: str, year: int) -> _Year:
    # Half a second and forty megabytes, which only processes that settle need.
    import holidays

    days = holidays.country_holidays(country, years=year, categories=CATEGORIES[country])
    weekends: Iterable[date] = getattr(days, "weekend_workdays", ())
    return _Year(
        frozenset(day for day in days if day.year == year),
        frozenset(day for day in weekends if day.year == year),
    )
