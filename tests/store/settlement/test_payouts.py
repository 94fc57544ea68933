"""Payouts beside the real ledger: each yen is payable, in clearing or at the bank."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.errors import Conflict, NotFound
from services.kit.kafka import Topics
from services.settlement.payouts.model import Outcome, Payout, State
from services.settlement.payouts.operators import (
    AgreementNotActive,
    PayoutLeft,
    PayoutNotOver,
    PayoutNotResolvable,
)
from services.settlement.payouts.payees import Payees
from services.settlement.payouts.paying import Paying
from tests.conftest import Database
from tests.parts import PAYEE_BOX
from tests.store.settlement.paying_world import (
    AGREEMENT,
    BANK,
    BANK_FEES,
    CAFE,
    CLEARING,
    FEES,
    OTHER_PAYEE,
    PREFUND,
    SHOP,
    YEN,
    PayingWorld,
    mid,
    paying_world,
)
from tests.store.settlement.world import CORRIDOR

EARNED = {PREFUND: -10_000, FEES: 100}


@pytest.fixture
async def house(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    async with paying_world(database, topics) as made:
        yield made


async def paid(house: PayingWorld) -> Payout:
    """A payment's window is closed and paid out: the order is with the bridge."""
    await house.pay(10_000)
    await house.close()
    (payout,) = await house.pay_due()
    return payout


async def test_every_yen_of_a_payout_is_payable_then_in_clearing_then_at_the_bank(
    house: PayingWorld,
) -> None:
    await house.pay(10_000)
    assert await house.balances() == EARNED | {SHOP: 9_900}
    await house.close()
    (payout,) = await house.pay_due()
    assert payout.state is State.ORDERED
    assert await house.balances() == EARNED | {CLEARING: 9_900}
    (order,) = house.orders
    assert (order.payout_id, order.resource_id) == (payout.payout_id, payout.payout_id)
    assert (order.amount.minor_units, order.payee.account_number) == (9_900, "1234567")
    await house.bank_says(payout.payout_id, "payout_submitted", partner_reference="B1")
    await house.bank_says(payout.payout_id, "payout_accepted")
    await house.bank_says(payout.payout_id, "payout_executed", bank_fee=145)
    assert await house.balances() == EARNED | {CLEARING: 10_045, BANK_FEES: -145}
    await house.statement_says(payout.payout_id)
    (ended,) = await house.payouts()
    assert (ended.state, ended.partner_reference) == (State.SETTLED, "B1")
    assert await house.balances() == EARNED | {BANK: 10_045, BANK_FEES: -145}
    told = [
        each.payout_changed.payout.state for each in house.facts if each.HasField("payout_changed")
    ]
    assert told == [1, 2, 3, 4, 5, 6]
    assert len(house.orders) == 1


async def test_a_returned_payout_is_payable_again_and_is_paid_once_more_to_a_new_account(
    house: PayingWorld,
) -> None:
    first = await paid(house)
    await house.bank_says(first.payout_id, "payout_executed")
    await house.statement_says(first.payout_id)
    await house.bank_says(first.payout_id, "payout_returned", reason="PAYEE_UNKNOWN")
    assert await house.balances() == EARNED | {SHOP: 9_900, BANK: 9_900, CLEARING: -9_900}
    await house.statement_says(first.payout_id, credit=True)
    assert await house.balances() == EARNED | {SHOP: 9_900}
    (returned,) = await house.payouts()
    assert (returned.state, returned.reason) == (State.RETURNED, "PAYEE_UNKNOWN")
    await house.operators.put(replace(AGREEMENT, payee=OTHER_PAYEE))
    again = await house.operators.retry(first.payout_id, "hanako", "new account")
    assert await house.operators.retry(first.payout_id, "hanako", "new account") == again
    await house.settle()
    assert house.orders[-1].payee.account_number == "7654321"
    assert len(await house.payouts()) == 2
    await house.bank_says(again.payout_id, "payout_executed")
    await house.statement_says(again.payout_id)
    assert await house.balances() == EARNED | {BANK: 9_900}
    assert (await house.journal(again.payout_id))[0] == "made"


