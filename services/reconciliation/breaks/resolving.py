"""What people may do with a break, and what the ledger's answer does: pure.

Who proposes never approves. A write-off of a break up to the limit of its currency is approved with
its proposal; without a limit every write-off needs two. A transfer is sent when it is approved, and
resolves the break when the ledger has posted it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.core.ids import Resource, new_reference, resource_id
from services.core.money import Money
from services.core.people import is_same_person
from services.reconciliation.breaks.accounts import check_fee, check_transfer
from services.reconciliation.breaks.model import (
    HOUSE,
    MOVES_MONEY,
    Break,
    Note,
    Outcome,
    Resolution,
    ResolutionKind,
    State,
    Step,
    What,
)
from services.reconciliation.breaks.refusals import (
    AmountUnfit,
    ProposedOtherwise,
    SamePerson,
    StateUnfit,
    TransferMalformed,
    TransferUnderWay,
    WordMissing,
    WordTooLong,
)

TEXT_LIMIT = 2000
PERSON_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of the operator's own. Minor units per currency; a currency left out has none."""

    write_off_limits: Mapping[str, int] = field(default_factory=dict)
    correction_days: int = 7
    """Within how many days a partner's files hold the correction it has promised."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A resolution as a person asks for it; `amount_minor` zero: as much as the break is about."""

    kind: ResolutionKind
    reason: str
    debit_account_id: str = ""
    credit_account_id: str = ""
    amount_minor: int = 0
    currency: str = ""
    fee_minor: int = 0
    fee_currency: str = ""


def assign(item: Break, assignee: str, person: str, now: datetime) -> Step | None:
    """Give it to somebody; None where it is theirs already. Raises `StateUnfit`, `WordMissing`."""
    _check_words(operator=person, assignee=assignee)
    if item.state is State.RESOLVED:
        raise StateUnfit(item.break_id, item.state, "unresolved")
    if item.assignee == assignee:
        return None
    state = State.ASSIGNED if item.state is State.OPEN else item.state
    after = replace(item, assignee=assignee, state=state, update_time=now)
    return Step(after, (Note(person, What.ASSIGNED, f"Given to {assignee}."),))


def comment(item: Break, person: str, text: str, now: datetime) -> Step:
    """Say something; in any state. Raises `WordMissing`, `WordTooLong`."""
    _check_words(operator=person, text=text)
    return Step(replace(item, update_time=now), (Note(person, What.COMMENTED, text),))


def propose(item: Break, wish: Wish, person: str, policy: Policy, now: datetime) -> Step | None:
    """Ask for a resolution; None where the same person asks for the same again.

    Raises leaves of `StateUnfit`, `ProposedOtherwise`, `TransferMalformed`, `AmountUnfit`, `Word…`.
    """
    _check_words(operator=person, reason=wish.reason)
    resolution = _resolution(item, wish, person, policy, now)
    if item.resolution is not None and item.state is State.PROPOSED:
        if _same(item.resolution, resolution):
            return None
        raise ProposedOtherwise(item.break_id, item.resolution.proposed_by)
    if item.state is State.RESOLVED:
        raise StateUnfit(item.break_id, item.state, "open or assigned")
    after = replace(item, state=State.PROPOSED, resolution=resolution, update_time=now)
    proposed = Step(after, (Note(person, What.PROPOSED, _tell(resolution)),))
    if not _needs_one(resolution, policy):
        return proposed
    approved = _approved(after, resolution, person, now)
    return replace(approved, notes=(*proposed.notes, *approved.notes))


def approve(item: Break, person: str, now: datetime) -> Step | None:
    """Let a proposal be carried out; None where this person has done so already.

    Raises `SamePerson`, `StateUnfit`, `TransferUnderWay`.
    """
    _check_words(operator=person)
    resolution = item.resolution
    if resolution is not None and is_same_person(resolution.approved_by, person):
        return None
    resolution = _asked(item)
    if is_same_person(resolution.proposed_by, person):
        raise SamePerson(item.break_id, person)
    return _approved(item, resolution, person, now)


def reject(item: Break, person: str, reason: str, now: datetime) -> Step:
    """Turn a proposal down, or take one's own back. Raises `StateUnfit`, `TransferUnderWay`."""
    _check_words(operator=person, reason=reason)
    resolution = replace(_asked(item), outcome=Outcome.DROPPED)
    after = replace(item, state=_idle(item), resolution=resolution, update_time=now)
    return Step(after, (Note(person, What.REJECTED, reason),))


def posted(item: Break, now: datetime, *, has_ended: bool = False) -> Step | None:
    """The ledger has posted the transfer; None where that is known.

    A break that has become another one meanwhile, or `has_ended` as its rows agree, is opened
    again: the money that has moved was for what it was.
    """
    resolution = item.resolution
    if resolution is None or not item.is_in_flight:
        return None
    done = replace(resolution, outcome=Outcome.DONE)
    said = Note(HOUSE, What.RESOLVED, f"The ledger has posted {resolution.link_id}.")
    after = replace(item, resolution=done, update_time=now)
    if item.joined_to:
        return Step(after, (replace(said, what=What.COMMENTED),))
    is_same = resolution.size == item.size and resolution.currency == item.currency
    if is_same and not has_ended:
        return Step(replace(after, state=State.RESOLVED), (said,))
    was = Money(resolution.size, resolution.currency)
    text = f"It was proposed when the break was {was}; now it is {Money(item.size, item.currency)}."
    if is_same:
        text = "Its rows agree by now: look whether what was booked has to be taken back."
    opened = replace(after, state=_idle(item), reopen_count=item.reopen_count + 1)
    return Step(opened, (said, Note(HOUSE, What.REOPENED, text)))


