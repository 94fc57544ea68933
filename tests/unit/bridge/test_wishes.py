"""Cancels, approvals and an operator's word."""

from dataclasses import replace

import pytest

from services.bridge.domain.answer import Outcome
from services.bridge.domain.charge import Closing, Operation, Said, State, hear
from services.bridge.domain.wishes import (
    ChargeDecided,
    ResolutionMalformed,
    hear_approval,
    hear_departure,
    is_tombstone,
    open_charge,
    resolve,
    tombstone,
    want_cancel,
)
from tests.unit.bridge.builders import MACHINE, NOW, ORDER, RULES, answer, charge, under


def test_a_new_charge_is_leased_where_there_is_room() -> None:
    leased, said = open_charge(ORDER, NOW, RULES, has_room=True)
    assert (leased.leased, leased.asked, leased.turn, said) == (True, False, 1, ())
    assert leased.due_time == MACHINE + RULES.lease
    waiting, _ = open_charge(ORDER, NOW, RULES, has_room=False)
    assert (waiting.leased, waiting.due_time) == (False, MACHINE)


def test_a_charge_for_nobody_is_rejected() -> None:
    refused, said = open_charge(ORDER, NOW, None, has_room=True)
    assert (refused.state, refused.reason, said) == (
        State.REJECTED,
        "PARTNER_UNKNOWN",
        (Said.REJECTED,),
    )


def test_a_charge_nobody_was_asked_for_is_cancelled_at_once() -> None:
    cancelled, said = want_cancel(charge(), NOW)
    assert (cancelled.state, cancelled.operation, said) == (
        State.CANCELLED,
        None,
        (Said.CANCELLED,),
    )


@pytest.mark.parametrize("state", [State.ACTION_REQUIRED, State.UNKNOWN, State.ACCEPTED])
def test_a_charge_the_partner_knows_is_cancelled_there(state: State) -> None:
    wanted, said = want_cancel(charge(state), NOW)
    assert (wanted.operation, wanted.closing, wanted.due_time) == (
        Operation.CANCEL,
        Closing.WANTED,
        MACHINE,
    )
    assert said == ()


def test_a_cancel_waits_for_the_attempt_under_way() -> None:
    busy = under(charge(), Operation.START)
    wanted, said = want_cancel(busy, NOW)
    assert (wanted.leased, wanted.operation, said) == (True, Operation.START, ())
    accepted, said = hear(wanted, Operation.START, answer(Outcome.ACCEPTED), NOW, RULES)
    assert (accepted.operation, said) == (Operation.CANCEL, ())


def test_a_charge_rejected_while_its_cancel_waits_is_cancelled() -> None:
    wanted, _ = want_cancel(under(charge(), Operation.START), NOW)
    closed, said = hear(wanted, Operation.START, answer(Outcome.REJECTED), NOW, RULES)
    assert (closed.state, said) == (State.CANCELLED, (Said.CANCELLED,))


@pytest.mark.parametrize("state", [State.REJECTED, State.CANCELLED])
def test_a_cancel_of_what_is_closed_is_answered(state: State) -> None:
    same, said = want_cancel(charge(state), NOW)
    assert (same, said) == (charge(state), (Said.CANCELLED,))
    late = charge(state, late=True, captured_minor=18_900)
    assert want_cancel(late, NOW)[1] == (Said.CANCELLED, Said.ACCEPTED_LATE)


def test_a_cancel_before_its_charge_leaves_a_tombstone() -> None:
    grave = tombstone("c1", "payment-1", NOW)
    assert is_tombstone(grave)
    assert grave.state is State.CANCELLED
    assert not is_tombstone(charge())


def test_an_approval_is_heard_once() -> None:
    approved = hear_approval(charge(State.ACTION_REQUIRED), "T1", NOW)
    assert (approved.operation, approved.approval_token) == (Operation.APPROVE, "T1")
    assert hear_approval(approved, "T2", NOW) is approved


def test_an_approval_during_an_inquiry_is_kept_for_after_it() -> None:
    busy = under(charge(State.ACTION_REQUIRED), Operation.INQUIRE)
    approved = hear_approval(busy, "T1", NOW)
    assert (approved.operation, approved.leased) == (Operation.INQUIRE, True)
    heard, _ = hear(approved, Operation.INQUIRE, answer(Outcome.ACTION_REQUIRED), NOW, RULES)
    assert (heard.operation, heard.due_time) == (Operation.APPROVE, MACHINE)


@pytest.mark.parametrize(
    "found",
    [
        charge(State.REJECTED),
        charge(State.ACCEPTED),
        charge(State.CANCELLED),
        charge(State.UNKNOWN, closing=Closing.RULE),
    ],
)
def test_an_approval_after_the_end_changes_nothing(found: object) -> None:
    assert hear_approval(found, "T1", NOW) is found  # type: ignore[arg-type]


def test_a_payer_who_leaves_makes_the_partner_be_asked() -> None:
    left = hear_departure(charge(State.ACTION_REQUIRED), NOW)
    assert (left.operation, left.due_time) == (Operation.INQUIRE, MACHINE)
    accepted = charge(State.ACCEPTED)
    assert hear_departure(accepted, NOW) is accepted


@pytest.mark.parametrize(
    ("state", "said"), [(State.ACCEPTED, Said.ACCEPTED), (State.REJECTED, Said.REJECTED)]
)
def test_an_operator_ends_a_charge_without_a_word(state: State, said: Said) -> None:
    resolved, words = resolve(charge(State.UNKNOWN), state, "mika", "seen in their file", NOW)
    assert (resolved.state, resolved.operation, words) == (state, None, (said,))


def test_an_operator_says_who_and_why() -> None:
    with pytest.raises(ResolutionMalformed):
        resolve(charge(State.UNKNOWN), State.ACCEPTED, " ", "because", NOW)
    with pytest.raises(ResolutionMalformed):
        resolve(charge(State.UNKNOWN), State.ACCEPTED, "mika", "", NOW)
    with pytest.raises(ResolutionMalformed):
        resolve(charge(State.UNKNOWN), State.CANCELLED, "mika", "because", NOW)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.CANCELLED])
def test_an_operator_does_not_change_a_partners_word(state: State) -> None:
    with pytest.raises(ChargeDecided):
        resolve(charge(state), State.REJECTED, "mika", "because", NOW)


def test_an_acceptance_after_an_operators_no_is_late() -> None:
    busy = under(charge(State.UNKNOWN), Operation.INQUIRE)
    resolved, _ = resolve(busy, State.REJECTED, "mika", "because", NOW)
    late, said = hear(replace(resolved), Operation.INQUIRE, answer(Outcome.ACCEPTED), NOW, RULES)
    assert (late.late, said) == (True, (Said.ACCEPTED_LATE,))
