"""Windows on real Postgres: cut by sequence, checked against the ledger, nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from services.kit.kafka import Topics
from services.settlement.closing import Closing, WindowNotOpen
from services.settlement.domain.windows import Movement
from services.settlement.statements import Statements
from tests.conftest import Database
from tests.parts import eventually
from tests.store.settlement.world import (
    CORRIDOR,
    FEES,
    HOME_SCHEDULE,
    PAYABLE,
    POSITION,
    SCHEDULE,
    ScriptedLedger,
    World,
    next_days,
    settling,
)


@pytest.fixture
async def world(database: Database, topics: Topics) -> AsyncIterator[World]:
    async with settling(database, topics) as made:
        await made.closing.put_schedule(SCHEDULE)
        yield made


async def by_account(world: World) -> dict[str, Movement]:
    held = (await world.closed())[-1].movements
    return {movement.account_id: movement for movement in held}


async def test_a_window_holds_its_payments_fees_and_refunds_and_adds_up(world: World) -> None:
    first = await world.pay(10_000)
    await world.pay(20_000)
    await world.refund(first, 4_000)
    window = await world.closing.close(CORRIDOR, "KRW", "hanako")
    assert (window.state, window.payment_count, window.refund_count) == ("closed", 2, 1)
    held = await by_account(world)
    assert held[PAYABLE] == Movement(PAYABLE, 0, payments_minor=29_700, refunds_minor=-4_000)
    assert held[FEES] == Movement(FEES, 0, fees_minor=300)
    assert held[POSITION].closing_minor == -26_000


async def test_a_posting_that_the_ledger_tells_of_again_is_counted_once(world: World) -> None:
    await world.pay(10_000)
    await world.say_again(world.unposted)
    await world.closing.close(CORRIDOR, "KRW", "hanako")
    await world.say_again(world.unposted)
    await world.pay(20_000)
    window = await world.closing.close(CORRIDOR, "KRW", "hanako")
    assert (window.state, window.payment_count) == ("closed", 1)
    assert (await by_account(world))[PAYABLE] == Movement(PAYABLE, 9_900, payments_minor=19_800)


async def test_what_comes_after_the_cut_is_in_the_next_window_and_opens_where_it_closed(
    world: World,
) -> None:
    await world.pay(10_000)
    await world.closing.close(CORRIDOR, "KRW", "hanako")
    await world.pay(20_000)
    second = await world.closing.close(CORRIDOR, "KRW", "hanako")
    assert (second.number, second.payment_count) == (2, 1)
    assert (await by_account(world))[PAYABLE] == Movement(PAYABLE, 9_900, payments_minor=19_800)


async def test_a_posting_that_is_not_copied_yet_holds_the_window_up(world: World) -> None:
    await world.pay(10_000, posted=False)
    closing = asyncio.create_task(world.closing.close(CORRIDOR, "KRW", "hanako"))
    await _cut(world)
    await world.closing.step()
    assert await world.closed() == []
    await world.bring([world.unposted])
    window = await closing
    assert window.payment_count == 1


async def test_a_posting_whose_payment_is_unknown_holds_the_window_up(world: World) -> None:
    reference = await world.pay(10_000, told=False)
    closing = asyncio.create_task(world.closing.close(CORRIDOR, "KRW", "hanako"))
    await _cut(world)
    await world.closing.step()
    assert await world.closed() == []
    await world.tell_payment(reference)
    assert (await closing).payment_count == 1


async def test_a_window_is_cut_at_its_time_and_paid_on_the_agreed_day(world: World) -> None:
    await world.pay()
    await world.closing.step()
    assert await world.closed() == []
    world.clock.advance(timedelta(hours=7))
    await world.closing.step()
    (closed,) = await world.closed()
    assert closed.window.settle_date == date(2026, 10, 31)
    world.clock.advance(timedelta(hours=22))
    await world.closing.step()
    assert len(await world.closed()) == 1
    world.clock.advance(timedelta(hours=1))
    await world.closing.step()
    assert [one.window.number for one in await world.closed()] == [1, 2]


async def test_a_close_after_an_outage_keeps_its_day_and_no_cut_off_is_skipped(
    world: World,
) -> None:
    await world.pay()
    world.clock.advance(timedelta(days=2, hours=7))
    # What is put again by hand, as people do after an outage, changes nothing.
    await world.closing.put_schedule(SCHEDULE)
    for _ in range(4):
        await world.closing.step()
    closed = await world.closed()
    assert [one.window.settle_date for one in closed] == [date(2026, 10, 31)] + [
        date(2026, 11, day) for day in (1, 2)
    ]
    assert [one.window.payment_count for one in closed] == [1, 0, 0]
    world.clock.advance(timedelta(hours=23))
    await world.closing.step()
    assert len(await world.closed()) == 4


async def test_after_an_outage_each_window_holds_what_was_posted_before_its_own_cut_off(
    world: World,
) -> None:
    closing = Closing(world.units, world.ledger, world.clock, next_days, facts_per_cut=1)
    day = timedelta(days=1)
    await world.pay(10_000)
    world.clock.advance(day)
    await world.pay(20_000)
    await world.pay(30_000, posted=False)
    late = world.unposted
    world.clock.advance(day)
    await world.pay(40_000)
    world.clock.advance(timedelta(hours=7))
    for _ in range(3):
        await closing.step()
    assert await world.closed() == []
    await world.bring([late])
    await world.pay(50_000)
    for _ in range(4):
        await closing.step()
    closed = await world.closed()
    assert [one.window.payment_count for one in closed] == [1, 2, 1]
    assert {one.window.state for one in closed} == {"closed"}
    assert [one.window.settle_date for one in closed] == [date(2026, 10, 31)] + [
        date(2026, 11, each) for each in (1, 2)
    ]
    lines = [
        line
        for one in closed
        for line in (
            await Statements(world.units.pool).of_window("kakaopay", one.window.window_id, "", 100)
        ).lines
    ]
    assert sorted(line.minor for line in lines) == [9_900, 19_800, 29_700, 39_600]


async def test_two_processes_at_a_cut_off_cut_one_window(world: World) -> None:
    other = Closing(world.units, world.ledger, world.clock, next_days)

    class Slow(ScriptedLedger):
        """While it is asked, the other process is done."""

        async def sequences(self) -> dict[int, int]:
            await other.step()
            return await super().sequences()

    await world.pay()
    world.clock.advance(timedelta(hours=6, seconds=1))
    await Closing(world.units, Slow(), world.clock, next_days).step()
    async with world.units.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM windows") == 2


async def test_a_window_closed_by_hand_after_its_time_keeps_its_day(world: World) -> None:
    world.clock.advance(timedelta(hours=13))
    window = await world.closing.close(CORRIDOR, "KRW", "hanako")
    assert window.settle_date == date(2026, 10, 31)


async def test_a_ledger_that_differs_stops_the_window_with_the_account(world: World) -> None:
    await world.pay(10_000)
    world.ledger._legs.append((0, 0, (POSITION, PAYABLE, 5, "KRW", "mid")))
    window = await world.closing.close(CORRIDOR, "KRW", "hanako")
    assert window.state == "differs"
    async with world.units.pool.acquire() as connection:
        said = await connection.fetchval("SELECT difference FROM cuts")
    assert PAYABLE in said


async def test_a_payment_of_two_currencies_is_counted_in_the_window_of_each(world: World) -> None:
    await world.closing.put_schedule(HOME_SCHEDULE)
    await world.pay()
    korean = await world.closing.close(CORRIDOR, "KRW", "hanako")
    chinese = await world.closing.close(CORRIDOR, "CNY", "hanako")
    assert (korean.payment_count, chinese.payment_count) == (1, 1)


async def test_cuts_between_closes_change_nothing_of_a_window(world: World) -> None:
    closing = Closing(world.units, world.ledger, world.clock, next_days, facts_per_cut=1)
    first = await world.pay(10_000)
    await closing.step()
    await closing.step()
    await world.refund(first, 4_000)
    await closing.step()
    await world.pay(3_000)
    window = await closing.close(CORRIDOR, "KRW", "hanako")

    async with world.units.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM cuts") == 3
    (closed,) = await world.closed()
    assert (window.payment_count, window.refund_count, window.state) == (2, 1, "closed")
    (payable,) = (one for one in closed.movements if one.account_id == PAYABLE)
    assert (payable.opening_minor, payable.payments_minor) == (0, 9_900 + 2_970)
    assert payable.refunds_minor == -4_000


async def test_a_corridor_without_a_schedule_has_no_window(world: World) -> None:
    with pytest.raises(WindowNotOpen, match="put a schedule"):
        await world.closing.close("nowhere", "KRW", "hanako")


async def test_closing_again_and_again_while_payments_go_on_loses_and_doubles_nothing(
    world: World,
) -> None:
    other = Closing(world.units, world.ledger, world.clock, next_days)

    async def pay() -> None:
        for number in range(40):
            await world.pay(10_000 + number)

    async def close(closing: Closing) -> None:
        while not paying.done():
            await closing.close(CORRIDOR, "KRW", "hanako")

    paying = asyncio.create_task(pay())
    await asyncio.gather(paying, close(world.closing), close(other))
    await world.closing.close(CORRIDOR, "KRW", "hanako")
    closed = await world.closed()
    windows = [one.window for one in closed]
    assert sum(window.payment_count for window in windows) == 40
    assert {window.state for window in windows} == {"closed"}
    total = sum(
        movement.payments_minor
        for one in closed
        for movement in one.movements
        if movement.account_id == PAYABLE
    )
    assert total == sum(amount - amount // 100 for amount in range(10_000, 10_040))


async def _cut(world: World) -> None:
    """Wait until a window is cut."""

    async def is_cut() -> bool:
        async with world.units.pool.acquire() as connection:
            rows = await connection.fetch("SELECT state FROM windows")
        return {row["state"] for row in rows} == {"closing", "open"}

    await eventually(is_cut)
