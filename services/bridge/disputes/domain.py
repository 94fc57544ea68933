"""A dispute's life: what the partner says of it, what we answer, and which event follows.

    NOTICED    somebody has told us; the partner is asked whether it is so → OPENED, DISMISSED, …
    OPENED     the partner has told us; we have not answered             → ANSWERING, WON, LOST
    ANSWERING  our answer is recorded; the partner may have been sent it → ANSWERED, REFUSED, …
    ANSWERED   the partner has our answer                                → WON, LOST
    REFUSED    the partner does not take our answer (too late, closed)   → WON, LOST
    WON, LOST  the partner has decided
    DISMISSED  the partner knows of no such case; a later notice is looked into again

The partner's decision ends a dispute wherever it stands, once. Adapters' `answer_dispute` may be
sent again and is done once, so silence leads to the same call after a pause; once the partner has
the answer, it is inquired about at a slow pace, for its notices may be lost.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from hashlib import sha256

from services.bridge.domain.answer import Answer, Moment, Outcome, Rules, pause
from services.bridge.domain.charge import Charge
from services.bridge.notices.notice import DisputeNotice, DisputeStage
from services.core.ids import Resource, resource_id
from services.core.money import Money

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE_BITS = 128
_REFERENCE_LENGTH = 26
_BITS_PER_LETTER = 5
INQUIRE_EVERY = timedelta(hours=1)
"""How often a dispute that waits for the partner's decision is asked about."""
FIRST_INQUIRY = timedelta(minutes=1)
"""After our answer; a partner may decide so fast that its notice met us at the call."""


class DisputeState(IntEnum):
    """Numbers as in the table."""

    OPENED = 1
    ANSWERING = 2
    ANSWERED = 3
    REFUSED = 4
    WON = 5
    LOST = 6
    NOTICED = 7
    DISMISSED = 8


ENDED = frozenset({DisputeState.WON, DisputeState.LOST})
DOUBTED = frozenset({DisputeState.NOTICED, DisputeState.DISMISSED})
DOUBTS = 10
"""So often a partner is asked about a case it does not know of."""


class DisputeSaid(StrEnum):
    """The events of a dispute."""

    OPENED = "dispute_opened"
    ENDED = "dispute_ended"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute and where it stands. `due_time` is when the partner is asked next, or the end of
    a lease."""

    dispute_id: str
    partner_id: str
    case_reference: str
    charge_id: str
    resource_id: str
    amount: Money
    create_time: datetime
    update_time: datetime
    reason: str = ""
    message: str = ""
    answer_until_time: datetime | None = None
    state: DisputeState = DisputeState.OPENED
    accept: bool = False
    evidence: str = ""
    due_time: datetime | None = None
    leased: bool = False
    turn: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class DisputeStanding:
    """What a partner says of a dispute when it is asked. `stage` None: it does not say, or knows of
    no such case. The rest is read where we only heard of the case: `amount` None is all of the
    charge."""

    stage: DisputeStage | None
    answered: bool = False
    """The partner has our answer."""
    detail: str = ""
    amount: Money | None = None
    reason: str = ""
    answer_until_time: datetime | None = None


HeardDispute = tuple[Dispute, tuple[DisputeSaid, ...]]


def dispute_id_of(partner_id: str, case_reference: str) -> str:
    """`dispute-<26 characters>`, derived from the partner and its case number."""
    digest = sha256(f"{partner_id}\0{case_reference}".encode()).digest()
    number = int.from_bytes(digest[: _REFERENCE_BITS // 8], "big")
    letters = ""
    for _ in range(_REFERENCE_LENGTH):
        number, place = divmod(number, 1 << _BITS_PER_LETTER)
        letters = _ALPHABET[place] + letters
    return resource_id(Resource.DISPUTE, letters)


def open_dispute(
    partner_id: str, notice: DisputeNotice, charge: Charge, moment: Moment
) -> HeardDispute:
    """A dispute first heard of. What is contested is at most what the partner holds as accepted,
    and all of it where the notice does not say. One that is heard of when it has been decided is
    opened and ended; one without proof waits for the partner's own word."""
    captured = Money(charge.captured_minor, charge.order.amount.currency)
    noticed = Dispute(
        dispute_id=dispute_id_of(partner_id, notice.case_reference),
        partner_id=partner_id,
        case_reference=notice.case_reference,
        charge_id=charge.charge_id,
        resource_id=charge.order.resource_id,
        amount=captured,
        create_time=moment.today,
        update_time=moment.today,
        state=DisputeState.NOTICED,
        due_time=moment.machine,
    )
    if not notice.proven:
        return noticed, ()
    return _confirm(noticed, _standing(notice), moment)


