"""A payout's life: what each answer of the bank makes of it, and which events follow.

    STARTED    recorded; the bank may have been asked             → any of the others
    UNKNOWN    no word: its lists and statements are searched     → any below
    SUBMITTED  the bank has the order                             → any below
    ACCEPTED   approved there                                     → any below
    EXECUTED   the money has left; looked after for a while       → RETURNED
    REJECTED   nothing left, and nothing will
    RETURNED   it left and came back

A state is only ever left downwards, so answers may come late, twice and in any order; what lies
between is said on the way. The order is sent once: after an attempt that may have reached the bank
nothing but questions follows, and only the bank's word or an operator's ends it. A bank that no
longer finds an order it had, whose day is over and whose statements do not show it, has said that
it was not approved in time.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.bridge.domain.answer import Answer, Moment, Outcome, Rules, pause
from services.bridge.payouts.model import (
    OPEN,
    Payout,
    PayoutAnswer,
    PayoutOperation,
    PayoutOrder,
    PayoutSaid,
    PayoutState,
    Word,
    payout_answer,
)
from services.core.errors import Malformed, Refused

HeardPayout = tuple[Payout, tuple[PayoutSaid, ...]]

_LADDER = (
    (PayoutState.SUBMITTED, PayoutSaid.SUBMITTED),
    (PayoutState.ACCEPTED, PayoutSaid.ACCEPTED),
    (PayoutState.EXECUTED, PayoutSaid.EXECUTED),
)
_RUNGS = {
    Word.SUBMITTED: PayoutState.SUBMITTED,
    Word.ACCEPTED: PayoutState.ACCEPTED,
    Word.EXECUTED: PayoutState.EXECUTED,
}
_NOTHING_NEW = frozenset({Word.SILENT, Word.NOT_FOUND, Word.NOT_TAKEN})


class PayoutDecided(Refused):
    """A payout with a last word on it cannot be resolved by an operator."""


class PayoutBeingSubmitted(Refused):
    """The order is on its way to the bank at this moment."""


class PayoutResolutionMalformed(Malformed):
    """An operator's word lacks a part."""


def open_payout(order: PayoutOrder, moment: Moment, is_known: bool) -> HeardPayout:
    """A new payout, due now; refused where its partner is not known here."""
    payout = Payout(order, moment.today, moment.today, due_time=moment.machine)
    if is_known:
        return payout, ()
    refused = replace(
        payout,
        state=PayoutState.REJECTED,
        operation=None,
        due_time=None,
        reason="PARTNER_UNKNOWN",
        message=f"No partner {order.partner_id!r} is configured here.",
    )
    return refused, (PayoutSaid.REJECTED,)


def lease_payout(payout: Payout, moment: Moment, rules: Rules) -> Payout:
    """Take the payout for an attempt of this process. Where the last lease ran out, its attempt may
    have reached the bank: the order is then searched for, never sent again."""
    lost = payout.leased and payout.operation is PayoutOperation.SUBMIT
    return replace(
        payout,
        state=PayoutState.UNKNOWN if lost else payout.state,
        operation=PayoutOperation.SEARCH if lost else payout.operation,
        asked=payout.asked or lost,
        due_time=moment.machine + rules.lease,
        leased=True,
        turn=payout.turn + 1,
    )


def put_back_payout(payout: Payout, moment: Moment, wait: timedelta) -> Payout:
    """Give up a lease whose attempt was not begun."""
    return replace(payout, leased=False, due_time=moment.machine + wait)


def understood(answer: Answer, order: PayoutOrder) -> PayoutAnswer:
    """The answer as a bank's word. What differs from the order in its amount is none, and neither
    is what an adapter could not translate: both wait for an operator."""
    if not isinstance(answer, PayoutAnswer):
        word = Word.NOT_TAKEN if answer.outcome is Outcome.UNSENT else Word.SILENT
        return payout_answer(word, detail=answer.detail or answer.message)
    if answer.amount is not None and answer.amount != order.amount:
        return replace(
            answer,
            word=Word.SILENT,
            partner_reference="",
            reason="AMOUNT_DIFFERS",
            message=f"The bank says {answer.amount}, the order says {order.amount}.",
        )
    return answer


