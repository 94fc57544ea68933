"""Disputes under any order of notices, answers and inquiries."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bridge.disputes.domain import (
    DOUBTED,
    DOUBTS,
    ENDED,
    INQUIRE_EVERY,
    Dispute,
    DisputeSaid,
    DisputeStanding,
    DisputeState,
    contradicts,
    dispute_id_of,
    hear_answer,
    hear_notice,
    hear_standing,
    is_disputable,
    is_to_be_sent,
    lease_dispute,
    open_dispute,
    want_answer,
)
from services.bridge.disputes.worker import hear
from services.bridge.domain.answer import Outcome
from services.bridge.domain.charge import State
from services.bridge.notices.notice import DisputeNotice, DisputeStage
from services.core.money import Money
from tests.unit.bridge.builders import MACHINE, NOW, ORDER, RULES, answer, charge

PAID = charge(State.ACCEPTED)
OPENED, WON, LOST = DisputeStage.OPENED, DisputeStage.WON, DisputeStage.LOST


def notice(
    stage: DisputeStage = OPENED, minor: int | None = 700, proven: bool = True
) -> DisputeNotice:
    amount = None if minor is None else Money(minor, "KRW")
    return DisputeNotice("CB1", ORDER.charge_id, stage, proven, amount)


def opened() -> Dispute:
    return open_dispute("kakaopay", notice(), PAID, NOW)[0]


def test_a_proven_dispute_is_opened_at_once() -> None:
    dispute, said = open_dispute("kakaopay", notice(), PAID, NOW)
    assert said == (DisputeSaid.OPENED,)
    assert (dispute.state, dispute.amount) == (DisputeState.OPENED, Money(700, "KRW"))
    assert (dispute.resource_id, dispute.charge_id) == (ORDER.resource_id, ORDER.charge_id)
    assert dispute.due_time == MACHINE + INQUIRE_EVERY


def test_a_case_has_one_id_and_two_cases_have_two() -> None:
    one = dispute_id_of("kakaopay", "CB1")
    assert one == dispute_id_of("kakaopay", "CB1")
    assert len(one) == len("dispute-") + 26
    others = {dispute_id_of("kakaopay", "CB2"), dispute_id_of("paypay", "CB1"), one}
    assert len(others) == 3


def test_a_dispute_contests_at_most_what_was_captured() -> None:
    dispute, _ = open_dispute("kakaopay", notice(minor=99_999_999), PAID, NOW)
    assert dispute.amount == ORDER.amount
    whole, _ = open_dispute("kakaopay", notice(minor=None), PAID, NOW)
    assert whole.amount == ORDER.amount


@pytest.mark.parametrize("state", [State.STARTED, State.UNKNOWN, State.REJECTED, State.CANCELLED])
def test_what_was_not_paid_cannot_be_contested(state: State) -> None:
    assert not is_disputable(notice(), charge(state))
    assert is_disputable(notice(), PAID)
    assert not is_disputable(replace(notice(), amount=Money(700, "JPY")), PAID)


def test_without_proof_the_partner_is_asked_first() -> None:
    dispute, said = open_dispute("kakaopay", notice(LOST, proven=False), PAID, NOW)
    assert (dispute.state, dispute.due_time, said) == (DisputeState.NOTICED, MACHINE, ())
    standing = DisputeStanding(OPENED, amount=Money(300, "KRW"), reason="FRAUD")
    confirmed, said = hear_standing(dispute, standing, NOW, RULES)
    assert said == (DisputeSaid.OPENED,)
    assert (confirmed.amount, confirmed.reason) == (Money(300, "KRW"), "FRAUD")


def test_a_case_the_partner_does_not_know_of_is_dismissed_and_may_come_again() -> None:
    dispute, _ = open_dispute("kakaopay", notice(proven=False), PAID, NOW)
    for _ in range(DOUBTS):
        dispute, said = hear_standing(dispute, DisputeStanding(None), NOW, RULES)
        assert said == ()
    assert (dispute.state, dispute.due_time) == (DisputeState.DISMISSED, None)
    again, _ = hear_notice(dispute, notice(proven=False), NOW)
    assert again.state is DisputeState.NOTICED
    _, said = hear_notice(dispute, notice(), NOW)
    assert said == (DisputeSaid.OPENED,)


def test_silence_on_our_answer_leads_to_a_question_before_it_is_sent_again() -> None:
    wanted = want_answer(opened(), False, "receipt", NOW)
    assert is_to_be_sent(wanted)
    silent = hear_answer(wanted, answer(Outcome.UNKNOWN), NOW, RULES)
    assert not is_to_be_sent(silent)
    not_there, _ = hear_standing(silent, DisputeStanding(OPENED), NOW, RULES)
    assert is_to_be_sent(not_there)
    there, _ = hear_standing(silent, DisputeStanding(OPENED, answered=True), NOW, RULES)
    assert there.state is DisputeState.ANSWERED


def test_a_lost_lease_of_a_sending_leads_to_a_question() -> None:
    leased = lease_dispute(want_answer(opened(), True, "", NOW), NOW, RULES)
    assert not is_to_be_sent(lease_dispute(leased, NOW, RULES))


def test_the_first_answer_holds() -> None:
    first = want_answer(opened(), False, "receipt", NOW)
    assert want_answer(first, True, "", NOW) is first
    assert contradicts(first, True, "")
    assert not contradicts(first, False, "receipt")


def test_an_answer_that_the_partner_refuses_waits_for_its_decision() -> None:
    wanted = want_answer(opened(), False, "receipt", NOW)
    refused = hear_answer(wanted, answer(Outcome.REJECTED, message="too late"), NOW, RULES)
    assert (refused.state, refused.message) == (DisputeState.REFUSED, "too late")
    lost, said = hear_notice(refused, notice(LOST), NOW)
    assert (lost.state, said) == (DisputeState.LOST, (DisputeSaid.ENDED,))


def test_an_answer_given_while_the_partner_is_asked_is_sent_next() -> None:
    asked = lease_dispute(opened(), NOW, RULES)
    wanted = want_answer(asked, True, "", NOW)
    assert wanted.due_time == asked.due_time
    standing = DisputeStanding(OPENED)
    after, said = hear(wanted, asked, answer(Outcome.ACCEPTED), standing, NOW, RULES)
    assert (after.leased, after.due_time, is_to_be_sent(after), said) == (False, MACHINE, True, ())


_STAGES = st.sampled_from([OPENED, WON, LOST])
_STEPS = st.one_of(
    st.tuples(st.just("notice"), _STAGES, st.booleans()),
    st.tuples(st.just("want"), st.booleans()),
    st.tuples(st.just("lease")),
    st.tuples(st.just("sent"), st.sampled_from(list(Outcome))),
    st.tuples(st.just("asked"), st.one_of(st.none(), _STAGES), st.booleans()),
)


@given(proven=st.booleans(), first=_STAGES, steps=st.lists(_STEPS, max_size=25))
def test_in_any_order_a_dispute_opens_once_and_ends_once(
    proven: bool, first: DisputeStage, steps: list[tuple[Any, ...]]
) -> None:
    dispute, said = open_dispute("kakaopay", notice(first, proven=proven), PAID, NOW)
    heard = list(said)
    asked = dispute
    for step in steps:
        before = dispute
        new: tuple[DisputeSaid, ...] = ()
        match step:
            case ("notice", stage, is_proven):
                dispute, new = hear_notice(dispute, notice(stage, proven=is_proven), NOW)
            case ("want", accept):
                dispute = want_answer(dispute, accept, "", NOW)
            case ("lease",) if dispute.due_time is not None:
                dispute = asked = lease_dispute(dispute, NOW, RULES)
            case ("sent", outcome) if asked.leased and is_to_be_sent(asked):
                silent = DisputeStanding(None)
                dispute, new = hear(dispute, asked, answer(outcome), silent, NOW, RULES)
            case ("asked", stage, has_it) if asked.leased and not is_to_be_sent(asked):
                standing = DisputeStanding(stage, answered=has_it)
                done = answer(Outcome.ACCEPTED)
                dispute, new = hear(dispute, asked, done, standing, NOW, RULES)
        heard += new
        if before.state in ENDED:
            assert dispute.state is before.state
        is_over = dispute.state in ENDED or dispute.state is DisputeState.DISMISSED
        assert (dispute.due_time is None) == is_over
        assert (DisputeSaid.OPENED in heard) == (dispute.state not in DOUBTED)
        assert (DisputeSaid.ENDED in heard) == (dispute.state in ENDED)
    assert heard in ([], [DisputeSaid.OPENED], [DisputeSaid.OPENED, DisputeSaid.ENDED])


def test_a_dispute_that_waits_is_asked_about_every_hour() -> None:
    asked, said = hear_standing(opened(), DisputeStanding(OPENED), NOW, RULES)
    assert (asked.due_time, said) == (MACHINE + timedelta(hours=1), ())
