"""Watches for files that are late, and says so once for each."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.reconciliation.calendars import WATCHED, Overdue, overdue
from services.reconciliation.files import store
from services.reconciliation.partners import Partners

log = structlog.get_logger()

LOOK_SECONDS = 300.0
# A partner's day may be a day ahead of ours.
_MARGIN = timedelta(days=2)


class Watch:
    """Knows which files are late. `wanted`: formats by partner without which no day is closed."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        partners: Partners,
        wanted: Mapping[str, Sequence[str]],
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._partners = partners
        self._wanted = wanted
        self._told: frozenset[Overdue] = frozenset()

    async def overdue(self) -> list[Overdue]:
        """What is late now."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            given = await store.given_formats(connection, now.date() - WATCHED - _MARGIN)
        return list(overdue(self._partners, given, self._wanted, now))

    async def tell(self) -> None:
        """Say what is late and was not said yet."""
        found = await self.overdue()
        for late in found:
            if late not in self._told:
                log.warning(
                    "file_overdue",
                    partner_id=late.partner_id,
                    day=late.day.isoformat(),
                    formats=list(late.formats),
                    due_time=late.due_time.isoformat(),
                )
        self._told = frozenset(found)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.tell()
            except (asyncpg.PostgresError, OSError, TimeoutError) as error:
                log.warning("watch_failed", problem=str(error))
            await asyncio.sleep(LOOK_SECONDS)
