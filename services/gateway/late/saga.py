"""What a late charge does next, given what it hears, and what an operator's word does. Pure.

book → refund → return → done      refunded
    ╲        ╲        ╲→ operator → [once more | return | write_off → done]
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.gateway.incoming import Incoming, What
from services.gateway.late.model import Decision, LateCharge, Life, State, Step
from services.gateway.resources.model import (
    Resolution,
    ended,
    left_by_operator,
    once_more,
    stuck,
)

STAY = Decision()
ORDERS = frozenset({Step.BOOK, Step.REFUND, Step.RETURN, Step.WRITE_OFF})


def first_life(now: datetime) -> Life:
    """The life of a late charge that has just been heard of."""
    return Life(State.PENDING, Step.BOOK, now)


def decide(late: LateCharge, heard: Incoming, now: datetime) -> Decision:
    """The consequence of one event for one late charge. What does not fit changes nothing."""
    step = late.life.step
    if step is Step.REFUND:
        return _asked_back(late, heard, now)
    if step not in ORDERS or heard.link_id != late.link_id(step):
        return STAY
    if heard.what is What.FUNDS_POSTED:
        return _posted(late.life, now)
    if heard.what is What.FUNDS_REFUSED:
        return Decision(_refused(late.life, heard, now))
    return STAY


def _asked_back(late: LateCharge, heard: Incoming, now: datetime) -> Decision:
    if heard.charge_id != late.ask_id:
        return STAY
    if heard.what is What.REFUND_ACCEPTED:
        return _go(late.life, Step.RETURN, now)
    if heard.what is What.REFUND_REJECTED:
        return Decision(_refused(late.life, heard, now))
    return STAY


def _posted(life: Life, now: datetime) -> Decision:
    if life.step is Step.BOOK:
        return _go(life, Step.REFUND, now)
    state = State.REFUNDED if life.step is Step.RETURN else State.WRITTEN_OFF
    return Decision(ended(life, state, Step.DONE, now))


def _refused(life: Life, heard: Incoming, now: datetime) -> Life:
    reason = heard.reason or "REFUSED"
    message = heard.message or "Ledger or partner refused; the operator will settle it."
    if life.step is Step.WRITE_OFF:
        return replace(life, step=Step.OPERATOR, update_time=now, reason=reason, message=message)
    return stuck(life, Step.OPERATOR, reason, message, now)


def _go(life: Life, step: Step, now: datetime) -> Decision:
    following = replace(
        life, step=step, update_time=now, reason="", message="", repeat_count=0, stuck_at=None
    )
    return Decision(following, step)


def _ask_again(life: Life, now: datetime) -> Decision:
    again = once_more(life, now)
    return Decision(again, again.step)


def _settle(life: Life, now: datetime) -> Decision:
    if life.stuck_at is Step.BOOK:
        return Decision(ended(life, State.SETTLED, Step.DONE, now))
    # The partner gave it back by another way: the booking is reversed.
    return Decision(replace(left_by_operator(life, Step.RETURN, now), stuck_at=None), Step.RETURN)


def _write_off(life: Life, now: datetime) -> Decision:
    return Decision(left_by_operator(life, Step.WRITE_OFF, now), Step.WRITE_OFF)


_RESOLUTIONS: dict[Resolution, Callable[[Life, datetime], Decision]] = {
    Resolution.RETRY: _ask_again,
    Resolution.SETTLED: _settle,
    Resolution.WRITE_OFF: _write_off,
}


def resolve(late: LateCharge, resolution: Resolution, now: datetime) -> Decision:
    """What an operator's word does to a case; nothing where it is none."""
    if late.life.step is not Step.OPERATOR:
        return STAY
    return _RESOLUTIONS[resolution](late.life, now)
