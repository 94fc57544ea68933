"""Closes windows: a cut, its sums, its check against the ledger, and what each window holds.

A cut is taken of the ledger's own posting sequences at the moment of the cut-off; then the copy of
the facts is awaited up to it. After an outage nobody can ask where the ledger stood at a cut-off
that is over: then the copy is awaited first, and cut where its postings pass that time. Cuts are
also taken between closes, so that what a close has to sum is bounded however large the window. Each
stage is kept, so where a process dies any other goes on: cuts and windows that are not finished are
taken up by the next step.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError, NotFound, Unavailable
from services.core.ids import new_reference
from services.kit.facts.owners import WALLET
from services.kit.facts.projection import read_projected
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units
from services.settlement.domain.windows import (
    FACTS_PER_CUT,
    Schedule,
    cut_between,
    difference,
    movements,
)
from services.settlement.ledger import Ledger
from services.settlement.positions import after_close
from services.settlement.rechecking import recheck_window
from services.settlement.store import cuts, windows
from services.settlement.store.cuts import Cut
from services.settlement.store.windows import Due, Window

log = structlog.get_logger()

LOOK_SECONDS = 0.25
RETRY_SECONDS = 2.0
# A cut-off that is over for longer is made where the copy's postings pass its time.
LATE = timedelta(minutes=1)
# How long a caller of `close` waits for the sums.
CLOSE_SECONDS = 60.0
SCHEDULED = "schedule"
AddDays = Callable[[str, date, int], date]
"""(country, day, n): the n-th business day after `day`; the next one from `day` on for zero."""


class WindowNotOpen(NotFound):
    """No window of this corridor and currency is open."""


class CloseUnfinished(Unavailable):
    """The window is cut, but its sums are still awaited."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to cut: a posting sequence per stripe, and the time that it is of."""

    sequences: Mapping[int, int]
    time: datetime


