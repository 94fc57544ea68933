"""A unit of work: one Postgres transaction that reads, decides, stores, and writes its messages.

A unique violation, deadlock or serialisation failure rolls the unit back and runs it again from the
start: what was read is read again. So a work function has no effects but those on its connection.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg

from services.core.errors import Contended, Unavailable
from services.kit.outbox import OutboxSender, Outgoing
from services.kit.postgres import Connection

RUNS = 5
BACKOFF_SECONDS = 0.02
_REPEATABLE = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decided(Generic[T]):
    """What a work function hands back: an answer, and messages for the outbox.

    `firsts` are the sequences it has already taken for the messages, per stripe.
    """

    answer: T
    messages: Sequence[Outgoing] = ()
    firsts: dict[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """A unit that is durable. `acknowledged` is done when Kafka has its messages."""

    answer: T
    acknowledged: "asyncio.Future[None] | None"


@dataclass(slots=True)
class Companion:
    """Work that goes into somebody else's unit. `committed` says whether one has taken it along."""

    work: Callable[[Connection], Awaitable[None]]
    committed: bool = False


_COMPANION: ContextVar[Companion | None] = ContextVar("companion", default=None)


@contextmanager
def alongside(work: Callable[[Connection], Awaitable[None]]) -> Iterator[Companion]:
    """Within it, the first unit that this task commits also does `work`, in its transaction."""
    companion = Companion(work)
    token = _COMPANION.set(companion)
    try:
        yield companion
    finally:
        _COMPANION.reset(token)


class RowsContended(Contended):
    """Others kept changing the same rows."""


class KafkaBacklog(Unavailable):
    """Too many messages wait for Kafka."""


def no_crash(_point: str) -> None:
    """Production reaches every point and goes on."""


class Units:
    """Runs units of work for one process.

    `reach` is called at the points where a crash must not hurt, `before_commit` and `after_commit`;
    tests crash there.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        sender: OutboxSender,
        reach: Callable[[str], None] = no_crash,
    ) -> None:
        self.pool = pool
        self.sender = sender
        self.reach = reach

    async def write(self, work: Callable[[Connection], Awaitable[Decided[T]]]) -> Committed[T]:
        """Run `work` in a transaction, with its messages; repeat it when rows were contended.

        Raises `KafkaBacklog` when too many messages wait, `RowsContended` after `RUNS` runs, and
        whatever `work` raises; then nothing is stored.
        """
        if self.sender.is_full:
            raise KafkaBacklog("Kafka is away and the backlog is full; try again in a minute.")
        for run in range(RUNS):
            try:
                return await self._write_once(work)
            except _REPEATABLE:
                await asyncio.sleep(random.random() * BACKOFF_SECONDS * 2**run)  # noqa: S311
        raise RowsContended("Somebody else is changing the same thing; try again.")

    async def _write_once(
        self, work: Callable[[Connection], Awaitable[Decided[T]]]
    ) -> Committed[T]:
        companion = _COMPANION.get()
        if companion is not None and companion.committed:
            companion = None
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                decided = await work(connection)
                if companion is not None:
                    await companion.work(connection)
                flight = await self.sender.put(connection, decided.messages, decided.firsts)
                self.reach("before_commit")
            if companion is not None:
                companion.committed = True
            self.reach("after_commit")
            # Queued before anything else may run: flights go out in the order of their commits.
            acknowledged = self.sender.send(flight) if flight is not None else None
        return Committed(decided.answer, acknowledged)
