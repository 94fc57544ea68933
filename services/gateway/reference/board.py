"""The copy of all reference data that each process holds in memory."""

import asyncio
from contextlib import suppress

import asyncpg
import structlog

from services.gateway.reference import Reference
from services.gateway.reference.store import CHANNEL, read_reference
from services.kit.postgres import POSTGRES_AWAY, Connection

log = structlog.get_logger()

POLL_SECONDS = 15.0
RETRY_SECONDS = 0.5


class ReferenceBoard:
    """Holds the newest `Reference` known to this process."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._changed = asyncio.Event()
        self._loading = asyncio.Lock()
        self.current = Reference()

    async def load(self) -> Reference:
        """Read all reference data now. Raises what asyncpg raises."""
        async with self._pool.acquire() as connection:
            return await self._load(connection)

    async def _load(self, connection: Connection) -> Reference:
        # One load after the other: an older one must not replace a newer one.
        async with (
            self._loading,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            self.current = await read_reference(connection)
        return self.current

    async def run(self) -> None:
        """Follow changes for ever; goes on with what is known while Postgres is away."""
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await connection.add_listener(CHANNEL, self._hear)
                    try:
                        await self._follow(connection)
                    finally:
                        await connection.remove_listener(CHANNEL, self._hear)
            except (asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("reference_delayed", problem=repr(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, connection: Connection) -> None:
        while True:
            self._changed.clear()
            await self._load(connection)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._changed.wait()

    def _hear(self, *_notice: object) -> None:
        self._changed.set()
