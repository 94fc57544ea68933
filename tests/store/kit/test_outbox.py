"""The outbox on Postgres and Kafka: gapless, in order, at least once whoever dies."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.kit.kafka import Topics
from services.kit.outbox import Outgoing, list_facts, parse_message_id
from services.kit.postgres import Connection
from services.kit.trace import follow
from services.kit.unit import Decided, Units
from tests.conftest import Database
from tests.parts import running_units, take_records, watching


class Crashed(BaseException):
    """The process is gone at this point."""


class CrashAt:
    """Crashes the first time `point` is reached."""

    def __init__(self, point: str) -> None:
        self._point = point

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._point = ""
            raise Crashed


def note(key: str, stripe: int = 7) -> Outgoing:
    return Outgoing("wallet.event", key, stripe, "FundsReserved", key.encode())


async def write(units: Units, *messages: Outgoing) -> None:
    async def work(_connection: Connection) -> Decided[None]:
        return Decided(None, messages)

    committed = await units.write(work)
    assert committed.acknowledged is not None
    await committed.acknowledged


async def test_messages_arrive_in_order_with_gapless_ids(
    database: Database, topics: Topics
) -> None:
    async with (
        running_units("wallet", database, topics) as units,
        watching(topics, "wallet.event") as tail,
    ):
        for number in range(3):
            await write(units, note(f"a{number}"), note(f"b{number}"))
        records = await take_records(tail, 6)

    assert [record.key for record in records] == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert [parse_message_id(record.message_id) for record in records] == [
        ("wallet", 7, sequence) for sequence in range(1, 7)
    ]
    assert {record.type for record in records} == {"FundsReserved"}


async def test_two_processes_share_a_stripe_without_gap_or_double(
    database: Database, topics: Topics
) -> None:
    async with (
        running_units("wallet", database, topics) as one,
        running_units("wallet", database, topics) as other,
    ):
        await asyncio.gather(
            *(
                write(units, note(f"{n}", 5), note(f"{n}", 3))
                for n in range(40)
                for units in (one, other)
            )
        )
        async with one.pool.acquire() as connection:
            facts = await list_facts(connection, "wallet.event", 5, 0, 1000)

    assert [fact.sequence for fact in facts] == list(range(1, 81))


async def test_a_rolled_back_unit_takes_no_sequence(database: Database, topics: Topics) -> None:
    async with running_units("wallet", database, topics, CrashAt("before_commit")) as units:
        with pytest.raises(Crashed):
            await write(units, note("lost"))
        await write(units, note("kept"))
        async with units.pool.acquire() as connection:
            facts = await list_facts(connection, "wallet.event", 7, 0, 10)

    assert [(fact.sequence, fact.key) for fact in facts] == [(1, "kept")]


async def test_a_relay_sends_what_a_dead_process_left_behind(
    database: Database, topics: Topics
) -> None:
    async with watching(topics, "wallet.event") as tail:
        async with running_units("wallet", database, topics, CrashAt("after_commit")) as dying:
            with pytest.raises(Crashed):
                await write(dying, note("left"), note("behind"))
        async with running_units("wallet", database, topics) as heir:
            assert await heir.sender.relay_once(after=timedelta(0)) == 1
            assert await heir.sender.relay_once(after=timedelta(0)) == 0
        records = await take_records(tail, 2)

    assert [record.key for record in records] == ["left", "behind"]
    assert records[0].message_id == "wallet/7/1"


async def test_flights_are_forgotten_once_they_have_landed(
    database: Database, topics: Topics
) -> None:
    async with running_units("wallet", database, topics) as units:
        for number in range(5):
            await write(units, note(f"{number}"))
        flights = await units.pool.fetchval("SELECT count(*) FROM outbox_flights")

    assert flights == 1


async def test_a_unique_violation_repeats_the_unit(database: Database, topics: Topics) -> None:
    runs = []

    async def work(_connection: Connection) -> Decided[str]:
        runs.append(1)
        if len(runs) < 3:
            raise asyncpg.UniqueViolationError("somebody was faster")
        return Decided("done")

    async with running_units("wallet", database, topics) as units:
        committed = await units.write(work)

    assert committed.answer == "done"
    assert len(runs) == 3


async def test_a_service_may_not_change_or_delete_what_it_said(
    database: Database, topics: Topics
) -> None:
    async with running_units("wallet", database, topics) as units:
        await write(units, note("said"))
        for statement in ("UPDATE outbox SET payload = ''", "DELETE FROM outbox"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await units.pool.execute(statement)


async def test_a_service_cannot_read_anothers_tables(database: Database, topics: Topics) -> None:
    async with running_units("wallet", database, topics) as units:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await units.pool.fetch("SELECT * FROM gateway.outbox")


async def test_a_trace_arrives_with_its_message_also_by_the_relay(
    database: Database, topics: Topics
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with (
        running_units("wallet", database, topics) as units,
        running_units("wallet", database, topics, CrashAt("after_commit")) as crashing,
        watching(topics, "wallet.event") as tail,
    ):
        follow(trace)
        traced = note("a")
        follow("")
        await write(units, traced, note("b"))
        with pytest.raises(Crashed):
            await write(crashing, replace(traced, key="c"))
        assert await units.sender.relay_once(timedelta()) >= 1
        records = await take_records(tail, 3)

    assert {record.key: record.trace for record in records} == {"a": trace, "b": "", "c": trace}