class Closing:
    """Opens, cuts and closes windows."""

    def __init__(
        self,
        units: Units,
        ledger: Ledger,
        clock: Clock,
        add_days: AddDays,
        facts_per_cut: int = FACTS_PER_CUT,
    ) -> None:
        self._units = units
        self._ledger = ledger
        self._clock = clock
        self._add_days = add_days
        self._facts_per_cut = facts_per_cut
        # Where the ledger stood when a late cut-off was first seen: what the copy has to reach.
        self._stood: Place | None = None

    async def put_schedule(self, schedule: Schedule) -> None:
        """Store a schedule and open its first window.

        Raises `ScheduleMalformed`, `ScheduleTaken`, `IdMalformed`.
        """
        schedule.check()
        now = self._clock.now()

        async def store(connection: Connection) -> Decided[None]:
            before = await windows.find_schedule(
                connection, schedule.corridor_id, schedule.currency
            )
            await windows.put_schedule(connection, schedule)
            found = await windows.lock_open_window(
                connection, schedule.corridor_id, schedule.currency
            )
            if found is None:
                first = Window(
                    f"window-{new_reference(now)}",
                    schedule.corridor_id,
                    schedule.currency,
                    1,
                    "open",
                    now,
                    0,
                    schedule.next_cut_off(now),
                )
                await windows.add_window(connection, first)
            elif before != schedule:
                due_time = schedule.moved_due_time(found.open_time, now)
                await windows.set_due_time(connection, found.window_id, due_time)
            return Decided(None)

        await self._units.write(store)

    async def run(self) -> None:
        """Close what is due and finish what was begun, for ever."""
        while True:
            pause = LOOK_SECONDS
            try:
                await self.step()
            except (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("closing_waits", problem=str(error) or repr(error))
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def step(self) -> None:
        """Cut what is due now, and finish cuts and windows as far as the copy reaches."""
        now = self._clock.now()
        async with self._units.pool.acquire() as connection:
            due = await windows.due_windows(connection, now)
        late = due[0].due_time if due and due[0].due_time < now - LATE else None
        if late is not None:
            await self._cut_late(late, [each for each in due if each.due_time == late])
        elif due:
            await self._cut([each.pair for each in due], SCHEDULED, now)
        await self._cut_between(late)
        await self._finish()

    async def close(self, corridor_id: str, currency: str, person: str) -> Window:
        """Close the open window now, and wait for its sums.

        Raises `WindowNotOpen`, `CloseUnfinished`, `Unavailable`.
        """
        cut = await self._cut([(corridor_id, currency)], person)
        if not cut:
            raise WindowNotOpen(
                f"No window of corridor {corridor_id!r} in {currency} is open: put a schedule.",
                corridor_id=corridor_id,
                currency_code=currency,
            )
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while True:
                    await self._finish()
                    async with self._units.pool.acquire() as connection:
                        found = await windows.get_window(connection, cut[0])
                    if found is not None and found.state != "closing":
                        return found
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise CloseUnfinished(
                "The window is cut; its sums wait for facts of the ledger. Look again in a minute.",
                window_id=cut[0],
            ) from None

    async def recheck(self, window_id: str, operator: str, accept_reason: str) -> Window:
        """Compare a window that differs again, or accept it: see `recheck_window`."""
        return await recheck_window(self._units, self._ledger, window_id, operator, accept_reason)

    async def _cut(
        self, pairs: Sequence[tuple[str, str]], person: str, due_by: datetime | None = None
    ) -> list[str]:
        """End the open windows of these corridors and currencies where the ledger stands now."""
        # Asked before the transaction: no lock is held while another service is called. A window
        # ends where the ledger stood when it was asked.
        sequences = await self._ledger.sequences()
        return await self._end(pairs, person, Place(sequences, self._clock.now()), due_by)

    async def _cut_late(self, due_time: datetime, due: Sequence[Due]) -> None:
        """End windows whose cut-off is over for long, at its time: once the copy has all from
        before it."""
        if self._stood is None or self._stood.time < due_time:
            asked = self._clock.now()
            self._stood = Place(await self._ledger.sequences(), asked)
        async with self._units.pool.acquire() as connection:
            if not await _has_reached(connection, self._stood.sequences):
                log.info("late_cut_waits", due_time=due_time.isoformat())
                return
            place = Place(await cuts.place_at(connection, due_time), due_time)
        await self._end([each.pair for each in due], SCHEDULED, place, due_time)

    async def _end(
        self,
        pairs: Sequence[tuple[str, str]],
        person: str,
        place: Place,
        due_by: datetime | None,
    ) -> list[str]:
        """End open windows at one new cut; of those not due by then none: another process was first
        and has opened it."""

        async def store(connection: Connection) -> Decided[list[str]]:
            await cuts.lock_cuts(connection)
            found = [await windows.lock_open_window(connection, *pair) for pair in pairs]
            ended = [
                window
                for window in found
                if window is not None and (due_by is None or window.due_time <= due_by)
            ]
            if not ended:
                return Decided([])
            cut_id = await cuts.add_cut(connection, place.time, place.sequences)
            for window in ended:
                await self._turn_over(connection, window, cut_id, person, place.time)
            return Decided([window.window_id for window in ended])

        return (await self._units.write(store)).answer

    async def _cut_between(self, until: datetime | None) -> None:
        """Take a cut where much has come since the last, so that a close has little left to sum;
        not past a time `until` which a window waits to be cut."""
        async with self._units.pool.acquire() as connection:
            if await self._place_between(connection, until) is None:
                return

        async def store(connection: Connection) -> Decided[None]:
            await cuts.lock_cuts(connection)
            # Another process may have taken it meanwhile.
            place = await self._place_between(connection, until)
            if place is not None:
                time = until or self._clock.now()
                await cuts.add_cut(connection, time, dict(enumerate(place)))
            return Decided(None)

        await self._units.write(store)

    async def _place_between(
        self, connection: Connection, until: datetime | None
    ) -> list[int] | None:
        last, reached = await cuts.progress_since_last(connection)
        place = cut_between(last, reached, self._facts_per_cut)
        if place is None or until is None:
            return place
        before = await cuts.place_at(connection, until)
        return cut_between(last, [before[stripe] for stripe in sorted(before)], self._facts_per_cut)

    async def _turn_over(
        self, connection: Connection, window: Window, cut_id: int, person: str, cut_time: datetime
    ) -> None:
        schedule = await windows.find_schedule(connection, window.corridor_id, window.currency)
        assert schedule is not None
        now = self._clock.now()
        counted = schedule.counted_time(window.due_time, now)
        settle_date = schedule.settle_date(
            counted, lambda day, count: self._add_days(schedule.country, day, count)
        )
        await windows.begin_closing(connection, window, cut_id, settle_date, person)
        following = replace(
            window,
            window_id=f"window-{new_reference(now)}",
            number=window.number + 1,
            open_time=cut_time,
            from_cut_id=cut_id,
            # After an outage it may be due already: every cut-off has its window.
            due_time=schedule.next_cut_off(counted),
        )
        await windows.add_window(connection, following)

    async def _finish(self) -> None:
        """Finish cuts in their order, then the windows that end at them."""
        async with self._units.pool.acquire() as connection:
            unfinished = await cuts.unfinished_cuts(connection)
        for cut in unfinished:
            async with self._units.pool.acquire() as connection:
                is_there = await _has_reached(connection, dict(enumerate(cut.sequences)))
            if not is_there or not await self._finish_cut(cut):
                return
        async with self._units.pool.acquire() as connection:
            closing = await windows.closing_windows(connection)
        for window in closing:
            await self._finish_window(window)

    async def _finish_cut(self, cut: Cut) -> bool:
        """Sum it and compare it with the ledger; False where a payment is not known yet."""

        async def add_up(connection: Connection) -> Decided[bool]:
            await cuts.lock_cuts(connection)
            now = await cuts.get_cut(connection, cut.cut_id)
            if now is None or now.state != "taken":
                return Decided(True)
            if homeless := await cuts.count_homeless(connection, cut):
                log.info("cut_waits_for_payments", cut_id=cut.cut_id, links=homeless)
                return Decided(False)
            await cuts.sum_cut(connection, cut)
            return Decided(True)

        if not (await self._units.write(add_up)).answer:
            return False
        async with self._units.pool.acquire() as connection:
            totals = await cuts.moved_totals(connection, cut.cut_id)
        ledger = await self._ledger.totals(list(totals), cut.sequences)
        differs = difference(totals, ledger)
        if differs:
            log.error("cut_differs", cut_id=cut.cut_id, difference=differs)
        async with self._units.pool.acquire() as connection:
            await cuts.end_cut(connection, cut.cut_id, differs)
            unscheduled = await cuts.unscheduled(connection, cut.cut_id)
        for corridor_id, currency in unscheduled:
            # Such as disputes, which are of no corridor: nobody is paid or owes what is there.
            log.error("schedule_missing", corridor_id=corridor_id, currency_code=currency)
        return True

    async def _finish_window(self, window: Window) -> None:
        async def store(connection: Connection) -> Decided[None]:
            assert window.to_cut_id is not None
            agrees = await cuts.all_agree(connection, window.from_cut_id, window.to_cut_id)
            sums, payments, refunds = await windows.sums_of(connection, window)
            held = movements(await windows.closings_before(connection, window), sums)
            state = "closed" if agrees else "differs"
            now = self._clock.now()
            if not await windows.end_window(
                connection, window, held, (payments, refunds), state, now
            ):
                return Decided(None)
            log.info(
                "window_closed",
                window_id=window.window_id,
                corridor_id=window.corridor_id,
                currency_code=window.currency,
                payments=payments,
                refunds=refunds,
                state=state,
            )
            ended = replace(
                window,
                state=state,
                close_time=now,
                payment_count=payments,
                refund_count=refunds,
            )
            return Decided(None, await after_close(connection, ended, sums))

        await self._units.write(store)


async def _has_reached(connection: Connection, sequences: Mapping[int, int]) -> bool:
    """Whether the copy of the ledger's facts is read as far as these."""
    reached = await read_projected(connection, WALLET.source)
    return all(reached[stripe] >= sequence for stripe, sequence in sequences.items())
