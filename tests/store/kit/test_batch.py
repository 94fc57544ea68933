"""The consumer loop: one effect per message, poison set aside in sight, a newer peer stops it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import pytest

from services.kit import batch
from services.kit.batch import BatchConsumer, TooManyDeadLetters, UnknownMessage
from services.kit.kafka import GroupConsumer, Record, Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from tests.conftest import Database
from tests.parts import running_units, take_records, watching


async def send(units: Units, *keys: str) -> None:
    """Put a command for each key on wallet.command."""

    async def work(_connection: Connection) -> Decided[None]:
        return Decided(None, [Outgoing("wallet.command", key, 1, "Test", b"x") for key in keys])

    committed = await units.write(work)
    assert committed.acknowledged is not None
    await committed.acknowledged


async def echo(_connection: Connection, records: Sequence[Record]) -> Decided[None]:
    """Answer each message; fail on poison, stop on news."""
    if any(record.key.startswith("poison") for record in records):
        raise ValueError("poison")
    if any(record.key == "news" for record in records):
        raise UnknownMessage("field 99")
    return Decided(None, [Outgoing("wallet.event", r.key, 2, "Echo", b"y") for r in records])


def consumer(units: Units, topics: Topics) -> BatchConsumer[None]:
    return BatchConsumer("wallet", GroupConsumer(topics, "wallet", ["wallet.command"]), units, echo)


async def test_each_message_is_answered(database: Database, topics: Topics) -> None:
    async with (
        running_units("wallet", database, topics) as units,
        watching(topics, "wallet.event") as tail,
    ):
        await send(units, "a", "b", "c")
        running = asyncio.create_task(consumer(units, topics).run())
        records = await take_records(tail, 3)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert [record.key for record in records] == ["a", "b", "c"]


async def test_a_message_that_breaks_its_batch_is_set_aside_and_the_others_go_on(
    database: Database, topics: Topics
) -> None:
    async with (
        running_units("wallet", database, topics) as units,
        watching(topics, "wallet.event") as tail,
        watching(topics, "dead.letter") as dead,
    ):
        await send(units, "a", "b", "poison", "c", "d")
        running = asyncio.create_task(consumer(units, topics).run())
        records = await take_records(tail, 4)
        letters = await take_records(dead, 1)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert [record.key for record in records] == ["a", "b", "c", "d"]
    assert [letter.key for letter in letters] == ["poison"]
    assert letters[0].value == b"x"


async def test_only_the_answer_of_the_durable_run_is_handed_over(
    database: Database, topics: Topics
) -> None:
    runs: list[int] = []
    durable: asyncio.Queue[int] = asyncio.Queue()

    async def handle(_connection: Connection, _records: Sequence[Record]) -> Decided[int]:
        runs.append(len(runs))
        if len(runs) == 1:
            raise asyncpg.UniqueViolationError("somebody was faster")
        return Decided(runs[-1])

    async with running_units("wallet", database, topics) as units:
        await send(units, "a")
        group = GroupConsumer(topics, "wallet", ["wallet.command"])
        looping = BatchConsumer("wallet", group, units, handle, durable.put_nowait)
        running = asyncio.create_task(looping.run())
        assert await durable.get() == 1
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert runs == [0, 1]


async def test_too_many_dead_letters_stop_the_consumer(database: Database, topics: Topics) -> None:
    async with running_units("wallet", database, topics) as units:
        await send(units, *(f"poison{n}" for n in range(batch.DEAD_IN_A_ROW_LIMIT + 1)))
        with pytest.raises(TooManyDeadLetters):
            await consumer(units, topics).run()


async def test_a_message_of_a_newer_peer_stops_the_consumer(
    database: Database, topics: Topics
) -> None:
    async with running_units("wallet", database, topics) as units:
        await send(units, "news")
        with pytest.raises(UnknownMessage):
            await consumer(units, topics).run()


async def test_a_message_that_always_collides_is_set_aside_and_the_others_go_on(
    database: Database, topics: Topics
) -> None:
    async def handle(connection: Connection, records: Sequence[Record]) -> Decided[None]:
        if any(record.key == "poison" for record in records):
            raise asyncpg.UniqueViolationError("there already")
        return await echo(connection, records)

    async with (
        running_units("wallet", database, topics) as units,
        watching(topics, "wallet.event") as tail,
        watching(topics, "dead.letter") as dead,
    ):
        await send(units, "a", "poison", "b")
        group = GroupConsumer(topics, "wallet", ["wallet.command"])
        looping = BatchConsumer("wallet", group, units, handle, contended_tries=1)
        running = asyncio.create_task(looping.run())
        records = await take_records(tail, 2)
        letters = await take_records(dead, 1)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert [record.key for record in records] == ["a", "b"]
    assert [letter.key for letter in letters] == ["poison"]
