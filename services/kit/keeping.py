"""Drops by age, so that a table grows to its keep time and no further; messages of an outbox first.

The keep time is how long a copy of a service's facts may be away. Within it, whatever Kafka loses
is fetched from the owner; who is away for longer is told that facts are gone (`FactsDropped`), and
begins again from a backup or from another service's copy. What a service has not sent, or not read
of its own messages, is kept however old it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import asyncpg
import structlog

from services.kit.outbox import drop_old
from services.kit.postgres import POSTGRES_AWAY, Connection

log = structlog.get_logger()

EVERY_SECONDS = 60.0
# Of each stripe in one transaction.
PORTION = 500
PAUSE_SECONDS = 0.2

ReadSoFar = Callable[[Connection], Awaitable[Mapping[int, int]]]
"""Per stripe, how far a service has read its own messages; stripes it does not read are left out.
"""


async def reads_nothing(_connection: Connection) -> Mapping[int, int]:
    """Of a service that does not read its own messages."""
    return {}


class AgeKeeper:
    """Has `drop` take what is too old, a portion of `what` at a time: it says how many rows."""

    def __init__(
        self, pool: asyncpg.Pool, what: str, drop: Callable[[Connection], Awaitable[int]]
    ) -> None:
        self._pool = pool
        self._what = what
        self._drop = drop

    async def run(self) -> None:
        """Drop what is too old, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                while dropped := await self.step():
                    log.info("old_rows_dropped", what=self._what, rows=dropped)
                    await asyncio.sleep(PAUSE_SECONDS)
            except (asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("keeping_waits", what=self._what, problem=str(error) or repr(error))

    async def step(self) -> int:
        """Drop one portion; how many rows."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._drop(connection)


class OutboxKeeper(AgeKeeper):
    """Keeps the messages of a service for `keep`, at least a day."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        keep: timedelta,
        read_so_far: ReadSoFar = reads_nothing,
        portion: int = PORTION,
    ) -> None:
        async def drop(connection: Connection) -> int:
            return await drop_old(connection, keep, portion, await read_so_far(connection))

        super().__init__(pool, "messages", drop)
