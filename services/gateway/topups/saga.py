"""What a top-up does next, given what it hears, and what an operator's word does. Pure.

    charge → credit → done          completed
         ╲→ done [→ give_back → done]   declined

What a bank accepts after it had been reported to refuse is given back to the account: the payer
was told that nothing was drawn. It is a refund and not a cancel, because to the bridge the charge
is closed.

What was drawn and can be neither credited nor given back is an operator's case: asked once more,
settled outside (declined, with nothing booked), or written off: clearing against loss, which keeps
the payer's money until they are found.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.gateway.incoming import Incoming, What
from services.gateway.resources.model import (
    Resolution,
    ended,
    left_by_operator,
    once_more,
    stuck,
)
from services.gateway.topups.model import Decision, Life, State, Step, TopUp

STAY = Decision()
ORDERS = frozenset(Step) - {Step.OPERATOR, Step.DONE}
"""Steps that wait for an answer to a command, which may be repeated at any time."""

Rule = Callable[[TopUp, Incoming, datetime], Decision]


def decide(top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    """The consequence of one event for one top-up. What does not fit changes nothing."""
    rule = _RULES.get((top_up.life.step, heard.what))
    return STAY if rule is None else rule(top_up, heard, now)


def first_life(now: datetime) -> Life:
    """The life of a top-up that has just been asked for."""
    return Life(State.PENDING, Step.CHARGE, now)


def _accepted(_top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    return Decision(Life(State.PENDING, Step.CREDIT, now), Step.CREDIT)


def _rejected(_top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    cancelled = heard.what is What.CHARGE_CANCELLED
    reason = "CHARGE_CANCELLED" if cancelled else heard.reason or "CHARGE_REJECTED"
    message = heard.message or "The bank did not take the order; nothing was drawn."
    return Decision(Life(State.DECLINED, Step.DONE, now, reason, message))


def _unknown(top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    if top_up.life.reason:
        return STAY
    message = "The bank has not answered yet; it is being asked what became of the order."
    return Decision(Life(State.PENDING, Step.CHARGE, now, "PARTNER_SILENT", message))


def _posted(top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    life = top_up.life
    if heard.link_id != top_up.link_id(life.step):
        return STAY
    if life.step is Step.CREDIT:
        return Decision(Life(State.COMPLETED, Step.DONE, now))
    return Decision(_declined(life, now))


def _refused(top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    life = top_up.life
    if heard.link_id != top_up.link_id(life.step):
        return STAY
    if life.step is Step.WRITE_OFF:
        return Decision(replace(life, step=Step.OPERATOR, update_time=now))
    message = "The bank has paid, but the account cannot be credited; the operator will settle it."
    return Decision(stuck(life, Step.OPERATOR, heard.reason, message, now))


def _accepted_too_late(top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    life = top_up.life
    # Settled or written off, it has been accepted already: this is a repeat.
    if life.state is not State.DECLINED or life.stuck_at is not None:
        return STAY
    return Decision(_at(life, Step.GIVE_BACK, now), Step.GIVE_BACK)


def _given_back(top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    if heard.charge_id != top_up.give_back_id:
        return STAY
    return Decision(_at(top_up.life, Step.DONE, now))


def _kept(top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    life = top_up.life
    if heard.charge_id != top_up.give_back_id:
        return STAY
    return Decision(stuck(life, Step.OPERATOR, life.reason, life.message, now))


def _at(life: Life, step: Step, now: datetime) -> Life:
    return replace(life, step=step, update_time=now, repeat_count=0)


def _declined(life: Life, now: datetime) -> Life:
    """What an operator has ended without the payer being credited."""
    if life.state is State.DECLINED:
        return ended(life, State.DECLINED, Step.DONE, now)
    message = "The operator settles with the payer what the bank has paid."
    over = ended(life, State.DECLINED, Step.DONE, now)
    return replace(over, reason="NOT_CREDITED", message=message)


def _ask_again(life: Life, now: datetime) -> Decision:
    again = once_more(life, now)
    return Decision(again, again.step)


def _settle(life: Life, now: datetime) -> Decision:
    return Decision(_declined(life, now))


def _write_off(life: Life, now: datetime) -> Decision:
    return Decision(left_by_operator(life, Step.WRITE_OFF, now), Step.WRITE_OFF)


_RESOLUTIONS: dict[Resolution, Callable[[Life, datetime], Decision]] = {
    Resolution.RETRY: _ask_again,
    Resolution.SETTLED: _settle,
    Resolution.WRITE_OFF: _write_off,
}


def resolve(top_up: TopUp, resolution: Resolution, now: datetime) -> Decision:
    """What an operator's word does to a case; nothing where it is none."""
    if top_up.life.step is not Step.OPERATOR:
        return STAY
    return _RESOLUTIONS[resolution](top_up.life, now)


_RULES: dict[tuple[Step, What], Rule] = {
    (Step.CHARGE, What.CHARGE_ACCEPTED): _accepted,
    # We have not heard of the refusal before it, so the money is still wanted.
    (Step.CHARGE, What.CHARGE_ACCEPTED_LATE): _accepted,
    (Step.CHARGE, What.CHARGE_REJECTED): _rejected,
    (Step.CHARGE, What.CHARGE_CANCELLED): _rejected,
    (Step.CHARGE, What.CHARGE_UNKNOWN): _unknown,
    (Step.CREDIT, What.FUNDS_POSTED): _posted,
    (Step.CREDIT, What.FUNDS_REFUSED): _refused,
    (Step.WRITE_OFF, What.FUNDS_POSTED): _posted,
    (Step.WRITE_OFF, What.FUNDS_REFUSED): _refused,
    (Step.DONE, What.CHARGE_ACCEPTED): _accepted_too_late,
    (Step.DONE, What.CHARGE_ACCEPTED_LATE): _accepted_too_late,
    (Step.GIVE_BACK, What.REFUND_ACCEPTED): _given_back,
    (Step.GIVE_BACK, What.REFUND_REJECTED): _kept,
}
