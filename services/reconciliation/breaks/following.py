"""What a run's finds do to the breaks there are: pure, one list in, one list of steps out.

A find continues the break that has its rows; where two breaks turn out to be one, the one that
money was moved for goes on, else the older, and the other joins it. What is not found again is
resolved once all its rows are matched; what had been resolved by a transfer is opened then, because
the money was moved for rows that agree by now.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.core.ids import new_reference
from services.reconciliation.breaks.model import (
    HOUSE,
    Break,
    FoundBreak,
    Note,
    Outcome,
    ResolutionKind,
    State,
    Step,
    What,
)
from services.reconciliation.breaks.words import amount_text

GONE = "-"
"""Instead of a rule: our row is there no more, because its payment was cancelled."""


WITHDRAWN = "="
"""Instead of a rule: their row stood in a file that the partner has replaced by one without it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A break as it stands, and the rule that has matched all its rows; empty: not all are."""

    item: Break
    matched_by: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Whose day was run, and when."""

    partner_id: str
    day: date
    now: datetime


def follow(run: Run, found: Iterable[FoundBreak], known: Sequence[Known]) -> list[Step]:
    """Every break that is new or changed by a run. `known`: in the order of their ids."""
    steps: list[Step] = []
    taken: set[str] = set()
    exact = {(each.item.our_row, each.item.their_row): each.item for each in reversed(known)}
    others = []
    for find in found:
        same = exact.pop((find.our_row, find.their_row), None)
        if same is None:
            others.append(find)
            continue
        taken.add(same.break_id)
        steps += _found_again(run, same, find)
    ours = {each.item.our_row: each.item for each in reversed(known)}
    theirs = {each.item.their_row: each.item for each in reversed(known)}
    for find in others:
        held = _held(find, ours, theirs, taken)
        taken.update(item.break_id for item in held)
        if not held:
            steps.append(_opened(run, find))
            continue
        steps += _found_again(run, held[0], find)
        steps += [_joined(run, item, held[0]) for item in held[1:]]
    for each in known:
        if each.item.break_id not in taken:
            steps += _not_found(run, each)
    return steps


def _held(
    find: FoundBreak,
    ours: Mapping[int | None, Break],
    theirs: Mapping[int | None, Break],
    taken: set[str],
) -> list[Break]:
    """The breaks that have a row of the find: those that money was moved for, then the oldest."""
    by_id = {
        item.break_id: item
        for row, side in ((find.our_row, ours), (find.their_row, theirs))
        if row is not None and (item := side.get(row)) and item.break_id not in taken
    }
    return sorted(
        by_id.values(),
        key=lambda item: (not (item.has_moved_money or item.is_in_flight), item.break_id),
    )


def _opened(run: Run, find: FoundBreak) -> Step:
    item = Break(
        break_id=f"break-{new_reference(run.now)}",
        partner_id=run.partner_id,
        day=run.day,
        kind=find.kind,
        our_row=find.our_row,
        their_row=find.their_row,
        size=find.size,
        currency=find.currency,
        open_time=run.now,
        update_time=run.now,
    )
    return Step(item, (Note(HOUSE, What.OPENED, f"Found by the run of {run.day}: {_tell(find)}."),))


def _found_again(run: Run, item: Break, find: FoundBreak) -> Iterator[Step]:
    says = (find.kind, find.size, find.currency)
    differs = says != (item.kind, item.size, item.currency)
    moved = (find.our_row, find.their_row) != (item.our_row, item.their_row)
    after = replace(
        item,
        kind=find.kind,
        size=find.size,
        currency=find.currency,
        our_row=find.our_row,
        their_row=find.their_row,
        update_time=run.now,
    )
    change = f"The run of {run.day} finds {_tell(find)} instead of {_tell(item)}."
    if item.state is State.RESOLVED:
        if differs or moved:
            yield _reopened(run, after, change)
        elif _was_matched(item):
            yield _reopened(run, after, f"The run of {run.day} finds it no longer matched.")
        elif _is_overdue(run, item):
            yield _reopened(run, after, _overdue(item))
    elif differs or moved:
        yield _changed(after, change)


