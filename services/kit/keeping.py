"""Drops messages by age, so that an outbox grows to its keep time and no further.

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


class OutboxKeeper:
    """Keeps the messages of a service for `keep`, at least a day."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        keep: timedelta,
        read_so_far: ReadSoFar = reads_nothing,
        portion: int = PORTION,
    ) -> None:
        self._pool = pool
        self._keep = keep
        self._read_so_far = read_so_far
        self._portion = portion

    async def run(self) -> None:
        """Drop what is too old, for ever, a portion at a time."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                while dropped := await self.step():
                    log.info("messages_dropped", messages=dropped)
                    await asyncio.sleep(PAUSE_SECONDS)
            except (asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("outbox_keeping_waits", problem=str(error) or repr(error))

    async def step(self) -> int:
        """Drop one portion; how many messages."""
        async with self._pool.acquire() as connection, connection.transaction():
            read = await self._read_so_far(connection)
            return await drop_old(connection, self._keep, self._portion, read)