def hear_payout(
    payout: Payout,
    operation: PayoutOperation,
    turn: int,
    answer: PayoutAnswer,
    moment: Moment,
    rules: Rules,
) -> HeardPayout:
    """What an `understood` answer to the attempt of `turn` makes of the payout.

    An attempt whose lease was lost tells facts, but leaves the schedule to the one that has it.
    """
    is_stale = turn != payout.turn
    if is_stale and answer.word in _NOTHING_NEW:
        return payout, ()
    told = replace(
        payout,
        update_time=moment.today,
        partner_reference=payout.partner_reference or _reference_in(answer),
        bank_fee=answer.bank_fee or payout.bank_fee,
        asked=payout.asked
        or (operation is PayoutOperation.SUBMIT and answer.word is not Word.NOT_TAKEN),
    )
    if not is_stale:
        told = replace(told, leased=False, operation=None, due_time=None)
    settled, said = _settle(told, operation, answer, moment, rules)
    counted = 0 if said or settled.state is not payout.state else payout.inquiries + 1
    settled = replace(settled, inquiries=counted)
    return (settled if is_stale else _schedule(settled, operation, answer, moment, rules)), said


def _reference_in(answer: PayoutAnswer) -> str:
    return "" if answer.word in _NOTHING_NEW else answer.partner_reference


def _settle(
    payout: Payout, operation: PayoutOperation, answer: PayoutAnswer, moment: Moment, rules: Rules
) -> HeardPayout:
    match answer.word:
        case Word.SUBMITTED | Word.ACCEPTED | Word.EXECUTED:
            return _climb(payout, _RUNGS[answer.word], moment, rules)
        case Word.REJECTED if payout.state is not PayoutState.EXECUTED:
            return _reject(payout, answer)
        case Word.RETURNED | Word.REJECTED:
            return _return(payout, answer, moment, rules)
        case Word.NOT_FOUND if operation is PayoutOperation.SEARCH and _is_over(
            payout, moment, rules
        ):
            return _reject(_watched(payout, moment, rules), _NOT_APPROVED)
        case Word.NOT_TAKEN:
            return payout, ()
        case _:
            return _doubt(payout, answer), ()


_NOT_APPROVED = payout_answer(
    Word.REJECTED,
    reason="NOT_APPROVED",
    message="The order was not approved at the bank by its date and is gone there.",
)


def _climb(payout: Payout, rung: PayoutState, moment: Moment, rules: Rules) -> HeardPayout:
    """Up to `rung`, saying every step that is new. A refusal is not taken back."""
    if payout.state is PayoutState.REJECTED:
        return replace(payout, contradicted=True), ()
    if payout.state >= rung:
        return payout, ()
    said = tuple(word for state, word in _LADDER if payout.state < state <= rung)
    if rung is PayoutState.EXECUTED:
        payout = _watched(payout, moment, rules)
    return replace(payout, state=rung, reason="", message=""), said


def _watched(payout: Payout, moment: Moment, rules: Rules) -> Payout:
    return replace(payout, watch_time=moment.today + rules.returns_for)


def _reject(payout: Payout, answer: PayoutAnswer) -> HeardPayout:
    if payout.state in (PayoutState.REJECTED, PayoutState.RETURNED):
        return payout, ()
    rejected = replace(
        payout,
        state=PayoutState.REJECTED,
        reason=answer.reason or "PARTNER_REFUSED",
        message=answer.message or "The bank refused the payout.",
        partner_code=answer.partner_code,
    )
    return rejected, (PayoutSaid.REJECTED,)


def _return(payout: Payout, answer: PayoutAnswer, moment: Moment, rules: Rules) -> HeardPayout:
    climbed, said = _climb(payout, PayoutState.EXECUTED, moment, rules)
    if climbed.state is not PayoutState.EXECUTED:
        return climbed, said
    returned = replace(
        climbed,
        state=PayoutState.RETURNED,
        reason=answer.reason or "RETURNED",
        message=answer.message or "The payee's bank has sent the money back.",
        partner_code=answer.partner_code,
    )
    return returned, (*said, PayoutSaid.RETURNED)


def _doubt(payout: Payout, answer: PayoutAnswer) -> Payout:
    doubted = payout
    if payout.state is PayoutState.STARTED:
        doubted = replace(payout, state=PayoutState.UNKNOWN)
    if answer.reason and payout.state in OPEN:
        doubted = replace(doubted, reason=answer.reason, message=answer.message)
    return doubted


