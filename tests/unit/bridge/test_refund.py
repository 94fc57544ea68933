"""Refunds: what may be given back, and what answers make of them."""

from dataclasses import replace

import pytest

from services.bridge.domain.answer import Outcome
from services.bridge.domain.charge import Charge, Closing, State
from services.bridge.domain.refund import (
    RefundOrder,
    RefundSaid,
    RefundState,
    hear_refund,
    lease_refund,
    open_refund,
    refund_word_of,
)
from services.core.money import Money
from tests.unit.bridge.builders import MACHINE, NOW, ORDER, RULES, answer, charge

WISH = RefundOrder("refund-1", ORDER.charge_id, "refund-1", Money(5_000, "KRW"), "cold")


def test_a_refund_of_an_accepted_charge_is_due_now() -> None:
    refund, said = open_refund(WISH, charge(State.ACCEPTED), 0, NOW)
    assert (refund.state, refund.due_time, said) == (RefundState.STARTED, MACHINE, ())


@pytest.mark.parametrize(
    ("wish", "of", "taken", "refusal"),
    [
        (WISH, None, 0, "CHARGE_NOT_ACCEPTED"),
        (WISH, charge(), 0, "CHARGE_NOT_ACCEPTED"),
        (WISH, charge(State.REJECTED), 0, "CHARGE_NOT_ACCEPTED"),
        (WISH, charge(State.ACCEPTED, closing=Closing.WANTED), 0, "CHARGE_NOT_ACCEPTED"),
        (replace(WISH, amount=Money(5_000, "JPY")), charge(State.ACCEPTED), 0, "REFUND_CURRENCY"),
        (replace(WISH, amount=Money(0, "KRW")), charge(State.ACCEPTED), 0, "REFUND_AMOUNT"),
        (WISH, charge(State.ACCEPTED), 13_901, "REFUND_EXCEEDS_CHARGE"),
    ],
)
def test_a_refund_that_may_not_be_is_refused(
    wish: RefundOrder, of: Charge | None, taken: int, refusal: str
) -> None:
    refund, said = open_refund(wish, of, taken, NOW)
    assert (refund.state, refund.refusal, said) == (
        RefundState.REJECTED,
        refusal,
        (RefundSaid.REJECTED,),
    )
    assert refund.due_time is None


def test_refunds_may_take_all_there_is() -> None:
    assert open_refund(WISH, charge(State.ACCEPTED), 13_900, NOW)[1] == ()


def test_a_late_charge_can_be_refunded() -> None:
    late = charge(State.REJECTED, late=True, captured_minor=18_900)
    assert open_refund(WISH, late, 0, NOW)[1] == ()


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [
        (Outcome.ACCEPTED, RefundState.ACCEPTED, (RefundSaid.ACCEPTED,)),
        (Outcome.REJECTED, RefundState.REJECTED, (RefundSaid.REJECTED,)),
        (Outcome.UNKNOWN, RefundState.STARTED, ()),
        (Outcome.UNSENT, RefundState.STARTED, ()),
    ],
)
def test_an_answer_ends_a_refund_or_leads_to_another_call(
    outcome: Outcome, state: RefundState, said: tuple[RefundSaid, ...]
) -> None:
    refund = lease_refund(open_refund(WISH, charge(State.ACCEPTED), 0, NOW)[0], NOW, RULES)
    heard, words = hear_refund(refund, 1, answer(outcome), NOW, RULES)
    assert (heard.state, words, heard.leased) == (state, said, False)
    assert refund_word_of(heard) == said
    assert (heard.due_time is None) == (state is not RefundState.STARTED)


def test_a_stale_answer_counts_only_where_it_is_an_acceptance() -> None:
    refund = lease_refund(open_refund(WISH, charge(State.ACCEPTED), 0, NOW)[0], NOW, RULES)
    again = lease_refund(refund, NOW, RULES)
    assert hear_refund(again, 1, answer(Outcome.UNKNOWN), NOW, RULES) == (again, ())
    assert hear_refund(again, 1, answer(Outcome.REJECTED), NOW, RULES) == (again, ())
    accepted, said = hear_refund(again, 1, answer(Outcome.ACCEPTED), NOW, RULES)
    assert (accepted.state, said) == (RefundState.ACCEPTED, (RefundSaid.ACCEPTED,))
