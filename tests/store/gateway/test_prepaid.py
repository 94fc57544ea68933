"""Prepaid orders on Postgres: picked up once or given back once, whoever comes first."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.refusals import (
    MerchantUnknown,
    PaymentExistsWithDifferentContent,
    PriceAboveMaximum,
)
from services.gateway.payments.store.payments import add_refunded
from services.gateway.prepaid.codes import shown
from services.gateway.prepaid.model import Order, State
from services.gateway.prepaid.refusals import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderPickedUp,
    OrderRefunded,
    OrderUnpaid,
    PickUpCodeUnknown,
    PickUpTimeMalformed,
    PrepaidOrderUnknown,
)
from services.gateway.reference import RefundPolicy
from services.gateway.reference.store import (
    put_fee_plan,
    put_merchant,
    put_participant,
    put_scheme,
)
from services.gateway.refunds.refusals import (
    OrderBegun,
    RefundExistsWithDifferentContent,
    RefundIdReserved,
)
from tests.store.gateway.payments_world import (
    EDO,
    NOW,
    PANDA,
    REFERENCE,
    SAKURA,
    SHOP,
    Gateway,
)
from tests.store.gateway.prepaid_world import KYO, UNTIL, Counter


@pytest.fixture
async def counter(gateway: Gateway) -> Counter:
    async with gateway.pool.acquire() as connection:
        for participant in (PANDA, SAKURA, EDO, KYO):
            await put_participant(connection, participant)
        for scheme in REFERENCE.schemes.values():
            await put_scheme(connection, scheme)
        for plan in REFERENCE.fee_plans.values():
            await put_fee_plan(connection, plan)
        await put_merchant(connection, SHOP)
    return Counter(gateway)


async def test_an_order_is_paid_and_handed_out_once(counter: Counter) -> None:
    order = await counter.place()
    assert (order.state, order.payment_state) == (State.PLACED, "completed")
    (waiting,) = await counter.orders.page(EDO, "", "", 10)
    assert waiting.payment_reference == order.payment_reference

    typed = shown(order.pick_up_code).lower().replace("-", " ")
    first = await counter.orders.redeem(EDO, typed, "till-1")
    assert first.state is State.PICKED_UP
    assert await counter.orders.redeem(EDO, typed, "till-1") == first
    with pytest.raises(OrderPickedUp):
        await counter.orders.redeem(EDO, typed, "till-2")
    assert await counter.orders.page(EDO, "", "", 10) == []


async def test_what_nobody_picks_up_is_given_back_whole_and_once(
    counter: Counter, clock: ManualClock, pool: asyncpg.Pool
) -> None:
    order = await counter.place()
    assert await counter.refunding.sweep() == 0
    clock.advance(timedelta(hours=3))

    swept = await asyncio.gather(counter.refunding.sweep(), counter.refunding.sweep())
    assert sorted(swept) == [0, 1]
    assert await counter.refunding.sweep() == 0

    row = await pool.fetchrow("SELECT refund_id, target_minor, rate FROM refund_asks")
    assert tuple(row) == (order.refund_id, 1_800, "original")
    assert await counter.refunds() == 1
    ended = await counter.orders.get(PANDA, "p1")
    assert (ended.state, ended.refund_due) == (State.EXPIRED, False)
    with pytest.raises(OrderExpired):
        await counter.orders.redeem(EDO, order.pick_up_code, "till-1")


async def test_a_refund_whose_asker_died_is_asked_for_by_the_next_pass(
    counter: Counter, pool: asyncpg.Pool
) -> None:
    order = await counter.place()
    await counter.orders.cancel(PANDA, "p1")
    await pool.execute("UPDATE prepaid_orders SET refund_due = true")

    await counter.refunding.sweep()

    assert await counter.refunds() == 1
    assert not (await counter.orders.get(PANDA, "p1")).refund_due
    with pytest.raises(OrderCancelled):
        await counter.orders.redeem(EDO, order.pick_up_code, "till-1")


async def test_no_wallet_takes_the_id_of_an_orders_refund(
    counter: Counter, clock: ManualClock
) -> None:
    order = await counter.place()
    with pytest.raises(RefundIdReserved):
        await counter.refund(order.refund_id, "p1", Money(1, "JPY"))
    await counter.refund("prepaid-1", "p1", Money(1, "JPY"))

    clock.advance(timedelta(hours=3))
    await counter.refunding.sweep()
    assert await counter.refunds() == 2
    # What was asked for is answered to the wallet under its id.
    with pytest.raises(RefundExistsWithDifferentContent):
        await counter.refund(order.refund_id, "p1", Money(1, "JPY"))


async def test_what_the_shop_has_begun_is_not_its_payers_to_take_back(counter: Counter) -> None:
    order = await counter.place()
    await counter.refund("early", "p1", Money(1, "JPY"))
    await counter.orders.accept(EDO, order.payment_reference)
    with pytest.raises(OrderBegun):
        await counter.refund("begun", "p1", Money(1, "JPY"))
    await counter.orders.redeem(EDO, order.pick_up_code, "till-1")
    with pytest.raises(OrderBegun):
        await counter.refund("eaten", "p1")
    await counter.refund("early", "p1", Money(1, "JPY"))
    await counter.refund("by-the-shop", order.payment_reference, by=EDO)
    assert await counter.refunds() == 2


async def test_a_refund_that_is_refused_is_asked_for_again_only_after_a_while(
    counter: Counter, clock: ManualClock, pool: asyncpg.Pool
) -> None:
    order = await counter.place()
    # A wallet's own, from before the id was reserved.
    await counter.refund(order.refund_id, "p1", Money(1, "JPY"), RefundPolicy())
    clock.advance(timedelta(hours=3))
    retry_time = "SELECT refund_retry_time FROM prepaid_orders WHERE refund_due"
    await counter.refunding.sweep()
    put_off = await pool.fetchval(retry_time)
    await counter.refunding.sweep()
    assert await pool.fetchval(retry_time) == put_off

    await pool.execute("UPDATE prepaid_orders SET refund_retry_time = now() - interval '1 s'")
    await counter.refunding.sweep()
    assert await pool.fetchval(retry_time) > put_off


async def test_at_the_last_moment_an_order_is_handed_out_or_given_up_never_both(
    counter: Counter,
) -> None:
    for number in range(4):
        order = await counter.place(f"p{number}")
        done = await asyncio.gather(
            counter.orders.redeem(EDO, order.pick_up_code, "till-1"),
            counter.orders.redeem(EDO, order.pick_up_code, "till-2"),
            counter.orders.cancel(PANDA, f"p{number}"),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Order) for each in done) == 1
        assert sum(isinstance(each, KawaseError) for each in done) == 2
        state = (await counter.orders.get(PANDA, f"p{number}")).state
        assert state in (State.PICKED_UP, State.CANCELLED)
    given_up = await counter.gateway.pool.fetchval(
        "SELECT count(*) FROM prepaid_orders WHERE state = 'cancelled'"
    )
    assert await counter.refunds() == given_up


async def test_an_order_that_the_shop_has_accepted_is_not_cancelled(counter: Counter) -> None:
    order = await counter.place()

    accepted = await counter.orders.accept(EDO, order.payment_reference)
    assert await counter.orders.accept(EDO, order.payment_reference) == accepted
    with pytest.raises(OrderAccepted):
        await counter.orders.cancel(PANDA, "p1")
    assert (await counter.orders.redeem(EDO, order.pick_up_code, "t")).state is State.PICKED_UP


async def test_a_price_above_the_maximum_leaves_the_order_unpaid(
    counter: Counter, clock: ManualClock
) -> None:
    with pytest.raises(PriceAboveMaximum):
        await counter.place(maximum=Money(1, "CNY"))

    order = await counter.orders.get(PANDA, "p1")
    with pytest.raises(OrderUnpaid):
        await counter.orders.redeem(EDO, order.pick_up_code, "till-1")
    with pytest.raises(OrderUnpaid):
        await counter.orders.cancel(PANDA, "p1")
    assert await counter.orders.page(EDO, "", "", 10) == []
    clock.advance(timedelta(hours=4))
    assert await counter.refunding.sweep() == 0
    await counter.gateway.sweeper.expire()
    assert await counter.refunding.sweep() == 1
    assert await counter.refunds() == 0


async def test_a_repeat_is_answered_and_another_content_refused(counter: Counter) -> None:
    order = await counter.place()

    assert (await counter.place()).pick_up_code == order.pick_up_code
    with pytest.raises(PaymentExistsWithDifferentContent):
        await counter.place(until=UNTIL + timedelta(hours=1))


async def test_what_cannot_be_ordered_is_refused(counter: Counter) -> None:
    for until in (NOW, NOW + timedelta(days=32)):
        with pytest.raises(PickUpTimeMalformed):
            await counter.place(until=until)
    with pytest.raises(MerchantUnknown):
        await counter.place(merchant_id="nowhere")


async def test_orders_are_nobody_elses_business(counter: Counter) -> None:
    order = await counter.place()

    with pytest.raises(PickUpCodeUnknown):
        await counter.orders.redeem(KYO, order.pick_up_code, "till-1")
    with pytest.raises(PrepaidOrderUnknown):
        await counter.orders.accept(KYO, order.payment_reference)
    with pytest.raises(PrepaidOrderUnknown):
        await counter.orders.cancel(SAKURA, "p1")
    for stranger, named in ((SAKURA, "p1"), (KYO, order.payment_reference)):
        with pytest.raises(PrepaidOrderUnknown):
            await counter.orders.get(stranger, named)
    assert await counter.orders.page(KYO, "", "", 10) == []


async def test_an_order_that_was_given_back_whole_is_handed_out_no_more(
    counter: Counter, clock: ManualClock
) -> None:
    order = await counter.place()
    part = Money(500, "JPY")
    await counter.refund("r1", "p1", part)
    assert (await counter.orders.get(PANDA, "p1")).state is State.PLACED
    await counter.orders.accept(EDO, order.payment_reference)
    await counter.refund("r2", order.payment_reference, by=EDO)

    with pytest.raises(OrderRefunded):
        await counter.orders.redeem(EDO, order.pick_up_code, "till-1")
    async with counter.gateway.pool.acquire() as connection:
        await add_refunded(connection, order.payment_reference, 1_800)
    assert await counter.orders.page(EDO, "", "", 10) == []
    clock.advance(timedelta(hours=3))
    await counter.refunding.sweep()
    assert (await counter.orders.get(PANDA, "p1")).state is State.EXPIRED
    assert await counter.refunds() == 2
