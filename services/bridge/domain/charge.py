"""A charge's life: what each answer, command and callback makes of it, and which event follows.

    STARTED          recorded; the partner may have been asked     → any of the others
    ACTION_REQUIRED  the payer has to approve on their phone       → any but STARTED
    UNKNOWN          no word from the partner; inquiries go on     → any but STARTED
    ACCEPTED         the partner has the money moved               → CANCELLED, at our wish
    REJECTED         nothing moved; an acceptance after it is late
    CANCELLED        closed at our wish; an acceptance after it is late

While `closing`, the partner has been or will be asked to cancel, so an acceptance leads to another
cancel and never to `ChargeAccepted`: the cancel may still be on its way.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from services.bridge.domain.answer import Answer, Moment, Outcome, Rules, pause
from services.core.money import Money


class Kind(IntEnum):
    """What money a charge moves. Numbers as on the wire."""

    COLLECT = 1
    DELIVER = 2
    TOP_UP = 3


class State(IntEnum):
    """Numbers as on the wire and in the table."""

    STARTED = 1
    ACTION_REQUIRED = 2
    UNKNOWN = 3
    ACCEPTED = 4
    REJECTED = 5
    CANCELLED = 6


CLOSED = frozenset({State.REJECTED, State.CANCELLED})
_OPEN = frozenset({State.STARTED, State.ACTION_REQUIRED, State.UNKNOWN})


class Operation(StrEnum):
    """What is asked of the partner next."""

    START = "start"
    APPROVE = "approve"
    INQUIRE = "inquire"
    CANCEL = "cancel"


class Closing(IntEnum):
    """Why a charge is being cancelled."""

    NO = 0
    RULE = 1  # by the partner's rules, after silence or a missing approval
    WANTED = 2  # the sender asked for it


class Said(StrEnum):
    """The events of a charge."""

    ACCEPTED = "charge_accepted"
    REJECTED = "charge_rejected"
    ACTION_REQUIRED = "charge_action_required"
    UNKNOWN = "charge_unknown"
    CANCELLED = "charge_cancelled"
    ACCEPTED_LATE = "charge_accepted_late"


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. A repeat is equal in all of it but `expire_time`, the sender's patience,
    which may have grown since."""

    charge_id: str
    resource_id: str
    kind: Kind
    partner_id: str
    amount: Money
    merchant_code: str
    payer_reference: str
    description: str
    expire_time: datetime | None

    def repeats(self, other: "Order") -> bool:
        return replace(self, expire_time=other.expire_time) == other


@dataclass(frozen=True, slots=True)
class Charge:
    """An order and where it stands. `due_time` is when `operation` is due, or a lease's end."""

    order: Order
    create_time: datetime
    update_time: datetime
    state: State = State.STARTED
    operation: Operation | None = Operation.START
    due_time: datetime | None = None
    leased: bool = False
    asked: bool = False
    """The partner may have been asked."""
    turn: int = 0
    """How often it was leased: tells whose attempt an answer belongs to."""
    version: int = 1
    closing: Closing = Closing.NO
    inquiries: int = 0
    captured_minor: int = 0
    """What the partner holds as accepted, in minor units."""
    late: bool = False
    given_back: bool = False
    """It was accepted, and cancelled by a refund of all: an acceptance after it is that one."""
    partner_reference: str = ""
    reason: str = ""
    message: str = ""
    partner_code: str = ""
    action_url: str = ""
    approval_token: str = ""

    @property
    def charge_id(self) -> str:
        return self.order.charge_id

    @property
    def is_refundable(self) -> bool:
        return self.captured_minor > 0 and self.closing is Closing.NO


Heard = tuple[Charge, tuple[Said, ...]]

NOT_SENT_REASON = "PARTNER_UNAVAILABLE"
NOT_SENT_MESSAGE = "The partner cannot be reached; nothing was charged. Try again later."
EXPIRED = Answer(
    Outcome.REJECTED,
    reason="CHARGE_EXPIRED",
    message="The time for this payment had run out before the partner could be asked.",
)


