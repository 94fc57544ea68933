"""Waits for a message of one payment on the topics, without taking part in any group."""

import asyncio

from services.kit.kafka import KafkaAway, Tail, Topics
from services.sandbox.chaos.moments import Moment

TAKE_LIMIT = 500


class MomentWatch:
    """Sees the messages that are sent from now on."""

    def __init__(self, topics: Topics, moments: tuple[Moment, ...]) -> None:
        self._tail = Tail(topics, sorted({moment.topic for moment in moments}), False)

    async def start(self) -> None:
        """Raises KafkaAway."""
        await self._tail.start()

    async def stop(self) -> None:
        await self._tail.stop()

    async def wait_for(self, moment: Moment, mark: str, seconds: float) -> bool:
        """Wait for a message of the moment whose key or content holds `mark`.

        False when it does not come within `seconds`.
        """
        wanted = mark.encode()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for record in await self._tail.take(TAKE_LIMIT, wait_ms=100):
                        same = (record.topic, record.type) == (moment.topic, moment.type)
                        if same and (mark in record.key or wanted in record.value):
                            return True
        except (TimeoutError, KafkaAway):
            return False
