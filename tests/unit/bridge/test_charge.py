"""What answers make of a charge: every outcome in every state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.bridge.domain.answer import Outcome, pause
from services.bridge.domain.charge import (
    Closing,
    Operation,
    Said,
    State,
    hear,
    hear_stale,
    lease,
    put_back,
    word_of,
)
from services.bridge.domain.wishes import hear_news
from services.core.money import Money
from tests.unit.bridge.builders import (
    EXPIRED,
    MACHINE,
    NOW,
    ORDER,
    PATIENT,
    RULES,
    answer,
    charge,
    closing,
    under,
)

STARTED, ASKED, UNKNOWN = State.STARTED, State.ACTION_REQUIRED, State.UNKNOWN
ACCEPTED, REJECTED, CANCELLED = State.ACCEPTED, State.REJECTED, State.CANCELLED
START, INQUIRE, CANCEL, APPROVE = (
    Operation.START,
    Operation.INQUIRE,
    Operation.CANCEL,
    Operation.APPROVE,
)

TABLE = [
    # state, operation, outcome → state, said, what is due next
    (STARTED, START, Outcome.ACCEPTED, ACCEPTED, Said.ACCEPTED, None),
    (STARTED, START, Outcome.REJECTED, REJECTED, Said.REJECTED, None),
    (STARTED, START, Outcome.UNKNOWN, UNKNOWN, Said.UNKNOWN, INQUIRE),
    (STARTED, START, Outcome.ACTION_REQUIRED, ASKED, Said.ACTION_REQUIRED, INQUIRE),
    (STARTED, START, Outcome.CANCELLED, REJECTED, Said.REJECTED, None),
    (STARTED, START, Outcome.UNSENT, REJECTED, Said.REJECTED, None),
    (ASKED, INQUIRE, Outcome.ACCEPTED, ACCEPTED, Said.ACCEPTED, None),
    (ASKED, INQUIRE, Outcome.REJECTED, REJECTED, Said.REJECTED, None),
    (ASKED, INQUIRE, Outcome.UNKNOWN, UNKNOWN, Said.UNKNOWN, INQUIRE),
    (ASKED, INQUIRE, Outcome.ACTION_REQUIRED, ASKED, None, INQUIRE),
    (ASKED, INQUIRE, Outcome.CANCELLED, REJECTED, Said.REJECTED, None),
    (ASKED, INQUIRE, Outcome.UNSENT, UNKNOWN, Said.UNKNOWN, INQUIRE),
    (ASKED, APPROVE, Outcome.ACCEPTED, ACCEPTED, Said.ACCEPTED, None),
    (ASKED, APPROVE, Outcome.UNKNOWN, UNKNOWN, Said.UNKNOWN, INQUIRE),
    (UNKNOWN, INQUIRE, Outcome.ACCEPTED, ACCEPTED, Said.ACCEPTED, None),
    (UNKNOWN, INQUIRE, Outcome.REJECTED, REJECTED, Said.REJECTED, None),
    (UNKNOWN, INQUIRE, Outcome.UNKNOWN, UNKNOWN, None, INQUIRE),
    (UNKNOWN, INQUIRE, Outcome.ACTION_REQUIRED, ASKED, Said.ACTION_REQUIRED, INQUIRE),
    (UNKNOWN, INQUIRE, Outcome.CANCELLED, REJECTED, Said.REJECTED, INQUIRE),
    (UNKNOWN, INQUIRE, Outcome.UNSENT, UNKNOWN, None, INQUIRE),
    (REJECTED, INQUIRE, Outcome.ACCEPTED, REJECTED, Said.ACCEPTED_LATE, None),
    (REJECTED, INQUIRE, Outcome.REJECTED, REJECTED, None, INQUIRE),
    (REJECTED, INQUIRE, Outcome.UNKNOWN, REJECTED, None, INQUIRE),
    (REJECTED, INQUIRE, Outcome.ACTION_REQUIRED, REJECTED, None, INQUIRE),
    (REJECTED, INQUIRE, Outcome.CANCELLED, REJECTED, None, INQUIRE),
    (REJECTED, INQUIRE, Outcome.UNSENT, REJECTED, None, INQUIRE),
    (CANCELLED, INQUIRE, Outcome.ACCEPTED, CANCELLED, Said.ACCEPTED_LATE, None),
    (CANCELLED, INQUIRE, Outcome.UNKNOWN, CANCELLED, None, INQUIRE),
    *((ACCEPTED, INQUIRE, outcome, ACCEPTED, None, None) for outcome in Outcome),
]


@pytest.mark.parametrize(("state", "operation", "outcome", "after", "said", "due"), TABLE)
def test_an_answer_leads_where_the_table_says(
    state: State,
    operation: Operation,
    outcome: Outcome,
    after: State,
    said: Said | None,
    due: Operation | None,
) -> None:
    found = charge(state) if operation is START else under(charge(state), operation)
    heard, words = hear(found, operation, answer(outcome), NOW, RULES)
    assert (heard.state, heard.operation) == (after, due)
    assert words == (() if said is None else (said,))
    assert not heard.leased
    assert (heard.due_time is None) == (due is None)
    assert heard.version == found.version + 1


CLOSING_TABLE = [
    # operation, outcome → due next, or None where it is closed
    (CANCEL, Outcome.CANCELLED, None),
    (CANCEL, Outcome.UNKNOWN, INQUIRE),
    (CANCEL, Outcome.UNSENT, INQUIRE),
    (CANCEL, Outcome.REJECTED, INQUIRE),
    (CANCEL, Outcome.ACCEPTED, CANCEL),
    (INQUIRE, Outcome.ACCEPTED, CANCEL),
    (INQUIRE, Outcome.REJECTED, None),
    (INQUIRE, Outcome.CANCELLED, None),
    (INQUIRE, Outcome.UNKNOWN, CANCEL),
    (INQUIRE, Outcome.UNSENT, CANCEL),
    (INQUIRE, Outcome.ACTION_REQUIRED, CANCEL),
]


@pytest.mark.parametrize(("operation", "outcome", "due"), CLOSING_TABLE)
@pytest.mark.parametrize("state", [UNKNOWN, ACCEPTED])
@pytest.mark.parametrize("why", [Closing.RULE, Closing.WANTED])
def test_a_charge_that_is_closing_ends_closed(
    state: State, why: Closing, operation: Operation, outcome: Outcome, due: Operation | None
) -> None:
    found = under(closing(state, why), operation)
    heard, said = hear(found, operation, answer(outcome), NOW, RULES)
    if due is None:
        expected = CANCELLED if why is Closing.WANTED else REJECTED
        assert heard.state is expected
        assert heard.captured_minor == 0
        assert heard.closing is Closing.NO
        assert said == word_of(heard)
    else:
        assert (heard.operation, heard.closing) == (due, why)
        assert Said.ACCEPTED not in said


def test_after_the_last_inquiry_the_charge_is_cancelled() -> None:
    found = under(charge(UNKNOWN, inquiries=RULES.inquiries - 1), INQUIRE)
    heard, said = hear(found, INQUIRE, answer(Outcome.UNKNOWN), NOW, RULES)
    assert (heard.operation, heard.closing, heard.due_time) == (CANCEL, Closing.RULE, MACHINE)
    assert said == ()


def test_where_the_partner_has_no_cancel_inquiries_go_on_and_slow_down() -> None:
    found = under(charge(UNKNOWN, inquiries=RULES.inquiries + 3), INQUIRE)
    heard, _ = hear(found, INQUIRE, answer(Outcome.UNKNOWN), NOW, PATIENT)
    assert heard.operation is INQUIRE
    assert heard.due_time == MACHINE + timedelta(seconds=3 * 2**4)
    assert pause(PATIENT, 10_000) == PATIENT.slowest


def test_unknown_is_said_once() -> None:
    first, said = hear(charge(), START, answer(Outcome.UNKNOWN), NOW, RULES)
    _, again = hear(under(first, INQUIRE), INQUIRE, answer(Outcome.UNKNOWN), NOW, RULES)
    assert (said, again) == ((Said.UNKNOWN,), ())


def test_a_start_that_did_not_reach_the_partner_is_rejected_only_if_none_did_before() -> None:
    fresh, _ = hear(charge(), START, answer(Outcome.UNSENT), NOW, RULES)
    assert (fresh.state, fresh.reason) == (REJECTED, "PARTNER_UNAVAILABLE")
    asked, _ = hear(charge(asked=True), START, answer(Outcome.UNSENT), NOW, RULES)
    assert asked.state is UNKNOWN


def test_an_acceptance_of_another_amount_is_no_word() -> None:
    other = answer(Outcome.ACCEPTED, amount=Money(18_901, "KRW"))
    heard, said = hear(charge(), START, other, NOW, RULES)
    assert (heard.state, heard.reason, said) == (UNKNOWN, "AMOUNT_DIFFERS", (Said.UNKNOWN,))
    assert heard.captured_minor == 0


def test_a_late_acceptance_is_said_once_and_is_refundable() -> None:
    late, said = hear(
        under(charge(REJECTED), INQUIRE), INQUIRE, answer(Outcome.ACCEPTED), NOW, RULES
    )
    assert said == (Said.ACCEPTED_LATE,)
    assert late.is_refundable
    _, again = hear(late, INQUIRE, answer(Outcome.ACCEPTED), NOW, RULES)
    assert again == ()
    assert word_of(late) == (Said.REJECTED, Said.ACCEPTED_LATE)


def test_a_charge_closed_in_silence_is_looked_at_again_a_few_times() -> None:
    found, _ = hear(under(closing(), CANCEL), CANCEL, answer(Outcome.CANCELLED), NOW, RULES)
    waits = []
    while found.operation is not None:
        assert found.due_time is not None
        waits.append(found.due_time - MACHINE)
        found, _ = hear(under(found, INQUIRE), INQUIRE, answer(Outcome.CANCELLED), NOW, RULES)
    assert tuple(waits) == RULES.late_checks


def test_a_look_without_an_answer_is_repeated_and_does_not_count() -> None:
    found, _ = hear(under(closing(), CANCEL), CANCEL, answer(Outcome.CANCELLED), NOW, RULES)
    waits = []
    for outcome, response in (("unknown", ""), ("unsent", ""), ("unknown", "{}"), ("unknown", "")):
        said = answer(Outcome(outcome), response=response)
        found, _ = hear(under(found, INQUIRE), INQUIRE, said, NOW, RULES)
        assert found.due_time is not None
        waits.append(found.due_time - MACHINE)
    first, second = RULES.late_checks
    assert waits == [first, first, second, second]


def test_news_of_a_closed_charge_are_one_look_more_than_its_rules_have() -> None:
    last = len(RULES.late_checks)
    looked_at = charge(REJECTED, inquiries=last)
    for found in (looked_at, under(looked_at, INQUIRE)):
        news = hear_news(found, NOW)
        assert news.operation is INQUIRE
        heard, _ = hear(under(news, INQUIRE), INQUIRE, answer(Outcome.CANCELLED), NOW, RULES)
        assert (heard.operation, heard.due_time) == (INQUIRE, MACHINE + RULES.late_checks[-1])


def test_what_was_given_back_whole_is_not_late_though_the_partner_says_accepted() -> None:
    given = answer(Outcome.CANCELLED, given_back=True)
    closed, said = hear(under(closing(), CANCEL), CANCEL, given, NOW, RULES)
    assert (closed.state, closed.operation, said) == (REJECTED, None, (Said.REJECTED,))
    assert hear_news(closed, NOW) is closed
    asked = under(closed, INQUIRE)
    heard, said = hear(asked, INQUIRE, answer(Outcome.ACCEPTED), NOW, RULES)
    assert (heard.late, heard.captured_minor, said) == (False, 0, ())


def test_a_late_acceptance_of_another_amount_is_looked_at_until_it_is_clear() -> None:
    last = under(charge(REJECTED, inquiries=len(RULES.late_checks)), INQUIRE)
    other = answer(Outcome.ACCEPTED, amount=Money(18_901, "KRW"), response="{}")
    heard, said = hear(last, INQUIRE, other, NOW, RULES)
    assert (heard.operation, heard.reason, said) == (INQUIRE, "NO_ANSWER", ())
    late, said = hear(under(heard, INQUIRE), INQUIRE, answer(Outcome.ACCEPTED), NOW, RULES)
    assert (late.late, said) == (True, (Said.ACCEPTED_LATE,))


def test_a_charge_the_partner_rejected_is_not_looked_at_again() -> None:
    found, _ = hear(charge(), START, answer(Outcome.REJECTED), NOW, RULES)
    assert found.operation is None


def test_an_approval_that_does_not_come_in_time_ends_in_a_cancel() -> None:
    found = under(charge(ASKED), INQUIRE)
    heard, said = hear(found, INQUIRE, answer(Outcome.ACTION_REQUIRED), EXPIRED, RULES)
    assert (heard.operation, heard.closing, said) == (CANCEL, Closing.RULE, ())
    closed, said = hear(under(heard, CANCEL), CANCEL, answer(Outcome.CANCELLED), EXPIRED, RULES)
    assert (closed.state, closed.reason, said) == (REJECTED, "NOT_APPROVED", (Said.REJECTED,))


def test_a_payer_who_has_approved_is_not_asked_again() -> None:
    found = under(charge(UNKNOWN, approval_token="T"), INQUIRE)
    heard, said = hear(found, INQUIRE, answer(Outcome.ACTION_REQUIRED), NOW, RULES)
    assert (heard.operation, said) == (APPROVE, ())


def test_approvals_are_not_repeated_for_ever() -> None:
    found = under(charge(UNKNOWN, approval_token="T", inquiries=RULES.inquiries), INQUIRE)
    heard, _ = hear(found, INQUIRE, answer(Outcome.ACTION_REQUIRED), NOW, RULES)
    assert (heard.operation, heard.closing) == (CANCEL, Closing.RULE)


@pytest.mark.parametrize(
    ("operation", "repeatable", "then"),
    [
        (START, False, INQUIRE),
        (START, True, START),
        (APPROVE, True, INQUIRE),
        (INQUIRE, False, INQUIRE),
        (CANCEL, False, CANCEL),
    ],
)
def test_an_attempt_whose_lease_ran_out_is_inquired_about(
    operation: Operation, repeatable: bool, then: Operation
) -> None:
    rules = replace(RULES, repeatable=repeatable)
    found = replace(charge(), operation=operation, leased=True)
    again = lease(found, NOW, rules)
    assert (again.operation, again.asked, again.turn) == (then, True, 1)
    assert again.due_time == MACHINE + rules.lease


def test_a_lease_given_back_leaves_the_start_unsent() -> None:
    back = put_back(lease(charge(), NOW, RULES), NOW)
    again = lease(back, NOW, RULES)
    assert (again.operation, again.asked) == (START, False)


def test_a_stale_answer_counts_only_where_it_is_a_word() -> None:
    taken_over = lease(replace(under(charge(), START), due_time=MACHINE), NOW, RULES)
    for outcome in (Outcome.UNKNOWN, Outcome.UNSENT, Outcome.ACTION_REQUIRED, Outcome.REJECTED):
        assert hear_stale(taken_over, START, answer(outcome), NOW, RULES) == (taken_over, ())
    accepted, said = hear_stale(taken_over, START, answer(Outcome.ACCEPTED), NOW, RULES)
    assert (accepted.state, said) == (ACCEPTED, (Said.ACCEPTED,))


def test_a_repeat_may_be_more_patient_but_not_different() -> None:
    assert replace(ORDER, expire_time=None).repeats(ORDER)
    assert not replace(ORDER, amount=Money(18_901, "KRW")).repeats(ORDER)
