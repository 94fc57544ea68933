"""Daily limits on a real Postgres: taken at confirmation, given back with a decline."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.gateway.payments.refusals import CorridorDayLimitReached, PayerDayLimitReached
from services.gateway.reference import Reference
from tests.store.gateway.payments_world import PANDA, Gateway, corridor, reference_of, refused

# One payment of 1,000 yen costs 4,771 fen.
TWO_PAYMENTS = 2 * 4_771


def limited(**limits: int) -> Reference:
    return reference_of(corridor(PANDA, "", "JPY", **limits))


async def used(pool: asyncpg.Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT limit_key, used_minor FROM limit_usages")
    return {row["limit_key"]: row["used_minor"] for row in rows}


async def test_a_payer_s_day_is_limited_and_another_payer_s_is_not(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, limited(payer_day_limit=TWO_PAYMENTS))
    for number in range(3):
        await gateway.create(f"p{number}")
    await gateway.create("other", payer="wang")
    await gateway.confirm("p0")
    await gateway.confirm("p1")
    with pytest.raises(PayerDayLimitReached):
        await gateway.confirm("p2")
    await gateway.confirm("other")

    assert await gateway.state("p2") == ("quoted", "quote")
    assert await used(pool) == {"payer:panda/li-na:CNY": TWO_PAYMENTS, "payer:panda/wang:CNY": 4771}


async def test_what_a_declined_payment_had_taken_is_given_back_once(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    limits = limited(payer_day_limit=TWO_PAYMENTS, corridor_day_limit=TWO_PAYMENTS)
    gateway = Gateway(pool, clock, limits)
    payment = await gateway.create("p1")
    await gateway.confirm("p1")
    assert set((await used(pool)).values()) == {4_771}

    await gateway.hear(refused(payment), refused(payment))
    await gateway.hear(refused(payment))
    assert set((await used(pool)).values()) == {0}


async def test_confirms_at_two_gateways_never_take_more_than_the_corridor_allows(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    limits = limited(corridor_day_limit=5 * 4_771 + 100)
    gateways = [Gateway(pool, clock, limits) for _ in range(2)]
    for number in range(20):
        await gateways[0].create(f"p{number}", payer=f"payer-{number}")
    answers = await asyncio.gather(
        *(gateways[number % 2].confirm(f"p{number}") for number in range(20)),
        return_exceptions=True,
    )

    refusals = [each for each in answers if isinstance(each, CorridorDayLimitReached)]
    assert len(refusals) == 15
    assert await used(pool) == {"corridor:panda_edo": 5 * 4_771}


async def test_a_new_day_at_the_wallet_is_a_new_limit(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, limited(payer_day_limit=4_771))
    await gateway.create("p1")
    await gateway.confirm("p1")
    # 17:00 in Shanghai, and then the next day there while UTC still has the same one.
    clock.advance(timedelta(hours=7, minutes=30))
    await gateway.create("p2")
    await gateway.confirm("p2")

    days = await pool.fetch("SELECT local_day FROM limit_usages ORDER BY local_day")
    assert [str(row["local_day"]) for row in days] == ["2026-10-30", "2026-10-31"]
