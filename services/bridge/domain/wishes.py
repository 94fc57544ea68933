"""What others want of a charge: the sender's cancel, the payer's approval, a partner's notice, an
operator's word."""

from dataclasses import replace

from services.bridge.domain.answer import Moment, Rules
from services.bridge.domain.charge import (
    CLOSED,
    NOT_SENT_MESSAGE,
    NOT_SENT_REASON,
    Charge,
    Closing,
    Heard,
    Kind,
    Operation,
    Order,
    Said,
    State,
    lease,
    word_of,
)
from services.core.errors import Malformed, Refused
from services.core.money import Money

_TOMBSTONE_CURRENCY = "XXX"


class ChargeDecided(Refused):
    """A charge with a word on it cannot be resolved by an operator."""


class ResolutionMalformed(Malformed):
    """An operator's word lacks a part."""


def open_charge(order: Order, moment: Moment, rules: Rules | None, has_room: bool) -> Heard:
    """A new charge: leased for this process where it has room, else due for whoever has.

    Without `rules` nobody can be asked, and the charge is refused.
    """
    due = Charge(order, moment.today, moment.today, due_time=moment.machine)
    if rules is None:
        return _refused(due, "PARTNER_UNKNOWN", f"No partner {order.partner_id!r} is known here.")
    return (lease(due, moment, rules) if has_room else due), ()


def refuse_charge(order: Order, moment: Moment) -> Heard:
    """A new charge for a partner that takes none now: refused before anybody is asked."""
    charge = Charge(order, moment.today, moment.today)
    return _refused(charge, NOT_SENT_REASON, NOT_SENT_MESSAGE)


def _refused(charge: Charge, reason: str, message: str) -> Heard:
    refused = replace(
        charge,
        state=State.REJECTED,
        operation=None,
        due_time=None,
        reason=reason,
        message=message,
    )
    return refused, (Said.REJECTED,)


def want_cancel(charge: Charge, moment: Moment) -> Heard:
    """Undo the charge whole: at once where nobody was asked, else at the partner."""
    if charge.state in CLOSED:
        said = (Said.CANCELLED, Said.ACCEPTED_LATE) if charge.late else (Said.CANCELLED,)
        return charge, said
    if charge.closing is Closing.WANTED:
        return charge, ()
    wanted = replace(
        charge, closing=Closing.WANTED, version=charge.version + 1, update_time=moment.today
    )
    if charge.leased:
        return wanted, ()
    if charge.operation is Operation.START and not charge.asked:
        cancelled = replace(
            wanted, state=State.CANCELLED, closing=Closing.NO, operation=None, due_time=None
        )
        return cancelled, (Said.CANCELLED,)
    return replace(wanted, operation=Operation.CANCEL, due_time=moment.machine), ()


def tombstone(charge_id: str, resource_id: str, moment: Moment) -> Charge:
    """A cancel that came before its charge: the charge will be refused."""
    order = Order(
        charge_id, resource_id, Kind.DELIVER, "", Money(0, _TOMBSTONE_CURRENCY), "", "", "", None
    )
    return Charge(order, moment.today, moment.today, State.CANCELLED, None)


def is_tombstone(charge: Charge) -> bool:
    return charge.order.amount.currency == _TOMBSTONE_CURRENCY


def hear_approval(charge: Charge, token: str, moment: Moment) -> Charge:
    """The payer has approved and came back with the partner's token; a repeat changes nothing."""
    waits = charge.state in (State.ACTION_REQUIRED, State.UNKNOWN)
    if not waits or charge.approval_token or charge.closing is not Closing.NO:
        return charge
    approved = replace(
        charge,
        approval_token=token,
        inquiries=0,
        version=charge.version + 1,
        update_time=moment.today,
    )
    if charge.leased:
        return approved
    return replace(approved, operation=Operation.APPROVE, due_time=moment.machine)


def hear_departure(charge: Charge, moment: Moment) -> Charge:
    """The payer came back without approving: the partner is asked at once."""
    if charge.state is not State.ACTION_REQUIRED or charge.leased or charge.approval_token:
        return charge
    return replace(
        charge,
        operation=Operation.INQUIRE,
        due_time=moment.machine,
        version=charge.version + 1,
    )


def hear_news(charge: Charge, moment: Moment) -> Charge:
    """The partner says, without proof, that something has happened to the charge: it is asked now.

    What is being asked, was never asked, or is accepted stays as it is. A closed charge is asked
    about too: its acceptance would be late. That is one look more than its rules have, for the call
    under way, or the hurried one, may have been begun before what the partner speaks of.
    """
    if charge.late or charge.given_back or is_tombstone(charge):
        return charge
    is_closed = charge.state in CLOSED
    if is_closed:
        looked = max(0, charge.inquiries - 1)
        charge = replace(charge, inquiries=looked, version=charge.version + 1)
    if charge.leased or (charge.operation is Operation.START and not charge.asked):
        return charge
    if charge.operation is None and not is_closed:
        return charge
    operation = charge.operation or Operation.INQUIRE
    return replace(charge, operation=operation, due_time=moment.machine, version=charge.version + 1)


def resolve(charge: Charge, state: State, operator: str, reason: str, moment: Moment) -> Heard:
    """An operator's word. Raises `ResolutionMalformed` and `ChargeDecided`."""
    if not operator.strip() or not reason.strip():
        raise ResolutionMalformed(
            "Say who resolves the charge, and why.", charge_id=charge.charge_id
        )
    if state not in (State.ACCEPTED, State.REJECTED):
        raise ResolutionMalformed(
            "A charge is resolved as accepted or as rejected.", charge_id=charge.charge_id
        )
    is_open = charge.state not in (*CLOSED, State.ACCEPTED)
    if not is_open and charge.closing is Closing.NO:
        raise ChargeDecided(
            f"The charge is {charge.state.name} already; only a charge without a word is resolved.",
            charge_id=charge.charge_id,
        )
    decided = replace(
        charge,
        update_time=moment.today,
        version=charge.version + 1,
        turn=charge.turn + 1,
        operation=None,
        due_time=None,
        leased=False,
        closing=Closing.NO,
        state=state,
        captured_minor=charge.order.amount.minor if state is State.ACCEPTED else 0,
        reason="" if state is State.ACCEPTED else "OPERATOR",
        message=reason,
    )
    if charge.closing is Closing.WANTED and state is State.REJECTED:
        decided = replace(decided, state=State.CANCELLED)
    return decided, word_of(decided)
