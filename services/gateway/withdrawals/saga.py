"""What a withdrawal does next, given what it hears, and what an operator's word does. Pure.

    reserve → order → post → done                            completed
          ╲        ╲      ╲→ give_back → done                returned
           ╲→ done  ╲→ void → done                           declined

It is complete when the bank says that the money has left, and not before: an order that a bank has
accepted can still fail. What comes back, whenever it does, is a transfer of its own.

An operator's case is what came back and cannot be credited, and what a bank paid after it had
refused. It is asked once more (then the payer's account is taken from after all), settled outside,
or written off: clearing against loss. What comes back before that is decided is no case any more,
and what comes back while it is being taken is given back at once. What comes back after it was
written off leaves loss again; after it was settled outside, it is a case again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.gateway.incoming import Incoming, What
from services.gateway.payments.messages import CHARGE_WANTED
from services.gateway.resources.model import (
    Resolution,
    ended,
    left_by_operator,
    once_more,
    stuck,
)
from services.gateway.withdrawals.model import Decision, Life, State, Step, Withdrawal

STAY = Decision()
ORDERS = frozenset(Step) - {Step.OPERATOR, Step.DONE}
"""Steps that wait for an answer to a command, which may be repeated at any time."""
PATIENT = frozenset({Step.ORDER})
"""A bank may be closed for days, or wait for a person's approval."""

Rule = Callable[[Withdrawal, Incoming, datetime], Decision]


