"""Policies of refunds on the real ledger, and refunds that are asked for at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from services.core.sheet import RatesStale
from services.gateway.reference import RefundPolicy, RefundRate
from services.gateway.refunds.refusals import RefundExceedsPayment, RefundsByShop, RefundTooLate
from tests.store.gateway.ledger_world import PAYABLE, PREFUND, Ledger
from tests.store.gateway.payments_world import CORRIDORS, EDO, KAKAO, SHEET, Gateway, reference_of
from tests.store.gateway.resources_world import COMPLETED, World, opened


def use(world: World, policy: RefundPolicy) -> None:
    """From now on every corridor has this policy."""
    corridors = [replace(corridor, refund_policy=policy) for corridor in CORRIDORS]
    world.gateway.board.current = reference_of(*corridors)


@pytest.mark.parametrize("rate", RefundRate)
@pytest.mark.parametrize("parts", [(None,), (333, 333, None)])
async def test_what_is_kept_stays_and_the_rest_goes_back(
    ledger: Ledger, rate: RefundRate, parts: tuple[int | None, ...]
) -> None:
    world = ledger.world
    # Another payment, so that the merchant can bear the fee.
    await ledger.pay("p0")
    before = await ledger.balances()
    payment = await ledger.pay("p1")
    use(world, RefundPolicy(rate, keeps_fee=True, keeps_spread=True))
    day_mid = Decimal("0.05")
    world.gateway.sheets.offer(
        replace(SHEET, sheet_id="sheet-2", mids={("JPY", "CNY"): day_mid}), 2
    )

    home = 0
    for number, minor in enumerate(parts):
        refund = await world.refund(f"r{number}", "p1", minor)
        await ledger.settle()
        assert (await world.look(f"r{number}")).state == COMPLETED
        home += refund.home.minor_units

    terms = payment.terms
    mid = terms.home_minor - terms.spread_minor
    # 1,000 yen at 0.05 yuan, in hundredths; each part is rounded down.
    assert home == mid if rate is RefundRate.ORIGINAL else 5_000 - len(parts) < home <= 5_000
    after = await ledger.balances()
    assert after[PAYABLE] == before[PAYABLE] - terms.fee_minor
    assert after["fee-income:JPY"] == before["fee-income:JPY"] + terms.fee_minor
    assert after["fx-income:CNY"] == before["fx-income:CNY"] + terms.spread_minor
    assert after[PREFUND] == before[PREFUND] - terms.home_minor + home
    assert after["position:JPY"] == before["position:JPY"]
    assert after["position:CNY"] == before["position:CNY"] + mid - home
    await ledger.assert_balanced()


async def test_the_policy_a_refund_was_reckoned_by_stays_with_it(ledger: Ledger) -> None:
    await ledger.pay("p0")
    await ledger.pay("p1")
    use(ledger.world, RefundPolicy(RefundRate.DAY, keeps_fee=True))
    made = await ledger.world.refund("r1", "p1", 500)
    use(ledger.world, RefundPolicy())
    await ledger.settle()

    assert (await ledger.world.look("r1")).home == made.home
    row = await ledger.world.gateway.pool.fetchrow("SELECT * FROM refund_asks")
    assert (row["rate"], row["keeps_fee"], row["keeps_spread"]) == ("day", True, False)
    assert row["day_mid"] == Decimal("0.047")


async def test_a_refund_after_the_corridor_s_days_is_refused(gateway: Gateway) -> None:
    world = World(gateway)
    await world.paid("p1")
    use(world, RefundPolicy(within_days=30))
    gateway.clock.advance(timedelta(days=30))
    await world.refund("r1", "p1", 100)
    gateway.clock.advance(timedelta(seconds=1))

    with pytest.raises(RefundTooLate):
        await world.refund("r2", "p1", 100)
    # What was asked for in time is still answered.
    assert (await world.refund("r1", "p1", 100)).refund_id == "r1"


async def test_where_the_shop_alone_gives_back_the_payer_s_wallet_cannot(gateway: Gateway) -> None:
    world = World(gateway)
    payment = await world.paid("p1")
    await world.refund("r1", "p1", 100)
    use(world, RefundPolicy(by_shop_only=True))

    with pytest.raises(RefundsByShop):
        await world.refund("r2", "p1", 100)
    assert (await world.refund("r1", "p1", 100)).refund_id == "r1"
    assert (await world.refund("r2", payment.terms.reference, 100, EDO)).refund_id == "r2"


async def test_the_day_s_rate_needs_rates_of_the_day(gateway: Gateway) -> None:
    world = World(gateway)
    await world.paid("p1")
    gateway.clock.advance(timedelta(days=1))
    await world.refund("r1", "p1", 100)
    use(world, RefundPolicy(RefundRate.DAY))

    with pytest.raises(RatesStale):
        await world.refund("r2", "p1", 100)


async def test_refunds_asked_for_at_once_never_exceed_the_payment(gateway: Gateway) -> None:
    world = World(gateway)
    await world.paid("p1")

    asked = await asyncio.gather(
        *(world.refund(f"r{number}", "p1", 300) for number in range(6)), return_exceptions=True
    )

    refused = [answer for answer in asked if isinstance(answer, BaseException)]
    assert [type(refusal) for refusal in refused] == [RefundExceedsPayment] * 3
    given = await gateway.pool.fetchval("SELECT sum(target_minor) FROM refund_asks")
    assert given == 900


async def test_a_refund_and_a_dispute_at_once_never_take_more_than_was_captured(
    gateway: Gateway,
) -> None:
    world = World(gateway)
    payment = await world.paid("p1", KAKAO)
    contested = opened(payment, payment.terms.home_minor * 6 // 10)

    await asyncio.gather(
        world.hear(contested),
        *(world.refund(f"r{number}", "p1", 200, KAKAO) for number in range(5)),
        return_exceptions=True,
    )

    refunded = await gateway.pool.fetchrow(
        "SELECT sum(target_minor), sum(paid_mid_minor + paid_spread_minor) FROM refund_asks"
    )
    disputed = await gateway.pool.fetchrow(
        "SELECT payable_minor + fee_minor, mid_minor + spread_minor FROM dispute_claims"
    )
    target, home = (
        int(one or 0) + int(other) for one, other in zip(refunded, disputed, strict=True)
    )
    assert 800 <= target <= payment.terms.target_minor
    assert home <= payment.terms.home_minor