async def test_a_rejected_payout_gives_everything_back(house: PayingWorld) -> None:
    payout = await paid(house)
    await house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    (rejected,) = await house.payouts()
    assert (rejected.state, rejected.reason) == (State.REJECTED, "NAME_MISMATCH")
    assert await house.balances() == EARNED | {SHOP: 9_900}


async def test_what_the_ledger_refused_of_a_payout_does_not_hold_up_its_retry(
    house: PayingWorld,
) -> None:
    payout = await paid(house)
    await house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    await house.world.units.pool.execute(
        "UPDATE payouts SET refused = '{fee}', release_proposed_by = 'mei'"
    )
    again = await house.operators.retry(payout.payout_id, "hanako", "corrected name")
    assert again == await house.operators.retry(payout.payout_id, "hanako", "corrected name")
    await house.settle()
    assert await house.balances() == EARNED | {CLEARING: 9_900}


async def test_what_the_statement_shows_to_have_left_is_not_paid_twice(house: PayingWorld) -> None:
    payout = await paid(house)
    await house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    await house.statement_says(payout.payout_id)
    with pytest.raises(PayoutLeft, match="ask the bank"):
        await house.operators.retry(payout.payout_id, "hanako", "refused")
    await house.statement_says(payout.payout_id, credit=True)
    again = await house.operators.retry(payout.payout_id, "hanako", "it is back")
    await house.settle()
    await house.statement_says(again.payout_id)
    assert await house.balances() == EARNED | {BANK: 9_900}


async def test_facts_that_come_again_move_nothing(house: PayingWorld) -> None:
    payout = await paid(house)
    for _ in range(2):
        await house.bank_says(payout.payout_id, "payout_executed", bank_fee=145)
        await house.statement_says(payout.payout_id)
    assert await house.balances() == EARNED | {BANK: 10_045, BANK_FEES: -145}
    words = await house.journal(payout.payout_id)
    assert len(words) == len(set(words))


async def test_a_payout_is_no_part_of_what_is_owed_in_the_window_it_falls_into(
    house: PayingWorld,
) -> None:
    await house.closing.put_schedule(replace(YEN, schedule_id="rest", corridor_id=""))
    payout = await paid(house)
    await house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    again = await house.operators.retry(payout.payout_id, "hanako", "corrected name")
    await house.settle()
    await house.close("")
    await house.close()
    assert [each.payout_id for each in await house.pay_due()] == [
        payout.payout_id,
        again.payout_id,
    ]


async def test_what_is_below_the_minimum_is_carried_into_the_next_window(
    house: PayingWorld,
) -> None:
    await house.operators.put(replace(AGREEMENT, minimum_payout=15_000))
    await house.pay(10_000)
    await house.close()
    assert await house.pay_due() == []
    await house.pay(10_000)
    await house.close()
    (payout,) = await house.pay_due()
    assert (payout.amount.minor, len(payout.window_ids)) == (19_800, 2)


async def test_what_a_merchant_owes_is_netted_with_the_next_window(house: PayingWorld) -> None:
    await house.closing.put_schedule(replace(YEN, schedule_id="rest", corridor_id=""))
    await house.owe(4_000)
    await house.close("")
    assert await house.pay_due() == []
    await house.pay(10_000)
    await house.close()
    (payout,) = await house.pay_due()
    assert payout.amount.minor == 5_900
    assert (await house.balances()).get(SHOP) is None


async def test_a_reserve_is_kept_back_and_paid_on_its_day(house: PayingWorld) -> None:
    await house.operators.put(replace(AGREEMENT, reserve_basis_points=1_000, reserve_days=30))
    await house.pay(10_000)
    await house.close()
    (payout,) = await house.pay_due()
    assert payout.amount.minor == 8_910
    assert (await house.balances())[SHOP] == 990
    house.clock.advance(timedelta(days=29))
    assert len(await house.pay_due()) == 1
    house.clock.advance(timedelta(days=1))
    assert (await house.pay_due())[-1].amount.minor == 990


