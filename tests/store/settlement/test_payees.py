"""Agreements that name a shop pay the account that the gateway says is in effect."""

from collections.abc import AsyncIterator
from dataclasses import astuple, replace
from datetime import timedelta

import pytest

from services.core.errors import Malformed
from services.kit.kafka import Topics
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.settlement.domain.agreements import NO_PAYEE
from services.settlement.domain.payees import PayeeMissing, PayeeReturned, PayeeUnreadable
from services.settlement.payouts.model import Payout, State
from services.settlement.payouts.operators import PayoutOperators
from services.settlement.payouts.payees import Payees
from services.settlement.store.agreements import put_agreement
from services.settlement.store.sealing import payees_sealer
from tests.conftest import Database
from tests.parts import PAYEE_BOX, rows_of
from tests.store.settlement.payees_world import account_event, tell
from tests.store.settlement.paying_world import (
    AGREEMENT,
    CAFE,
    OTHER_PAYEE,
    PayingWorld,
    paying_world,
)

BY_SHOP = replace(AGREEMENT, payee=NO_PAYEE, payee_merchant_id="shokudo")
AT_ONCE, WAIT = timedelta(0), timedelta(hours=72)
FIRST, SECOND, THIRD = "1111111", "2222222", "3333333"


@pytest.fixture
async def house(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    async with paying_world(database, topics) as made:
        await made.operators.put(BY_SHOP)
        yield made


async def account(house: PayingWorld, version: int, number: str, wait: timedelta = WAIT) -> None:
    """The gateway approves an account now."""
    await tell(house.world, account_event(version, number, house.clock.now(), wait))


async def earn(house: PayingWorld) -> list[Payout]:
    """A payment, its window, and what is due paid."""
    await house.pay(10_000)
    await house.close()
    return await house.pay_due()


def numbers(house: PayingWorld) -> list[str]:
    """Where money was ordered to."""
    return [order.payee.account_number for order in house.orders]


async def test_nothing_is_paid_before_a_shop_has_an_account(house: PayingWorld) -> None:
    assert await earn(house) == []
    await account(house, 1, FIRST, AT_ONCE)
    (payout,) = await house.pay_due()
    assert (payout.payee.masked, numbers(house)) == ("0005-001 ***111", [FIRST])
    assert house.orders[0].payee.holder_name == "ショクドウ"


async def test_an_account_that_takes_anothers_place_is_paid_after_its_time(
    house: PayingWorld,
) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    await account(house, 2, SECOND)
    await earn(house)
    house.clock.advance(WAIT)
    await earn(house)
    assert numbers(house) == [FIRST, SECOND]


async def test_an_account_that_was_taken_back_in_time_is_never_paid(house: PayingWorld) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    await account(house, 2, SECOND)
    house.clock.advance(timedelta(hours=24))
    await account(house, 3, FIRST)
    house.clock.advance(timedelta(hours=60))
    await earn(house)
    house.clock.advance(WAIT)
    await earn(house)
    assert numbers(house) == [FIRST, FIRST]


async def test_what_came_back_waits_for_another_account_and_is_paid_again_to_it(
    house: PayingWorld,
) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    (first,) = await earn(house)
    await house.bank_says(first.payout_id, "payout_executed")
    await house.bank_says(first.payout_id, "payout_returned", reason="ACCOUNT_CLOSED")
    # What falls due meanwhile is not sent after it.
    assert [each.state for each in await earn(house)] == [State.RETURNED]
    await account(house, 2, SECOND)
    with pytest.raises(PayeeReturned, match=r"0005-001 \*\*\*222 takes its place at 2026-"):
        await house.operators.retry(first.payout_id, "hanako", "new account")
    house.clock.advance(WAIT)
    again = await house.operators.retry(first.payout_id, "hanako", "new account")
    assert (again.payee.account_number, again.retry_of) == ("***222", first.payout_id)
    await house.settle()
    await house.pay_due()
    assert numbers(house) == [FIRST, SECOND, SECOND]


async def test_an_operator_may_try_an_account_again_that_nothing_replaces(
    house: PayingWorld,
) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    (first,) = await earn(house)
    await house.bank_says(first.payout_id, "payout_rejected", reason="BANK_CLOSED")
    again = await house.operators.retry(first.payout_id, "hanako", "the bank is open")
    await house.settle()
    assert (again.payee.account_number, numbers(house)) == ("***111", [FIRST, FIRST])


async def test_a_shop_without_an_account_any_more_is_not_paid(house: PayingWorld) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    (first,) = await earn(house)
    await house.bank_says(first.payout_id, "payout_rejected", reason="BANK_CLOSED")
    await account(house, 2, "", AT_ONCE)
    with pytest.raises(PayeeMissing):
        await house.operators.retry(first.payout_id, "hanako", "again")
    assert len(await earn(house)) == 1


async def test_an_account_sealed_for_another_shop_or_key_is_not_paid(house: PayingWorld) -> None:
    event = account_event(1, FIRST, house.clock.now(), AT_ONCE, merchant_id="kissaten")
    await tell(house.world, event)
    assert await earn(house) == []
    await account(house, 2, SECOND, AT_ONCE)
    (first,) = await house.pay_due()
    await house.bank_says(first.payout_id, "payout_rejected", reason="BANK_CLOSED")
    none = Payees(SecretBox(None, PAYEE_SETTING))
    keyless = PayoutOperators(house.world.units, house.world.ledger, house.clock, none)
    with pytest.raises(PayeeUnreadable, match="KAWASE_PAYEE_KEY"):
        await keyless.retry(first.payout_id, "hanako", "again")


async def test_accounts_are_kept_sealed(house: PayingWorld) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    rows = await house.world.units.pool.fetch("SELECT * FROM payee_accounts")
    assert [row["shown"] for row in rows] == ["0005-001 ***111"]
    assert FIRST not in repr(rows)


async def test_no_account_lies_in_plain_once_it_was_paid_to_and_came_back(
    house: PayingWorld,
) -> None:
    by_hand = replace(AGREEMENT, agreement_id="other", account_ids=(CAFE,))
    await house.operators.put(by_hand)
    await account(house, 1, FIRST, AT_ONCE)
    (first,) = await earn(house)
    await house.bank_says(first.payout_id, "payout_executed")
    await house.bank_says(first.payout_id, "payout_returned", reason="ACCOUNT_CLOSED")
    await house.operators.retry(first.payout_id, "hanako", "again")

    told = await rows_of(house.world.units.pool)
    planted = (FIRST, "ショクドウ", *astuple(AGREEMENT.payee)[3:])
    assert {(table, text) for table in told for text in planted if text in told[table]} == set()
    assert "***111" in told["payouts"]


async def test_payees_from_before_are_paid_and_known_again(house: PayingWorld) -> None:
    await account(house, 1, FIRST, AT_ONCE)
    (first,) = await earn(house)
    await house.bank_says(first.payout_id, "payout_executed")
    await house.bank_says(first.payout_id, "payout_returned", reason="ACCOUNT_CLOSED")
    # As such rows were.
    plain = ["0005", "001", "1", FIRST, "ショクドウ"]
    await house.world.units.pool.execute("UPDATE payouts SET sealed_payee = '', payee = $1", plain)
    assert [each.state for each in await earn(house)] == [State.RETURNED]

    async with house.world.units.pool.acquire() as connection:
        await put_agreement(connection, replace(AGREEMENT, agreement_id="shokudo"))
    await earn(house)
    payee = house.orders[-1].payee
    assert (payee.account_number, payee.holder_name) == astuple(AGREEMENT.payee)[3:]


async def test_payees_from_before_are_sealed_where_they_lie(house: PayingWorld) -> None:
    pool = house.world.units.pool
    async with pool.acquire() as connection:
        await put_agreement(connection, AGREEMENT)
    (first,) = await earn(house)
    payee = list(astuple(AGREEMENT.payee))
    await pool.execute("UPDATE payouts SET sealed_payee = '', payee = $1", payee)

    sealer = payees_sealer(pool, PAYEE_BOX)
    assert [await sealer.step(), await sealer.step()] == [2, 0]
    told = await rows_of(pool)
    assert not any(text in told[table] for table in told for text in payee[3:])
    await house.bank_says(first.payout_id, "payout_rejected", reason="BANK_CLOSED")
    await house.operators.retry(first.payout_id, "hanako", "the bank is open")
    await house.settle()
    ordered = [[each.payee.account_number, each.payee.holder_name] for each in house.orders]
    assert ordered == [payee[3:]] * 2


@pytest.mark.parametrize("changed", [{"payee": OTHER_PAYEE}, {"bank_partner": ""}])
async def test_an_agreement_names_a_payee_or_a_shop_and_a_bank(
    house: PayingWorld, changed: dict[str, object]
) -> None:
    with pytest.raises(Malformed):
        await house.operators.put(replace(BY_SHOP, **changed))  # type: ignore[arg-type]
