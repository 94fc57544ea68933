"""What a payment does next, given what it hears. Pure.

Every event may come twice, late or in any order: what does not fit the present step changes
nothing. A rule answers with the next `Life` and the order to give; the order of a step can be
repeated at any time (`order_of`).

    quote → reserve → [collect] → [deliver] → post → done          completed
                 ╲          ╲            ╲→ [undo] → void → done   declined
                  ╲→ done    ╲→ void → done
    quote → authorise → capture → post → done             authorised, completed
                               ╲→ void | expire → done    cancelled, expired

An acceptance completes the payment at once, with `post` outstanding: the ledger cannot refuse to
post what it has reserved. A refusal declines it at once, with what was taken still to be given
back. An acceptance after that is a late charge of its own; the payment stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.core.money import Money
from services.gateway.incoming import Incoming, What
from services.gateway.payments.model import Life, Payment, State, Step, Terms


class Order(StrEnum):
    """What the gateway tells wallet or bridge to do for a payment."""

    RESERVE = "reserve"
    COLLECT = "collect"
    DELIVER = "deliver"
    POST = "post"
    UNDO = "undo"
    VOID = "void"
    EXPIRE = "expire"


_ORDER_OF_STEP = {
    Step.RESERVE: Order.RESERVE,
    Step.AUTHORISE: Order.RESERVE,
    Step.COLLECT: Order.COLLECT,
    Step.DELIVER: Order.DELIVER,
    Step.POST: Order.POST,
    Step.UNDO: Order.UNDO,
    Step.VOID: Order.VOID,
    Step.EXPIRE: Order.EXPIRE,
}


def order_of(step: Step) -> Order | None:
    """The order that a payment at `step` waits for an answer to."""
    return _ORDER_OF_STEP.get(step)


class Side(StrEnum):
    """Which partner a charge was asked of."""

    COLLECT = "collect"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class LateCharge:
    """A partner accepted what the payment no longer wants."""

    side: Side
    charge_id: str
    partner_id: str
    partner_reference: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Decision:
    """`life` is None where nothing changes. `gives_back` tells to give back the limits taken."""

    life: Life | None = None
    order: Order | None = None
    late: LateCharge | None = None
    gives_back: bool = False


STAY = Decision()

Rule = Callable[[Payment, Incoming, datetime], Decision]


def decide(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    """The consequence of one event for one payment."""
    rule = _RULES.get((payment.life.step, heard.what))
    return STAY if rule is None else rule(payment, heard, now)


def confirmed(
    life: Life, now: datetime, limit_day: date | None = None, limit_keys: tuple[str, ...] = ()
) -> Life:
    """The payer said yes; the limits were taken from."""
    return Life(
        State.CONFIRMED,
        Step.RESERVE,
        life.version + 1,
        now,
        limit_day=limit_day,
        limit_keys=limit_keys,
    )


def cancelled(life: Life, now: datetime) -> Life:
    """The wallet gave the quote up."""
    return _ended(life, State.CANCELLED, now, "CANCELLED", "The wallet cancelled the payment.")


CANCELLED_BY_SHOP = "CANCELLED_BY_SHOP"


def cancelled_by_shop(life: Life, now: datetime) -> Life:
    """The shop that had charged a payer's code does not wait for the payer."""
    message = "The shop cancelled the payment."
    return _ended(life, State.CANCELLED, now, CANCELLED_BY_SHOP, message)


def expired(life: Life, now: datetime) -> Life:
    """Nobody confirmed in time."""
    return _ended(
        life, State.EXPIRED, now, "QUOTE_EXPIRED", "The payment was not confirmed in time."
    )


def screened_out(life: Life, now: datetime) -> Life:
    """The screening refused it before anything was reserved; the payer is not told why."""
    return _ended(life, State.DECLINED, now, "SCREENING_REFUSED", "The payment was declined.")


def _ended(life: Life, state: State, now: datetime, reason: str, message: str) -> Life:
    return replace(
        life,
        state=state,
        step=Step.DONE,
        version=life.version + 1,
        update_time=now,
        reason=reason,
        message=message,
    )


def _side_of(terms: Terms, charge_id: str) -> Side | None:
    if charge_id == terms.collect_charge_id:
        return Side.COLLECT
    if charge_id == terms.deliver_charge_id:
        return Side.DELIVER
    return None


