"""A refund's life: part of what a charge captured is given back, once.

Silence leads to the same call after a pause. Where a partner would do the same refund twice, the
worker has it inquired about first (`Rules.refund_repeatable`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum

from services.bridge.domain.answer import Answer, Moment, Outcome, Rules, pause
from services.bridge.domain.charge import Charge
from services.core.money import Money


class RefundState(IntEnum):
    """Numbers as in the table."""

    STARTED = 1
    ACCEPTED = 4
    REJECTED = 5


class RefundSaid(StrEnum):
    """The events of a refund."""

    ACCEPTED = "refund_accepted"
    REJECTED = "refund_rejected"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What was asked for; a repeat has to be equal in all of it."""

    refund_id: str
    charge_id: str
    resource_id: str
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund and where it stands. `due_time` is when it is due, or a lease's end."""

    order: RefundOrder
    partner_id: str
    create_time: datetime
    update_time: datetime
    state: RefundState = RefundState.STARTED
    due_time: datetime | None = None
    leased: bool = False
    turn: int = 0
    calls: int = 0
    partner_reference: str = ""
    refusal: str = ""
    message: str = ""
    partner_code: str = ""

    @property
    def refund_id(self) -> str:
        return self.order.refund_id


HeardRefund = tuple[Refund, tuple[RefundSaid, ...]]


def open_refund(
    order: RefundOrder, charge: Charge | None, taken_minor: int, moment: Moment
) -> HeardRefund:
    """A new refund, due now, or refused. `taken_minor` is what other refunds have or want."""
    partner_id = charge.order.partner_id if charge is not None else ""
    refund = Refund(order, partner_id, moment.today, moment.today, due_time=moment.machine)
    clause = _refusal(order, charge, taken_minor)
    if clause is None:
        return refund, ()
    refusal, message = clause
    refused = replace(
        refund, state=RefundState.REJECTED, due_time=None, refusal=refusal, message=message
    )
    return refused, (RefundSaid.REJECTED,)


def _refusal(order: RefundOrder, charge: Charge | None, taken_minor: int) -> tuple[str, str] | None:
    if charge is None or not charge.is_refundable:
        return "CHARGE_NOT_ACCEPTED", "Only an accepted charge can be refunded."
    if order.amount.currency != charge.order.amount.currency:
        return "REFUND_CURRENCY", f"The charge is in {charge.order.amount.currency}."
    if order.amount.minor <= 0:
        return "REFUND_AMOUNT", "A refund is more than zero."
    left = charge.captured_minor - taken_minor
    if order.amount.minor > left:
        said = Money(max(left, 0), order.amount.currency)
        return "REFUND_EXCEEDS_CHARGE", f"At most {said} of the charge is left to refund."
    return None


def hear_refund(
    refund: Refund, turn: int, answer: Answer, moment: Moment, rules: Rules
) -> HeardRefund:
    """What the partner's answer to the attempt of `turn` makes of the refund."""
    if turn != refund.turn and answer.outcome is not Outcome.ACCEPTED:
        return refund, ()
    fresh = replace(
        refund, update_time=moment.today, leased=False, due_time=None, calls=refund.calls + 1
    )
    if refund.state is not RefundState.STARTED:
        return fresh, ()
    if answer.outcome is Outcome.ACCEPTED:
        accepted = replace(
            fresh, state=RefundState.ACCEPTED, partner_reference=answer.partner_reference
        )
        return accepted, (RefundSaid.ACCEPTED,)
    if answer.outcome is Outcome.REJECTED:
        rejected = replace(
            fresh,
            state=RefundState.REJECTED,
            refusal=answer.reason,
            message=answer.message,
            partner_code=answer.partner_code,
        )
        return rejected, (RefundSaid.REJECTED,)
    return replace(fresh, due_time=moment.machine + pause(rules, fresh.calls)), ()


def refund_word_of(refund: Refund) -> tuple[RefundSaid, ...]:
    """What has been said of a refund: the answer to a repeated order."""
    match refund.state:
        case RefundState.ACCEPTED:
            return (RefundSaid.ACCEPTED,)
        case RefundState.REJECTED:
            return (RefundSaid.REJECTED,)
        case _:
            return ()


def lease_refund(refund: Refund, moment: Moment, rules: Rules) -> Refund:
    """Take the refund for an attempt of this process."""
    return replace(refund, leased=True, due_time=moment.machine + rules.lease, turn=refund.turn + 1)