def _is_over(payout: Payout, moment: Moment, rules: Rules) -> bool:
    """Whether an order that the bank had and that nobody approved is gone there for good."""
    return payout.state is PayoutState.SUBMITTED and moment.today >= _end_of_day(payout, rules)


def _end_of_day(payout: Payout, rules: Rules) -> datetime:
    """The end of the order's day where the bank is, with an hour's grace."""
    day = payout.order.value_date or payout.create_time.astimezone(rules.zone).date()
    day = max(day, payout.create_time.astimezone(rules.zone).date())
    midnight = datetime(day.year, day.month, day.day, tzinfo=rules.zone) + timedelta(days=1)
    return midnight + timedelta(hours=1)


def _schedule(
    payout: Payout, operation: PayoutOperation, answer: PayoutAnswer, moment: Moment, rules: Rules
) -> Payout:
    if payout.state not in OPEN:
        return _watch(payout, operation, moment, rules)
    wait = pause(rules, payout.inquiries)
    if not payout.asked:
        return _next(payout, PayoutOperation.SUBMIT, wait, moment)
    is_gone = operation is PayoutOperation.INQUIRE and answer.word is Word.NOT_FOUND
    return _next(payout, PayoutOperation.SEARCH if is_gone else _question(payout), wait, moment)


def _question(payout: Payout) -> PayoutOperation:
    return PayoutOperation.INQUIRE if payout.partner_reference else PayoutOperation.SEARCH


def _watch(payout: Payout, operation: PayoutOperation, moment: Moment, rules: Rules) -> Payout:
    """Look after what has left, for it may come back days later, and after what ended without the
    bank's own word: the status and the statements in turns."""
    is_done = payout.state is PayoutState.RETURNED or payout.contradicted
    if is_done or payout.watch_time is None or moment.today >= payout.watch_time:
        return payout
    following = PayoutOperation.SEARCH
    if operation is not PayoutOperation.INQUIRE:
        following = _question(payout)
    return _next(payout, following, rules.returns_every, moment)


def _next(payout: Payout, operation: PayoutOperation, wait: timedelta, moment: Moment) -> Payout:
    return replace(payout, operation=operation, due_time=moment.machine + wait)


def said_of(payout: Payout) -> tuple[PayoutSaid, ...]:
    """What has last been said of a payout: the answer to a repeated order."""
    match payout.state:
        case PayoutState.REJECTED:
            return (PayoutSaid.REJECTED,)
        case PayoutState.RETURNED:
            return (PayoutSaid.EXECUTED, PayoutSaid.RETURNED)
        case _:
            return tuple(word for state, word in _LADDER if state is payout.state)


def resolve_payout(
    payout: Payout, state: PayoutState, operator: str, reason: str, moment: Moment, rules: Rules
) -> HeardPayout:
    """An operator's word. Raises `PayoutResolutionMalformed`, `PayoutDecided`,
    `PayoutBeingSubmitted`."""
    payout_id = payout.payout_id
    if not operator.strip() or not reason.strip():
        raise PayoutResolutionMalformed(
            "Say who resolves the payout, and why.", payout_id=payout_id
        )
    if state not in (PayoutState.EXECUTED, PayoutState.REJECTED):
        raise PayoutResolutionMalformed(
            "A payout is resolved as executed or as rejected.", payout_id=payout_id
        )
    if payout.state not in OPEN:
        raise PayoutDecided(
            f"The payout is {payout.state.name} already; only an open payout is resolved.",
            payout_id=payout_id,
        )
    if payout.leased and payout.operation is PayoutOperation.SUBMIT:
        raise PayoutBeingSubmitted(
            "The order is being sent to the bank now: look again in a minute.", payout_id=payout_id
        )
    # Another turn: what is still under way tells facts, but no longer decides.
    taken = replace(
        payout,
        turn=payout.turn + 1,
        update_time=moment.today,
        leased=False,
        operation=None,
        due_time=None,
        inquiries=0,
    )
    if state is PayoutState.REJECTED:
        word = payout_answer(Word.REJECTED, reason="OPERATOR", message=reason)
        ended, said = _reject(_watched(taken, moment, rules) if taken.asked else taken, word)
    else:
        ended, said = _climb(taken, PayoutState.EXECUTED, moment, rules)
    return _watch(ended, PayoutOperation.INQUIRE, moment, rules), said