def _changed(after: Break, change: str) -> Step:
    """A proposal was made for what the break no longer is; but what the ledger has, goes on."""
    if after.state is not State.PROPOSED or after.is_in_flight:
        return Step(after, (Note(HOUSE, What.COMMENTED, change),))
    assert after.resolution is not None
    dropped = replace(after.resolution, outcome=Outcome.DROPPED)
    return Step(
        replace(after, state=_idle(after), resolution=dropped),
        (Note(HOUSE, What.REJECTED, f"{change} The proposal was made for what it was before."),),
    )


def _not_found(run: Run, known: Known) -> Iterator[Step]:
    item = known.item
    if item.state is State.RESOLVED:
        after = replace(item, update_time=run.now)
        if known.matched_by and item.has_moved_money:
            yield _reopened(run, after, _booked_for_nothing(run, item))
        elif not known.matched_by and _is_overdue(run, item):
            yield _reopened(run, after, _overdue(item))
        return
    # What the ledger has booked for it is not undone by rows that agree: people look at that.
    if not known.matched_by or item.is_in_flight or item.has_moved_money:
        return
    resolution = item.resolution
    if item.state is State.PROPOSED and resolution is not None:
        resolution = replace(resolution, outcome=Outcome.DROPPED)
    after = replace(item, state=State.RESOLVED, resolution=resolution, update_time=run.now)
    text = f"Its rows are matched since the run of {run.day}, by the rule {known.matched_by}."
    if known.matched_by == GONE:
        text = f"Seen by the run of {run.day}: our entry was taken back with its payment."
    elif known.matched_by == WITHDRAWN:
        text = f"Seen by the run of {run.day}: the partner's corrected file does not have it."
    yield Step(after, (Note(HOUSE, What.RESOLVED, text),))


def _joined(run: Run, item: Break, to: Break) -> Step:
    """Two breaks are one: this one's rows are told of by `to`."""
    resolution = item.resolution
    if resolution is not None and resolution.outcome is Outcome.ASKED:
        resolution = replace(resolution, outcome=Outcome.DROPPED)
    after = replace(
        item,
        state=State.RESOLVED,
        joined_to=to.break_id,
        resolution=resolution,
        update_time=run.now,
    )
    text = f"The run of {run.day} sees its row together with that of {to.break_id}: look there."
    return Step(after, (Note(HOUSE, What.RESOLVED, text),))


def _reopened(run: Run, after: Break, why: str) -> Step:
    """It holds up the day whose run has found it: its own may be closed, and is the later one where
    days are run out of turn. What has moved money stays known: only people resolve it then."""
    item = replace(
        after,
        state=State.ASSIGNED if after.assignee else State.OPEN,
        day=run.day,
        reopen_count=after.reopen_count + 1,
        resolution=after.resolution if after.has_moved_money else None,
    )
    return Step(item, (Note(HOUSE, What.REOPENED, why),))


def _was_matched(item: Break) -> bool:
    """Whether a run has resolved it, not a person."""
    return item.resolution is None or item.resolution.outcome is Outcome.DROPPED


def _is_overdue(run: Run, item: Break) -> bool:
    resolution = item.resolution
    return (
        resolution is not None
        and resolution.kind is ResolutionKind.PARTNER_CORRECTED
        and resolution.outcome is Outcome.DONE
        and resolution.correct_by is not None
        and resolution.correct_by < run.now.date()
    )


def _overdue(item: Break) -> str:
    assert item.resolution is not None
    return (
        f"The partner's correction was to be in its files by {item.resolution.correct_by}, "
        "and is in none: ask the partner again."
    )


def _booked_for_nothing(run: Run, item: Break) -> str:
    assert item.resolution is not None
    return (
        f"Its rows agree since the run of {run.day}: look whether what was booked as "
        f"{item.resolution.link_id} has to be taken back."
    )


def _idle(item: Break) -> State:
    return State.ASSIGNED if item.assignee else State.OPEN


def _tell(it: FoundBreak | Break) -> str:
    return f"{it.kind} of {amount_text(it.size, it.currency)}"
