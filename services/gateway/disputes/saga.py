"""What a dispute does next, given what it hears, and what an operator's word does. Pure.

    reserve → hold [→ answer] → void → done                 won
       ╲ suspend ╱          ╲→ [collect] → post → done      lost

The partner's word may come before the ledger's: the state then has it, and the step goes on once
the ledger has answered. Lost with suspense in the merchant's place, or with more taken than was
covered, ends with an operator: recover from the merchant, leave it as settled outside, or write
it off.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.gateway.disputes.claim import borne_by_merchant
from services.gateway.disputes.model import Decision, Dispute, Life, State, Step
from services.gateway.incoming import Incoming, What
from services.gateway.resources.model import Resolution, ended, left_by_operator, stuck

STAY = Decision()
ORDERS = frozenset(Step) - {Step.HOLD, Step.OPERATOR, Step.DONE}
PATIENT = frozenset({Step.ANSWER})
FINAL = frozenset({State.WON, State.LOST})

Rule = Callable[[Dispute, Incoming, datetime], Decision]

_PAYABLE_CLAUSES = frozenset({"EXCEEDS_CREDITS", "EXCEEDS_NET_DEBIT_LIMIT"})
_LIMIT = "MERCHANT_LIMIT_REACHED"
_LIMIT_MESSAGE = (
    "The merchant has too little with us to bear it: suspense does until the partner has decided, "
    "and the operator settles it then."
)
_UNCOVERED = "EXCEEDS_CAPTURED"
_UNCOVERED_MESSAGE = (
    "The partner took more than refunds had left of the payment; the operator settles the rest."
)


def first_life(has_legs: bool, now: datetime) -> Life:
    """The life of a dispute that has just been opened; without legs nothing is set aside."""
    if has_legs:
        return Life(State.OPEN, Step.RESERVE, now)
    message = "Nothing is left of the payment that could be contested."
    return Life(State.OPEN, Step.HOLD, now, "NOTHING_LEFT", message)


def decide(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    """The consequence of one event for one dispute. What does not fit changes nothing."""
    if heard.what is What.DISPUTE_ENDED:
        return _decided(dispute, heard, now)
    rule = _RULES.get((dispute.life.step, heard.what))
    return STAY if rule is None else rule(dispute, heard, now)


def answered(dispute: Dispute, accept: bool, now: datetime) -> Decision:
    """What our answer does to a dispute that is not over."""
    life = dispute.life
    step = Step.ANSWER if life.step is Step.HOLD else life.step
    message = "We accept it." if accept else "Our evidence is with the partner."
    following = replace(
        life,
        state=State.ANSWERED,
        step=step,
        update_time=now,
        message=message,
        repeat_count=0,
    )
    return Decision(following, Step.ANSWER)


def _go(life: Life, step: Step, now: datetime) -> Decision:
    following = replace(life, step=step, update_time=now, repeat_count=0)
    return Decision(following, step if step in ORDERS else None)


def _decided(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    life = dispute.life
    if life.state in FINAL:
        return STAY
    state = State.WON if heard.won else State.LOST
    over = replace(life, state=state, update_time=now, message=heard.message or life.message)
    if life.step not in (Step.HOLD, Step.ANSWER):
        return Decision(over)
    return _conclude(replace(dispute, life=over), now)


def _conclude(dispute: Dispute, now: datetime) -> Decision:
    """The next step of a dispute that is over, whose legs are set aside."""
    life = dispute.life
    if life.state is State.WON:
        return _go(life, Step.VOID if dispute.legs else Step.DONE, now)
    if not dispute.legs:
        return _taken(dispute, now)
    return _go(life, Step.COLLECT if dispute.is_collected_last else Step.POST, now)


def _taken(dispute: Dispute, now: datetime) -> Decision:
    """All that was set aside is posted; the rest, if any, is an operator's."""
    life = dispute.life
    if dispute.suspended:
        return Decision(_case(life, Step.SUSPEND, _LIMIT, _LIMIT_MESSAGE, now))
    if dispute.uncovered.minor > 0:
        return Decision(_case(life, Step.POST, _UNCOVERED, _UNCOVERED_MESSAGE, now))
    return _go(life, Step.DONE, now)


def _case(life: Life, stuck_at: Step, reason: str, message: str, now: datetime) -> Life:
    return replace(stuck(life, Step.OPERATOR, reason, message, now), stuck_at=stuck_at)