def _moved(life: Life, step: Step, now: datetime) -> Life:
    # By constructor: `replace` costs several times as much, and this is the path of every payment.
    return Life(
        life.state,
        step,
        life.version + 1,
        now,
        life.reason,
        life.message,
        life.action_url,
        life.collected,
        life.partner_reference,
        life.refunded_minor,
        life.limit_day,
        life.limit_keys,
        captured=life.captured,
        escrowed=life.escrowed,
    )


def _going_on(
    life: Life, step: Step, now: datetime, collected: bool = False, partner_reference: str = ""
) -> Life:
    """A step further on the way to completion: what it waited for is over."""
    state = State.COMPLETED if step is Step.POST else State.CONFIRMED
    return Life(
        state,
        step,
        life.version + 1,
        now,
        collected=collected or life.collected,
        partner_reference=partner_reference or life.partner_reference,
        refunded_minor=life.refunded_minor,
        limit_day=life.limit_day,
        limit_keys=life.limit_keys,
        escrowed=life.escrowed,
    )


def _declined(life: Life, step: Step, heard: Incoming, now: datetime, reason: str) -> Decision:
    declined = Life(
        State.DECLINED,
        step,
        life.version + 1,
        now,
        reason,
        _SENTENCES.get(reason) or heard.message or "The payment was declined.",
        collected=life.collected,
        partner_reference=life.partner_reference,
        escrowed=life.escrowed,
    )
    return Decision(declined, order_of(step), gives_back=bool(life.limit_keys))


# The ledger's clauses as a payer's wallet should read them; others are passed on.
_REASONS = {"EXCEEDS_CREDITS": "INSUFFICIENT_FUNDS", "EXCEEDS_NET_DEBIT_LIMIT": "DEBIT_CAP_REACHED"}
# What a payer's wallet should say, where the ledger's own words are about accounts and links.
_SENTENCES = {
    "INSUFFICIENT_FUNDS": "There is not enough money for this payment: add some, and pay anew.",
    "DEBIT_CAP_REACHED": "The wallet has reached what it may owe: settle with the operator.",
    "CHARGE_CANCELLED": "The partner did not confirm the charge, and it was cancelled.",
    "CHARGE_REJECTED": "The partner rejected the charge.",
    "FUNDS_REFUSED": "The ledger refused to reserve the funds.",
}
SILENT = "PARTNER_SILENT"
_SILENT_MESSAGE = "The partner has not answered yet; it is being asked what became of the charge."


def _funds_reserved(payment: Payment, _heard: Incoming, now: datetime) -> Decision:
    terms = payment.terms
    if terms.collect_partner_id:
        step = Step.COLLECT
    else:
        step = Step.DELIVER if terms.acceptance_partner_id else Step.POST
    return Decision(_going_on(payment.life, step, now), order_of(step))


def _funds_held(payment: Payment, _heard: Incoming, now: datetime) -> Decision:
    return Decision(replace(_moved(payment.life, Step.CAPTURE, now), state=State.AUTHORISED))


