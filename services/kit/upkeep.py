"""What is done to stored rows beside the work, a portion at a time, so that nothing waits."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from services.core.errors import KawaseError
from services.kit.postgres import POSTGRES_AWAY, Connection

log = structlog.get_logger()

EVERY_SECONDS = 60.0
PAUSE_SECONDS = 0.2


class Upkeep:
    """Has `work` do a portion of `what`, and the next while it says that rows were done."""

    def __init__(
        self, pool: asyncpg.Pool, what: str, work: Callable[[Connection], Awaitable[int]]
    ) -> None:
        self._pool = pool
        self._what = what
        self._work = work

    async def run(self) -> None:
        """Look for it, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                while rows := await self.step():
                    log.info("upkeep_done", what=self._what, rows=rows)
                    await asyncio.sleep(PAUSE_SECONDS)
            except (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("upkeep_waits", what=self._what, problem=str(error) or repr(error))

    async def step(self) -> int:
        """One portion; how many rows."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._work(connection)
