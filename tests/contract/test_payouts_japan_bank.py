"""Payouts through the Japanese bank: every state and fault ends once, and in the bank's books."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.bridge.payouts.model import OPEN, PayoutState
from services.bridge.payouts.operators import PayoutOperators
from services.sandbox.partners.japan_bank_transfers import NO_SUCH_ACCOUNT
from tests.conftest import Database
from tests.contract.house import LANE, World
from tests.contract.japan_bank_house import (
    FEE_YEN,
    OPENING_YEN,
    Bank,
    japan_bank,
    order_payout,
    pay,
    paying,
    payout_of,
    text_of,
    until_payout,
)

YEN = 120_000
STEPS = ("PayoutSubmitted", "PayoutAccepted", "PayoutExecuted")


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with japan_bank() as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, bank: Bank) -> AsyncIterator[World]:
    async with paying(database.dsn("bridge"), bank) as running:
        yield running


async def waits_for_a_person(bank: Bank) -> None:
    await bank.control("habits", {"approval_seconds": None})


async def in_state(world: World, resource: str, state: PayoutState) -> None:
    await until_payout(world, resource, lambda payout: payout.state is state)


async def test_a_payout_is_submitted_approved_and_executed(world: World, bank: Bank) -> None:
    resource = await order_payout(world)
    for step in STEPS:
        await world.event(step, resource)
    books = await bank.books()
    text = text_of(resource)
    assert books["paid"] == {text: YEN}
    assert books["orders"] == {text: 1}
    assert books["own"] == OPENING_YEN - YEN - FEE_YEN


async def test_the_executed_event_states_amount_reference_and_fee(world: World) -> None:
    resource = await order_payout(world)
    executed = (await world.event("PayoutExecuted", resource)).payout_executed
    assert (executed.amount.minor_units, executed.amount.currency_code) == (YEN, "JPY")
    assert executed.bank_fee.minor_units == FEE_YEN
    assert executed.partner_reference == "0000000000000001"


async def test_received_is_not_paid_until_a_person_approves(world: World, bank: Bank) -> None:
    await waits_for_a_person(bank)
    resource = await order_payout(world)
    await world.event("PayoutSubmitted", resource)
    assert (await bank.books())["paid"] == {}
    await bank.control("approve", {"reference": text_of(resource), "decision": "approve"})
    await world.event("PayoutExecuted", resource)


@pytest.mark.parametrize("decision", ["send_back", "withdraw", "cancel_approval"])
async def test_what_the_approver_refuses_is_rejected(
    world: World, bank: Bank, decision: str
) -> None:
    await waits_for_a_person(bank)
    resource = await order_payout(world)
    await world.event("PayoutSubmitted", resource)
    await bank.control("approve", {"reference": text_of(resource), "decision": decision})
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert rejected.reason == "NOT_APPROVED"
    assert (await bank.books())["own"] == OPENING_YEN


async def test_an_order_that_nobody_approves_disappears_and_is_rejected(
    world: World, bank: Bank
) -> None:
    await waits_for_a_person(bank)
    resource = await order_payout(world)
    await world.event("PayoutSubmitted", resource)
    bank.clock.advance(timedelta(days=1))
    world.clock.advance(timedelta(days=1))
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert rejected.reason == "NOT_APPROVED"


async def test_a_payout_for_a_later_day_waits_for_it(world: World, bank: Bank) -> None:
    resource = await order_payout(world, value_date="2026-11-02")
    await world.event("PayoutAccepted", resource)
    assert (await bank.books())["paid"] == {}
    bank.clock.advance(timedelta(days=3))
    world.clock.advance(timedelta(days=3))
    await world.event("PayoutExecuted", resource)


async def test_a_return_days_later_follows_the_execution(world: World, bank: Bank) -> None:
    resource = await order_payout(world)
    await world.event("PayoutExecuted", resource)
    bank.clock.advance(timedelta(days=2))
    world.clock.advance(timedelta(days=2))
    await bank.control("return", {"reference": text_of(resource)})
    returned = (await world.event("PayoutReturned", resource)).payout_returned
    assert returned.amount.minor_units == YEN
    # The fee is not given back.
    assert (await bank.books())["own"] == OPENING_YEN - FEE_YEN


async def test_an_unknown_account_at_another_bank_comes_back(world: World, bank: Bank) -> None:
    resource = await order_payout(world, account_number=NO_SUCH_ACCOUNT)
    await world.event("PayoutExecuted", resource)
    returned = (await world.event("PayoutReturned", resource)).payout_returned
    assert returned.reason == "PAYEE_UNKNOWN"


async def test_another_holders_account_at_another_bank_comes_back(world: World, bank: Bank) -> None:
    await bank.control("payee", {"account": "0005-001-1-1234567", "holder": "ｻﾄｳ ﾀﾛ-"})
    resource = await order_payout(world)
    await world.event("PayoutReturned", resource)
    assert world.sent.kinds(resource) == list(STEPS)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("low_balance", "BANK_FUNDS"),
        ("name_mismatch", "NAME_MISMATCH"),
        ("unknown_account", "PAYEE_UNKNOWN"),
    ],
)
async def test_a_refused_order_is_rejected_with_our_reason(
    world: World, bank: Bank, fault: str, reason: str
) -> None:
    await bank.fault(fault, match={"operation": "transfer"})
    resource = await order_payout(world)
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert rejected.reason == reason
    assert world.sent.kinds(resource) == []


async def test_too_little_on_our_account_is_told_when_it_is_executed(
    world: World, bank: Bank
) -> None:
    await bank.control("balance", {"account": "own", "yen": YEN})
    resource = await order_payout(world)
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert rejected.reason == "BANK_FUNDS"
    assert (await bank.books())["own"] == YEN


async def test_a_name_in_kanji_is_never_sent(world: World, bank: Bank) -> None:
    resource = await order_payout(world, holder_name="株式会社試験")
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert rejected.reason == "NAME_MISMATCH"
    assert (await bank.books())["orders"] == {}


@pytest.mark.parametrize(
    "fault", ["no_answer_after_work", "error_after_work", "no_answer_before_work"]
)
async def test_a_lost_answer_is_searched_for_and_never_sent_again(
    world: World, bank: Bank, fault: str
) -> None:
    await bank.fault(fault, match={"operation": "transfer"})
    resource = await order_payout(world)
    if fault == "no_answer_before_work":
        await in_state(world, resource, PayoutState.UNKNOWN)
        assert (await bank.books())["orders"] == {}
        return
    await world.event("PayoutExecuted", resource)
    assert (await bank.books())["orders"] == {text_of(resource): 1}


async def test_an_order_that_the_bank_works_late_is_found_when_it_is_there(
    world: World, bank: Bank
) -> None:
    await bank.fault("late_work", match={"operation": "transfer"})
    resource = await order_payout(world)
    await in_state(world, resource, PayoutState.UNKNOWN)
    await bank.control("late", {})
    await world.event("PayoutExecuted", resource)
    assert (await bank.books())["orders"] == {text_of(resource): 1}


async def test_a_lost_order_among_many_pages_is_found(database: Database) -> None:
    async with japan_bank(page_size=2) as bank, paying(database.dsn("bridge"), bank) as world:
        others = [await order_payout(world, yen) for yen in range(1000, 1005)]
        for other in others:
            await world.event("PayoutExecuted", other)
        await bank.fault("no_answer_after_work", match={"operation": "transfer"})
        resource = await order_payout(world)
        await world.event("PayoutExecuted", resource)
        assert max((await bank.books())["orders"].values()) == 1


async def test_a_return_is_found_though_inquiries_fail(world: World, bank: Bank) -> None:
    resource = await order_payout(world)
    await world.event("PayoutExecuted", resource)
    await bank.fault(
        "reject", times=0, match={"operation": "transfer_status", "id": "0000000000000001"}
    )
    await bank.control("return", {"reference": text_of(resource)})
    returned = await world.event("PayoutReturned", resource)
    assert returned.payout_returned.amount.minor_units == YEN


async def test_another_amount_than_ordered_waits_for_an_operator(world: World, bank: Bank) -> None:
    await waits_for_a_person(bank)
    await bank.fault("wrong_amount", times=0, match={"operation": "transfer_status"})
    resource = await order_payout(world)
    await world.event("PayoutSubmitted", resource)
    await bank.control("approve", {"decision": "approve"})
    await until_payout(world, resource, lambda payout: payout.reason == "AMOUNT_DIFFERS")
    operators = PayoutOperators(world.units, world.payouts, LANE)
    await operators.resolve(resource, PayoutState.EXECUTED, "op", "the statement shows it")
    await world.event("PayoutExecuted", resource)


async def test_what_comes_in_closed_hours_is_sent_when_the_bank_opens(
    world: World, bank: Bank
) -> None:
    await bank.fault("closed_hours", times=3, match={"operation": "transfer"})
    resource = await order_payout(world)
    await world.event("PayoutExecuted", resource)
    assert (await bank.books())["orders"] == {text_of(resource): 1}


async def test_an_inquiry_that_fails_is_made_again(world: World, bank: Bank) -> None:
    await bank.fault("error_before_work", times=2, match={"operation": "transfer_status"})
    resource = await order_payout(world)
    await world.event("PayoutExecuted", resource)


async def test_a_repeated_order_is_paid_once_and_its_last_word_said_again(
    world: World, bank: Bank
) -> None:
    resource = await order_payout(world)
    for step in STEPS:
        await world.event(step, resource)
    await world.command(resource, submit_payout=pay(resource))
    await world.event("PayoutExecuted", resource)
    assert (await bank.books())["orders"] == {text_of(resource): 1}


async def test_a_fault_by_rule_sends_an_executed_transfer_back(world: World, bank: Bank) -> None:
    await bank.fault("returned_transfer", match={"operation": "transfer"})
    resource = await order_payout(world)
    await world.event("PayoutReturned", resource)
    assert (await bank.books())["returned"] == {text_of(resource): YEN}


async def test_random_faults_end_with_both_books_equal(world: World, bank: Bank) -> None:
    rates = {
        "no_answer_after_work": 0.15,
        "error_after_work": 0.1,
        "closed_hours": 0.1,
        "delay": 0.1,
        "returned_transfer": 0.1,
        "low_balance": 0.1,
    }
    rule = {"seed": 7, "rates": rates, "operations": ["transfer"], "silence_ms": 1}
    await bank.control("random", rule)
    resources = [await order_payout(world, 1000 + number) for number in range(40)]
    for resource in resources:
        await until_payout(world, resource, lambda payout: payout.state not in OPEN)
    books = await bank.books()
    for resource in resources:
        payout = await payout_of(world, resource)
        text = payout.order.short_reference
        assert books["orders"].get(text, 0) <= 1
        has_left = payout.state is not PayoutState.REJECTED
        assert (text in books["paid"]) == has_left


async def test_a_payout_for_a_holiday_goes_on_the_next_business_day(
    world: World, bank: Bank
) -> None:
    resource = await order_payout(world, value_date="2026-11-03")
    await world.event("PayoutAccepted", resource)
    for clock in (bank.clock, world.clock):
        clock.advance(timedelta(days=4))
    assert (await bank.books())["paid"] == {}
    for clock in (bank.clock, world.clock):
        clock.advance(timedelta(days=1))
    await world.event("PayoutExecuted", resource)