def _reserved(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.reserve_link_id:
        return STAY
    life = dispute.life
    if life.step is Step.SUSPEND:
        life = replace(life, stuck_at=Step.SUSPEND)
    if life.state in FINAL:
        return _conclude(replace(dispute, life=life), now)
    # The answer was sent when it was given.
    step = Step.HOLD if life.state is State.OPEN else Step.ANSWER
    return Decision(replace(life, step=step, update_time=now, repeat_count=0))


def _not_reserved(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.reserve_link_id or heard.command != "reserve":
        return STAY
    life = dispute.life
    if life.state is State.WON:
        return _go(life, Step.DONE, now)
    merchants = borne_by_merchant(dispute.claim, dispute.terms)
    if merchants and life.step is Step.RESERVE and heard.reason in _PAYABLE_CLAUSES:
        suspending = replace(life, reason=_LIMIT, message=_LIMIT_MESSAGE)
        return _go(suspending, Step.SUSPEND, now)
    return Decision(_case(life, Step.RESERVE, heard.reason, heard.message, now))


def _given_back(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.charge_id != dispute.collect_refund_id:
        return STAY
    return _go(dispute.life, Step.POST, now)


def _not_given_back(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.charge_id != dispute.collect_refund_id:
        return STAY
    reason = heard.reason or "REFUND_REJECTED"
    message = (
        "The merchant's network has given back, but the payer's wallet refuses; "
        "the operator will settle it."
    )
    return Decision(stuck(dispute.life, Step.OPERATOR, reason, message, now))


def _posted(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.reserve_link_id:
        return STAY
    return _taken(dispute, now)


def _freed(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.reserve_link_id:
        return STAY
    return Decision(_over(dispute.life, now))


def _over(life: Life, now: datetime) -> Life:
    return replace(ended(life, life.state, Step.DONE, now), stuck_at=None)


def _recovered(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.operator_link_id:
        return STAY
    return _taken(replace(dispute, life=replace(dispute.life, stuck_at=None)), now)


def _written_off(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.operator_link_id:
        return STAY
    if dispute.life.stuck_at is Step.COLLECT:
        return _go(dispute.life, Step.VOID, now)
    return Decision(_over(dispute.life, now))


def _case_as_before(dispute: Dispute, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != dispute.operator_link_id:
        return STAY
    life = replace(
        dispute.life,
        step=Step.OPERATOR,
        update_time=now,
        reason=heard.reason,
        message=heard.message,
    )
    return Decision(life)


_RULES: dict[tuple[Step, What], Rule] = {
    (Step.RESERVE, What.FUNDS_RESERVED): _reserved,
    (Step.RESERVE, What.FUNDS_REFUSED): _not_reserved,
    (Step.SUSPEND, What.FUNDS_RESERVED): _reserved,
    (Step.SUSPEND, What.FUNDS_REFUSED): _not_reserved,
    (Step.COLLECT, What.REFUND_ACCEPTED): _given_back,
    (Step.COLLECT, What.REFUND_REJECTED): _not_given_back,
    (Step.POST, What.FUNDS_POSTED): _posted,
    (Step.VOID, What.FUNDS_VOIDED): _freed,
    (Step.VOID, What.FUNDS_EXPIRED): _freed,
    (Step.RECOVER, What.FUNDS_POSTED): _recovered,
    (Step.RECOVER, What.FUNDS_REFUSED): _case_as_before,
    (Step.WRITE_OFF, What.FUNDS_POSTED): _written_off,
    (Step.WRITE_OFF, What.FUNDS_REFUSED): _case_as_before,
}

# What an operator's word leads to, by where the dispute is stuck. What is not here does not fit:
# nothing more can be asked where the partner has taken what was never there.
_RESOLUTIONS: dict[tuple[Step, Resolution], Step] = {
    (Step.SUSPEND, Resolution.RETRY): Step.RECOVER,
    (Step.SUSPEND, Resolution.SETTLED): Step.DONE,
    (Step.SUSPEND, Resolution.WRITE_OFF): Step.WRITE_OFF,
    (Step.POST, Resolution.SETTLED): Step.DONE,
    (Step.POST, Resolution.WRITE_OFF): Step.WRITE_OFF,
    (Step.COLLECT, Resolution.RETRY): Step.COLLECT,
    (Step.COLLECT, Resolution.SETTLED): Step.POST,
    (Step.COLLECT, Resolution.WRITE_OFF): Step.WRITE_OFF,
    (Step.RESERVE, Resolution.SETTLED): Step.DONE,
    (Step.RESERVE, Resolution.WRITE_OFF): Step.WRITE_OFF,
}


def resolve(dispute: Dispute, resolution: Resolution, now: datetime) -> Decision:
    """What an operator's word does to a case; nothing where it is none, or does not fit."""
    life = dispute.life
    if life.step is not Step.OPERATOR or life.stuck_at is None:
        return STAY
    step = _RESOLUTIONS.get((life.stuck_at, resolution))
    if step is None or life.state not in FINAL:
        return STAY
    if step is Step.DONE or (step is Step.WRITE_OFF and life.state is State.WON):
        return Decision(_over(life, now))
    return Decision(left_by_operator(life, step, now), step)
