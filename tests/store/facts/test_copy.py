"""A copy of facts on Postgres: each once, gaps kept as rows and fetched from the owner."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.core.errors import Unavailable
from services.kit.facts.keeper import handle, read_copy
from services.kit.facts.owners import WALLET
from services.kit.kafka import Topics
from tests.conftest import Database
from tests.store.facts.parts import NOON, STRIPE, copying, record

FACT = "wallet.event"


async def test_a_fact_is_kept_as_it_was_sent(database: Database, topics: Topics) -> None:
    async with copying(database, topics) as copy:
        await copy.bring([record(1)])
        row = await copy.units.pool.fetchrow("SELECT * FROM facts")

    assert (row["source"], row["stripe"], row["sequence"]) == ("wallet", STRIPE, 1)
    assert (row["key"], row["type"]) == ("link-1", "FundsReserved")
    assert row["payload"] == record(1).value
    assert row["event_time"] == NOON


async def test_a_fact_that_cannot_be_read_is_kept_without_a_time(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        await copy.bring([record(1, payload=b"\xff\xff")])
        row = await copy.units.pool.fetchrow("SELECT * FROM facts")

    assert row["payload"] == b"\xff\xff"
    assert row["event_time"] is None


@pytest.mark.parametrize("message_id", ["", "wallet/5", "gateway/5/1", "wallet/64/1", "wallet/5/0"])
async def test_a_record_that_names_no_fact_is_refused(
    database: Database, topics: Topics, message_id: str
) -> None:
    async with copying(database, topics) as copy:
        with pytest.raises(ValueError):
            await copy.bring([record(1), replace(record(2), message_id=message_id)])

        assert await copy.sequences() == []


async def test_repeats_within_and_between_batches_are_kept_once(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        await copy.bring([record(2), record(1), record(2)])
        await copy.bring([record(1), record(3), record(2)])
        row = await copy.progress()

        assert await copy.sequences() == [1, 2, 3]
        assert (row["highest_sequence"], row["fact_count"]) == (3, 3)


async def test_two_processes_that_bring_the_same_facts_keep_them_once(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        batch = [record(n, stripe) for n in range(1, 30) for stripe in range(8)]
        await asyncio.gather(*(copy.bring(reversed(batch)) for _ in range(4)))

        assert await copy.units.pool.fetchval("SELECT count(*) FROM facts") == 29 * 8
        assert await copy.units.pool.fetchval("SELECT sum(fact_count) FROM fact_progress") == 232


async def test_a_gap_is_a_row_until_what_was_missing_comes(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        await copy.bring([record(1), record(6)])
        assert await copy.gaps() == [(2, 5)]
        await copy.bring([record(4)])
        assert await copy.gaps() == [(2, 3), (5, 5)]
        await copy.bring([record(5), record(3), record(2)])

        assert await copy.gaps() == []


async def test_a_gap_is_fetched_from_the_owner(database: Database, topics: Topics) -> None:
    async with copying(database, topics) as copy:
        await copy.wallet.write(*[FACT] * 6)
        await copy.bring([record(1), record(4), record(6)])
        await copy.fetcher.step()

        assert await copy.sequences() == [1, 2, 3, 4, 5, 6]
        assert await copy.gaps() == []
        assert copy.wallet.asked == [(STRIPE, 1), (STRIPE, 6)]


async def test_a_gap_is_left_alone_for_the_grace_time(database: Database, topics: Topics) -> None:
    async with copying(database, topics, grace=timedelta(hours=1)) as copy:
        await copy.wallet.write(*[FACT] * 3)
        await copy.bring([record(3)])
        await copy.fetcher.step()

        assert copy.wallet.asked == []
        assert await copy.gaps() == [(1, 2)]


async def test_a_gap_that_was_other_topics_closes_without_a_fact(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        await copy.wallet.write(FACT, "wallet.command", "bridge.command", FACT)
        await copy.bring([record(1), record(4)])
        await copy.fetcher.step()
        row = await copy.progress()

        assert await copy.sequences() == [1, 4]
        assert await copy.gaps() == []
        assert row["fact_count"] == 2
        copy.wallet.asked.clear()
        await copy.fetcher.step()
        assert copy.wallet.asked == []


async def test_an_owner_with_small_pages_is_asked_until_it_has_no_more(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        copy.wallet.page_limit = 2
        await copy.wallet.write(FACT, FACT, "wallet.command", FACT, FACT, FACT, FACT)
        await copy.bring([record(7)])
        await copy.fetcher.step()

        assert await copy.sequences() == [1, 2, 4, 5, 6, 7]
        assert await copy.gaps() == []


async def test_facts_that_kafka_lost_at_the_end_of_a_stripe_are_asked_for_after_a_silence(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics, silent_seconds=0) as copy:
        await copy.wallet.write(*[FACT] * 3)
        await copy.wallet.write(FACT, stripe=9)
        await copy.fetcher.step()

        assert await copy.sequences() == [1, 2, 3]
        assert await copy.sequences(stripe=9) == [1]


async def test_messages_that_are_no_facts_are_passed_over_once(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics, silent_seconds=0) as copy:
        await copy.wallet.write(FACT, *["bridge.command"] * 5)
        await copy.wallet.write(*["bridge.command"] * 7, stripe=9)
        await copy.fetcher.step()
        copy.wallet.asked.clear()
        await copy.fetcher.step()

        assert {(STRIPE, 6), (9, 7)} <= set(copy.wallet.asked)
        assert await copy.sequences() == [1]
        await copy.wallet.write(FACT)
        await copy.fetcher.step()
        assert await copy.sequences() == [1, 7]


async def test_a_stripe_that_kafka_keeps_bringing_is_not_asked_for(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics, silent_seconds=0) as copy:
        await copy.bring([record(1)])
        await copy.fetcher.step()
        asked = {stripe for stripe, _ in copy.wallet.asked}

        assert asked == set(range(64)) - {STRIPE}


async def test_an_owner_that_is_away_is_asked_again(database: Database, topics: Topics) -> None:
    async with copying(database, topics) as copy:
        await copy.wallet.write(*[FACT] * 3)
        await copy.bring([record(3)])
        copy.wallet.away = True
        with pytest.raises(Unavailable):
            await copy.fetcher.step()
        assert await copy.gaps() == [(1, 2)]
        copy.wallet.away = False
        await copy.fetcher.step()

        assert await copy.sequences() == [1, 2, 3]


async def test_kafka_and_the_owner_bringing_the_same_facts_at_once_keep_them_once(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics, silent_seconds=0) as copy:
        await copy.wallet.write(*[FACT] * 200)
        batches = [[record(n) for n in range(200, low, -7)] for low in range(0, 200, 20)]
        await asyncio.gather(copy.fetcher.step(), *(copy.bring(batch) for batch in batches))
        await copy.fetcher.step()
        row = await copy.progress()

        assert await copy.sequences() == list(range(1, 201))
        assert (row["highest_sequence"], row["fact_count"]) == (200, 200)
        assert await copy.gaps() == []


async def test_a_batch_that_is_not_committed_leaves_nothing(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        async with copy.units.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await handle(connection, [record(1), record(5)])
            await transaction.rollback()

        assert await copy.sequences() == []
        assert await copy.gaps() == []
        assert (await copy.progress())["highest_sequence"] == 0


async def test_progress_says_how_far_each_stripe_reaches(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        await copy.bring([record(1), record(2), record(5), record(1, stripe=9)])
        told = await read_copy(copy.units.pool, WALLET)

    assert told.topic == "wallet.event"
    assert (told.fact_count, told.gap_count) == (4, 1)
    assert told.sequences == {STRIPE: 2, 9: 1}


@pytest.mark.parametrize("service", ["settlement", "reconciliation"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM facts", "UPDATE facts SET key = ''", "DELETE FROM fact_progress"]
)
async def test_a_fact_can_be_neither_changed_nor_taken_back(
    database: Database, service: str, statement: str
) -> None:
    connection = await asyncpg.connect(database.dsn(service))
    try:
        await connection.execute(f"SET search_path = {service}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_stripe_whose_facts_were_dropped_keeps_no_other_from_being_fetched(
    database: Database, topics: Topics
) -> None:
    async with copying(database, topics) as copy:
        await copy.wallet.write(*[FACT] * 3)
        await copy.wallet.write(*[FACT] * 3, stripe=STRIPE + 1)
        owner = await asyncpg.connect(database.owner)
        await owner.execute("INSERT INTO wallet.outbox_drops VALUES ($1, $2, 2)", STRIPE, FACT)
        await owner.close()
        await copy.bring([record(3), record(3, STRIPE + 1)])
        await copy.fetcher.step()

        assert await copy.sequences(STRIPE + 1) == [1, 2, 3]
        # What is gone stays a gap: nobody goes on as if nothing had been there.
        assert (await copy.sequences(), await copy.gaps()) == ([3], [(1, 2)])
