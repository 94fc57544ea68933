"""Copied facts are dropped by age: only what is read and needed no more, and without a hole."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from services.kit.facts.process import facts_keeper
from services.kit.kafka import Topics
from services.kit.unit import Units
from services.kit.upkeep import Upkeep
from services.reconciliation.settings import ReconciliationSettings
from tests.conftest import Database
from tests.parts import running_units

KEEP = timedelta(days=450)
OLD, FRESH = timedelta(days=500), timedelta(days=10)
STRIPE = 3


@pytest.fixture
async def settlement(database: Database, topics: Topics) -> AsyncIterator[Units]:
    async with running_units("settlement", database, topics) as units:
        yield units


@pytest.fixture
async def reconciliation(database: Database, topics: Topics) -> AsyncIterator[Units]:
    async with running_units("reconciliation", database, topics) as units:
        yield units


async def copied(units: Units, ages: Sequence[timedelta | None], source: str = "wallet") -> None:
    """Facts of so many days ago, in order, all of them read; None: at a time nobody can read."""
    now = datetime.now(UTC)
    await units.pool.executemany(
        "INSERT INTO facts VALUES ($1, $2, $3, 'k', 'T', '', $4)",
        [
            (source, STRIPE, number, None if age is None else now - age)
            for number, age in enumerate(ages, 1)
        ],
    )
    await units.pool.execute(
        "UPDATE projected SET sequence = $3 WHERE source = $1 AND stripe = $2",
        *(source, STRIPE, len(ages)),
    )


async def kept(units: Units, source: str = "wallet") -> list[int]:
    rows = await units.pool.fetch(
        "SELECT sequence FROM facts WHERE source = $1 ORDER BY sequence", source
    )
    return [row["sequence"] for row in rows]


def keeper(units: Units, portion: int = 100) -> Upkeep:
    return facts_keeper(units.pool, KEEP, portion)


async def test_what_is_old_and_read_goes_in_portions(settlement: Units) -> None:
    await copied(settlement, [OLD, OLD, OLD, FRESH])
    steps = keeper(settlement, portion=2)
    assert [await steps.step() for _ in range(3)] == [2, 1, 0]
    assert await kept(settlement) == [4]


async def test_what_is_not_read_yet_stays_however_old_it_is(settlement: Units) -> None:
    await copied(settlement, [OLD, OLD, OLD])
    await settlement.pool.execute("UPDATE projected SET sequence = 1 WHERE source = 'wallet'")
    assert await keeper(settlement).step() == 1
    assert await kept(settlement) == [2, 3]


@pytest.mark.parametrize("standing", [FRESH, None])
async def test_nothing_goes_from_behind_a_fact_that_stays(
    settlement: Units, standing: timedelta | None
) -> None:
    await copied(settlement, [OLD, standing, OLD])
    assert await keeper(settlement).step() == 1
    assert await kept(settlement) == [2, 3]


async def test_two_keepers_at_once_drop_each_fact_once(settlement: Units) -> None:
    await copied(settlement, [OLD] * 10)
    async with settlement.pool.acquire() as first, first.transaction():
        assert await first.fetchval("SELECT drop_old_facts($1, 4)", KEEP) == 4
        assert await keeper(settlement).step() == 0
    assert await keeper(settlement).step() == 6


async def test_a_login_takes_no_fact_away_but_by_age(settlement: Units) -> None:
    await copied(settlement, [OLD])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await settlement.pool.execute("DELETE FROM facts")
    with pytest.raises(asyncpg.RaiseError):
        await facts_keeper(settlement.pool, timedelta(days=29)).step()
    assert await kept(settlement) == [1]


async def booked(units: Units, day: date, state: str) -> None:
    """Rows of a day; an empty `state`: it was never run."""
    await units.pool.execute(
        """
        INSERT INTO our_rows (partner_id, reference, partner_reference, kind, currency, minor, fee,
            state, day, bundle, text, resource_id, source, stripe, sequence)
        VALUES ('bank', $2, '', 'payment', 'JPY', 1, NULL, 'completed', $1, '', '', $2, 'bridge',
            1, 1)
        """,
        day,
        f"of-{day}",
    )
    if state:
        await units.pool.execute(
            "INSERT INTO days (partner_id, day, state) VALUES ('bank', $1, $2)", day, state
        )


@pytest.mark.parametrize(("state", "left"), [("open", [1, 2]), ("", [1, 2]), ("closed", [2])])
async def test_what_a_day_that_is_not_closed_needs_stays(
    reconciliation: Units, state: str, left: list[int]
) -> None:
    today = datetime.now(UTC).date()
    for back in (3, 2, 1):
        await booked(reconciliation, today - timedelta(days=200 + back), "closed")
    await booked(reconciliation, today - timedelta(days=200), state)
    # A refund of that day may be of a payment of a year before.
    await copied(reconciliation, [OLD, FRESH])
    assert await keeper(reconciliation).step() == 2 - len(left)
    assert await kept(reconciliation) == left


async def test_facts_that_nothing_reads_into_tables_go_up_to_their_gap(
    reconciliation: Units,
) -> None:
    await copied(reconciliation, [OLD, OLD, OLD], "gateway")
    await reconciliation.pool.execute("UPDATE projected SET sequence = 0")
    await reconciliation.pool.execute("INSERT INTO fact_gaps VALUES ('gateway', $1, 3, 3)", STRIPE)
    assert await keeper(reconciliation).step() == 2
    assert await kept(reconciliation, "gateway") == [3]


def test_a_keep_time_that_is_too_short_is_refused_at_the_start() -> None:
    given = {
        "postgres": "x", "kafka": "x", "wallet_address": "x", "bridge_address": "x",
        "gateway_address": "x", "settlement_address": "x", "payee_key": "x",
    }  # fmt: skip
    assert ReconciliationSettings(**given, facts_keep_days=0).facts_keep_days == 0  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 30"):
        ReconciliationSettings(**given, facts_keep_days=29)  # type: ignore[arg-type]
