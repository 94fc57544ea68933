"""A payout's life: whatever order facts come in, one effect, and each yen has a place."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bridge.payouts.messages import read_payout_order
from services.core.money import Money
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeCommand
from services.settlement.payouts.messages import command_of, link_of
from services.settlement.payouts.model import (
    DONE_BY,
    Heard,
    Payout,
    State,
    Task,
    Word,
    hear,
    task_of,
    wanted,
)
from services.settlement.payouts.releasing import (
    PayoutNotStuck,
    ProposerReleases,
    ReleaseNotProposed,
    approve,
    propose,
)
from services.settlement.payouts.sealing import sealed_payout
from services.settlement.payouts.transfers import moves_of
from tests.parts import PAYEE_BOX
from tests.unit.settlement.payouts import CONVERTED, NOW, PAYOUT

CLEARING, BANK, FEES = "bank-clearing-out:JPY", "bank:JPY", "bank-fee-expense:JPY"
FEE = 5
OUTSIDE = {
    "paid": [Heard.SUBMITTED, Heard.ACCEPTED, Heard.EXECUTED, Heard.LEFT],
    "rejected": [Heard.SUBMITTED, Heard.REJECTED],
    "rejected at once": [Heard.REJECTED],
    "returned": [Heard.SUBMITTED, Heard.EXECUTED, Heard.LEFT, Heard.RETURNED, Heard.CAME_BACK],
    "returned, as only the statement says": [Heard.EXECUTED, Heard.LEFT, Heard.CAME_BACK],
    "on the statement alone": [Heard.LEFT],
}
ENDS = {
    "paid": State.SETTLED,
    "rejected": State.REJECTED,
    "rejected at once": State.REJECTED,
    "returned": State.RETURNED,
    "returned, as only the statement says": State.RETURNED,
    "on the statement alone": State.SETTLED,
}


class World:
    """A ledger that carries each link out once, and a bank that has been asked."""

    def __init__(self, payout: Payout) -> None:
        self.payout = payout
        self.balances: Counter[str] = Counter()
        self.links: dict[str, Sequence[object]] = {}
        self.posted: list[Heard] = []
        self.ordered = False

    def ask(self) -> None:
        """Everything that is wanted is asked for, again and again."""
        for task in wanted(self.payout):
            if task is Task.ORDER:
                self.ordered = True
                continue
            link, moves = link_of(self.payout, task), moves_of(self.payout, task)
            if link in self.links:
                assert self.links[link] == moves
                continue
            self.links[link] = moves
            for move in moves:
                self.balances[move.debit_account_id] -= move.amount.minor
                self.balances[move.credit_account_id] += move.amount.minor
            self.posted.append(DONE_BY[task])

    def hear(self, heard: Heard) -> None:
        fee = Money(FEE, "JPY") if heard is Heard.EXECUTED else None
        later = NOW + timedelta(seconds=1)
        self.payout = hear(self.payout, Word(heard, fee=fee), later)


@given(data=st.data(), ending=st.sampled_from(sorted(OUTSIDE)))
def test_facts_in_any_order_and_more_than_once_have_one_effect(
    data: st.DataObject, ending: str
) -> None:
    world = World(PAYOUT)
    world.ask()
    world.hear(Heard.BOOKED)
    world.ask()
    waiting, told = [*OUTSIDE[ending]], [Heard.BOOKED]
    while open_words := [*waiting, *(each for each in world.posted if each not in told)]:
        heard = data.draw(st.sampled_from(open_words))
        told.append(heard)
        waiting = [each for each in waiting if each is not heard]
        world.hear(heard)
        world.ask()
        # Old words come again, at any time.
        world.hear(data.draw(st.sampled_from(told)))
        world.ask()
        assert sum(world.balances.values()) == 0
    assert world.payout.state is ENDS[ending]
    fee = FEE if Heard.EXECUTED in OUTSIDE[ending] else 0
    paid = 700 if ENDS[ending] is State.SETTLED else 0
    assert world.balances["a:JPY"] == (-1_000 if paid else 0)
    assert world.balances["b:JPY"] == (300 if paid else 0)
    assert world.balances[CLEARING] == 0
    assert world.balances[BANK] == paid + fee
    assert world.balances[FEES] == -fee
    assert not wanted(world.payout)


def test_a_converted_payout_crosses_both_positions_and_comes_back_the_same_way() -> None:
    balances: Counter[str] = Counter()
    for move in moves_of(CONVERTED, Task.BOOK):
        balances[move.debit_account_id] -= move.amount.minor
        balances[move.credit_account_id] += move.amount.minor
        assert move.debit_account_id[-3:] == move.credit_account_id[-3:] == move.amount.currency
    assert balances == {
        "a:JPY": -1_000,
        "b:JPY": 300,
        "position:JPY": 700,
        "position:KRW": -70,
        "bank-clearing-out:KRW": 70,
    }
    for move in moves_of(CONVERTED, Task.PUT_BACK):
        balances[move.debit_account_id] -= move.amount.minor
        balances[move.credit_account_id] += move.amount.minor
    assert not any(balances.values())


def test_the_bank_is_asked_only_for_what_is_booked_and_not_again_after_its_word() -> None:
    assert wanted(PAYOUT) == {Task.BOOK}
    booked = hear(PAYOUT, Word(Heard.BOOKED), NOW)
    assert booked.state is State.ORDERED
    assert wanted(booked) == {Task.ORDER}
    assert not wanted(hear(booked, Word(Heard.SUBMITTED), NOW))


def test_a_payout_by_hand_is_ordered_until_the_statement_shows_it() -> None:
    booked = hear(replace(PAYOUT, bank_partner=""), Word(Heard.BOOKED), NOW)
    assert booked.state is State.ORDERED
    assert not wanted(booked)
    left = hear(booked, Word(Heard.LEFT), NOW)
    assert left.state is State.EXECUTED
    assert wanted(left) == {Task.SETTLE}


@pytest.mark.parametrize("heard", [Heard.REFUSED, Heard.STUCK])
def test_what_the_ledger_refuses_is_not_asked_again(heard: Heard) -> None:
    refused = hear(PAYOUT, Word(heard, reason="EXCEEDS_CREDITS"), NOW)
    assert not wanted(refused)
    assert refused.reason == "EXCEEDS_CREDITS"


def stuck() -> Payout:
    payout = PAYOUT
    for word in (Word(Heard.BOOKED), Word(Heard.EXECUTED), Word(Heard.LEFT)):
        payout = hear(payout, word, NOW)
    return hear(payout, Word(Heard.STUCK, reason="ACCOUNT_NOT_FOUND", suffix="settle"), NOW)


def test_what_was_refused_is_asked_for_anew_under_another_link_when_two_agree() -> None:
    payout = propose(stuck(), "mei", NOW)
    assert not wanted(payout)
    assert propose(payout, "kenji", NOW) is payout
    with pytest.raises(ProposerReleases):
        approve(payout, " MEI", NOW)
    free = approve(payout, "kenji", NOW)
    assert wanted(free) == {Task.SETTLE}
    assert link_of(free, Task.SETTLE) == f"{PAYOUT.payout_id}-settle-2"
    assert (free.is_stuck, free.reason, free.release_proposed_by) == (False, "", "")
    assert hear(free, Word(Heard.STUCK, suffix="settle"), NOW) is free
    again = hear(free, Word(Heard.STUCK, reason="X", suffix="settle-2"), NOW)
    assert (again.is_stuck, again.reason) == (True, "X")
    third = approve(propose(again, "kenji", NOW), "mei", NOW)
    assert link_of(third, Task.SETTLE) == f"{PAYOUT.payout_id}-settle-3"
    assert hear(third, Word(Heard.SETTLED), NOW).state is State.SETTLED


def test_only_what_is_stuck_is_released_and_only_once_proposed() -> None:
    with pytest.raises(PayoutNotStuck):
        propose(PAYOUT, "mei", NOW)
    with pytest.raises(ReleaseNotProposed):
        approve(stuck(), "mei", NOW)


@pytest.mark.parametrize(
    ("suffix", "task"),
    [
        ("settle", Task.SETTLE),
        ("settle-2", Task.SETTLE),
        ("", Task.BOOK),
        ("settle-x", None),
        ("settle-", None),
        ("other", None),
    ],
)
def test_the_end_of_a_link_names_its_transfer(suffix: str, task: Task | None) -> None:
    assert task_of(suffix) is task


def test_a_returned_payout_can_be_paid_again_only_when_its_money_is_back() -> None:
    said = [Heard.BOOKED, Heard.EXECUTED, Heard.RETURNED]
    payout = PAYOUT
    for heard in said:
        payout = hear(payout, Word(heard), NOW)
    assert payout.state is State.EXECUTED
    assert hear(payout, Word(Heard.PUT_BACK), NOW).state is State.RETURNED


def test_the_bridge_takes_the_order_as_it_is_sent() -> None:
    for payout in (PAYOUT, sealed_payout(PAYOUT, PAYEE_BOX)):
        command = BridgeCommand.FromString(command_of(payout, Task.ORDER).payload)
        order = read_payout_order(command.submit_payout, PAYEE_BOX)
        assert (order.payout_id, order.amount) == (PAYOUT.payout_id, PAYOUT.amount)
        assert order.payee.holder_name == PAYOUT.payee.holder_name


def test_a_fee_in_another_currency_is_not_booked() -> None:
    booked = hear(PAYOUT, Word(Heard.BOOKED), NOW)
    executed = hear(booked, Word(Heard.EXECUTED, fee=Money(5, "USD")), NOW)
    assert executed.fee_minor == 0
    assert Task.BOOK_FEE not in wanted(executed)
