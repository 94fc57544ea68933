"""Running a partner's day: which rows take part, and what is stored of it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest

from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.reconciliation.days.running import (
    EngineChoice,
    FileMissing,
    Running,
    RunOvertaken,
)
from services.reconciliation.matching.rules import standard_rules
from tests.conftest import Database
from tests.store.reconciliation.days.world import (
    FRIDAY,
    PARTNER,
    SATURDAY,
    Line,
    reconciling,
)


async def test_what_agrees_is_matched_and_what_does_not_is_a_break(
    database: Database, topics: Topics
) -> None:
    async with reconciling(database, topics) as world:
        same, dear, lost = await world.say_ours(
            Line("payment-A"), Line("payment-B", 2000, fee=12), Line("payment-C")
        )
        theirs = await world.import_theirs(
            FRIDAY,
            Line("payment-A", fee=6),
            Line("payment-B", 1900, fee=12),
            Line("payment-X", 500, text='a "quoted",\nline'),
        )
        ran = await world.running.run(PARTNER, FRIDAY)

        assert await world.pairs(FRIDAY) == [
            (same, theirs[0], "exact"),
            (dear, theirs[1], "AMOUNT"),
            (lost, None, "MISSING_AT_PARTNER"),
            (None, theirs[2], "MISSING_WITH_US"),
        ]
    assert ran.counts.matches_by_rule == {"exact": 1}
    assert ran.counts.breaks_by_kind == {
        "AMOUNT": 1,
        "MISSING_AT_PARTNER": 1,
        "MISSING_WITH_US": 1,
    }
    assert (ran.counts.our_rows, ran.counts.their_rows) == (3, 3)
    assert (ran.day.run_count, ran.day.engine) == (1, "duckdb")
    assert world.after == [(PARTNER, FRIDAY)]


async def test_a_day_may_be_run_again_and_again(database: Database, topics: Topics) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-A"), Line("payment-B"))
        await world.import_theirs(FRIDAY, Line("payment-A"))
        await world.running.run(PARTNER, FRIDAY)
        first = await world.pairs(FRIDAY)
        ran = await world.running.run(PARTNER, FRIDAY)

        assert await world.pairs(FRIDAY) == first
    assert ran.day.run_count == 2


async def test_what_the_partner_tells_a_day_late_is_matched_on_the_next_day(
    database: Database, topics: Topics
) -> None:
    async with reconciling(database, topics) as world:
        (late,) = await world.say_ours(Line("payment-A"))
        await world.import_theirs(FRIDAY)
        await world.running.run(PARTNER, FRIDAY)
        assert await world.pairs(FRIDAY) == [(late, None, "MISSING_AT_PARTNER")]

        (theirs,) = await world.import_theirs(SATURDAY, Line("payment-A", day=SATURDAY))
        await world.running.run(PARTNER, SATURDAY)

        assert await world.pairs(SATURDAY) == [(late, theirs, "near")]


async def test_rows_of_tomorrow_are_no_breaks_of_today(database: Database, topics: Topics) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-B", day=SATURDAY))
        (early,) = await world.say_ours(Line("payment-A", day=SATURDAY))
        (theirs,) = await world.import_theirs(FRIDAY, Line("payment-A"))
        await world.running.run(PARTNER, FRIDAY)

        assert await world.pairs(FRIDAY) == [(early, theirs, "near")]


async def test_what_one_day_has_matched_is_no_matter_of_the_next(
    database: Database, topics: Topics
) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-A"))
        await world.import_theirs(FRIDAY, Line("payment-A"))
        await world.running.run(PARTNER, FRIDAY)
        await world.import_theirs(SATURDAY)
        await world.running.run(PARTNER, SATURDAY)

        assert await world.pairs(SATURDAY) == []


async def test_a_row_that_a_later_file_repeats_is_a_duplicate(
    database: Database, topics: Topics
) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-A"))
        await world.import_theirs(FRIDAY, Line("payment-A"))
        await world.running.run(PARTNER, FRIDAY)
        (again,) = await world.import_theirs(SATURDAY, Line("payment-A", day=SATURDAY))
        await world.running.run(PARTNER, SATURDAY)

        assert await world.pairs(SATURDAY) == [(None, again, "DUPLICATE")]


async def test_a_reversal_of_tomorrow_stays_with_what_it_takes_back(
    database: Database, topics: Topics
) -> None:
    back = Line("payment-A", -1000, day=SATURDAY, kind="refund")
    async with reconciling(database, topics) as world:
        (paid,) = await world.import_theirs(FRIDAY, Line("payment-A"))
        taken, *_ = await world.import_theirs(
            SATURDAY, back, Line("payment-B", day=SATURDAY), replace(back, reference="payment-B")
        )
        await world.running.run(PARTNER, FRIDAY)
        assert await world.pairs(FRIDAY) == [(None, paid, "reversal"), (None, taken, "reversal")]
        await world.running.run(PARTNER, SATURDAY)

        assert {pair[2] for pair in await world.pairs(SATURDAY)} == {"reversal"}
        assert len(await world.pairs(SATURDAY)) == 2


async def test_a_day_without_a_file_is_not_run(database: Database, topics: Topics) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-A"))
        with pytest.raises(FileMissing):
            await world.running.run(PARTNER, FRIDAY)


async def test_of_two_runs_at_once_one_is_refused_and_nothing_is_doubled(
    database: Database, topics: Topics
) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-A"))
        await world.import_theirs(FRIDAY, Line("payment-A"))
        runs = [world.running.run(PARTNER, FRIDAY) for _ in range(2)]
        answers = await asyncio.gather(*runs, return_exceptions=True)

        assert len(await world.pairs(FRIDAY)) == 1
    assert sum(isinstance(answer, RunOvertaken) for answer in answers) <= 1
    assert all(not isinstance(a, BaseException) or isinstance(a, RunOvertaken) for a in answers)


async def test_runs_of_two_days_at_once_do_not_match_a_row_twice(
    database: Database, topics: Topics
) -> None:
    async with reconciling(database, topics) as world:
        (ours,) = await world.say_ours(Line("payment-A"))
        (theirs,) = await world.import_theirs(FRIDAY, Line("payment-A"))
        await world.import_theirs(SATURDAY)

        async def run_saturday(
            _connection: Connection, _partner_id: str, day: date
        ) -> Sequence[Outgoing]:
            if day == FRIDAY:
                with suppress(RunOvertaken):
                    await world.running.run(PARTNER, SATURDAY)
            return ()

        choice = EngineChoice(standard_rules())
        await Running(world.units, world.clock, choice, run_saturday).run(PARTNER, FRIDAY)

        assert await world.pairs(FRIDAY) == [(ours, theirs, "exact")]
        assert await world.pairs(SATURDAY) == []
        await world.running.run(PARTNER, SATURDAY)


async def test_a_closed_day_is_told_and_not_run(database: Database, topics: Topics) -> None:
    async with reconciling(database, topics) as world:
        await world.say_ours(Line("payment-A"))
        await world.import_theirs(FRIDAY, Line("payment-A"))
        await world.running.run(PARTNER, FRIDAY)
        before = await world.pairs(FRIDAY)
        async with world.units.pool.acquire() as connection:
            await connection.execute("UPDATE days SET state = 'closed'")
        await world.import_theirs(FRIDAY, Line("payment-Z"))
        ran = await world.running.run(PARTNER, FRIDAY)

        assert await world.pairs(FRIDAY) == before
    assert (ran.day.state, ran.day.run_count) == ("closed", 1)
