"""What a refund does next, given what it hears. Pure.

What gives money back is reserved before a partner is asked, so that a payable's limit refuses
early. The merchant's side gives back first: were the payer's wallet first, a refusal of the
merchant's side would cost the house.

    reserve → [deliver] → [collect] → post → done      completed
          ╲→ done  ╲→ void → done                      declined
                          ╲→ void → done, or operator where the merchant's side has given back

An operator has the payer's wallet asked once more, says that the payer got the money by another way
(post), or writes it off: what the merchant's side gave back is booked against loss instead of the
payer, and what was reserved is freed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.gateway.incoming import Incoming, What
from services.gateway.refunds.model import Decision, Life, Refund, State, Step
from services.gateway.resources.model import Resolution, left_by_operator, once_more, stuck

STAY = Decision()
ORDERS = frozenset(Step) - {Step.OPERATOR, Step.DONE}
"""Steps that wait for an answer to a command, which may be repeated at any time."""

Rule = Callable[[Refund, Incoming, datetime], Decision]


def decide(refund: Refund, heard: Incoming, now: datetime) -> Decision:
    """The consequence of one event for one refund. What does not fit changes nothing."""
    rule = _RULES.get((refund.life.step, heard.what))
    return STAY if rule is None else rule(refund, heard, now)


def first_life(now: datetime) -> Life:
    """The life of a refund that has just been asked for."""
    return Life(State.PENDING, Step.RESERVE, now)


def _go(refund: Refund, step: Step, now: datetime) -> Decision:
    state = State.COMPLETED if step is Step.POST else refund.life.state
    life = replace(refund.life, state=state, step=step, update_time=now, repeat_count=0)
    return Decision(life, step if step in ORDERS else None)


def _decline(step: Step, heard: Incoming, now: datetime) -> Decision:
    declined = Life(
        State.DECLINED,
        step,
        now,
        heard.reason or "REFUND_REJECTED",
        heard.message or "The refund was refused.",
    )
    return Decision(declined, step if step in ORDERS else None)


def _after_deliver(refund: Refund) -> Step:
    # A share of the home amount that rounds to nothing is nothing to ask a wallet for.
    collected = bool(refund.terms.collect_partner_id) and refund.home.minor > 0
    return Step.COLLECT if collected else Step.POST


# Of all accounts that a refund debits only that of who was paid has a limit.
_PAYABLE_CLAUSES = frozenset({"EXCEEDS_CREDITS", "EXCEEDS_NET_DEBIT_LIMIT"})
_PAYABLE_MESSAGE = (
    "The merchant has too little to come from which it could be refunded; try again after its "
    "next sales, or ask its acquirer."
)
_PERSON_MESSAGE = "The person has less than that by now: give back less, or later."


def _reserved(refund: Refund, _heard: Incoming, now: datetime) -> Decision:
    if refund.terms.acceptance_partner_id:
        return _go(refund, Step.DELIVER, now)
    return _go(refund, _after_deliver(refund), now)


def _refused(refund: Refund, heard: Incoming, now: datetime) -> Decision:
    if heard.command != "reserve":
        return STAY
    if heard.reason in _PAYABLE_CLAUSES:
        if refund.terms.payee is not None:
            heard = replace(heard, reason="PERSON_LACKS_FUNDS", message=_PERSON_MESSAGE)
        else:
            heard = replace(heard, reason="MERCHANT_LIMIT_REACHED", message=_PAYABLE_MESSAGE)
    return _decline(Step.DONE, heard, now)


def _given_back(refund: Refund, heard: Incoming, now: datetime) -> Decision:
    if heard.charge_id != _asked(refund):
        return STAY
    delivered = refund.life.step is Step.DELIVER
    return _go(refund, _after_deliver(refund) if delivered else Step.POST, now)


def _rejected(refund: Refund, heard: Incoming, now: datetime) -> Decision:
    if heard.charge_id != _asked(refund):
        return STAY
    if refund.life.step is Step.COLLECT and refund.terms.acceptance_partner_id:
        return Decision(
            stuck(
                refund.life,
                Step.OPERATOR,
                heard.reason or "REFUND_REJECTED",
                "The merchant's side has given back, but the payer's wallet refuses; "
                "the operator will settle it.",
                now,
            )
        )
    return _decline(Step.VOID, heard, now)


def _asked(refund: Refund) -> str:
    delivers = refund.life.step is Step.DELIVER
    return refund.deliver_refund_id if delivers else refund.collect_refund_id


def _settled(refund: Refund, _heard: Incoming, now: datetime) -> Decision:
    return _go(refund, Step.DONE, now)


def _reserved_too_late(refund: Refund, _heard: Incoming, _now: datetime) -> Decision:
    return Decision(order=Step.VOID) if refund.life.state is State.DECLINED else STAY


def _written_off(refund: Refund, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != refund.loss_link_id:
        return STAY
    life = replace(
        refund.life,
        state=State.COMPLETED,
        step=Step.VOID,
        update_time=now,
        reason="WRITTEN_OFF",
        message="The merchant's side has given back; the operator settles with the payer.",
        repeat_count=0,
    )
    return Decision(life, Step.VOID)


def _not_written_off(refund: Refund, heard: Incoming, now: datetime) -> Decision:
    if heard.link_id != refund.loss_link_id:
        return STAY
    life = replace(
        refund.life,
        step=Step.OPERATOR,
        update_time=now,
        reason=heard.reason,
        message=heard.message,
    )
    return Decision(life)


def _ask_again(life: Life, now: datetime) -> Decision:
    again = once_more(life, now)
    return Decision(again, again.step)


def _settle(life: Life, now: datetime) -> Decision:
    settled = Life(State.COMPLETED, Step.POST, now, attempt=life.attempt)
    return Decision(settled, Step.POST)


def _write_off(life: Life, now: datetime) -> Decision:
    return Decision(left_by_operator(life, Step.WRITE_OFF, now), Step.WRITE_OFF)


_RESOLUTIONS: dict[Resolution, Callable[[Life, datetime], Decision]] = {
    Resolution.RETRY: _ask_again,
    Resolution.SETTLED: _settle,
    Resolution.WRITE_OFF: _write_off,
}


def resolve(refund: Refund, resolution: Resolution, now: datetime) -> Decision:
    """What an operator's word does to a case; nothing where it is none."""
    if refund.life.step is not Step.OPERATOR:
        return STAY
    return _RESOLUTIONS[resolution](refund.life, now)


_RULES: dict[tuple[Step, What], Rule] = {
    (Step.RESERVE, What.FUNDS_RESERVED): _reserved,
    (Step.RESERVE, What.FUNDS_REFUSED): _refused,
    (Step.DELIVER, What.REFUND_ACCEPTED): _given_back,
    (Step.DELIVER, What.REFUND_REJECTED): _rejected,
    (Step.COLLECT, What.REFUND_ACCEPTED): _given_back,
    (Step.COLLECT, What.REFUND_REJECTED): _rejected,
    (Step.POST, What.FUNDS_POSTED): _settled,
    (Step.WRITE_OFF, What.FUNDS_POSTED): _written_off,
    (Step.WRITE_OFF, What.FUNDS_REFUSED): _not_written_off,
    (Step.VOID, What.FUNDS_VOIDED): _settled,
    (Step.VOID, What.FUNDS_EXPIRED): _settled,
    (Step.VOID, What.FUNDS_RESERVED): _reserved_too_late,
    (Step.DONE, What.FUNDS_RESERVED): _reserved_too_late,
}
