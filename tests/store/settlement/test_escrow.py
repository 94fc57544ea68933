"""Escrow in windows: what is held is owed to nobody, what is released is payable."""

from collections.abc import AsyncIterator

import pytest

from services.core.accounts import escrow
from services.core.ids import new_reference
from services.kit.kafka import Topics
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.settlement.domain.agreements import Agreement, AgreementMalformed
from services.settlement.domain.windows import Movement
from services.settlement.statements import Statements
from services.settlement.store.agreements import put_agreement
from tests.conftest import Database
from tests.store.settlement.world import (
    CORRIDOR,
    FEES,
    POSITION,
    POSITION_CNY,
    PREFUND,
    SCHEDULE,
    WALLET,
    World,
    settling,
)

ESCROW = escrow("shop", "KRW").account_id
SHOP = "merchant-payable:shop:KRW"


@pytest.fixture
async def world(database: Database, topics: Topics) -> AsyncIterator[World]:
    async with settling(database, topics) as made:
        await made.closing.put_schedule(SCHEDULE)
        yield made


async def kept(world: World, minor: int) -> str:
    """A payment into escrow, completed and posted."""
    reference = new_reference(world.clock.now())
    await world.tell_payment(reference)
    legs = [
        (PREFUND, POSITION_CNY, 5_000, "CNY", "mid"),
        (POSITION, ESCROW, minor, "KRW", "payable"),
    ]
    await world.bring([world.posting(f"payment-{reference}", legs)])
    return reference


async def release(world: World, payment: str, minor: int, *, told: bool = True) -> str:
    """A release of which one percent is the fee."""
    reference = new_reference(world.clock.now())
    if told:
        await tell(world, payment, reference)
    legs = [
        (ESCROW, SHOP, minor - minor // 100, "KRW", "release"),
        (ESCROW, FEES, minor // 100, "KRW", "fee"),
    ]
    await world.bring([world.posting(f"escrow-{reference}", legs)])
    return reference


async def tell(world: World, payment: str, reference: str) -> None:
    event = facts.PaymentEvent(participant_id=WALLET)
    released = event.escrow_released
    released.payment_id, released.corridor_id = f"p-{payment}", CORRIDOR
    released.release.reference = reference
    await world.bring([world.fact("gateway", "payment.event", reference, event)])


async def close(world: World) -> dict[str, Movement]:
    window = await world.closing.close(CORRIDOR, "KRW", "hanako")
    assert window.state == "closed"
    held = (await world.closed())[-1].movements
    return {movement.account_id: movement for movement in held}


async def test_what_is_held_is_owed_to_nobody_and_what_is_released_is_payable(world: World) -> None:
    payment = await kept(world, 10_000)
    held = await close(world)
    assert held[ESCROW] == Movement(ESCROW, 0, payments_minor=10_000)
    assert SHOP not in held

    await release(world, payment, 4_000)
    held = await close(world)
    assert held[SHOP] == Movement(SHOP, 0, payments_minor=3_960)
    assert held[FEES] == Movement(FEES, 0, fees_minor=40)
    assert held[ESCROW].closing_minor == 6_000
    windows = [each.window.payment_count for each in await world.closed()]
    assert windows == [1, 0]


async def test_what_goes_back_comes_out_of_escrow_and_not_from_the_merchant(world: World) -> None:
    payment = await kept(world, 10_000)
    await release(world, payment, 4_000)
    reference = new_reference(world.clock.now())
    event = facts.PaymentEvent(participant_id=WALLET)
    event.refund_completed.refund.reference = reference
    event.refund_completed.refund.payment_id = f"p-{payment}"
    await world.bring([world.fact("gateway", "payment.event", reference, event)])
    legs = [(ESCROW, POSITION, 6_000, "KRW", "payable"), (SHOP, POSITION, 990, "KRW", "released")]
    await world.bring([world.posting(f"refund-{reference}", legs)])

    held = await close(world)
    assert held[SHOP] == Movement(SHOP, 0, payments_minor=3_960, refunds_minor=-990)
    assert (held[ESCROW].refunds_minor, held[ESCROW].closing_minor) == (-6_000, 0)
    assert (await world.closed())[-1].window.refund_count == 1


async def test_a_window_waits_for_whose_release_it_is(world: World) -> None:
    payment = await kept(world, 10_000)
    reference = await release(world, payment, 4_000, told=False)
    await world.closing._cut([(CORRIDOR, "KRW")], "hanako")
    await world.closing.step()
    assert await world.closed() == []
    await tell(world, payment, reference)
    await world.closing.step()
    (closed,) = await world.closed()
    assert closed.window.state == "closed"


async def test_a_release_is_a_line_of_the_merchants_statement(world: World) -> None:
    agreement = Agreement("shop", "edo", (SHOP,), "KRW", "KRW")
    async with world.units.pool.acquire() as connection:
        await put_agreement(connection, agreement)
    payment = await kept(world, 10_000)
    reference = await release(world, payment, 4_000)
    await close(world)
    window = (await world.closed())[-1].window
    told = await Statements(world.units.pool).of_window("edo", window.window_id, "", 100)
    (line,) = told.lines
    assert (line.link_id, line.kind, line.minor) == (f"escrow-{reference}", "escrow", 3_960)
    (movement,) = told.movements
    assert movement.closing_minor == 3_960


def test_nobody_is_paid_from_escrow() -> None:
    with pytest.raises(AgreementMalformed, match="kept for buyers"):
        Agreement("shop", "edo", (ESCROW,), "KRW", "KRW").check()