def refused(item: Break, reason: str, message: str, now: datetime) -> Step | None:
    """The ledger has refused the transfer: nothing has moved. None where that is known."""
    resolution = item.resolution
    if resolution is None or not item.is_in_flight:
        return None
    dropped = replace(resolution, outcome=Outcome.DROPPED)
    state = item.state if item.joined_to else _idle(item)
    after = replace(item, state=state, resolution=dropped, update_time=now)
    text = f"The ledger has refused {resolution.link_id}: {message} ({reason})"
    return Step(after, (Note(HOUSE, What.REJECTED, text),))


def _approved(item: Break, resolution: Resolution, person: str, now: datetime) -> Step:
    moves = resolution.kind in MOVES_MONEY
    outcome = Outcome.APPROVED if moves else Outcome.DONE
    after = replace(
        item,
        state=State.PROPOSED if moves else State.RESOLVED,
        resolution=replace(resolution, approved_by=person, outcome=outcome),
        update_time=now,
    )
    text = f"The ledger is told: {resolution.link_id}." if moves else _tell(resolution)
    notes = [Note(person, What.APPROVED, text)]
    if not moves:
        notes.append(Note(person, What.RESOLVED, resolution.reason))
    return Step(after, tuple(notes), sends=moves)


def _asked(item: Break) -> Resolution:
    """The proposal that waits for a second person."""
    if item.is_in_flight and item.resolution is not None:
        raise TransferUnderWay(item.break_id, item.resolution.link_id)
    if item.state is not State.PROPOSED or item.resolution is None:
        raise StateUnfit(item.break_id, item.state, "proposed")
    return item.resolution


def _resolution(item: Break, wish: Wish, person: str, policy: Policy, now: datetime) -> Resolution:
    made = Resolution(
        number=item.note_count + 1,
        kind=wish.kind,
        proposed_by=person,
        propose_time=now,
        reason=wish.reason,
        size=item.size,
        currency=item.currency,
    )
    if wish.kind is ResolutionKind.PARTNER_CORRECTED:
        return replace(made, correct_by=now.date() + timedelta(days=policy.correction_days))
    if wish.kind not in MOVES_MONEY:
        return made
    amount = Money(wish.amount_minor or abs(item.size), wish.currency or item.currency)
    check_transfer(wish.kind, wish.debit_account_id, wish.credit_account_id, amount)
    for currency, field_ in ((amount.currency, "amount"), (wish.fee_currency, "partner_fee")):
        if currency not in ("", item.currency):
            problem = f"the break is in {item.currency}, and it is in {currency[:10]}"
            raise TransferMalformed(field_, problem)
    if amount.minor > abs(item.size):
        raise AmountUnfit(amount, Money(abs(item.size), item.currency))
    check_fee(item.kind, wish.kind, wish.credit_account_id, wish.fee_minor, amount)
    return replace(
        made,
        debit_account_id=wish.debit_account_id,
        credit_account_id=wish.credit_account_id,
        amount_minor=amount.minor,
        fee_minor=wish.fee_minor,
        link_id=resource_id(Resource.CORRECTION, new_reference(now)),
    )


def _same(one: Resolution, other: Resolution) -> bool:
    """Whether two proposals ask for the same, whenever."""
    return one == replace(
        other,
        number=one.number,
        propose_time=one.propose_time,
        correct_by=one.correct_by,
        link_id=one.link_id,
        outcome=one.outcome,
        approved_by=one.approved_by,
        size=one.size,
    )


def _needs_one(resolution: Resolution, policy: Policy) -> bool:
    # It resolves the whole break, however little of it is booked.
    limit = policy.write_off_limits.get(resolution.currency, 0)
    return resolution.kind is ResolutionKind.WRITE_OFF and abs(resolution.size) <= limit


def _idle(item: Break) -> State:
    return State.ASSIGNED if item.assignee else State.OPEN


def _tell(resolution: Resolution) -> str:
    words = str(resolution.kind).replace("_", " ")
    if resolution.kind not in MOVES_MONEY:
        return f"As {words}: {resolution.reason}"
    amount = Money(resolution.amount_minor, resolution.currency)
    kept = Money(resolution.fee_minor, resolution.currency)
    fee = f", and {kept} that the partner has kept as its fee" if kept.minor else ""
    return (
        f"As {words} of {amount}, from {resolution.debit_account_id} to "
        f"{resolution.credit_account_id}{fee}: {resolution.reason}"
    )


def _check_words(**words: str) -> None:
    for name, word in words.items():
        if not word.strip():
            raise WordMissing(name)
        limit = PERSON_LIMIT if name in ("operator", "assignee") else TEXT_LIMIT
        if len(word) > limit:
            raise WordTooLong(name, limit)
