"""Journals of calls to partners are dropped by age, but for what is not over."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from services.bridge.payouts.model import Word
from services.bridge.settings import BridgeSettings
from services.bridge.store.attempts import journals_keeper
from services.core.clock import ManualClock
from services.kit.upkeep import Upkeep
from tests.conftest import Database
from tests.contract.house import World, bridge, new_resource, start
from tests.contract.japan_bank_house import order_payout
from tests.store.bridge.paying import PayingBank
from tests.unit.bridge.payout_builders import MACHINE, RULES, word

KEEP = timedelta(days=400)
PARTNER = "japan-bank"


@pytest.fixture
def bank() -> PayingBank:
    return PayingBank()


@pytest.fixture
async def world(database: Database, bank: PayingBank) -> AsyncIterator[World]:
    machine = ManualClock(MACHINE)
    async with bridge(
        database.dsn("bridge"), partners={PARTNER: bank}, machine=machine, polls=False
    ) as running:
        yield running


async def age(database: Database, days: int = 500) -> None:
    """All calls so far were that many days ago."""
    owner = await asyncpg.connect(database.owner)
    for table in ("attempts", "payout_attempts", "dispute_attempts"):
        await owner.execute(
            f"UPDATE bridge.{table} SET call_time = now() - $1::interval", timedelta(days=days)
        )
    await owner.close()


async def left(world: World, table: str, column: str) -> set[str]:
    rows = await world.units.pool.fetch(f"SELECT {column} FROM {table}")
    return {row[0] for row in rows}


def keeper(world: World, portion: int = 100) -> Upkeep:
    return journals_keeper(world.units.pool, KEEP, portion)


async def charged(world: World) -> str:
    """A charge that its partner has accepted at once; its id."""
    resource = new_resource()
    await world.command(resource, start_charge=start(resource, PARTNER, 1_000, "JPY"))
    await world.worker.drain()
    await world.event("ChargeAccepted", resource)
    return f"{resource}-charge"


async def test_calls_about_what_is_over_go_in_portions(world: World, database: Database) -> None:
    charges = [await charged(world) for _ in range(3)]
    assert await keeper(world).step() == 0
    await age(database)
    steps = keeper(world, portion=2)
    assert [await steps.step() for _ in range(3)] == [2, 1, 0]
    assert await left(world, "charges", "charge_id") == set(charges)


@pytest.mark.parametrize(
    "opening",
    [
        "UPDATE charges SET operation = 'inquire', due_time = now() WHERE charge_id = $1",
        "UPDATE charges SET state = 3, captured_minor = 0 WHERE charge_id = $1",
        """
        INSERT INTO refunds SELECT 'r1', charge_id, resource_id, 1, currency_code, 'refund',
            partner_id, now(), now(), 1, now(), false, 0, 0, '', '', '', ''
        FROM charges WHERE charge_id = $1
        """,
        """
        INSERT INTO disputes SELECT 'd1', partner_id, 'case', charge_id, resource_id, 1,
            currency_code, now(), now(), '', '', NULL, 1, false, '', now(), false, 0, 0
        FROM charges WHERE charge_id = $1
        """,
    ],
)
async def test_calls_about_what_is_not_over_stay(
    world: World, database: Database, opening: str
) -> None:
    open_one, _ = await charged(world), await charged(world)
    await world.units.pool.execute(opening, open_one)
    await age(database)
    assert await keeper(world).step() == 1
    assert await left(world, "attempts", "charge_id") == {open_one}


async def test_calls_about_a_payout_stay_while_its_bank_is_asked(
    world: World, bank: PayingBank, database: Database
) -> None:
    bank.words.append(word(Word.REJECTED))
    over = await order_payout(world)
    await world.payouts.take_due()
    await world.payouts.drain()
    watched = await order_payout(world)
    await world.payouts.take_due()
    await world.payouts.drain()
    await age(database)
    assert RULES.returns_for
    assert await keeper(world).step() == 1
    assert await left(world, "payout_attempts", "payout_id") == {watched}
    assert over in await left(world, "payouts", "payout_id")


async def test_a_login_takes_no_line_away_but_by_age(world: World, database: Database) -> None:
    await charged(world)
    await age(database)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.units.pool.execute("DELETE FROM attempts")
    with pytest.raises(asyncpg.RaiseError):
        await journals_keeper(world.units.pool, timedelta(days=179)).step()
    assert len(await left(world, "attempts", "charge_id")) == 1


def test_a_keep_time_that_is_too_short_is_refused_at_the_start() -> None:
    given = {"postgres": "x", "kafka": "x", "payee_key": "x", "bridge_partners": "x"}
    assert BridgeSettings(**given, bridge_journal_keep_days=0).bridge_journal_keep_days == 0  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 180"):
        BridgeSettings(**given, bridge_journal_keep_days=179)  # type: ignore[arg-type]
