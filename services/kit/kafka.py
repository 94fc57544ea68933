"""Kafka: a publisher that sends a batch at a time, group consumers, tails, and topics.

Topics are `<prefix>.<name>.v1`. A record's partition is the stripe of its key modulo the partition
count, so that all records of a key stay in one partition; for wallet.command, which is keyed by
the funding account, that is a whole stripe of the ledger. Headers: `id` (see the outbox), `type`,
`traceparent` (see `trace`) where one is known.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from services.core.ids import stripe_of
from services.kit import trace

log = structlog.get_logger()

TOPICS = (
    "wallet.command",
    "wallet.event",
    "bridge.command",
    "bridge.event",
    "payment.event",
    "settlement.event",
    "reconciliation.event",
    "bridge.partner",
    "fx.rate",
)
COMPACTED = frozenset({"bridge.partner", "fx.rate"})
DEAD_LETTERS = "dead.letter"

REQUEST_MS = 10_000
SESSION_MS = 6_000
BATCH_BYTES = 1 << 20
REQUEST_BYTES = 4 << 20
# An answer comes with the first byte; this only bounds how often an idle consumer asks.
FETCH_WAIT_MS = 250
PUBLISH_SECONDS = 15.0


class KafkaAway(Exception):
    """Kafka did not take or give it now; trying again later may work."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message ready to be sent. `topic` is without prefix."""

    topic: str
    key: str
    type: str
    payload: bytes
    message_id: str
    trace: str = ""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """As Kafka carries them."""
        headers = [("id", self.message_id.encode()), ("type", self.type.encode())]
        if self.trace:
            headers.append((trace.HEADER, self.trace.encode()))
        return headers


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it came. `topic` is without prefix; what comes of headers may be empty."""

    topic: str
    partition: int
    offset: int
    key: str
    type: str
    message_id: str
    value: bytes
    trace: str = ""


class Topics:
    """Names with this deployment's prefix, and their creation."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int, replicas: int = 1) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self._partitions = partitions
        self._replicas = replicas

    def full(self, name: str) -> str:
        """`wallet.event` → `kawase.wallet.event.v1`."""
        return f"{self.prefix}.{name}.v1"

    def short(self, full_name: str) -> str:
        """The reverse of `full`."""
        return full_name[len(self.prefix) + 1 : -len(".v1")]

    async def ensure(self) -> None:
        """Make the topics that are missing. Raises `KafkaAway`."""
        wanted = [
            NewTopic(
                self.full(name),
                1 if name in COMPACTED else self._partitions,
                self._replicas,
                topic_configs={"cleanup.policy": "compact"} if name in COMPACTED else {},
            )
            for name in (*TOPICS, DEAD_LETTERS)
        ]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=REQUEST_MS)
        try:
            await admin.start()
            there = set(await admin.list_topics())
            if missing := [topic for topic in wanted if topic.name not in there]:
                with suppress(TopicAlreadyExistsError):
                    await admin.create_topics(missing, timeout_ms=REQUEST_MS)
                log.info("topics_created", topics=[topic.name for topic in missing])
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaAway(f"topics: {error!r}") from error
        finally:
            await admin.close()


async def _end(stopping: Coroutine[Any, Any, None], seconds: float) -> None:
    """Let a client end, whatever comes of it.

    In a task of its own: aiokafka's clients can end with a cancellation that nobody asked for.
    """
    task = asyncio.create_task(stopping)
    await asyncio.wait([task], timeout=seconds)
    if not task.done():
        task.cancel()
    elif not task.cancelled() and (error := task.exception()) is not None:
        log.warning("kafka_client_ended_badly", problem=repr(error))


class Publisher:
    """Sends messages, a batch per partition, acknowledged by all replicas.

    Idempotent while its producer lives; a producer that Kafka no longer knows is replaced.
    """

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect. Raises `KafkaAway`."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._topics.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=REQUEST_MS,
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise KafkaAway(f"producer: {error!r}") from error
        self._producer = producer

    async def stop(self) -> None:
        """Flush and disconnect; gives up after the request time-out."""
        if self._producer is not None:
            await _end(self._producer.stop(), PUBLISH_SECONDS)
            self._producer = None

    async def publish(self, messages: Sequence[Sealed]) -> None:
        """Send `messages` and wait for their acknowledgement; order per key is kept.

        Raises `KafkaAway` when not all of them were acknowledged: all may be sent again.
        """
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                if self._producer is None:
                    await self._topics.ensure()
                    await self.start()
                await self._publish(messages)
        except (KafkaError, OSError, TimeoutError) as error:
            # A fresh producer next time: an idempotent one does not survive lost sequences.
            producer, self._producer = self._producer, None
            if producer is not None:
                await _end(producer.stop(), 1.0)
            raise KafkaAway(f"publish: {error!r}") from error

    async def _publish(self, messages: Sequence[Sealed]) -> None:
        producer = self._producer
        assert producer is not None
        by_partition: dict[tuple[str, int], list[Sealed]] = {}
        counts: dict[str, int] = {}
        for message in messages:
            count = counts.get(message.topic)
            if count is None:
                full = self._topics.full(message.topic)
                count = counts[message.topic] = len(await producer.partitions_for(full))
            place = (message.topic, stripe_of(message.key) % count)
            by_partition.setdefault(place, []).append(message)
        acknowledged = []
        for (topic, partition), group in by_partition.items():
            acknowledged += await self._send_group(producer, topic, partition, group)
        await asyncio.gather(*acknowledged)

    async def _send_group(
        self, producer: AIOKafkaProducer, topic: str, partition: int, group: list[Sealed]
    ) -> list["asyncio.Future[object]"]:
        full = self._topics.full(topic)
        sent = []
        batch = producer.create_batch()
        for message in group:
            key = message.key.encode()
            headers = message.headers
            if batch.append(key=key, value=message.payload, timestamp=None, headers=headers):
                continue
            sent.append(await producer.send_batch(batch, full, partition=partition))
            batch = producer.create_batch()
            if not batch.append(key=key, value=message.payload, timestamp=None, headers=headers):
                raise ValueError(f"message {message.message_id} is larger than {BATCH_BYTES} bytes")
        sent.append(await producer.send_batch(batch, full, partition=partition))
        return sent


