"""Messages are dropped by age: only what nobody waits for, and whoever asks is told."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from services.kit.kafka import Topics
from services.kit.keeping import OutboxKeeper
from services.kit.outbox import FactsDropped, Outgoing, list_facts
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from tests.conftest import Database
from tests.parts import eventually, running_units

KEEP = timedelta(days=30)
FACT, COMMAND = "wallet.event", "wallet.command"
STRIPE = 7


@pytest.fixture
async def units(database: Database, topics: Topics) -> AsyncIterator[Units]:
    """A wallet that has sent five facts and, as its fourth message, a command."""
    async with running_units("wallet", database, topics) as made:

        async def work(_connection: Connection) -> Decided[None]:
            sent = (FACT, FACT, FACT, COMMAND, FACT, FACT)
            return Decided(None, [Outgoing(topic, "k", STRIPE, "T", b"x") for topic in sent])

        await made.write(work)

        async def has_landed() -> bool:
            return not await made.pool.fetchval("SELECT count(*) FROM outbox_flights")

        await eventually(has_landed)
        yield made


async def age(database: Database, through: int, days: int = 31) -> None:
    """Messages up to a sequence are that old."""
    owner = await asyncpg.connect(database.owner)
    await owner.execute(
        "UPDATE wallet.outbox SET create_time = now() - $1::interval WHERE sequence <= $2",
        timedelta(days=days),
        through,
    )
    await owner.close()


async def left(units: Units) -> list[int]:
    rows = await units.pool.fetch("SELECT sequence FROM outbox ORDER BY stripe, sequence")
    return [row["sequence"] for row in rows]


async def asked(units: Units, after: int, topic: str = FACT) -> list[int]:
    """The facts that are given after a sequence."""
    async with units.pool.acquire() as connection:
        return [fact.sequence for fact in await list_facts(connection, topic, STRIPE, after, 100)]


async def test_what_is_too_old_is_dropped_in_portions_and_whoever_misses_it_is_told(
    units: Units, database: Database
) -> None:
    keeper = OutboxKeeper(units.pool, KEEP, portion=2)
    assert await keeper.step() == 0
    await age(database, 4)
    assert [await keeper.step() for _ in range(3)] == [2, 2, 0]
    assert await left(units) == [5, 6]

    for after in (0, 2):
        with pytest.raises(FactsDropped):
            await asked(units, after)
    # The fourth message was no fact: who has the third has missed nothing.
    assert await asked(units, 3) == [5, 6]
    assert await asked(units, 4, COMMAND) == []
    with pytest.raises(FactsDropped):
        await asked(units, 3, COMMAND)


async def test_what_may_not_be_in_kafka_is_kept_however_old_it_is(
    units: Units, database: Database
) -> None:
    await age(database, 6)
    await units.pool.execute(
        "INSERT INTO outbox_flights (stripes, first_sequences, last_sequences) "
        "VALUES ('{3,7}', '{1,3}', '{1,4}')"
    )

    assert await OutboxKeeper(units.pool, KEEP).step() == 2
    assert await left(units) == [3, 4, 5, 6]


async def test_what_a_service_has_not_read_itself_is_kept(units: Units, database: Database) -> None:
    await age(database, 6)

    async def read_so_far(_connection: Connection) -> dict[int, int]:
        return {STRIPE: 4, STRIPE + 1: 0}

    assert await OutboxKeeper(units.pool, KEEP, read_so_far).step() == 4
    assert await left(units) == [5, 6]


async def test_a_login_takes_no_message_away_but_by_age(units: Units, database: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await units.pool.execute("DELETE FROM outbox")
    await age(database, 6)
    with pytest.raises(asyncpg.RaiseError):
        await OutboxKeeper(units.pool, timedelta(hours=1)).step()
    assert len(await left(units)) == 6
