"""The sweeper on a real Postgres: repeats, back-off, stuck payments, expiry, crashes."""

from datetime import timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.gateway.payments.store.payments import SWEEP_AFTER
from services.gateway.payments.sweeping import LAG_LIMIT, STUCK_REPEATS, Sweeper, wait_after
from services.kit.unit import Units
from services.sandbox.demo.codes import SHANGHAI_TAXI
from tests.store.gateway.payments_world import (
    SAKURA,
    Gateway,
    accepted,
    posted,
    reserved,
)

AGO = "UPDATE payments SET next_sweep_time = now() - interval '1 s' WHERE step <> 'quote'"


async def make_due(pool: asyncpg.Pool) -> None:
    """As if the time had passed: the sweeper counts by Postgres's clock."""
    await pool.execute(f"{AGO} AND next_sweep_time IS NOT NULL")


async def test_the_command_of_each_step_is_repeated(gateway: Gateway) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    for event, order in (
        (None, "ReserveFunds"),
        (reserved(payment), "StartCharge"),
        (accepted(payment), "PostFunds"),
    ):
        if event is not None:
            await gateway.hear(event)
        first = [row for row in await gateway.rows() if row["type"] == order]
        await make_due(gateway.pool)
        assert await gateway.sweeper.repeat() == 1
        assert await gateway.sweeper.repeat() == 0
        again = await gateway.rows()
        assert [(row["type"], row["key"], row["payload"]) for row in again] == [
            (order, first[0]["key"], first[0]["payload"])
        ]


async def test_a_step_that_begins_after_a_long_silence_is_swept_after_the_usual_wait(
    gateway: Gateway,
) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    await gateway.hear(reserved(payment))
    for _ in range(STUCK_REPEATS):
        await make_due(gateway.pool)
        await gateway.sweeper.repeat()
    await gateway.hear(accepted(payment))

    left = "SELECT next_sweep_time - now() FROM payments WHERE step = 'post'"
    assert timedelta(0) < await gateway.pool.fetchval(left) <= SWEEP_AFTER


async def test_a_step_that_follows_at_once_leaves_the_time_of_the_sweep_alone(
    gateway: Gateway,
) -> None:
    payment = await gateway.create("p1", SAKURA, SHANGHAI_TAXI)
    await gateway.confirm("p1", SAKURA)
    swept = "SELECT next_sweep_time FROM payments"
    first = await gateway.pool.fetchval(swept)
    await gateway.hear(reserved(payment))
    await gateway.hear(accepted(payment))
    assert await gateway.pool.fetchval(swept) == first


async def test_quotes_and_finished_payments_are_not_swept(gateway: Gateway) -> None:
    payment = await gateway.create("p1")
    await gateway.create("p2")
    await gateway.confirm("p1")
    await gateway.hear(reserved(payment))
    await gateway.hear(posted(payment))
    outstanding = "SELECT count(*) FROM payments WHERE next_sweep_time IS NOT NULL"
    assert await gateway.pool.fetchval(outstanding) == 0


async def test_a_payment_that_nobody_answers_is_listed_as_stuck(gateway: Gateway) -> None:
    await gateway.create("p1")
    await gateway.confirm("p1")
    for _ in range(STUCK_REPEATS):
        assert await gateway.reading.list_stuck(10) == []
        await make_due(gateway.pool)
        await gateway.sweeper.repeat()

    (stuck,) = await gateway.reading.list_stuck(10)
    assert (stuck.payment.payment_id, stuck.step, stuck.repeat_count) == ("p1", "reserve", 8)


def test_waits_double_up_to_an_hour() -> None:
    waits = [wait_after(count).total_seconds() for count in (0, 1, 2, 9, 100)]
    assert waits == [10, 20, 40, 3600, 3600]


async def test_the_sweeper_rests_while_the_consumer_lags(gateway: Gateway) -> None:
    await gateway.create("p1")
    await gateway.confirm("p1")
    await make_due(gateway.pool)

    async def lag() -> int:
        return LAG_LIMIT + 1

    resting = Sweeper(gateway.units, gateway.clock, gateway.shelf, gateway.waiters, lag)
    assert await resting.repeat() == 0
    assert await gateway.sweeper.repeat() == 1


async def test_quotes_expire_in_batches_and_only_their_own_time(
    gateway: Gateway, clock: ManualClock
) -> None:
    for number in range(5):
        await gateway.create(f"old-{number}")
    clock.advance(timedelta(seconds=60))
    await gateway.create("young")
    clock.advance(timedelta(seconds=61))

    assert await gateway.sweeper.expire() == 5
    assert await gateway.sweeper.expire() == 0
    assert await gateway.state("old-3") == ("expired", "done")
    assert await gateway.state("young") == ("quoted", "quote")


async def test_a_confirmed_payment_never_expires(gateway: Gateway, clock: ManualClock) -> None:
    await gateway.create("p1")
    await gateway.confirm("p1")
    clock.advance(timedelta(days=30))
    assert await gateway.sweeper.expire() == 0
    assert await gateway.state("p1") == ("confirmed", "reserve")


class Crash(Exception):
    """The process died here."""


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_crash_at_any_event_leaves_a_payment_that_goes_on(
    pool: asyncpg.Pool, clock: ManualClock, point: str
) -> None:
    armed = Gateway(pool, clock)
    payment = await armed.create("p1", SAKURA, SHANGHAI_TAXI)
    await armed.confirm("p1", SAKURA)

    def crash(reached: str) -> None:
        if reached == point:
            raise Crash

    for event in (reserved(payment), accepted(payment), posted(payment)):
        dying = Gateway(pool, clock)
        dying.units = Units(pool, dying.units.sender, crash)
        with pytest.raises(Crash):
            await dying.hear(event)
        fresh = Gateway(pool, clock)
        await fresh.hear(event)

    assert await armed.state("p1", SAKURA) == ("completed", "done")
    kinds = [kind for kind, _ in await armed.sent()]
    assert kinds == ["ReserveFunds", "StartCharge", "PostFunds", "PaymentCompleted"]
