"""The audit log on its way to the table, and when keys were last used: written many at a time.

Both are kept in memory for a moment, bounded. While the table cannot be written and the trail is
full, calls that are audited are refused rather than forgotten. A process that is killed loses at
most the last second; changes have journals of their own, in the transaction that makes them.
"""

import asyncio
from collections import deque
from contextlib import suppress
from datetime import datetime
from itertools import islice

import asyncpg
import structlog

from services.core.clock import Clock
from services.gateway.access.book import AuditEntry
from services.gateway.access.store import add_audit_entries, note_keys_used
from services.kit.postgres import POSTGRES_AWAY

log = structlog.get_logger()

TRAIL_LIMIT = 20_000
BATCH_LIMIT = 1_000
FLUSH_SECONDS = 0.5
USED_SECONDS = 60.0


class Trail:
    """What waits to be written."""

    def __init__(self, limit: int = TRAIL_LIMIT) -> None:
        self._limit = limit
        self._entries: deque[AuditEntry] = deque()
        self._used: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether audited calls have to be refused."""
        return len(self._entries) >= self._limit

    @property
    def waiting(self) -> tuple[AuditEntry, ...]:
        """What is not yet written, oldest first."""
        return tuple(self._entries)

    def note(self, entry: AuditEntry) -> None:
        """Keep `entry`: a call that was let in is written even past the limit."""
        self._entries.append(entry)

    def note_used(self, key_id: str) -> None:
        """Remember that a key was used; when, is told once for all of them."""
        self._used.add(key_id)

    async def write(self, pool: asyncpg.Pool) -> None:
        """Write all entries. Raises what asyncpg raises; what was not written stays."""
        while self._entries:
            batch = list(islice(self._entries, BATCH_LIMIT))
            async with pool.acquire() as connection:
                await add_audit_entries(connection, batch)
            for _ in batch:
                self._entries.popleft()

    async def write_used(self, pool: asyncpg.Pool, now: datetime) -> None:
        """Write that keys were used until `now`. Raises what asyncpg raises."""
        used, self._used = self._used, set()
        if used:
            async with pool.acquire() as connection:
                await note_keys_used(connection, sorted(used), now)


class Recorder:
    """Writes the trail for as long as the process lives."""

    def __init__(self, trail: Trail, pool: asyncpg.Pool, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock
        self._pool = pool

    async def run(self) -> None:
        """Write for ever; waits while Postgres is away."""
        loop = asyncio.get_running_loop()
        next_used = loop.time() + USED_SECONDS
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self._trail.write(self._pool)
                if loop.time() >= next_used:
                    next_used = loop.time() + USED_SECONDS
                    await self._trail.write_used(self._pool, self._clock.now())
            except (asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("audit_delayed", problem=repr(error))

    async def close(self) -> None:
        """Write what is left, if Postgres is there."""
        with suppress(asyncpg.PostgresError, *POSTGRES_AWAY):
            await self._trail.write(self._pool)
            await self._trail.write_used(self._pool, self._clock.now())