def _standing(notice: DisputeNotice) -> DisputeStanding:
    return DisputeStanding(
        notice.stage,
        detail=notice.message,
        amount=notice.amount,
        reason=notice.reason,
        answer_until_time=notice.answer_until_time,
    )


def _confirm(dispute: Dispute, standing: DisputeStanding, moment: Moment) -> HeardDispute:
    """The partner itself says that there is such a case; `dispute.amount` is all of the charge."""
    whole = dispute.amount
    contested = standing.amount or whole
    if contested.currency != whole.currency or not 0 < contested.minor < whole.minor:
        contested = whole
    opened = replace(
        dispute,
        state=DisputeState.OPENED,
        amount=contested,
        reason=standing.reason,
        message=standing.detail,
        answer_until_time=standing.answer_until_time,
        calls=0,
        leased=False,
        due_time=moment.machine + INQUIRE_EVERY,
        update_time=moment.today,
    )
    dispute, said = hear_stage(opened, standing.stage, standing.detail, moment)
    return dispute, (DisputeSaid.OPENED, *said)


def hear_notice(dispute: Dispute, notice: DisputeNotice, moment: Moment) -> HeardDispute:
    """What another notice makes of a dispute we know of."""
    if dispute.state in DOUBTED and notice.proven:
        return _confirm(dispute, _standing(notice), moment)
    if notice.proven:
        return hear_stage(dispute, notice.stage, notice.message, moment)
    if dispute.state in ENDED or dispute.leased:
        return dispute, ()
    if dispute.state is DisputeState.DISMISSED:
        dispute = replace(dispute, state=DisputeState.NOTICED, calls=0)
    if is_to_be_sent(dispute):
        return dispute, ()
    return replace(dispute, due_time=moment.machine), ()


def is_disputable(notice: DisputeNotice, charge: Charge) -> bool:
    """Whether there is something accepted to be contested, in the charge's own currency."""
    currency = charge.order.amount.currency
    return charge.captured_minor > 0 and (
        notice.amount is None or (notice.amount.currency == currency and notice.amount.minor > 0)
    )


def hear_stage(
    dispute: Dispute, stage: DisputeStage | None, message: str, moment: Moment
) -> HeardDispute:
    """What the partner's word makes of the dispute; its first decision holds."""
    is_open = dispute.state not in ENDED and dispute.state not in DOUBTED
    if not is_open or stage is None or stage is DisputeStage.OPENED:
        return dispute, ()
    ended = replace(
        dispute,
        state=DisputeState.WON if stage is DisputeStage.WON else DisputeState.LOST,
        message=message or dispute.message,
        update_time=moment.today,
        due_time=None,
        leased=False,
    )
    return ended, (DisputeSaid.ENDED,)


def want_answer(dispute: Dispute, accept: bool, evidence: str, moment: Moment) -> Dispute:
    """Our answer is to be sent. The first answer holds: a dispute answered before, or decided,
    stays as it is."""
    if dispute.state is not DisputeState.OPENED:
        return dispute
    return replace(
        dispute,
        state=DisputeState.ANSWERING,
        accept=accept,
        evidence=evidence,
        calls=0,
        due_time=dispute.due_time if dispute.leased else moment.machine,
        update_time=moment.today,
    )


