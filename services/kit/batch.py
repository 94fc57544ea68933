"""The consumer loop: take what is there, handle it as one unit, publish, then commit offsets.

A batch that fails by its content is halved until the message that breaks it stands alone; that one
goes to the dead-letter topic with its reason. Too many of them stop the consumer, because sending
everything there after a bad deploy is worse than standing still. A message from a newer peer stops
it at once. While Postgres or Kafka is away the batch waits and is tried again, for ever; one whose
rows stay contended is halved as well, because no other writer keeps colliding for so long.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from services.core.errors import Contended, Unavailable
from services.kit.kafka import GroupConsumer, KafkaAway, Record
from services.kit.outbox import Outgoing
from services.kit.pace import pace
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.trace import follow
from services.kit.unit import Committed, Decided, Units

log = structlog.get_logger()

BATCH_LIMIT = 500
COMMIT_EVERY_SECONDS = 0.2
RETRY_SECONDS = 0.5
# Dead letters in a row without a message that was handled, and in all since the start.
DEAD_IN_A_ROW_LIMIT = 20
DEAD_LIMIT = 200
DEAD_LETTER_STRIPE = 63
# Of a unit, which has its own runs, before a collision is held to be the messages' own.
CONTENDED_TRIES = 10

AWAY = (KafkaAway, Unavailable, Contended, *POSTGRES_AWAY)
"""What waiting helps against."""


class UnknownMessage(Exception):
    """A message of a kind this version does not know: a newer peer is speaking."""


class TooManyDeadLetters(Exception):
    """The consumer has given up: more messages fail than a few bad ones would explain."""


T = TypeVar("T")
A = TypeVar("A")
Handle = Callable[[Connection, Sequence[Record]], Awaitable[Decided[T]]]


class BatchConsumer(Generic[T]):
    """Runs `handle` over a consumer group's records, a batch at a time.

    `handle` reads, decides and stores within the connection's transaction, and may be run again.
    `after_commit` is handed the answer of the run that is durable, and no other, before its
    messages are acknowledged.
    """

    def __init__(
        self,
        name: str,
        consumer: GroupConsumer,
        units: Units,
        handle: Handle[T],
        after_commit: Callable[[T], None] = lambda _answer: None,
        contended_tries: int = CONTENDED_TRIES,
    ) -> None:
        self._name = name
        self._consumer = consumer
        self._units = units
        self._handle = handle
        self._after_commit = after_commit
        self._contended_tries = contended_tries
        self._next: dict[tuple[str, int], int] = {}
        self._committed_at = 0.0
        self._dead = 0
        self._dead_in_a_row = 0

    async def run(self) -> None:
        """Consume for ever. `UnknownMessage` and `TooManyDeadLetters` end it, and the process."""
        try:
            await self._start()
            while True:
                await self.step()
        finally:
            await self._commit_quietly()
            await self._consumer.stop()

    async def _start(self) -> None:
        while True:
            try:
                return await self._consumer.start()
            except KafkaAway as error:
                log.warning("consumer_waits", consumer=self._name, problem=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def step(self) -> None:
        """Take and handle one batch."""
        try:
            records = await self._consumer.take(BATCH_LIMIT)
        except KafkaAway as error:
            log.warning("consumer_waits", consumer=self._name, problem=str(error))
            await asyncio.sleep(RETRY_SECONDS)
            return
        if records:
            began = time.monotonic()
            await self._handle_all(records)
            for record in records:
                self._next[record.topic, record.partition] = record.offset + 1
            await pace(began, len(records))
        if time.monotonic() - self._committed_at >= COMMIT_EVERY_SECONDS:
            await self._commit_quietly()

    async def _handle_all(self, records: Sequence[Record]) -> None:
        try:
            await self._handle_until_possible(records)
            self._dead_in_a_row = 0
        except UnknownMessage:
            raise
        except Exception as error:
            if len(records) == 1:
                return await self._bury(records[0], error)
            log.warning("batch_halved", consumer=self._name, size=len(records), problem=repr(error))
            middle = len(records) // 2
            await self._handle_all(records[:middle])
            await self._handle_all(records[middle:])

    async def _handle_until_possible(self, records: Sequence[Record]) -> None:
        committed = await self._write_until_possible(
            lambda c: self._handle(c, records), self._contended_tries
        )
        # The handler has followed one message after the other.
        follow("")
        self._after_commit(committed.answer)
        if committed.acknowledged is not None:
            await committed.acknowledged
        self._units.reach("after_publish")

    async def _write_until_possible(
        self, work: Callable[[Connection], Awaitable[Decided[A]]], contended_tries: int = 0
    ) -> Committed[A]:
        """`contended_tries`: how often contention is waited for; zero: for ever."""
        contended = 0
        while True:
            try:
                return await self._units.write(work)
            except AWAY as error:
                contended += isinstance(error, Contended)
                if contended and contended == contended_tries:
                    raise
                log.warning("batch_waits", consumer=self._name, problem=repr(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _bury(self, record: Record, error: Exception) -> None:
        self._dead += 1
        self._dead_in_a_row += 1
        place = f"{record.topic}/{record.partition}/{record.offset}"
        log.error(
            "message_buried",
            consumer=self._name,
            place=place,
            message_id=record.message_id,
            message_type=record.type,
            problem=repr(error),
            exc_info=error,
        )
        if self._dead > DEAD_LIMIT or self._dead_in_a_row > DEAD_IN_A_ROW_LIMIT:
            raise TooManyDeadLetters(f"{self._name} has buried {self._dead} messages: {error!r}")
        letter = Outgoing(
            *("dead.letter", record.key, DEAD_LETTER_STRIPE, f"{self._name}:{place}"),
            *(record.value, record.trace),
        )

        async def bury(_connection: Connection) -> Decided[None]:
            return Decided(None, [letter])

        await self._write_until_possible(bury)

    async def _commit_quietly(self) -> None:
        self._committed_at = time.monotonic()
        if not self._next:
            return
        try:
            await self._consumer.commit(self._next)
            self._next = {}
        except KafkaAway as error:
            # The records come again, which every handler puts up with.
            log.warning("offsets_not_committed", consumer=self._name, problem=str(error))
