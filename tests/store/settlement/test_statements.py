"""Statements of days, whatever the copy of the facts was when the ledger was cut."""

from datetime import timedelta

from services.kit.kafka import Topics
from services.settlement.closing import Closing
from services.settlement.statements import Statements
from tests.conftest import Database
from tests.store.settlement.world import PAYABLE, SCHEDULE, next_days, settling


async def test_a_day_opens_with_what_a_lagging_copy_has_brought_after_a_cut(
    database: Database, topics: Topics
) -> None:
    async with settling(database, topics) as world:
        closing = Closing(world.units, world.ledger, world.clock, next_days, facts_per_cut=1)
        await closing.put_schedule(SCHEDULE)
        await world.pay(10_000)
        await world.pay(20_000, posted=False)
        world.clock.advance(timedelta(hours=4))
        await closing.step()
        await world.bring([world.unposted])
        read = Statements(world.units.pool)
        (movement,) = (await read.of_day("kakaopay", "2026-10-31", "", 10)).movements
    assert (movement.account_id, movement.opening_minor) == (PAYABLE, 29_700)
