"""The outbox: messages stored in the transaction that decides them, sent from memory after it.

A flight is what one transaction wrote. `OutboxSender` sends flights in the order of their commits,
waits for Kafka's acknowledgement and forgets them with the next write. A process that dies leaves
its flights in the table; any process's relay sends those older than `RELAY_AFTER`. So every message
reaches Kafka at least once, in order per key but for repeats, and consumers put up with repeats.

A message's id is `service/stripe/sequence`. Sequences are gapless per stripe, because the row that
counts them is locked until the writing transaction ends.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import structlog

from services.core.errors import Refused
from services.kit.kafka import KafkaAway, Publisher, Sealed
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.trace import current, made_of

log = structlog.get_logger()

RELAY_AFTER = timedelta(seconds=5)
RELAY_EVERY_SECONDS = 2.0
RELAY_FLIGHTS = 100
RETRY_SECONDS = 0.5
# Flights waiting for Kafka; past it writers are told that the service is unavailable.
FLIGHT_LIMIT = 1000
# How long an acknowledged flight waits for a next write before it is deleted on its own.
IDLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent: `topic` without the prefix (`wallet.event`), `stripe` 0 to 63.

    `trace` is what is followed where the message is made.
    """

    topic: str
    key: str
    stripe: int
    type: str
    payload: bytes
    trace: str = field(default_factory=current)


@dataclass(frozen=True, slots=True)
class Flight:
    """What one transaction put into the outbox."""

    flight_id: int
    messages: tuple[Sealed, ...]
    landed: tuple[int, ...]
    """Earlier flights that the same transaction has deleted."""


async def take_sequences(connection: Connection, counts: dict[int, int]) -> dict[int, int]:
    """Take `counts[stripe]` sequences of each stripe; returns the first one taken of each.

    Locks the stripes until the transaction ends, in stripe order: call it late, once.
    """
    rows = await connection.fetch(_TAKE, list(counts), list(counts.values()))
    return {row["stripe"]: row["last_sequence"] - counts[row["stripe"]] + 1 for row in rows}


_TAKE = """
WITH locked AS MATERIALIZED (
    SELECT stripe FROM outbox_stripes WHERE stripe = ANY ($1::smallint[]) ORDER BY stripe FOR UPDATE
)
UPDATE outbox_stripes AS s
SET last_sequence = s.last_sequence + wanted.amount
FROM unnest($1::smallint[], $2::int[]) AS wanted (stripe, amount)
JOIN locked USING (stripe)
WHERE s.stripe = wanted.stripe
RETURNING s.stripe, s.last_sequence
"""


def seal(service: str, messages: Sequence[Outgoing], firsts: dict[int, int]) -> list[Sealed]:
    """Number `messages` in order, per stripe from `firsts`."""
    following = dict(firsts)
    sealed = []
    for message in messages:
        sequence = following[message.stripe]
        following[message.stripe] = sequence + 1
        message_id = f"{service}/{message.stripe}/{sequence}"
        trace = message.trace or made_of(message.key)
        sealed.append(
            Sealed(message.topic, message.key, message.type, message.payload, message_id, trace)
        )
    return sealed


