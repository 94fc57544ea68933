"""The rate desk: publishes a sheet when one is due, and at once when a spread changes.

Publishers of all fx processes take turns by the outbox row of the sheets' stripe, which is locked
first: a sheet never carries spreads older than those of the sheet before it. Without a usable
source nothing is published; the last sheet stays in force until it expires.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import Contended, Unavailable
from services.core.ids import stripe_of
from services.core.sheet import RateSheet
from services.fx.domain import EuroRates, SpreadChange, make_sheet, sheet_due
from services.fx.sources.chain import SourceChain
from services.fx.store import insert_sheet, newest_sheet, read_spreads, write_spread
from services.kit.outbox import Outgoing, take_sequences
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.sheets import KEY, TOPIC, encode_sheet
from services.kit.unit import Decided, Units

log = structlog.get_logger()

STRIPE = stripe_of(KEY)
# Machine time: how often the clock is looked at, how long failed sources are left alone, and how
# long an operator's order waits for Kafka.
LOOK_SECONDS = 0.5
RETRY_SECONDS = 5.0
SENT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SheetTerms:
    """What sheets are made with."""

    currencies: tuple[str, ...]
    life: timedelta
    every: timedelta


class RateDesk:
    """Publishes sheets for one process."""

    def __init__(self, clock: Clock, units: Units, chain: SourceChain, terms: SheetTerms) -> None:
        self._clock = clock
        self._units = units
        self._terms = terms
        self._fetching = asyncio.Lock()
        self.chain = chain

    async def newest(self) -> RateSheet | None:
        """The last sheet of any process, valid or not."""
        return await newest_sheet(self._units.pool)

    async def publish(self, change: SpreadChange | None = None) -> RateSheet:
        """Store and send a fresh sheet, and with it a checked change of a spread, or neither.

        Raises `NoSourceUsable`, `KafkaBacklog`, `RowsContended`.
        """
        async with self._fetching:
            rates = await self.chain.fetch(self._clock.now())
        now = self._clock.now()

        async def work(connection: Connection) -> Decided[RateSheet]:
            return await self._write(connection, rates, change, now)

        committed = await self._units.write(work)
        sheet = committed.answer
        if change is not None and committed.acknowledged is not None:
            # Who orders a spread prices with it next. With Kafka away the sheet follows later.
            await asyncio.wait([committed.acknowledged], timeout=SENT_SECONDS)
        log.info(
            "sheet_published",
            sheet_id=sheet.sheet_id,
            source=sheet.source,
            source_time=sheet.source_time.isoformat(),
            expire_time=sheet.expire_time.isoformat(),
        )
        return sheet

    async def _write(
        self,
        connection: Connection,
        rates: EuroRates,
        change: SpreadChange | None,
        now: datetime,
    ) -> Decided[RateSheet]:
        firsts = await take_sequences(connection, {STRIPE: 1})
        if change is not None:
            await write_spread(connection, change, now)
        spreads = await read_spreads(connection)
        sheet = make_sheet(rates, self._terms.currencies, spreads, now, self._terms.life)
        await insert_sheet(connection, firsts[STRIPE], sheet)
        payload = encode_sheet(sheet).SerializeToString()
        return Decided(sheet, [Outgoing(TOPIC, KEY, STRIPE, "RateSheet", payload)], firsts)

    async def step(self) -> bool:
        """Publish if a sheet is due; whether one may be priced from now."""
        newest = await self.newest()
        now = self._clock.now()
        if sheet_due(newest, now, self._terms.every):
            newest = await self.publish()
        return newest is not None and newest.valid_at(now)

    async def run(self, tell: Callable[[bool], Awaitable[None]]) -> None:
        """Keep a valid sheet published, for ever; tells whether there is one when that changes."""
        told: bool | None = None
        while True:
            pause = LOOK_SECONDS
            try:
                valid = await self.step()
            except _RETRIED as error:
                log.warning("sheet_not_published", problem=str(error) or repr(error))
                valid = await self._still_valid()
                pause = RETRY_SECONDS
            if valid != told:
                await tell(valid)
                told = valid
            await asyncio.sleep(pause)

    async def _still_valid(self) -> bool:
        try:
            newest = await self.newest()
        except _RETRIED:
            return False
        return newest is not None and newest.valid_at(self._clock.now())


_RETRIED = (Unavailable, Contended, asyncpg.PostgresError, *POSTGRES_AWAY)
