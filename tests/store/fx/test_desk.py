"""The rate desk on Postgres and Kafka: what is published is stored, and reaches every board."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.sheet import RatesStale
from services.fx.domain import NoSourceUsable, SourceFailed, SpreadChange
from services.kit.kafka import Publisher, Sealed, Topics
from tests.conftest import Database
from tests.parts import running_units, watching
from tests.store.fx.parts import following, make_desk, until_shown
from tests.unit.fx.builders import NOON, RATES, SteadySource

CHANGE = SpreadChange("panda-kakaopay", 150, "aiko", "first spread")
MINUTE = timedelta(minutes=1)


async def test_a_published_sheet_is_stored_and_reaches_a_board(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units, following(topics) as board:
        desk = make_desk(units)
        sheet = await desk.publish(CHANGE)
        await until_shown(board, sheet)

        assert board.current(NOON) == sheet
        assert await desk.newest() == sheet
        assert sheet.spreads == {"panda-kakaopay": 150}


async def test_a_board_that_comes_later_gets_the_newest_sheet(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units:
        clock = ManualClock(NOON)
        desk = make_desk(units, clock)
        await desk.publish()
        clock.advance(MINUTE)
        sheet = await desk.publish()
        async with following(topics) as board:
            await until_shown(board, sheet)

            with pytest.raises(RatesStale):
                board.current(sheet.expire_time)


async def test_a_sheet_that_cannot_be_read_leaves_the_one_before_in_force(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units, following(topics) as board:
        sheet = await make_desk(units).publish()
        await until_shown(board, sheet)
        publisher = Publisher(topics)
        async with watching(topics, "fx.rate") as tail:
            await publisher.publish([Sealed("fx.rate", "sheet", "RateSheet", b"\xff", "fx/1/9")])
            while not await tail.take(1):
                pass
        await publisher.stop()
        later = await make_desk(units, ManualClock(NOON + MINUTE)).publish()
        await until_shown(board, later)

        assert board.current(NOON) == later


async def test_a_step_publishes_only_what_is_due(database: Database, topics: Topics) -> None:
    async with running_units("fx", database, topics) as units:
        clock = ManualClock(NOON)
        desk = make_desk(units, clock)
        assert await desk.step()
        first = await desk.newest()
        clock.advance(MINUTE - timedelta(seconds=1))
        await desk.step()
        assert await desk.newest() == first

        clock.advance(timedelta(seconds=1))
        await desk.step()
        second = await desk.newest()

    assert first is not None
    assert second is not None
    assert second.publish_time - first.publish_time == MINUTE


async def test_stale_rates_are_not_published_and_the_last_sheet_runs_out(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units:
        clock = ManualClock(NOON)
        source = SteadySource("steady")
        desk = make_desk(units, clock, source)
        sheet = await desk.publish()
        source.given = replace(RATES, source_time=NOON - timedelta(days=2))
        clock.advance(MINUTE)

        with pytest.raises(NoSourceUsable, match="longer ago"):
            await desk.step()
        assert await desk.newest() == sheet


async def test_a_spread_is_not_changed_when_no_sheet_can_follow(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units:
        source = SteadySource("steady", SourceFailed("it is away"))
        with pytest.raises(NoSourceUsable):
            await make_desk(units, source=source).publish(CHANGE)

        assert await units.pool.fetchval("SELECT count(*) FROM spreads") == 0
        assert await units.pool.fetchval("SELECT count(*) FROM spread_changes") == 0


async def test_every_change_of_a_spread_is_journaled_with_what_was_before(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units:
        desk = make_desk(units)
        await desk.publish(CHANGE)
        await desk.publish(replace(CHANGE, basis_points=80, operator=" ken ", reason="lower"))
        rows = await units.pool.fetch("SELECT * FROM spread_changes ORDER BY change_id")

    assert [(row["basis_points_before"], row["basis_points"]) for row in rows] == [
        (None, 150),
        (150, 80),
    ]
    assert [(row["operator"], row["reason"]) for row in rows] == [
        ("aiko", "first spread"),
        ("ken", "lower"),
    ]


async def test_processes_that_publish_at_once_never_bring_an_old_spread_back(
    database: Database, topics: Topics
) -> None:
    async with running_units("fx", database, topics) as units:
        one, other = make_desk(units), make_desk(units)
        changes = [replace(CHANGE, corridor_id=f"corridor-{n}") for n in range(10)]
        await asyncio.gather(
            *(one.publish(change) for change in changes), *(other.publish() for _ in changes)
        )
        rows = await units.pool.fetch("SELECT sequence, spreads FROM rate_sheets ORDER BY sequence")

    counts = [len(row["spreads"]) for row in rows]
    assert [row["sequence"] for row in rows] == list(range(1, 21))
    assert counts == sorted(counts)
    assert counts[-1] == 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rate_sheets SET source = 'mine'",
        "DELETE FROM rate_sheets",
        "UPDATE spread_changes SET operator = 'nobody'",
        "DELETE FROM spread_changes",
        "DELETE FROM spreads",
    ],
)
async def test_what_was_published_or_journaled_cannot_be_changed_by_the_service(
    database: Database, topics: Topics, statement: str
) -> None:
    async with running_units("fx", database, topics) as units:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await units.pool.execute(statement)


async def test_postgres_holds_the_range_of_a_spread(database: Database, topics: Topics) -> None:
    async with running_units("fx", database, topics) as units:
        with pytest.raises(asyncpg.CheckViolationError, match="a_spread_is_at_most_a_fifth"):
            await units.pool.execute("INSERT INTO spreads VALUES ('panda', 2001)")
