"""Windows: what one holds, when the next is cut, when it is paid. Pure.

A window is what was posted between two cuts in one corridor and currency. A cut is a posting
sequence per stripe, so a window has an exact end however fast payments go on: what is not in it is
in the next.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.core.currencies import CURRENCIES
from services.core.errors import Conflict, Malformed
from services.core.ids import checked_id
from services.settlement.domain.postings import Class, Sums

COUNTRIES = ("CN", "JP", "KR")
SETTLE_DAYS_LIMIT = 60
# Facts of some 10,000 payments, summed in less than half a second.
FACTS_PER_CUT = 20_000
# Where much is to be caught up, so that one cut stays of a size.
MOST_PER_CUT = 250_000


class ScheduleMalformed(Malformed):
    """A schedule lacks something or cannot be kept."""


class ScheduleTaken(Conflict):
    """The schedule's id, or its corridor and currency, belong to another one."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When windows of a corridor and currency are cut, and how long until they are paid.

    `cut_off` is a time of day in `time_zone`; `settle_days` counts business days of `country`.
    """

    schedule_id: str
    corridor_id: str
    currency: str
    cut_off: str
    time_zone: str
    country: str
    settle_days: int
    active: bool = True

    def check(self) -> None:
        """Raises `ScheduleMalformed`, `IdMalformed`."""
        checked_id(self.schedule_id, "schedule_id")
        if self.currency not in CURRENCIES:
            raise ScheduleMalformed(
                "The currency is not known; use ISO 4217 letters.", field="currency_code"
            )
        if not 0 <= self.settle_days <= SETTLE_DAYS_LIMIT:
            raise ScheduleMalformed(
                f"It is paid 0 to {SETTLE_DAYS_LIMIT} business days after the cut-off.",
                field="settle_days",
            )
        try:
            if not re.fullmatch("[0-9]{2}:[0-9]{2}", self.cut_off):
                raise ValueError(f"{self.cut_off[:40]!r} is no time of day")
            time.fromisoformat(self.cut_off)
            ZoneInfo(self.time_zone)
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise ScheduleMalformed(
                f"The cut-off is HH:MM and the time zone an IANA name: {error}.", field="cut_off"
            ) from error
        if self.country not in COUNTRIES:
            raise ScheduleMalformed(
                f"Business days are known for {', '.join(COUNTRIES)}.", field="country_code"
            )

    def next_cut_off(self, after: datetime) -> datetime:
        """The first cut-off later than `after`."""
        zone = ZoneInfo(self.time_zone)
        day = after.astimezone(zone).date()
        cut = self._on(day, zone)
        return cut if cut > after else self._on(day + timedelta(days=1), zone)

    def moved_due_time(self, open_time: datetime, now: datetime) -> datetime:
        """When a window that is open is cut now that this schedule is new.

        Where that would have been before `now`, nobody has missed it: it is cut at once.
        """
        return max(self.next_cut_off(open_time), now)

    def counted_time(self, due_time: datetime, now: datetime) -> datetime:
        """The instant that a close at `now` counts as, of a window due at `due_time`.

        A cut-off that is made late, past midnight or after an outage, stays that of its own day. A
        close before its time, or while the schedule rests, is of the moment.
        """
        return due_time if self.active and due_time <= now else now

    def _on(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day, time.fromisoformat(self.cut_off), zone)

    def settle_date(self, cut_time: datetime, add_days: Callable[[date, int], date]) -> date:
        """The day of payment of what counts as cut at `cut_time`; `add_days` adds business days."""
        return add_days(cut_time.astimezone(ZoneInfo(self.time_zone)).date(), self.settle_days)


@dataclass(frozen=True, slots=True)
class Movement:
    """One account in a window; all in minor units, credits less debits."""

    account_id: str
    opening_minor: int
    payments_minor: int = 0
    refunds_minor: int = 0
    fees_minor: int = 0
    other_minor: int = 0

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + self.net_minor

    @property
    def net_minor(self) -> int:
        """What the window itself has brought."""
        return self.payments_minor + self.refunds_minor + self.fees_minor + self.other_minor


def movements(openings: Mapping[str, int], sums: Iterable[Sums]) -> list[Movement]:
    """A window's movements, in order of accounts, from what the one before it closed with."""
    nets: dict[str, dict[Class, int]] = {account: {} for account in openings}
    for each in sums:
        of_account = nets.setdefault(each.account_id, {})
        of_account[each.klass] = of_account.get(each.klass, 0) + each.net_minor
    return [
        Movement(
            account,
            openings.get(account, 0),
            net.get(Class.PAYMENT, 0) + net.get(Class.ESCROW, 0),
            net.get(Class.REFUND, 0),
            net.get(Class.FEE, 0),
            net.get(Class.OTHER, 0) + net.get(Class.PAYOUT, 0),
        )
        for account, net in sorted(nets.items())
    ]


def cut_between(
    last: Sequence[int], reached: Sequence[int], least: int = FACTS_PER_CUT
) -> list[int] | None:
    """Where to cut between closes, per stripe; None while fewer than `least` facts have
    come since the last cut.

    Any place that the copy has reached will do, because a posting lies in one stripe whole. It is
    as far as that wherever it may be: the ledger is compared by taking back all that was posted
    after the cut, so one that lags behind is dear. One wallet's payments may be in one stripe.
    """
    ahead = [max(0, far - near) for near, far in zip(last, reached, strict=True)]
    come = sum(ahead)
    if come < least:
        return None
    taken = min(come, MOST_PER_CUT)
    return [near + gap * taken // come for near, gap in zip(last, ahead, strict=True)]


Totals = tuple[int, int]
"""Debits and credits posted, minor units."""


def difference(ours: Mapping[str, Totals], ledger: Mapping[str, Totals]) -> str:
    """Which accounts differ from the ledger's, as a sentence; empty where none does."""
    differing = sorted(
        account for account, totals in ours.items() if ledger.get(account, (0, 0)) != totals
    )
    if not differing:
        return ""
    first = differing[0]
    return (
        f"{len(differing)} accounts differ from the ledger; the first is {first}: "
        f"debits and credits {ours[first]} here, {ledger.get(first, (0, 0))} there"
    )
