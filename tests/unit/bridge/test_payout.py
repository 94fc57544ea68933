"""The rules of a payout: sent once, ended by the bank's or the operator's word alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bridge.domain.answer import Answer, Moment, Outcome
from services.bridge.payouts.life import (
    HeardPayout,
    PayoutBeingSubmitted,
    PayoutDecided,
    PayoutResolutionMalformed,
    hear_payout,
    lease_payout,
    open_payout,
    put_back_payout,
    resolve_payout,
    said_of,
    understood,
)
from services.bridge.payouts.model import (
    OPEN,
    Payout,
    PayoutAnswer,
    PayoutOperation,
    PayoutSaid,
    PayoutState,
    Word,
)
from services.core.money import Money
from tests.unit.bridge.payout_builders import (
    MACHINE,
    NEXT_DAY,
    NOW,
    ORDER,
    RULES,
    TODAY,
    payout,
    under,
    word,
)

SUBMIT, INQUIRE, SEARCH = PayoutOperation
STEPS = (PayoutSaid.SUBMITTED, PayoutSaid.ACCEPTED, PayoutSaid.EXECUTED)


def hear(leased: Payout, answer: PayoutAnswer, moment: Moment = NOW) -> HeardPayout:
    assert leased.operation is not None
    return hear_payout(leased, leased.operation, leased.turn, answer, moment, RULES)


def test_a_payout_through_an_unknown_partner_is_rejected_at_once() -> None:
    refused, said = open_payout(ORDER, NOW, is_known=False)
    assert refused.state is PayoutState.REJECTED
    assert refused.operation is None
    assert said == (PayoutSaid.REJECTED,)


def test_received_is_not_paid() -> None:
    heard, said = hear(under(payout()), word(Word.SUBMITTED))
    assert heard.state is PayoutState.SUBMITTED
    assert heard.operation is INQUIRE
    assert said == (PayoutSaid.SUBMITTED,)


def test_what_lies_between_is_said_on_the_way() -> None:
    heard, said = hear(under(payout(PayoutState.UNKNOWN)), word(Word.EXECUTED))
    assert heard.state is PayoutState.EXECUTED
    assert said == STEPS


def test_a_return_of_what_was_never_seen_to_leave_says_that_it_left() -> None:
    heard, said = hear(under(payout(PayoutState.SUBMITTED)), word(Word.RETURNED))
    assert heard.state is PayoutState.RETURNED
    assert said == (PayoutSaid.ACCEPTED, PayoutSaid.EXECUTED, PayoutSaid.RETURNED)
    assert heard.operation is None


def test_silence_leads_to_a_search_and_never_to_a_second_order() -> None:
    heard, said = hear(under(payout()), word(Word.SILENT, partner_reference=""))
    assert (heard.state, heard.operation) == (PayoutState.UNKNOWN, SEARCH)
    assert said == ()


def test_an_order_that_was_not_taken_is_sent_when_the_bank_can_take_it() -> None:
    heard, _ = hear(under(payout()), word(Word.NOT_TAKEN))
    assert (heard.state, heard.operation) == (PayoutState.STARTED, SUBMIT)
    assert not heard.asked


def test_a_lost_lease_turns_the_order_into_a_search() -> None:
    again = lease_payout(under(payout()), NOW, RULES)
    assert (again.operation, again.state) == (SEARCH, PayoutState.UNKNOWN)
    assert again.asked


def test_a_lease_given_back_unused_leaves_the_order_to_be_sent() -> None:
    back = put_back_payout(under(payout()), NOW, timedelta(seconds=1))
    assert lease_payout(back, NOW, RULES).operation is SUBMIT


def test_what_is_found_nowhere_stays_unknown_however_often_it_is_searched() -> None:
    found = payout(PayoutState.UNKNOWN)
    for day in range(30):
        moment = Moment(TODAY + timedelta(days=day), MACHINE + timedelta(days=day))
        found, said = hear(under(found, moment=moment), word(Word.NOT_FOUND), moment)
        assert (found.state, said) == (PayoutState.UNKNOWN, ())
        assert found.operation is SEARCH


def test_an_order_gone_after_its_day_was_not_approved() -> None:
    gone, said = hear(under(payout(PayoutState.SUBMITTED)), word(Word.NOT_FOUND), NEXT_DAY)
    assert (gone.operation, said) == (SEARCH, ())
    ended, said = hear(under(gone), word(Word.NOT_FOUND), NEXT_DAY)
    assert ended.reason == "NOT_APPROVED"
    assert said == (PayoutSaid.REJECTED,)


def test_an_order_gone_during_its_day_is_only_looked_for() -> None:
    gone, _ = hear(under(payout(PayoutState.SUBMITTED)), word(Word.NOT_FOUND))
    still, said = hear(under(gone), word(Word.NOT_FOUND))
    assert (still.state, said) == (PayoutState.SUBMITTED, ())


def test_an_approved_order_is_never_taken_for_expired() -> None:
    found = under(payout(PayoutState.ACCEPTED), SEARCH)
    still, said = hear(found, word(Word.NOT_FOUND), NEXT_DAY)
    assert (still.state, said) == (PayoutState.ACCEPTED, ())


def test_a_failure_after_the_money_left_is_a_return() -> None:
    heard, said = hear(under(payout(PayoutState.EXECUTED)), word(Word.REJECTED))
    assert heard.state is PayoutState.RETURNED
    assert said == (PayoutSaid.RETURNED,)


def test_what_has_left_is_looked_after_by_status_and_by_statement_and_then_let_go() -> None:
    watched, _ = hear(under(payout(PayoutState.EXECUTED)), word(Word.EXECUTED))
    assert watched.operation is SEARCH
    watched, _ = hear(under(watched), word(Word.EXECUTED))
    assert watched.operation is INQUIRE
    late = Moment(TODAY + RULES.returns_for, MACHINE)
    done, _ = hear(under(watched), word(Word.EXECUTED), late)
    assert done.operation is None


def test_another_amount_than_ordered_is_no_word() -> None:
    odd = word(Word.EXECUTED, amount=Money(119_999, "JPY"))
    answer = understood(odd, ORDER)
    heard, said = hear(under(payout()), answer)
    assert (heard.state, heard.reason, said) == (PayoutState.UNKNOWN, "AMOUNT_DIFFERS", ())


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.UNKNOWN, Outcome.ACCEPTED])
def test_what_an_adapter_could_not_translate_ends_nothing(outcome: Outcome) -> None:
    heard, said = hear(under(payout()), understood(Answer(outcome), ORDER))
    assert (heard.state, said) == (PayoutState.UNKNOWN, ())


def test_a_call_that_never_left_the_house_is_sent_later() -> None:
    heard, _ = hear(under(payout()), understood(Answer(Outcome.UNSENT), ORDER))
    assert heard.operation is SUBMIT


def test_an_answer_of_a_lost_attempt_tells_facts_and_leaves_the_schedule() -> None:
    lost = under(payout())
    other = lease_payout(lost, NOW, RULES)
    heard, said = hear_payout(other, SUBMIT, lost.turn, word(Word.SUBMITTED), NOW, RULES)
    assert said == (PayoutSaid.SUBMITTED,)
    assert (heard.leased, heard.operation) == (True, SEARCH)


def test_a_bank_that_speaks_against_a_refusal_is_shown_to_an_operator() -> None:
    refused, _ = resolve_payout(
        payout(PayoutState.UNKNOWN), PayoutState.REJECTED, "ai", "bank phoned", NOW, RULES
    )
    assert refused.operation is SEARCH
    heard, said = hear(under(refused), word(Word.EXECUTED))
    assert (heard.state, heard.contradicted, said) == (PayoutState.REJECTED, True, ())
    assert heard.operation is None


def test_an_operator_ends_what_no_bank_speaks_of() -> None:
    ended, said = resolve_payout(
        payout(PayoutState.UNKNOWN), PayoutState.EXECUTED, "op", "on the statement", NOW, RULES
    )
    assert (ended.state, said) == (PayoutState.EXECUTED, STEPS)


def test_an_operator_gives_a_name_and_a_reason_and_one_of_two_states() -> None:
    for state, operator, reason in [
        (PayoutState.REJECTED, " ", "why"),
        (PayoutState.REJECTED, "op", ""),
        (PayoutState.RETURNED, "op", "why"),
    ]:
        with pytest.raises(PayoutResolutionMalformed):
            resolve_payout(payout(PayoutState.UNKNOWN), state, operator, reason, NOW, RULES)


@pytest.mark.parametrize("state", [s for s in PayoutState if s not in OPEN])
def test_a_decided_payout_is_not_resolved(state: PayoutState) -> None:
    with pytest.raises(PayoutDecided):
        resolve_payout(payout(state), PayoutState.REJECTED, "op", "why", NOW, RULES)


def test_an_order_on_its_way_is_not_resolved() -> None:
    with pytest.raises(PayoutBeingSubmitted):
        resolve_payout(under(payout()), PayoutState.REJECTED, "op", "why", NOW, RULES)


def test_a_short_reference_is_16_plain_characters_of_the_payouts_own() -> None:
    assert ORDER.short_reference == replace(ORDER).short_reference
    assert ORDER.short_reference != replace(ORDER, payout_id="payout-2").short_reference
    assert len(ORDER.short_reference) == 16
    assert ORDER.short_reference.isascii()
    assert ORDER.short_reference.isalnum()


ANSWERS = st.sampled_from(list(Word))
EVENTS = st.one_of(
    st.tuples(st.just("lease"), st.just(None)),
    st.tuples(st.just("answer"), ANSWERS),
    st.tuples(st.just("old"), ANSWERS),
    st.tuples(st.just("back"), st.just(None)),
    st.tuples(st.just("day"), st.integers(1, 20)),
    st.tuples(st.just("operator"), st.sampled_from([PayoutState.EXECUTED, PayoutState.REJECTED])),
)
_DECIDING = {Word.REJECTED, Word.RETURNED, Word.EXECUTED, Word.ACCEPTED, Word.SUBMITTED}


class _Life:
    """A payout among attempts whose answers come in any order, late, twice or not at all."""

    def __init__(self) -> None:
        self.payout, _ = open_payout(ORDER, NOW, is_known=True)
        self.moment = NOW
        self.attempts: list[Payout] = []
        self.replies: dict[int, Word] = {}
        self.said: list[PayoutSaid] = []
        self.words: set[Word] = set()
        self.has_operator = False

    def step(self, what: str, arg: Word | PayoutState | int | None) -> None:
        match what:
            case "lease" if self.payout.operation is not None:
                self.payout = lease_payout(self.payout, self.moment, RULES)
                self.attempts.append(self.payout)
            case "back" if self.attempts and self.payout.turn == self.attempts[-1].turn:
                if self.payout.leased:
                    self.attempts.pop()
                    self.payout = put_back_payout(self.payout, self.moment, timedelta())
            case "answer" | "old" if self.attempts:
                position = -1 if what == "answer" else 0
                self._hear(self.attempts[position], Word(str(arg)))
            case "day":
                assert isinstance(arg, int)
                self.moment = Moment(self.moment.today + timedelta(days=arg), self.moment.machine)
            case "operator" if isinstance(arg, PayoutState):
                self._resolve(arg)

    def _hear(self, attempt: Payout, said: Word) -> None:
        assert attempt.operation is not None
        # A call has one answer, however often it is heard.
        said = self.replies.setdefault(attempt.turn, said)
        self.words.add(said)
        answer = word(said)
        self.payout, events = hear_payout(
            self.payout, attempt.operation, attempt.turn, answer, self.moment, RULES
        )
        self.said += events

    @property
    def orders_sent(self) -> int:
        """Attempts that may have brought the order to the bank."""
        orders = [attempt for attempt in self.attempts if attempt.operation is SUBMIT]
        return sum(self.replies.get(order.turn) is not Word.NOT_TAKEN for order in orders)

    def _resolve(self, state: PayoutState) -> None:
        try:
            self.payout, events = resolve_payout(
                self.payout, state, "op", "why", self.moment, RULES
            )
        except (PayoutDecided, PayoutBeingSubmitted):
            return
        self.has_operator = True
        self.said += events


@given(st.lists(EVENTS, max_size=40))
def test_whatever_comes_an_order_is_sent_once_and_everything_is_said_once_in_order(
    events: list[tuple[str, Word | PayoutState | int | None]],
) -> None:
    life = _Life()
    for what, arg in events:
        life.step(what, arg)
        state = life.payout.state
        # Nothing that may be at the bank is ordered again.
        assert life.orders_sent <= 1
        assert not (life.payout.asked and life.payout.operation is SUBMIT)
        # Work goes on while it is open, and stops some day when it is not.
        assert (state not in OPEN) or life.payout.operation is not None
        assert (life.payout.operation is None) == (life.payout.due_time is None)
    assert len(life.said) == len(set(life.said))
    if PayoutSaid.REJECTED in life.said:
        assert life.said.index(PayoutSaid.REJECTED) == len(life.said) - 1
        assert PayoutSaid.EXECUTED not in life.said
    order = [PayoutSaid.SUBMITTED, PayoutSaid.ACCEPTED, PayoutSaid.EXECUTED, PayoutSaid.RETURNED]
    steps = [said for said in life.said if said in order]
    assert steps == order[: len(steps)]
    if life.payout.state not in OPEN and not life.has_operator:
        assert life.words & (_DECIDING | {Word.NOT_FOUND})
    assert not said_of(life.payout) or said_of(life.payout)[-1] == life.said[-1]
