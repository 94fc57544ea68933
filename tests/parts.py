"""Parts of a running service for tests: a pool, an outbox that sends, what came out of Kafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

from services.kit.kafka import Publisher, Record, Tail, Topics
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.unit import Units, no_crash
from tests.conftest import Database

WAIT_SECONDS = 15.0


@asynccontextmanager
async def running_units(
    service: str, database: Database, topics: Topics, reach: Callable[[str], None] = no_crash
) -> AsyncIterator[Units]:
    """Units of a service's process whose outbox sends to Kafka; the relay does not run."""
    pool = await open_pool(database.dsn(service), service, 4)
    publisher = Publisher(topics)
    await publisher.start()
    sender = OutboxSender(service, pool, publisher)
    sending = asyncio.create_task(sender.run())
    try:
        yield Units(pool, sender, reach)
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await publisher.stop()
        await pool.close()


@asynccontextmanager
async def watching(topics: Topics, *names: str) -> AsyncIterator[Tail]:
    """Everything that comes to the topics from now on."""
    tail = Tail(topics, names, from_beginning=False)
    await tail.start()
    try:
        yield tail
    finally:
        await tail.stop()


async def take_records(tail: Tail, count: int) -> list[Record]:
    """The next `count` records, or those that came within the time."""
    records: list[Record] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            while len(records) < count:
                records += await tail.take(count - len(records), wait_ms=200)
    return records


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until asking `condition` gives True. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def waiting(pool: asyncpg.Pool, count: int = 1) -> None:
    """Until `count` sessions of this database wait for others' locks. Raises TimeoutError."""

    async def are_waiting() -> bool:
        found: int = await pool.fetchval(
            "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return found >= count

    await eventually(are_waiting)
