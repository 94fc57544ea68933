"""An acquirer's agreement for every shop: shops join with their first window, and are paid."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.accounts import merchant_payable
from services.core.errors import Conflict
from services.kit.kafka import Topics
from services.settlement.domain.agreements import NO_PAYEE, Agreement, EveryShopTaken
from services.settlement.payouts.model import State
from services.settlement.payouts.payees import Payees
from services.settlement.payouts.paying import Paying
from services.settlement.store.agreements import get_agreement, positions_in
from services.settlement.store.shops import shops_joined
from tests.conftest import Database
from tests.parts import PAYEE_BOX
from tests.store.settlement.payees_world import account_event, tell
from tests.store.settlement.paying_world import (
    AGREEMENT,
    CAFE,
    PAYEE,
    SHOP,
    PayingWorld,
    mid,
    paying_world,
)

EDO = "edo-acquirer"
EVERY = Agreement(
    "edo", EDO, (), "JPY", "JPY", bank_partner="japan-bank", payee=PAYEE, every_shop=True
)
MANY = 70


@pytest.fixture
async def house(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    async with paying_world(database, topics) as made:
        await made.operators.put(EVERY)
        yield made


async def joined(house: PayingWorld, agreement_id: str = "edo") -> list[str]:
    async with house.world.units.pool.acquire() as connection:
        found = await shops_joined(connection, agreement_id, "", 1000)
        agreement = await get_agreement(connection, agreement_id)
        assert agreement is not None
        assert agreement.shop_count == len(found)
        return found


async def open_shop(house: PayingWorld, name: str) -> str:
    spec = merchant_payable(name, "JPY", 10**6)
    await house.open([spec])
    return spec.account_id


async def test_a_shop_that_was_opened_after_the_agreement_is_paid_with_its_first_window(
    house: PayingWorld,
) -> None:
    soba = await open_shop(house, "soba")
    await house.pay(10_000, soba, EDO)
    assert await joined(house) == []
    window = await house.close()
    assert await joined(house) == [soba]
    (payout,) = await house.pay_due()
    assert (payout.participant_id, payout.amount.minor) == (EDO, 9_900)
    assert [(share.account_id, share.amount_minor) for share in payout.shares] == [(soba, 9_900)]
    async with house.world.units.pool.acquire() as connection:
        assert await positions_in(connection, window.window_id, "", 10) == [
            ("edo", EDO, 9_900, 0, payout.payout_id, 1)
        ]
    await house.pay(1_000, soba, EDO)
    await house.close()
    assert (await house.pay_due())[-1].amount.minor == 990
    assert (await house.balances()).get(soba) is None


async def test_only_shops_of_the_participant_that_have_moved_join(house: PayingWorld) -> None:
    await tell(house.world, account_event(1, "1234567", house.clock.now(), timedelta(0)))
    soba, udon, quiet = [await open_shop(house, name) for name in ("soba", "udon", "quiet")]
    await house.pay(10_000, soba, EDO)
    await house.pay(10_000, udon, "another-acquirer")
    await house.pay(10_000, CAFE)
    await house.pay(10_000, SHOP)
    await house.close()
    assert quiet not in await joined(house)
    assert await joined(house) == [soba]
    assert {payout.participant_id for payout in await house.pay_due()} == {EDO, "shokudo"}


async def test_a_shop_whose_account_was_told_of_joins_without_a_payment_that_names_its_acquirer(
    house: PayingWorld,
) -> None:
    await house.operators.put(replace(AGREEMENT, account_ids=(CAFE,)))
    told = account_event(1, "1234567", house.clock.now(), timedelta(0))
    told.participant_id = EDO
    await tell(house.world, told)
    await house.pay(10_000, SHOP)
    await house.close()
    assert await joined(house) == [SHOP]


async def test_a_shop_that_another_agreement_names_leaves_and_its_positions_stay(
    house: PayingWorld,
) -> None:
    await house.operators.put(replace(EVERY, minimum_payout=15_000))
    soba, udon = [await open_shop(house, name) for name in ("soba", "udon")]
    for shop in (soba, udon):
        await house.pay(10_000, shop, EDO)
    await house.close()
    own = replace(AGREEMENT, agreement_id="soba", participant_id="soba", account_ids=(soba,))
    await house.operators.put(own)
    assert await joined(house) == [udon]
    await house.pay(20_000, soba, EDO)
    await house.close()
    assert await joined(house) == [udon]
    payouts = {payout.participant_id: payout for payout in await house.pay_due()}
    assert {who: each.amount.minor for who, each in payouts.items()} == {
        EDO: 19_800,
        "soba": 19_800,
    }
    assert len(payouts[EDO].shares) == 2

    await house.operators.put(replace(own, account_ids=(CAFE,)))
    await house.pay(10_000, soba, EDO)
    await house.close()
    assert await joined(house) == [soba, udon]


async def test_a_joined_shop_may_be_named_by_its_own_agreement_too(house: PayingWorld) -> None:
    soba = await open_shop(house, "soba")
    await house.pay(10_000, soba, EDO)
    await house.close()
    await house.operators.put(replace(EVERY, account_ids=(soba,)))
    assert await joined(house) == []
    put = await house.operators.put(EVERY)
    assert (put.account_ids, put.shop_count) == ((), 0)
    await house.pay(10_000, soba, EDO)
    await house.close()
    assert await joined(house) == [soba]
    await house.operators.put(replace(EVERY, every_shop=False, account_ids=(CAFE,)))
    assert await joined(house) == []
    (payout,) = await house.pay_due()
    assert payout.amount.minor == 19_800


async def test_one_agreement_pays_for_every_shop_of_a_participant_in_a_currency(
    house: PayingWorld,
) -> None:
    with pytest.raises(EveryShopTaken, match="The agreement edo pays for every shop"):
        await house.operators.put(replace(EVERY, agreement_id="edo-2"))
    await house.operators.put(replace(EVERY, agreement_id="edo-krw", currency="KRW"))
    await house.operators.put(replace(EVERY, agreement_id="other", participant_id="other"))
    await house.operators.put(replace(EVERY, minimum_payout=5))
    with pytest.raises(Conflict, match="is paid by the agreement shokudo"):
        await house.operators.put(replace(EVERY, account_ids=(SHOP,)))


async def test_more_shops_than_a_reserve_has_legs_are_paid_by_one_transfer(
    house: PayingWorld,
) -> None:
    specs = [merchant_payable(f"shop-{number:03}", "JPY", 10**6) for number in range(MANY)]
    await house.open(specs)
    for spec in specs:
        await house.pay(1_000, spec.account_id, EDO)
    await house.close()
    (payout,) = await house.pay_due()
    assert (payout.state, len(payout.shares)) == (State.ORDERED, MANY)
    assert payout.amount.minor == MANY * 990
    balances = await house.balances()
    assert not set(balances) & {spec.account_id for spec in specs}
    assert await joined(house) == [spec.account_id for spec in specs]


async def test_shops_past_one_payout_are_paid_by_several_and_one_that_came_back_stops_the_next(
    house: PayingWorld,
) -> None:
    await house.operators.put(replace(EVERY, payee=NO_PAYEE, payee_merchant_id="shokudo"))
    await tell(house.world, account_event(1, "1234567", house.clock.now(), timedelta(0)))
    paying = Paying(house.world.units, house.clock, mid, Payees(PAYEE_BOX), account_limit=2)
    shops = [await open_shop(house, name) for name in ("soba", "tempura", "udon")]
    for number, shop in enumerate(shops):
        await house.pay(1_000 * (number + 1), shop, EDO)
    await house.close()
    assert await paying.pay() == 2
    await house.settle()
    first, second = await house.payouts()
    assert [[share.amount_minor for share in each.shares] for each in (first, second)] == [
        [1_980, 2_970],
        [990],
    ]
    assert not set(await house.balances()) & set(shops)

    await house.bank_says(first.payout_id, "payout_executed")
    await house.bank_says(first.payout_id, "payout_returned", reason="ACCOUNT_CLOSED")
    await house.pay(5_000, shops[0], EDO)
    await house.close()
    assert await paying.pay() == 0
    await house.operators.retry(first.payout_id, "hanako", "the bank was wrong")
    assert await paying.pay() == 1
