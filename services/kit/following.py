"""Follows a compacted topic from its beginning, so that a process always has the last of each key.

Kafka may come and go: the reading starts again from the beginning, and whoever reads puts up with
what it has seen before.
"""

import asyncio
from collections.abc import Callable

import structlog

from services.kit.kafka import KafkaAway, Record, Tail, Topics

log = structlog.get_logger()

TAKE_LIMIT = 100
RETRY_SECONDS = 0.5


async def follow(topics: Topics, topic: str, read: Callable[[list[Record]], None]) -> None:
    """Hand `read` every record of `topic`, for ever; it is also called where there was none."""
    while True:
        tail = Tail(topics, [topic], from_beginning=True)
        try:
            await tail.start()
            while True:
                read(await tail.take(TAKE_LIMIT))
        except KafkaAway as error:
            log.warning("following_waits", topic=topic, problem=str(error))
        finally:
            await tail.stop()
        await asyncio.sleep(RETRY_SECONDS)