def read_record(topics: Topics, raw: object) -> Record:
    """An aiokafka record as ours."""
    headers = dict(raw.headers)  # type: ignore[attr-defined]
    return Record(
        topics.short(raw.topic),  # type: ignore[attr-defined]
        raw.partition,  # type: ignore[attr-defined]
        raw.offset,  # type: ignore[attr-defined]
        (raw.key or b"").decode(),  # type: ignore[attr-defined]
        headers.get("type", b"").decode(),
        headers.get("id", b"").decode(),
        raw.value or b"",  # type: ignore[attr-defined]
        headers.get(trace.HEADER, b"").decode("latin-1"),
    )


def open_consumer(topics: Topics, names: Iterable[str], **options: Any) -> AIOKafkaConsumer:
    """An aiokafka consumer with what ours have in common."""
    return AIOKafkaConsumer(
        *(topics.full(name) for name in names),
        bootstrap_servers=topics.bootstrap,
        enable_auto_commit=False,
        request_timeout_ms=REQUEST_MS,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        metadata_max_age_ms=5_000,
        max_partition_fetch_bytes=REQUEST_BYTES,
        **options,
    )


class Reader:
    """Hands out bounded batches of records."""

    def __init__(self, topics: Topics, consumer: AIOKafkaConsumer) -> None:
        self._topics = topics
        self._consumer = consumer

    async def start(self) -> None:
        """Begin reading; topics that are missing are made. Raises `KafkaAway`."""
        await self._topics.ensure()
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise KafkaAway(f"reader: {error!r}") from error

    async def stop(self) -> None:
        """End reading; whoever is in a group leaves it, so that the others go on at once."""
        await _end(self._consumer.stop(), PUBLISH_SECONDS)

    async def take(self, limit: int, wait_ms: int = 1000) -> list[Record]:
        """Up to `limit` records that are there; empty after `wait_ms`. Raises `KafkaAway`."""
        try:
            by_partition = await self._consumer.getmany(timeout_ms=wait_ms, max_records=limit)
        except (KafkaError, OSError) as error:
            raise KafkaAway(f"take: {error!r}") from error
        return [
            read_record(self._topics, raw) for records in by_partition.values() for raw in records
        ]


class GroupConsumer(Reader):
    """Takes part in a consumer group; commits lazily."""

    def __init__(
        self, topics: Topics, group: str, names: Iterable[str], instance: str = ""
    ) -> None:
        consumer = open_consumer(
            topics,
            names,
            group_id=f"{topics.prefix}.{group}",
            group_instance_id=f"{group}-{instance}" if instance else None,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 4,
        )
        super().__init__(topics, consumer)

    async def commit(self, offsets: dict[tuple[str, int], int]) -> None:
        """Commit next offsets per (topic, partition). Raises `KafkaAway`."""
        try:
            await self._consumer.commit(
                {
                    TopicPartition(self._topics.full(topic), partition): offset
                    for (topic, partition), offset in offsets.items()
                }
            )
        except (KafkaError, OSError) as error:
            raise KafkaAway(f"commit: {error!r}") from error

    async def lag(self) -> int:
        """Records of the assigned partitions that have not been taken."""
        total = 0
        for place in self._consumer.assignment():
            highwater = self._consumer.highwater(place)
            if highwater is not None:
                total += max(0, highwater - await self._consumer.position(place))
        return total


class Tail(Reader):
    """Reads all partitions of topics without a group: every process sees every record."""

    def __init__(self, topics: Topics, names: Iterable[str], from_beginning: bool) -> None:
        # Without a group every partition is ours, also those made later.
        where = "earliest" if from_beginning else "latest"
        super().__init__(topics, open_consumer(topics, names, auto_offset_reset=where))

    async def start(self) -> None:
        """Stand at the beginning or end of every partition. Raises `KafkaAway`."""
        await super().start()
        try:
            for place in self._consumer.assignment():
                await self._consumer.position(place)
        except (KafkaError, OSError) as error:
            raise KafkaAway(f"tail: {error!r}") from error