def decide(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    """The consequence of one event for one withdrawal. What does not fit changes nothing."""
    rule = _RULES.get((withdrawal.life.step, heard.what))
    return STAY if rule is None else rule(withdrawal, heard, now)


def first_life(now: datetime) -> Life:
    """The life of a withdrawal that has just been asked for."""
    return Life(State.PENDING, Step.RESERVE, now)


def _reserved(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.resource_id:
        return STAY
    if now > withdrawal.ask.create_time + CHARGE_WANTED:
        message = "It took too long to set the money aside; nothing was taken: ask again."
        return _declined(Step.VOID, "WITHDRAWAL_EXPIRED", message, now)
    if not withdrawal.sealed_payee:
        message = "The linked account cannot be read: link it again under another id."
        return _declined(Step.VOID, "ACCOUNT_UNREADABLE", message, now)
    return _to(withdrawal.life, Step.ORDER, now)


def _refused(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.resource_id or heard.command != "reserve":
        return STAY
    if heard.account_id == withdrawal.customer_account_id and heard.reason.startswith("EXCEEDS"):
        message = "The payer's account has less than that."
        return _declined(Step.DONE, "PAYER_FUNDS", message, now)
    message = heard.message or "The ledger refused the withdrawal."
    return _declined(Step.DONE, heard.reason or "WITHDRAWAL_REFUSED", message, now)


def _with_the_bank(withdrawal: Withdrawal, _heard: Incoming, now: datetime) -> Decision:
    message = "The bank has the order."
    if withdrawal.life.message == message:
        return STAY
    return Decision(replace(withdrawal.life, update_time=now, message=message, repeat_count=0))


def _left(_withdrawal: Withdrawal, _heard: Incoming, now: datetime) -> Decision:
    return Decision(Life(State.COMPLETED, Step.POST, now), Step.POST)


def _rejected(_withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    message = heard.message or "The bank refused the order; nothing was taken."
    return _declined(Step.VOID, heard.reason or "PAYOUT_REJECTED", message, now)


def _came_back_early(_withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    life = Life(State.COMPLETED, Step.POST_BACK, now, *_why_back(heard))
    return Decision(life, Step.POST)


def _came_back(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    life = withdrawal.life
    if _was_paid_untaken(life) and heard.what is What.PAYOUT_RETURNED:
        return _came_back_decided(life, now)
    # A case that was settled, or a repeat of the refusal that was before the bank paid.
    taken = life.stuck_at is Step.TAKE and heard.what is What.PAYOUT_RETURNED
    if life.state is not State.COMPLETED or not (life.stuck_at is None or taken):
        return STAY
    reason, message = _why_back(heard)
    told = replace(life, reason=reason, message=message, stuck_at=None)
    return _to(told, Step.GIVE_BACK, now)


_MEANWHILE = "RETURNED_MEANWHILE"
_WRITTEN_OFF = "WRITTEN_OFF"
_SETTLED = "SETTLED_OUTSIDE"
_UNDONE = "RETURNED_AFTER_WRITE_OFF"


def _was_paid_untaken(life: Life) -> bool:
    """Whether a bank has paid it after its refusal, and the payer's account was not taken from."""
    return life.state is State.DECLINED and life.stuck_at is Step.TAKE


def _came_back_decided(life: Life, now: datetime) -> Decision:
    """The payer's account was never taken from: what came back is not the payer's."""
    if life.reason == _WRITTEN_OFF:
        message = "What was written off has come back; it is taken from loss again."
        told = replace(life, stuck_at=Step.GIVE_BACK, reason=_UNDONE, message=message)
        return Decision(left_by_operator(told, Step.WRITE_OFF, now), Step.WRITE_OFF)
    if life.reason == _SETTLED:
        message = (
            "It was settled outside, and has come back since: give back outside what the payer "
            "gave for it and say that it is settled, or have it credited to loss by a write-off."
        )
        told = replace(life, step=Step.GIVE_BACK)
        reason = "RETURNED_AFTER_SETTLEMENT"
        return Decision(stuck(told, Step.OPERATOR, reason, message, now))
    return STAY


def _came_back_while_written_off(
    withdrawal: Withdrawal, heard: Incoming, now: datetime
) -> Decision:
    if not _was_paid_untaken(withdrawal.life):
        return STAY
    return _came_back_while_taken(withdrawal, heard, now)


def _came_back_undecided(withdrawal: Withdrawal, _heard: Incoming, now: datetime) -> Decision:
    life = withdrawal.life
    if life.state is not State.DECLINED or life.stuck_at is not Step.TAKE:
        return STAY
    return Decision(_back_untaken(life, now))


def _came_back_while_taken(withdrawal: Withdrawal, _heard: Incoming, now: datetime) -> Decision:
    if withdrawal.life.reason == _MEANWHILE:
        return STAY
    message = "The payer's bank has sent it back meanwhile."
    return Decision(replace(withdrawal.life, update_time=now, reason=_MEANWHILE, message=message))


def _back_untaken(life: Life, now: datetime) -> Life:
    """Nothing was taken from the payer, and what the bank had paid is back."""
    message = "What the bank had paid after its refusal has come back."
    over = ended(life, State.DECLINED, Step.DONE, now)
    return replace(over, reason=_MEANWHILE, message=message, stuck_at=Step.TAKE)


def _why_back(heard: Incoming) -> tuple[str, str]:
    return heard.reason or "RETURNED", heard.message or "The payer's bank has sent it back."


def _posted(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.resource_id:
        return STAY
    after = Step.GIVE_BACK if withdrawal.life.step is Step.POST_BACK else Step.DONE
    return _to(withdrawal.life, after, now)


def _given_back(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    life = withdrawal.life
    if heard.link_id != withdrawal.link_id(Step.GIVE_BACK):
        return STAY
    return Decision(ended(life, State.RETURNED, Step.DONE, now))


def _not_given_back(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    life = withdrawal.life
    if heard.link_id != withdrawal.link_id(Step.GIVE_BACK):
        return STAY
    message = "It came back, but the account cannot be credited; the operator will settle it."
    return Decision(stuck(life, Step.OPERATOR, heard.reason, message, now))


def _taken(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.link_id(Step.TAKE):
        return STAY
    life = withdrawal.life
    taken = replace(life, state=State.COMPLETED, stuck_at=Step.TAKE)
    if life.reason == _MEANWHILE:
        return _to(taken, Step.GIVE_BACK, now)
    over = ended(taken, State.COMPLETED, Step.DONE, now)
    return Decision(replace(over, reason="", message=""))


def _not_taken(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.link_id(Step.TAKE):
        return STAY
    life = withdrawal.life
    if life.reason == _MEANWHILE:
        return Decision(_back_untaken(life, now))
    return Decision(stuck(life, Step.OPERATOR, heard.reason, heard.message, now))


def _freed(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.resource_id:
        return STAY
    return _to(withdrawal.life, Step.DONE, now)


def _reserved_too_late(withdrawal: Withdrawal, heard: Incoming, _now: datetime) -> Decision:
    declined = withdrawal.life.state is State.DECLINED
    fits = declined and heard.link_id == withdrawal.resource_id
    return Decision(order=Step.VOID) if fits else STAY


def _left_after_all(withdrawal: Withdrawal, _heard: Incoming, now: datetime) -> Decision:
    """The bank has paid what it had refused: whether the payer's account is taken from is a
    person's to decide."""
    life = withdrawal.life
    if life.state is not State.DECLINED or life.stuck_at is not None:
        return STAY
    message = "The bank has paid it after its refusal; the operator will settle it."
    case = stuck(replace(life, step=Step.TAKE), Step.OPERATOR, "PAID_AFTER_REFUSAL", message, now)
    return Decision(case, Step.VOID if life.step is Step.VOID else None)


def _written_off(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    life = withdrawal.life
    if heard.link_id != withdrawal.link_id(Step.WRITE_OFF):
        return STAY
    over = ended(life, life.state, Step.DONE, now)
    if life.reason == _UNDONE:
        message = "What was written off has come back."
        return Decision(replace(over, reason=_MEANWHILE, message=message))
    message = "The operator has written it off."
    done = replace(over, reason=_WRITTEN_OFF, message=message)
    return _came_back_decided(done, now) if life.reason == _MEANWHILE else Decision(done)


def _not_written_off(withdrawal: Withdrawal, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != withdrawal.link_id(Step.WRITE_OFF):
        return STAY
    life = withdrawal.life
    if life.reason == _MEANWHILE and _was_paid_untaken(life):
        return Decision(_back_untaken(life, now))
    return Decision(replace(life, step=Step.OPERATOR, update_time=now))


def _to(life: Life, step: Step, now: datetime) -> Decision:
    moved = replace(life, step=step, update_time=now, repeat_count=0)
    return Decision(moved, step if step in ORDERS else None)


def _declined(step: Step, reason: str, message: str, now: datetime) -> Decision:
    life = Life(State.DECLINED, step, now, reason, message)
    return Decision(life, step if step in ORDERS else None)


def _ask_again(life: Life, now: datetime) -> Decision:
    if life.state is State.DECLINED and life.stuck_at is Step.GIVE_BACK:
        # Nothing was taken from the payer's account that could be given back to it.
        return STAY
    again = once_more(life, now)
    return Decision(again, again.step)


def _settle(life: Life, now: datetime) -> Decision:
    over = ended(life, life.state, Step.DONE, now)
    message = "The operator has settled it with the payer."
    return Decision(replace(over, reason=_SETTLED, message=message))


def _write_off(life: Life, now: datetime) -> Decision:
    return Decision(left_by_operator(life, Step.WRITE_OFF, now), Step.WRITE_OFF)


_RESOLUTIONS: dict[Resolution, Callable[[Life, datetime], Decision]] = {
    Resolution.RETRY: _ask_again,
    Resolution.SETTLED: _settle,
    Resolution.WRITE_OFF: _write_off,
}


def resolve(withdrawal: Withdrawal, resolution: Resolution, now: datetime) -> Decision:
    """What an operator's word does to a case; nothing where it is none."""
    if withdrawal.life.step is not Step.OPERATOR:
        return STAY
    return _RESOLUTIONS[resolution](withdrawal.life, now)


_RULES: dict[tuple[Step, What], Rule] = {
    (Step.RESERVE, What.FUNDS_RESERVED): _reserved,
    (Step.RESERVE, What.FUNDS_REFUSED): _refused,
    (Step.ORDER, What.PAYOUT_SUBMITTED): _with_the_bank,
    (Step.ORDER, What.PAYOUT_ACCEPTED): _with_the_bank,
    (Step.ORDER, What.PAYOUT_EXECUTED): _left,
    (Step.ORDER, What.PAYOUT_REJECTED): _rejected,
    (Step.ORDER, What.PAYOUT_RETURNED): _came_back_early,
    (Step.POST, What.FUNDS_POSTED): _posted,
    (Step.POST, What.PAYOUT_RETURNED): _came_back_early,
    (Step.POST, What.PAYOUT_REJECTED): _came_back_early,
    (Step.POST_BACK, What.FUNDS_POSTED): _posted,
    (Step.DONE, What.PAYOUT_RETURNED): _came_back,
    (Step.DONE, What.PAYOUT_REJECTED): _came_back,
    (Step.OPERATOR, What.PAYOUT_RETURNED): _came_back_undecided,
    (Step.TAKE, What.PAYOUT_RETURNED): _came_back_while_taken,
    (Step.GIVE_BACK, What.FUNDS_POSTED): _given_back,
    (Step.GIVE_BACK, What.FUNDS_REFUSED): _not_given_back,
    (Step.TAKE, What.FUNDS_POSTED): _taken,
    (Step.TAKE, What.FUNDS_REFUSED): _not_taken,
    (Step.VOID, What.FUNDS_VOIDED): _freed,
    (Step.VOID, What.FUNDS_EXPIRED): _freed,
    (Step.VOID, What.FUNDS_RESERVED): _reserved_too_late,
    (Step.DONE, What.FUNDS_RESERVED): _reserved_too_late,
    (Step.VOID, What.PAYOUT_EXECUTED): _left_after_all,
    (Step.DONE, What.PAYOUT_EXECUTED): _left_after_all,
    (Step.WRITE_OFF, What.FUNDS_POSTED): _written_off,
    (Step.WRITE_OFF, What.FUNDS_REFUSED): _not_written_off,
    (Step.WRITE_OFF, What.PAYOUT_RETURNED): _came_back_while_written_off,
}
