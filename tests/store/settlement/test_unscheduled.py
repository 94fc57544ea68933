"""What moves on accounts of agreements where nothing says when to cut it."""

from dataclasses import replace

from services.kit.kafka import Topics
from services.settlement.store.cuts import unscheduled
from tests.conftest import Database
from tests.store.settlement.paying_world import YEN, PayingWorld, paying_world


async def missing(house: PayingWorld) -> list[tuple[str, str]]:
    """Of the last cut: corridors and currencies without a schedule."""
    async with house.world.units.pool.acquire() as connection:
        cut_id = await connection.fetchval("SELECT max(cut_id) FROM cuts")
        return await unscheduled(connection, cut_id)


async def test_what_a_merchant_owes_in_no_window_is_found(
    database: Database, topics: Topics
) -> None:
    async with paying_world(database, topics) as house:
        await house.pay(10_000)
        await house.close()
        await house.pay_due()
        await house.close()
        assert await missing(house) == []
        await house.owe(4_000)
        await house.close()
        assert await missing(house) == [("", "JPY")]
        await house.closing.put_schedule(replace(YEN, schedule_id="rest", corridor_id=""))
        await house.owe(1_000)
        await house.close()
        assert await missing(house) == []