def _funds_refused(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    if heard.command != "reserve":
        return STAY
    reason = _REASONS.get(heard.reason, heard.reason) or "FUNDS_REFUSED"
    return _declined(payment.life, Step.DONE, heard, now, reason)


def _charge_accepted(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    terms, life = payment.terms, payment.life
    side = _side_of(terms, heard.charge_id)
    if life.step is Step.COLLECT and side is Side.COLLECT:
        step = Step.DELIVER if terms.acceptance_partner_id else Step.POST
        return Decision(_going_on(life, step, now, collected=True), order_of(step))
    if life.step is Step.DELIVER and side is Side.DELIVER:
        posting = _going_on(life, Step.POST, now, partner_reference=heard.partner_reference)
        return Decision(posting, Order.POST)
    return STAY


def _charge_refused(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    life = payment.life
    side = _side_of(payment.terms, heard.charge_id)
    if side is None or side != life.step.value:
        return STAY
    if heard.what is What.CHARGE_CANCELLED:
        reason = "CHARGE_CANCELLED"
    else:
        reason = heard.reason or "CHARGE_REJECTED"
    step = Step.UNDO if life.collected else Step.VOID
    return _declined(life, step, heard, now, reason)


def _action_required(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    life = payment.life
    side = _side_of(payment.terms, heard.charge_id)
    if side is None or side != life.step.value or life.action_url == heard.action_url:
        return STAY
    waiting = _moved(life, life.step, now)
    return Decision(
        replace(
            waiting,
            state=State.ACTION_REQUIRED,
            action_url=heard.action_url,
            reason="PAYER_APPROVAL",
            message="The payer has to approve the payment in their wallet.",
        )
    )


def _charge_unknown(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    life = payment.life
    side = _side_of(payment.terms, heard.charge_id)
    if side is None or side != life.step.value or life.reason == SILENT:
        return STAY
    silent = _moved(life, life.step, now)
    return Decision(replace(silent, reason=SILENT, message=_SILENT_MESSAGE))


def _undone(payment: Payment, heard: Incoming, now: datetime) -> Decision:
    if _side_of(payment.terms, heard.charge_id) is not Side.COLLECT:
        return STAY
    return Decision(_moved(payment.life, Step.VOID, now), Order.VOID)


def _settled(payment: Payment, _heard: Incoming, now: datetime) -> Decision:
    return Decision(_moved(payment.life, Step.DONE, now))


def _reserved_too_late(payment: Payment, _heard: Incoming, _now: datetime) -> Decision:
    if payment.life.state is State.COMPLETED:
        return STAY
    return Decision(order=Order.VOID)


def _accepted_too_late(payment: Payment, heard: Incoming, _now: datetime) -> Decision:
    terms, life = payment.terms, payment.life
    side = _side_of(terms, heard.charge_id)
    if side is None or life.state is State.COMPLETED:
        return STAY
    # A repeat of the acceptance that led on to the refused delivery is nothing new.
    if side is Side.COLLECT and life.collected and heard.what is What.CHARGE_ACCEPTED:
        return STAY
    asked = terms.home if side is Side.COLLECT else terms.target
    partner_id = terms.collect_partner_id if side is Side.COLLECT else terms.acceptance_partner_id
    late = LateCharge(
        side, heard.charge_id, partner_id, heard.partner_reference, heard.amount or asked
    )
    return Decision(late=late)


_CHARGE_RULES: dict[What, Rule] = {
    What.CHARGE_ACCEPTED: _charge_accepted,
    # We have not heard of the rejection before it, so the charge is still wanted.
    What.CHARGE_ACCEPTED_LATE: _charge_accepted,
    What.CHARGE_REJECTED: _charge_refused,
    What.CHARGE_CANCELLED: _charge_refused,
    What.CHARGE_ACTION_REQUIRED: _action_required,
    What.CHARGE_UNKNOWN: _charge_unknown,
}
_LATE_RULES: dict[What, Rule] = {
    What.CHARGE_ACCEPTED: _accepted_too_late,
    What.CHARGE_ACCEPTED_LATE: _accepted_too_late,
}
# Any pair that is not here changes nothing.
_RULES: dict[tuple[Step, What], Rule] = {
    (Step.RESERVE, What.FUNDS_RESERVED): _funds_reserved,
    (Step.RESERVE, What.FUNDS_REFUSED): _funds_refused,
    (Step.AUTHORISE, What.FUNDS_RESERVED): _funds_held,
    (Step.AUTHORISE, What.FUNDS_REFUSED): _funds_refused,
    **{
        ((step), what): rule
        for step in (Step.COLLECT, Step.DELIVER)
        for what, rule in _CHARGE_RULES.items()
    },
    (Step.POST, What.FUNDS_POSTED): _settled,
    (Step.UNDO, What.CHARGE_CANCELLED): _undone,
    (Step.UNDO, What.REFUND_ACCEPTED): _undone,
    (Step.VOID, What.FUNDS_VOIDED): _settled,
    (Step.VOID, What.FUNDS_EXPIRED): _settled,
    (Step.EXPIRE, What.FUNDS_VOIDED): _settled,
    (Step.EXPIRE, What.FUNDS_EXPIRED): _settled,
    (Step.VOID, What.FUNDS_RESERVED): _reserved_too_late,
    (Step.DONE, What.FUNDS_RESERVED): _reserved_too_late,
    **{
        ((step), what): rule
        for step in (Step.UNDO, Step.VOID, Step.DONE)
        for what, rule in _LATE_RULES.items()
    },
}
