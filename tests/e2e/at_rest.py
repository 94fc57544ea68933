"""What lies on the disks of a house that has been stopped: every table and every topic, as text."""

from collections import defaultdict
from pathlib import Path

import asyncpg

from services.kit.kafka import DEAD_LETTERS, TOPICS, Tail, Topics
from services.kit.postgres import SERVICES
from services.sandbox.endpoints import Endpoints
from services.sandbox.stack import Stack
from tests.parts import rows_of, text_of

AT_ONCE = 1_000
QUIET_MS = 2_000


async def lying_in(directory: Path) -> dict[str, str]:
    """By place (`bridge.payouts`, `topic bridge.command`) what is there."""
    stack = Stack(directory, durable=False)
    endpoints = await stack.start()
    try:
        return await _tables(endpoints) | await _topics(endpoints)
    finally:
        await stack.stop()


async def _tables(endpoints: Endpoints) -> dict[str, str]:
    found: dict[str, str] = {}
    for service in SERVICES:
        path = {"search_path": service}
        connection = await asyncpg.connect(endpoints.postgres, server_settings=path)
        try:
            told = await rows_of(connection)
        finally:
            await connection.close()
        found |= {f"{service}.{table}": text for table, text in told.items()}
    return found


async def _topics(endpoints: Endpoints) -> dict[str, str]:
    topics = Topics(endpoints.kafka, "kawase", 1)
    tail = Tail(topics, [*TOPICS, DEAD_LETTERS], from_beginning=True)
    await tail.start()
    found: defaultdict[str, list[str]] = defaultdict(list)
    try:
        while records := await tail.take(AT_ONCE, QUIET_MS):
            for record in records:
                found[f"topic {record.topic}"] += [record.key, text_of(record.value or b"")]
    finally:
        await tail.stop()
    return {topic: "\n".join(texts) for topic, texts in found.items()}
