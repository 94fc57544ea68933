"""Holds as rules: whatever is asked and heard in whatever order, a hold ends once and adds up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.money import Money
from services.gateway.holding import lives, rules
from services.gateway.holding.parts import captured_parts, released_parts
from services.gateway.holding.refusals import AuthorisationNotOffered
from services.gateway.incoming import What
from services.gateway.payments import asking
from services.gateway.payments.asking import Outcome
from services.gateway.payments.model import (
    FINAL,
    Payment,
    State,
    Step,
    Terms,
    captured_terms,
    legs_of,
)
from services.gateway.payments.saga import Order, confirmed, decide, order_of
from services.gateway.reference import Corridor
from services.gateway.refunds.reversal import parts_of, reversed_parts
from tests.unit.gateway.payments_builders import LATER, NOW, heard, quoted, terms

OURS = terms(acceptance_partner_id="")
HELD = rules.Authorisation(OURS.reference, NOW + timedelta(days=7), NOW)
AFTER = HELD.expire_time
CORRIDOR = Corridor(
    "panda_edo", "panda", "", "CNY", "KRW", "plan", 120, authorisation_days=7
)  # fmt: skip


@st.composite
def agreed(draw: st.DrawFn) -> tuple[Terms, int]:
    """Terms, and a part of their target."""
    target = draw(st.integers(2, 10**9))
    home = draw(st.integers(1, 10**9))
    made = terms(
        acceptance_partner_id="",
        target_minor=target,
        fee_minor=draw(st.integers(0, target)),
        home_minor=home,
        spread_minor=draw(st.integers(0, home)),
    )
    return made, draw(st.integers(1, target - 1))


@given(agreed())
def test_what_is_captured_and_what_is_released_add_up_leg_by_leg(case: tuple[Terms, int]) -> None:
    whole, minor = case
    part = captured_parts(whole, minor)
    payment = Payment(whole, lives.captured(quoted().life, part, NOW))
    taken = captured_terms(payment)
    assert taken.target_minor == minor
    assert part.plus(released_parts(whole, payment.life)) == parts_of(whole)
    reserved = {leg.purpose: leg.amount.minor for leg in legs_of(whole)}
    legs = legs_of(taken)
    assert legs
    assert all(0 < leg.amount.minor <= reserved[leg.purpose] for leg in legs)
    # Never less than the share of what was paid, nor more than a unit a leg beyond it.
    assert taken.home_minor * whole.target_minor - whole.home_minor * minor >= 0
    assert taken.home_minor * whole.target_minor - whole.home_minor * minor < 2 * whole.target_minor


@given(agreed(), st.data())
def test_refunds_of_all_that_was_captured_give_back_all_of_it(
    case: tuple[Terms, int], data: st.DataObject
) -> None:
    whole, minor = case
    part = captured_parts(whole, minor)
    given_back = released_parts(whole, lives.captured(quoted().life, part, NOW))
    left = minor
    while left:
        refund = data.draw(st.integers(1, left)) if left > 1 else 1
        refund = left if len(str(left)) > 6 else refund
        given_back = given_back.plus(reversed_parts(parts_of(whole), given_back, refund))
        left -= refund
    assert given_back == parts_of(whole)


def ask(payment: Payment, name: str, minor: int) -> Outcome:
    """What a person or the sweeper asks; expiry only comes when the time is over."""
    late = name.startswith("late-")
    now = AFTER if late else LATER
    match name.removeprefix("late-"):
        case "capture":
            return rules.capture(payment, HELD, Money(minor, "KRW"), now)
        case "void":
            return rules.void(payment, HELD, now)
        case "cancel":
            return asking.cancel(payment, now)
        case _ if payment.life.state is State.AUTHORISED:
            return rules.over(payment, AFTER)
    return Outcome()


EVENTS = [What.FUNDS_RESERVED, What.FUNDS_POSTED, What.FUNDS_VOIDED, What.FUNDS_EXPIRED]
ASKS = ["capture", "void", "cancel", "expire", "late-capture", "late-void"]
MINORS = st.sampled_from([1, 9_000, 18_899, 18_900])


@given(st.lists(st.tuples(st.sampled_from([*EVENTS, *ASKS]), MINORS), max_size=20))
def test_a_hold_ends_once_by_one_order_whatever_is_asked_and_heard(
    script: list[tuple[Any, int]],
) -> None:
    life = lives.authorising(confirmed(quoted().life, NOW, None, ("payer:x",)))
    payment = Payment(OURS, life)
    ends: list[Order] = []
    for name, minor in script:
        before = payment.life
        if isinstance(name, What):
            now_life = decide(payment, heard(name), LATER).life
        else:
            outcome = ask(payment, name, minor)
            now_life = outcome.life
            if now_life is not None:
                order = order_of(now_life.step)
                assert order is not None
                ends.append(order)
        if now_life is None:
            continue
        payment = replace(payment, life=now_life)
        assert payment.life.version == before.version + 1
        if before.state in FINAL:
            assert payment.life.state is before.state
            assert payment.life.captured == before.captured
    assert len(ends) <= 1
    assert bool(ends) == (payment.life.state in FINAL)
    if payment.life.state is not State.COMPLETED:
        assert payment.life.captured is None


@given(MINORS)
def test_the_same_capture_again_changes_nothing_and_another_is_a_conflict(minor: int) -> None:
    held = Payment(OURS, replace(quoted().life, state=State.AUTHORISED, step=Step.CAPTURE))
    first = rules.capture(held, HELD, Money(minor, "KRW"), LATER)
    assert first.life is not None
    taken = Payment(OURS, first.life)
    assert rules.capture(taken, HELD, Money(minor, "KRW"), AFTER) == Outcome()
    other = rules.capture(taken, HELD, Money(minor + 1, "KRW"), LATER)
    assert other.life is None
    assert other.refusal is not None
    assert other.refusal.reason == "CAPTURED_WITH_DIFFERENT_AMOUNT"


@pytest.mark.parametrize(
    ("agreed_terms", "corridor"),
    [
        (terms(), CORRIDOR),
        (terms(acceptance_partner_id="", collect_partner_id="kakaopay-online"), CORRIDOR),
        (OURS, replace(CORRIDOR, authorisation_days=0)),
        (OURS, None),
    ],
)
def test_what_cannot_be_held_is_refused_with_a_reason(
    agreed_terms: Terms, corridor: Corridor | None
) -> None:
    payment = Payment(agreed_terms, quoted().life)
    yes = Outcome(confirmed(payment.life, NOW))
    refusal = rules.authorised(payment, corridor, yes).refusal
    assert isinstance(refusal, AuthorisationNotOffered)
    assert rules.authorised(Payment(OURS, payment.life), CORRIDOR, yes).refusal is None