def hear(
    charge: Charge, operation: Operation, answer: Answer, moment: Moment, rules: Rules
) -> Heard:
    """What `answer` to `operation` makes of `charge`, and what is to be said of it."""
    changes: dict[str, Any] = {
        "update_time": moment.today,
        "version": charge.version + 1,
        "leased": False,
        "operation": None,
        "due_time": None,
        "asked": charge.asked or answer.outcome is not Outcome.UNSENT,
        "partner_reference": answer.partner_reference or charge.partner_reference,
    }
    if _is_plainly_accepted(charge, answer):
        changes |= {"state": State.ACCEPTED, "captured_minor": charge.order.amount.minor}
        return replace(charge, **changes, reason="", message=""), (Said.ACCEPTED,)
    fresh = replace(charge, **changes)
    if charge.state is State.ACCEPTED and charge.closing is Closing.NO:
        return fresh, ()
    if operation is Operation.CANCEL and answer.outcome is Outcome.REJECTED:
        return _hear_nothing(fresh, operation, moment, rules)
    match answer.outcome:
        case Outcome.ACCEPTED:
            return _hear_accepted(fresh, operation, answer, moment, rules)
        case Outcome.REJECTED | Outcome.CANCELLED:
            return _hear_closed(fresh, answer, moment, rules)
        case Outcome.ACTION_REQUIRED:
            return _hear_action_required(fresh, operation, answer, moment, rules)
        case Outcome.UNSENT if operation is Operation.START and not charge.asked:
            return _hear_closed(fresh, _rejected_unsent(answer), moment, rules)
        case _ if charge.state in CLOSED:
            return _check_late(fresh, moment, rules, is_answered=not answer.is_failure), ()
        case _:
            return _hear_nothing(fresh, operation, moment, rules)


def _is_plainly_accepted(charge: Charge, answer: Answer) -> bool:
    return (
        answer.outcome is Outcome.ACCEPTED
        and charge.state in _OPEN
        and charge.closing is Closing.NO
        and _is_as_asked(charge, answer)
    )


def _is_as_asked(charge: Charge, answer: Answer) -> bool:
    return answer.amount is None or answer.amount == charge.order.amount


def _rejected_unsent(answer: Answer) -> Answer:
    return replace(
        answer,
        outcome=Outcome.REJECTED,
        reason=NOT_SENT_REASON,
        message=NOT_SENT_MESSAGE,
    )


def _hear_accepted(
    charge: Charge, operation: Operation, answer: Answer, moment: Moment, rules: Rules
) -> Heard:
    if not _is_as_asked(charge, answer) and charge.state in CLOSED:
        # Something was accepted: the next look has to tell how much.
        return _check_late(charge, moment, rules, is_answered=False), ()
    if not _is_as_asked(charge, answer):
        # Neither what was asked nor nothing: inquiries go on until an operator has looked.
        differing = replace(charge, reason="AMOUNT_DIFFERS", message=f"partner: {answer.amount}")
        return _hear_nothing(differing, Operation.START, moment, rules)
    captured = charge.order.amount.minor
    if charge.state in CLOSED and charge.given_back:
        return charge, ()
    if charge.state in CLOSED:
        said = () if charge.late else (Said.ACCEPTED_LATE,)
        return replace(charge, captured_minor=captured, late=True), said
    wait = timedelta() if operation is not Operation.CANCEL else rules.inquire_every
    return _next(replace(charge, captured_minor=captured), Operation.CANCEL, wait, moment), ()


def _hear_closed(charge: Charge, answer: Answer, moment: Moment, rules: Rules) -> Heard:
    if charge.state in CLOSED:
        return _check_late(charge, moment, rules), ()
    if charge.closing is Closing.WANTED:
        closed = replace(charge, state=State.CANCELLED, captured_minor=0)
    else:
        closed = replace(
            charge,
            state=State.REJECTED,
            captured_minor=0,
            reason=answer.reason or charge.reason or "NO_ANSWER",
            message=answer.message or charge.message or "The partner did not answer in time.",
            partner_code=answer.partner_code,
        )
    closed = replace(closed, closing=Closing.NO, inquiries=0, given_back=answer.given_back)
    if answer.outcome is Outcome.CANCELLED and charge.state is State.UNKNOWN:
        closed = _check_late(closed, moment, rules)
    return closed, (word_of(closed)[0],)


def _check_late(charge: Charge, moment: Moment, rules: Rules, is_answered: bool = True) -> Charge:
    """Look again after a charge was closed without the partner's own word on it.

    A look that got no answer has seen nothing: it is repeated after its pause, and does not count.
    """
    seen = charge.inquiries if is_answered else max(0, charge.inquiries - 1)
    if charge.late or charge.given_back or seen >= len(rules.late_checks):
        return charge
    wait = rules.late_checks[seen]
    counted = replace(charge, inquiries=seen + 1)
    return _next(counted, Operation.INQUIRE, wait, moment)


