"""What a top-up does next, given what it hears. Pure.

    charge → credit → done          completed
         ╲→ done [→ give_back → done]   declined

What a bank accepts after it had been reported to refuse is given back to the account: the payer
was told that nothing was drawn. It is a refund and not a cancel, because to the bridge the charge
is closed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.gateway.incoming import Incoming, What
from services.gateway.topups.model import Life, State, Step, TopUp


@dataclass(frozen=True, slots=True)
class Decision:
    """`life` is None where nothing changes; `order` is the step whose command is to be sent."""

    life: Life | None = None
    order: Step | None = None


STAY = Decision()
ORDERS = frozenset({Step.CHARGE, Step.CREDIT, Step.GIVE_BACK})
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


def _credited(_top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    return Decision(Life(State.COMPLETED, Step.DONE, now))


def _not_credited(_top_up: TopUp, heard: Incoming, now: datetime) -> Decision:
    message = "The bank has paid, but the account cannot be credited; the operator will settle it."
    return Decision(Life(State.PENDING, Step.OPERATOR, now, heard.reason, message))


def _accepted_too_late(top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    life = top_up.life
    if life.state is not State.DECLINED:
        return STAY
    return Decision(_declined_at(life, Step.GIVE_BACK, now), Step.GIVE_BACK)


def _given_back(top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    return Decision(_declined_at(top_up.life, Step.DONE, now))


def _kept(top_up: TopUp, _heard: Incoming, now: datetime) -> Decision:
    return Decision(_declined_at(top_up.life, Step.OPERATOR, now))


def _declined_at(life: Life, step: Step, now: datetime) -> Life:
    return Life(life.state, step, now, life.reason, life.message)


_RULES: dict[tuple[Step, What], Rule] = {
    (Step.CHARGE, What.CHARGE_ACCEPTED): _accepted,
    # We have not heard of the refusal before it, so the money is still wanted.
    (Step.CHARGE, What.CHARGE_ACCEPTED_LATE): _accepted,
    (Step.CHARGE, What.CHARGE_REJECTED): _rejected,
    (Step.CHARGE, What.CHARGE_CANCELLED): _rejected,
    (Step.CHARGE, What.CHARGE_UNKNOWN): _unknown,
    (Step.CREDIT, What.FUNDS_POSTED): _credited,
    (Step.CREDIT, What.FUNDS_REFUSED): _not_credited,
    (Step.DONE, What.CHARGE_ACCEPTED): _accepted_too_late,
    (Step.DONE, What.CHARGE_ACCEPTED_LATE): _accepted_too_late,
    (Step.GIVE_BACK, What.REFUND_ACCEPTED): _given_back,
    (Step.GIVE_BACK, What.REFUND_REJECTED): _kept,
}