async def test_accounts_of_one_agreement_are_netted_and_each_ends_at_zero(
    house: PayingWorld,
) -> None:
    await house.closing.put_schedule(replace(YEN, schedule_id="rest", corridor_id=""))
    await house.operators.put(replace(AGREEMENT, account_ids=(SHOP, CAFE)))
    await house.pay(10_000)
    await house.owe(2_000, CAFE)
    await house.close()
    await house.close("")
    (payout,) = await house.pay_due()
    assert payout.amount.minor == 7_900
    balances = await house.balances()
    assert (balances.get(SHOP), balances.get(CAFE), balances[CLEARING]) == (None, None, 7_900)


async def test_nothing_is_paid_before_its_day_begins_where_the_window_is(
    house: PayingWorld,
) -> None:
    await house.closing.put_schedule(replace(YEN, settle_days=1))
    await house.pay()
    await house.close()
    assert await house.pay_due() == []
    # It is noon in Tokyo.
    house.clock.advance(timedelta(hours=12))
    assert len(await house.pay_due()) == 1


async def test_a_converted_payout_is_paid_in_the_other_currency_at_the_rate_it_keeps(
    house: PayingWorld,
) -> None:
    await house.operators.put(replace(AGREEMENT, settlement_currency="CNY"))
    payout = await paid(house)
    assert (payout.owed.minor, payout.amount.minor, payout.amount.currency) == (
        9_900,
        49_500,
        "CNY",
    )
    assert (await house.payouts())[0].rate == payout.rate
    balances = await house.balances()
    assert (balances["position:JPY"], balances["position:CNY"]) == (9_900, -49_500)
    assert balances["bank-clearing-out:CNY"] == 49_500


async def test_a_payout_the_ledger_refuses_moves_nothing_and_can_be_paid_again(
    house: PayingWorld,
) -> None:
    await house.pay(10_000)
    await house.close()
    await house.owe(1_000_001)
    (payout,) = await house.pay_due()
    assert (payout.state, payout.reason) == (State.REJECTED, "EXCEEDS_NET_DEBIT_LIMIT")
    assert house.orders == []


async def test_by_hand_a_payout_waits_for_the_statement(house: PayingWorld) -> None:
    await house.operators.put(replace(AGREEMENT, bank_partner="", payee=type(OTHER_PAYEE)()))
    payout = await paid(house)
    assert (payout.state, house.orders) == (State.ORDERED, [])
    await house.statement_says(payout.payout_id)
    assert (await house.payouts())[0].state is State.SETTLED


async def test_by_hand_an_operator_says_what_became_of_a_payout(house: PayingWorld) -> None:
    await house.operators.put(replace(AGREEMENT, bank_partner="", payee=type(OTHER_PAYEE)()))
    payout = await paid(house)

    async def say(outcome: Outcome) -> Payout:
        await house.operators.resolve(payout.payout_id, outcome, "hanako", "line 3 of 30 October")
        await house.settle()
        return (await house.payouts())[0]

    with pytest.raises(PayoutNotResolvable, match="only money that has left comes back"):
        await say(Outcome.CAME_BACK)
    assert (await say(Outcome.LEFT)).state is State.SETTLED
    assert (await say(Outcome.LEFT)).state is State.SETTLED
    assert await house.balances() == EARNED | {BANK: 9_900}
    with pytest.raises(PayoutNotResolvable, match="has not left"):
        await say(Outcome.NOT_PAID)
    assert (await say(Outcome.CAME_BACK)).state is State.RETURNED
    assert await house.balances() == EARNED | {SHOP: 9_900}
    assert [word for word in await house.journal(payout.payout_id) if word in set(Outcome)] == [
        "left",
        "came_back",
    ]