def _hear_action_required(
    charge: Charge, operation: Operation, answer: Answer, moment: Moment, rules: Rules
) -> Heard:
    if charge.state in CLOSED:
        return _check_late(charge, moment, rules), ()
    if charge.closing is not Closing.NO:
        return _hear_nothing(charge, operation, moment, rules)
    if charge.approval_token:
        if charge.inquiries >= rules.inquiries:
            return _hear_nothing(charge, operation, moment, rules)
        counted = replace(charge, inquiries=charge.inquiries + 1)
        wait = timedelta() if charge.inquiries == 0 else rules.inquire_every
        return _next(counted, Operation.APPROVE, wait, moment), ()
    if is_expired(charge, moment.today):
        expired = replace(
            charge,
            closing=Closing.RULE,
            reason="NOT_APPROVED",
            message="The payer did not approve in time.",
        )
        return _next(expired, Operation.CANCEL, timedelta(), moment), ()
    said = () if charge.state is State.ACTION_REQUIRED else (Said.ACTION_REQUIRED,)
    waiting = replace(
        charge,
        state=State.ACTION_REQUIRED,
        action_url=answer.action_url or charge.action_url,
        inquiries=0,
    )
    return _next(waiting, Operation.INQUIRE, rules.approval_every, moment), said


def _hear_nothing(charge: Charge, operation: Operation, moment: Moment, rules: Rules) -> Heard:
    """No word: ask again in a while, or cancel when it has been long enough."""
    if charge.state in CLOSED:
        # A cancel was refused.
        return _check_late(charge, moment, rules), ()
    said: tuple[Said, ...] = ()
    if charge.state in (State.STARTED, State.ACTION_REQUIRED):
        said = (Said.UNKNOWN,)
        charge = replace(charge, state=State.UNKNOWN)
    asked = charge.inquiries + (operation is Operation.INQUIRE)
    charge = replace(charge, inquiries=asked)
    if charge.closing is not Closing.NO:
        following = Operation.INQUIRE if operation is Operation.CANCEL else Operation.CANCEL
        return _next(charge, following, pause(rules, asked), moment), said
    if rules.cancels and asked >= rules.inquiries:
        closing = replace(charge, closing=Closing.RULE)
        return _next(closing, Operation.CANCEL, timedelta(), moment), said
    return _next(charge, Operation.INQUIRE, pause(rules, asked), moment), said


def _next(charge: Charge, operation: Operation, wait: timedelta, moment: Moment) -> Charge:
    return replace(charge, operation=operation, due_time=moment.machine + wait, leased=False)


def hear_stale(
    charge: Charge, operation: Operation, answer: Answer, moment: Moment, rules: Rules
) -> Heard:
    """An answer that came after its lease was taken by another attempt: only a word counts."""
    decisive = answer.outcome is Outcome.ACCEPTED or (
        answer.outcome in (Outcome.REJECTED, Outcome.CANCELLED)
        and operation is not Operation.CANCEL
        and not charge.leased
    )
    if not decisive:
        return charge, ()
    return hear(charge, operation, answer, moment, rules)


def word_of(charge: Charge) -> tuple[Said, ...]:
    """What has last been said of a charge: the answer to a repeated order."""
    if charge.late:
        return (*_WORD_OF_STATE[charge.state], Said.ACCEPTED_LATE)
    return _WORD_OF_STATE[charge.state]


_WORD_OF_STATE: dict[State, tuple[Said, ...]] = {
    State.STARTED: (),
    State.ACTION_REQUIRED: (Said.ACTION_REQUIRED,),
    State.UNKNOWN: (Said.UNKNOWN,),
    State.ACCEPTED: (Said.ACCEPTED,),
    State.REJECTED: (Said.REJECTED,),
    State.CANCELLED: (Said.CANCELLED,),
}


def is_expired(charge: Charge, today: datetime) -> bool:
    expire_time = charge.order.expire_time
    return expire_time is not None and today >= expire_time


def lease(charge: Charge, moment: Moment, rules: Rules) -> Charge:
    """Take the charge for an attempt of this process.

    Where the last lease ran out, its attempt may have reached the partner: a start or an approval
    becomes an inquiry, unless the partner takes the same start twice and does it once.
    """
    operation = charge.operation
    if charge.leased and (
        operation is Operation.APPROVE or (operation is Operation.START and not rules.repeatable)
    ):
        operation = Operation.INQUIRE
    return replace(
        charge,
        operation=operation,
        asked=charge.asked or charge.leased,
        due_time=moment.machine + rules.lease,
        leased=True,
        turn=charge.turn + 1,
        version=charge.version + 1,
    )


def put_back(charge: Charge, moment: Moment, wait: timedelta = timedelta()) -> Charge:
    """Give up a lease whose attempt was not begun; it is due again after `wait`."""
    due_time = moment.machine + wait
    return replace(charge, leased=False, due_time=due_time, version=charge.version + 1)
