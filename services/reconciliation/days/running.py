"""Runs a partner's day: writes both sides to Parquet, matches them, stores what came of it.

The matching holds no transaction and no lock: a run that another one or a close has overtaken is
refused, and may be asked for again. What it stores, it stores whole.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from services.core.clock import Clock
from services.core.errors import Contended, Refused
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.reconciliation.days import store
from services.reconciliation.days.store import Counts, Day
from services.reconciliation.matching.names import BackendName
from services.reconciliation.matching.rules import RuleBook
from services.reconciliation.replacing.store import count_replaced, hold_off_replacing

log = structlog.get_logger()

AfterRun = Callable[[Connection, str, date], Awaitable[Sequence[Outgoing]]]
"""What follows from new pairs of a partner's day, in their transaction; returns its messages."""


GivesFile = Callable[[str, date], bool]
"""Whether a partner gives a file of a day: a bank has none of a holiday."""


class FileMissing(Refused):
    """A day is to be run before the partner has given a file."""


class RunOvertaken(Contended):
    """Another run of the partner, the close of the day, or a replaced file came between."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What matches, by which rules, and where it keeps files in the making (empty: the machine's
    own folder for temporary files)."""

    rules: RuleBook
    name: BackendName = BackendName.DUCKDB
    spark_master: str = ""
    work: Path | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What a run has begun with: the day, and how often files of any partner were replaced and days
    of this one run. Runs of neighbouring days take the same rows."""

    before: Day
    replaced: int
    runs: int


@dataclass(frozen=True, slots=True)
class Ran:
    """A day after its run."""

    day: Day
    counts: Counts


class Running:
    """Runs days."""

    def __init__(
        self,
        units: Units,
        clock: Clock,
        choice: EngineChoice,
        after_run: AfterRun,
        gives_file: GivesFile = lambda _partner_id, _day: True,
    ) -> None:
        self._units = units
        self._clock = clock
        self._choice = choice
        self._after_run = after_run
        self._gives_file = gives_file

    async def run(self, partner_id: str, day: date) -> Ran:
        """Match what there is of the day. A closed day is told as it was closed.

        Raises `FileMissing`, `RunOvertaken`.
        """
        async with self._units.pool.acquire() as connection:
            before = await store.find_day(connection, partner_id, day)
            if before.state == "closed":
                return Ran(before, await store.count_day(connection, partner_id, day))
            is_needed = self._gives_file(partner_id, day)
            if is_needed and not await store.has_file_since(connection, partner_id, day):
                raise FileMissing(
                    f"No file of {partner_id[:80]!r} for {day} or later is imported: import it "
                    "first, with `kawase recon import`.",
                    partner_id=partner_id[:80],
                    day=day.isoformat(),
                )
            begun = Moment(
                before,
                await count_replaced(connection),
                await store.count_runs(connection, partner_id),
            )
        with tempfile.TemporaryDirectory(prefix="kawase-recon-", dir=self._choice.work) as folder:
            pairs = await self._match(partner_id, day, Path(folder))
            return await self._store(begun, pairs)

    async def read(self, partner_id: str, day: date) -> Ran:
        """A day as its last run has left it."""
        async with self._units.pool.acquire() as connection:
            found = await store.find_day(connection, partner_id, day)
            return Ran(found, await store.count_day(connection, partner_id, day))

    async def _match(self, partner_id: str, day: date, folder: Path) -> Path:
        """The pairs of the day, as a file of CSV."""
        started = time.monotonic()
        ours, theirs = folder / "ours.csv", folder / "theirs.csv"
        async with self._units.pool.acquire() as connection:
            await store.write_sides(connection, partner_id, day, ours, theirs)
        counts = await asyncio.to_thread(_match, self._choice, partner_id, day, folder)
        log.info(
            "day_matched",
            partner_id=partner_id,
            day=day.isoformat(),
            our_rows=counts[0],
            their_rows=counts[1],
            seconds=round(time.monotonic() - started, 2),
        )
        return folder / "pairs.csv"

    async def _store(self, begun: Moment, pairs: Path) -> Ran:
        before = begun.before
        partner_id, day = before.partner_id, before.day

        async def work(connection: Connection) -> Decided[Ran]:
            now = self._clock.now()
            # Rows of a file that was replaced meanwhile are no rows any more, and those that a run
            # of another day has matched are not to be matched once more.
            name = str(self._choice.name)
            is_first = (
                await hold_off_replacing(connection) == begun.replaced
                and await store.lock_runs(connection, partner_id)
                and await store.count_runs(connection, partner_id) == begun.runs
                and await store.begin_run(connection, before, name, now)
            )
            if not is_first:
                raise RunOvertaken(
                    f"The day {day} of {partner_id} was closed, or a day of it run, or a file "
                    "replaced, meanwhile: run it again.",
                    partner_id=partner_id,
                    day=day.isoformat(),
                )
            await store.replace_pairs(connection, partner_id, day, pairs)
            messages = await self._after_run(connection, partner_id, day)
            after = await store.find_day(connection, partner_id, day)
            counts = await store.count_day(connection, partner_id, day)
            return Decided(Ran(after, counts), messages)

        return (await self._units.write(work)).answer


def _match(choice: EngineChoice, partner_id: str, day: date, folder: Path) -> tuple[int, int]:
    """Match the sides in `folder` into its `pairs.csv`; returns their numbers of rows."""
    # With the first run, and aside: the engine's libraries would be half of the process's start.
    from services.reconciliation.days.sides import csv_to_parquet, pairs_to_csv
    from services.reconciliation.matching.backends import open_backend
    from services.reconciliation.matching.engine import Engine

    ours = csv_to_parquet(folder / "ours.csv", folder / "ours.parquet")
    theirs = csv_to_parquet(folder / "theirs.csv", folder / "theirs.parquet")
    work = folder / "work"
    engine = Engine(open_backend(choice.name, work, choice.spark_master), work)
    try:
        matched = engine.match(
            engine.read(folder / "ours.parquet"),
            engine.read(folder / "theirs.parquet"),
            choice.rules,
        )
        pairs_to_csv(matched.folder, partner_id, day, folder / "pairs.csv")
    finally:
        engine.close()
    return ours, theirs