def parse_message_id(message_id: str) -> tuple[str, int, int]:
    """`wallet/12/345` → ("wallet", 12, 345). Raises ValueError."""
    service, stripe, sequence = message_id.split("/")
    return service, int(stripe), int(sequence)


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A row of the outbox, for those who fetch what they missed."""

    stripe: int
    sequence: int
    key: str
    type: str
    payload: bytes


async def read_last(connection: Connection, stripe: int) -> int:
    """The last sequence of a stripe. What is read afterwards lacks nothing up to it."""
    last: int | None = await connection.fetchval(
        "SELECT last_sequence FROM outbox_stripes WHERE stripe = $1", stripe
    )
    return last or 0


async def list_facts(
    connection: Connection, topic: str, stripe: int, after: int, limit: int
) -> list[StoredFact]:
    """Up to `limit` facts of a stripe after a sequence, in order; only those of `topic`.

    Raises `FactsDropped` where some of them were dropped by age.
    """
    rows = await connection.fetch(
        """
        SELECT stripe, sequence, key, type, payload FROM outbox
        WHERE stripe = $1 AND sequence > $2 AND topic = $3 ORDER BY sequence LIMIT $4
        """,
        stripe,
        after,
        topic,
        limit,
    )
    # Read after the facts: what is dropped in between may be told as gone, but never as nothing.
    dropped = await connection.fetchval(
        "SELECT last_sequence FROM outbox_drops WHERE stripe = $1 AND topic = $2", stripe, topic
    )
    if dropped is not None and after < dropped:
        raise FactsDropped(stripe, dropped)
    return [StoredFact(**dict(row)) for row in rows]


class FactsDropped(Refused):
    """Facts that are asked for are older than their owner keeps them."""

    def __init__(self, stripe: int, dropped: int) -> None:
        super().__init__(
            f"Facts of stripe {stripe} up to {dropped} have been dropped by age: begin from a "
            "backup, or from another copy.",
            stripe=str(stripe),
            dropped_sequence=str(dropped),
        )


async def drop_old(
    connection: Connection, keep: timedelta, most: int, read_so_far: Mapping[int, int]
) -> int:
    """Drop messages older than `keep`, up to `most` of each stripe; how many.

    Kept are those that may not be in Kafka yet, and those beyond what the service itself has read
    of a stripe.
    """
    dropped: int = await connection.fetchval(
        "SELECT drop_old_messages($1, $2, $3, $4)",
        keep,
        most,
        list(read_so_far),
        list(read_so_far.values()),
    )
    return dropped


class OutboxSender:
    """Stores messages in a caller's transaction, and sends the flights of this process."""

    def __init__(self, service: str, pool: asyncpg.Pool, publisher: Publisher) -> None:
        self._service = service
        self._pool = pool
        self._publisher = publisher
        self._queue: list[tuple[Flight, asyncio.Future[None]]] = []
        self._landed: set[int] = set()
        self._wake = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether Kafka has been away for so long that nothing more should be written."""
        return len(self._queue) >= FLIGHT_LIMIT

    async def put(
        self,
        connection: Connection,
        messages: Sequence[Outgoing],
        firsts: dict[int, int] | None = None,
    ) -> Flight | None:
        """Store `messages` within the caller's transaction; last statement before its commit.

        `firsts` are sequences already taken for them; without it they are taken here. After the
        commit give the flight to `send`.
        """
        if not messages:
            return None
        if firsts is None:
            firsts = await take_sequences(connection, Counter(m.stripe for m in messages))
        sealed = seal(self._service, messages, firsts)
        counts = Counter(m.stripe for m in messages)
        stripes = sorted(counts)
        landed = tuple(self._landed)
        flight_id = await connection.fetchval(
            _PUT,
            [message.stripe for message in messages],
            [int(entry.message_id.rpartition("/")[2]) for entry in sealed],
            [message.topic for message in messages],
            [message.key for message in messages],
            [message.type for message in messages],
            [message.payload for message in messages],
            [entry.trace for entry in sealed],
            stripes,
            [firsts[stripe] for stripe in stripes],
            [firsts[stripe] + counts[stripe] - 1 for stripe in stripes],
            landed,
        )
        return Flight(flight_id, tuple(sealed), landed)

    def send(self, flight: Flight) -> "asyncio.Future[None]":
        """Queue a committed flight; the future is done when Kafka has acknowledged it."""
        self._landed.difference_update(flight.landed)
        acknowledged = asyncio.get_running_loop().create_future()
        self._queue.append((flight, acknowledged))
        self._wake.set()
        return acknowledged

    async def run(self) -> None:
        """Send what is queued, for ever; tries again while Kafka is away."""
        while True:
            try:
                # Not `wait_for`: in Python 3.11 it can lose a cancellation.
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                await self._delete_landed()
                continue
            self._wake.clear()
            batch = list(self._queue)
            await self._send_until_acknowledged([m for flight, _ in batch for m in flight.messages])
            del self._queue[: len(batch)]
            for flight, acknowledged in batch:
                self._landed.add(flight.flight_id)
                if not acknowledged.done():
                    acknowledged.set_result(None)

    async def _send_until_acknowledged(self, messages: list[Sealed]) -> None:
        while True:
            try:
                return await self._publisher.publish(messages)
            except KafkaAway as error:
                log.warning("publish_delayed", messages=len(messages), problem=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _delete_landed(self) -> None:
        if landed := list(self._landed):
            with suppress(asyncpg.PostgresError, *POSTGRES_AWAY):
                await self._pool.execute(
                    "DELETE FROM outbox_flights WHERE flight_id = ANY ($1)", landed
                )
                self._landed.difference_update(landed)

    async def run_relay(self) -> None:
        """Send flights that their writer has left behind, for ever."""
        while True:
            await asyncio.sleep(RELAY_EVERY_SECONDS)
            try:
                while await self.relay_once() == RELAY_FLIGHTS:
                    pass
            except (KafkaAway, asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("relay_delayed", problem=str(error))

    async def relay_once(self, after: timedelta = RELAY_AFTER) -> int:
        """Send up to `RELAY_FLIGHTS` flights older than `after`; returns how many there were."""
        mine = {flight.flight_id for flight, _ in self._queue} | self._landed
        async with self._pool.acquire() as connection, connection.transaction():
            flights = await connection.fetch(_LEFT_BEHIND, after, list(mine), RELAY_FLIGHTS)
            if not flights:
                return 0
            messages: list[Sealed] = []
            for flight in flights:
                rows = await connection.fetch(
                    _FLIGHT_ROWS,
                    flight["stripes"],
                    flight["first_sequences"],
                    flight["last_sequences"],
                )
                messages += [
                    Sealed(
                        row["topic"],
                        row["key"],
                        row["type"],
                        row["payload"],
                        f"{self._service}/{row['stripe']}/{row['sequence']}",
                        row["trace"],
                    )
                    for row in rows
                ]
            await self._publisher.publish(messages)
            await connection.execute(
                "DELETE FROM outbox_flights WHERE flight_id = ANY ($1)",
                [flight["flight_id"] for flight in flights],
            )
        log.info("flights_relayed", flights=len(flights), messages=len(messages))
        return len(flights)


_PUT = """
WITH flight AS (
    INSERT INTO outbox_flights (stripes, first_sequences, last_sequences)
    VALUES ($8::smallint[], $9::bigint[], $10::bigint[]) RETURNING flight_id
), landed AS (
    DELETE FROM outbox_flights WHERE flight_id = ANY ($11::bigint[])
), stored AS (
    INSERT INTO outbox (stripe, sequence, topic, key, type, payload, trace)
    SELECT * FROM unnest(
        $1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[]
    )
)
SELECT flight_id FROM flight
"""
_LEFT_BEHIND = """
SELECT flight_id, stripes, first_sequences, last_sequences FROM outbox_flights
WHERE create_time < now() - $1::interval AND flight_id <> ALL ($2::bigint[])
ORDER BY flight_id LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_FLIGHT_ROWS = """
SELECT o.* FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS f (stripe, first, last)
JOIN outbox AS o ON o.stripe = f.stripe AND o.sequence BETWEEN f.first AND f.last
ORDER BY o.stripe, o.sequence
"""