async def test_what_will_not_be_paid_by_hand_is_owed_again(house: PayingWorld) -> None:
    by_bank = await paid(house)
    with pytest.raises(PayoutNotResolvable, match="the bank has to say it"):
        await house.operators.resolve(by_bank.payout_id, Outcome.NOT_PAID, "hanako", "no answer")
    await house.bank_says(by_bank.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    await house.operators.put(replace(AGREEMENT, bank_partner="", payee=type(OTHER_PAYEE)()))
    by_hand = await house.operators.retry(by_bank.payout_id, "hanako", "by hand then")
    await house.settle()
    await house.operators.resolve(by_hand.payout_id, Outcome.NOT_PAID, "hanako", "no such payee")
    await house.settle()
    assert (await house.payouts())[1].state is State.REJECTED
    assert await house.balances() == EARNED | {SHOP: 9_900}


async def test_nothing_is_paid_out_of_a_window_that_differs_before_it_is_accepted(
    house: PayingWorld,
) -> None:
    await house.pay()
    await house.world.units.pool.execute(
        "INSERT INTO account_totals VALUES ($1, 'JPY', 5, 0)", SHOP
    )
    window = await house.closing.close(CORRIDOR, "JPY", "hanako")
    await house.closing.recheck(window.window_id, "hanako", "")
    assert await house.pay_due() == []
    for _ in range(2):
        await house.closing.recheck(window.window_id, "hanako", "five yen, put right by hand")
        (payout,) = await house.pay_due()
        assert payout.amount.minor == 9_900


async def test_commands_of_a_payout_that_waits_are_repeated_with_the_same_content(
    house: PayingWorld,
) -> None:
    await paid(house)
    assert await house.paying.repeat() == 0
    await house.world.units.pool.execute("UPDATE payouts SET due_time = now()")
    assert await house.paying.repeat() == 1
    assert await house.paying.repeat() == 0
    await house.settle()
    first, second = house.orders
    assert first == second


async def test_only_what_is_over_is_paid_again(house: PayingWorld) -> None:
    payout = await paid(house)
    with pytest.raises(PayoutNotOver, match="is ordered"):
        await house.operators.retry(payout.payout_id, "hanako", "why not")
    with pytest.raises(NotFound, match="There is no payout"):
        await house.operators.retry("payout-no", "hanako", "why not")
    await house.bank_says(payout.payout_id, "payout_rejected", reason="NAME_MISMATCH")
    await house.operators.put(replace(AGREEMENT, active=False))
    with pytest.raises(AgreementNotActive):
        await house.operators.retry(payout.payout_id, "hanako", "why not")


async def test_an_account_is_paid_by_one_agreement_and_has_to_be_in_the_ledger(
    house: PayingWorld,
) -> None:
    with pytest.raises(Conflict, match="is paid by the agreement shokudo"):
        await house.operators.put(replace(AGREEMENT, agreement_id="other"))
    with pytest.raises(Conflict, match="is with shokudo in JPY"):
        await house.operators.put(replace(AGREEMENT, participant_id="somebody"))
    with pytest.raises(NotFound, match="nobody"):
        await house.operators.put(
            replace(AGREEMENT, agreement_id="other", account_ids=("merchant-payable:nobody:JPY",))
        )


async def test_windows_closed_and_paid_while_payments_go_on_pay_each_yen_once(
    house: PayingWorld,
) -> None:
    amounts = [10_000 + number for number in range(25)]
    other = Paying(house.world.units, house.clock, mid, Payees(PAYEE_BOX))

    async def earn() -> None:
        for amount in amounts:
            await house.pay(amount)

    async def close_and_pay(paying: Paying) -> None:
        while not earning.done():
            await house.close()
            await paying.pay()

    earning = asyncio.create_task(earn())
    await asyncio.gather(earning, close_and_pay(house.paying), close_and_pay(other))
    await house.close()
    payouts = await house.pay_due()
    assert len(payouts) > 1
    assert sum(payout.amount.minor for payout in payouts) == sum(a - a // 100 for a in amounts)
    assert (await house.balances()).get(SHOP) is None
    windows = [window for payout in payouts for window in payout.window_ids]
    assert len(windows) == len(set(windows))