def contradicts(dispute: Dispute, accept: bool, evidence: str) -> bool:
    """Whether another answer has been recorded before."""
    has_answer = (DisputeState.ANSWERING, DisputeState.ANSWERED, DisputeState.REFUSED)
    return dispute.state in has_answer and (dispute.accept, dispute.evidence) != (accept, evidence)


def lease_dispute(dispute: Dispute, moment: Moment, rules: Rules) -> Dispute:
    """Take the dispute for a call of this process. Where the last lease ran out, the partner may
    have our answer, and is asked first."""
    was_sent = dispute.leased and is_to_be_sent(dispute)
    return replace(
        dispute,
        leased=True,
        due_time=moment.machine + rules.lease,
        turn=dispute.turn + 1,
        calls=dispute.calls + was_sent,
    )


def put_back_dispute(dispute: Dispute, wait: timedelta, moment: Moment) -> Dispute:
    """Give up a lease whose call was not begun; it is due again after `wait`."""
    return replace(dispute, leased=False, due_time=moment.machine + wait)


def is_to_be_sent(dispute: Dispute) -> bool:
    """Whether the next call sends our answer: after silence the partner is asked first whether it
    has it."""
    return dispute.state is DisputeState.ANSWERING and dispute.calls % 2 == 0


def hear_answer(dispute: Dispute, answer: Answer, moment: Moment, rules: Rules) -> Dispute:
    """What came of sending our answer."""
    match answer.outcome:
        case Outcome.ACCEPTED:
            return _wait(dispute, DisputeState.ANSWERED, moment, FIRST_INQUIRY)
        case Outcome.REJECTED:
            refused = replace(dispute, message=answer.message or answer.reason)
            return _wait(refused, DisputeState.REFUSED, moment, FIRST_INQUIRY)
        case Outcome.UNSENT:
            return _again(dispute, dispute.calls, moment, rules)
        case _:
            return _again(dispute, dispute.calls + 1, moment, rules)


def hear_standing(
    dispute: Dispute, standing: DisputeStanding, moment: Moment, rules: Rules
) -> HeardDispute:
    """What the partner said when it was asked."""
    if dispute.state is DisputeState.NOTICED:
        return _hear_doubted(dispute, standing, moment, rules)
    ended, said = hear_stage(dispute, standing.stage, standing.detail, moment)
    if said:
        return ended, said
    if dispute.state is not DisputeState.ANSWERING:
        return _wait(dispute, dispute.state, moment), ()
    if standing.answered:
        return _wait(dispute, DisputeState.ANSWERED, moment), ()
    return _again(dispute, dispute.calls + 1, moment, rules), ()


def _hear_doubted(
    dispute: Dispute, standing: DisputeStanding, moment: Moment, rules: Rules
) -> HeardDispute:
    if standing.stage is not None:
        return _confirm(dispute, standing, moment)
    again = _again(dispute, dispute.calls + 1, moment, rules)
    if again.calls < DOUBTS:
        return again, ()
    return replace(again, state=DisputeState.DISMISSED, due_time=None), ()


def _wait(
    dispute: Dispute, state: DisputeState, moment: Moment, wait: timedelta = INQUIRE_EVERY
) -> Dispute:
    """Until the partner decides, or is asked again."""
    return replace(
        dispute,
        state=state,
        leased=False,
        due_time=moment.machine + wait,
        update_time=moment.today,
    )


def _again(dispute: Dispute, calls: int, moment: Moment, rules: Rules) -> Dispute:
    wait = pause(rules, calls // 2)
    return replace(
        dispute,
        leased=False,
        calls=calls,
        due_time=moment.machine + wait,
        update_time=moment.today,
    )


def dispute_word_of(dispute: Dispute) -> tuple[DisputeSaid, ...]:
    """What has been said of a dispute."""
    if dispute.state in DOUBTED:
        return ()
    if dispute.state in ENDED:
        return DisputeSaid.OPENED, DisputeSaid.ENDED
    return (DisputeSaid.OPENED,)
