"""Breaks through any sequence of steps: two people, one transfer, nothing lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import KawaseError
from services.reconciliation.breaks import resolving
from services.reconciliation.breaks.ages import age_class, age_days
from services.reconciliation.breaks.following import Known, Run, follow
from services.reconciliation.breaks.model import (
    MOVES_MONEY,
    Break,
    FoundBreak,
    Outcome,
    ResolutionKind,
    State,
    Step,
)
from services.reconciliation.breaks.refusals import (
    SamePerson,
    StateUnfit,
    TransferMalformed,
    TransferUnderWay,
)
from services.reconciliation.breaks.resolving import Policy, Wish
from services.reconciliation.breaks.words import explain
from services.reconciliation.matching.rows import BreakKind

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
DAY = date(2026, 11, 19)
POLICY = Policy({"JPY": 500})
PEOPLE = ("hanako", "taro")
FIND = FoundBreak(BreakKind.AMOUNT, 1, 2, 800, "JPY")
LOSS, SUSPENSE, PAYABLE = "loss:JPY", "suspense:JPY", "partner-payable:kakaopay:JPY"
WISHES = {
    ResolutionKind.EXPLAINED: Wish(ResolutionKind.EXPLAINED, "timing"),
    ResolutionKind.PARTNER_CORRECTED: Wish(ResolutionKind.PARTNER_CORRECTED, "they say so"),
    ResolutionKind.CORRECTING_TRANSFER: Wish(
        ResolutionKind.CORRECTING_TRANSFER, "ours was wrong", PAYABLE, SUSPENSE
    ),
    ResolutionKind.WRITE_OFF: Wish(ResolutionKind.WRITE_OFF, "small", LOSS, PAYABLE),
}


def run(day: date = DAY, now: datetime = NOW) -> Run:
    return Run("kakaopay", day, now)


def kept(step: Step) -> Break:
    """A break as it is read again after a step."""
    return replace(step.item, note_count=step.item.note_count + len(step.notes))


def opened(find: FoundBreak = FIND) -> Break:
    (step,) = follow(run(), [find], [])
    return kept(step)


def proposed(kind: ResolutionKind, item: Break | None = None) -> Break:
    step = resolving.propose(item or opened(), WISHES[kind], "hanako", POLICY, NOW)
    assert step is not None
    return kept(step)


def resolved(kind: ResolutionKind) -> Break:
    step = resolving.approve(proposed(kind), "taro", NOW)
    assert step is not None
    item = kept(step)
    if step.sends:
        last = resolving.posted(item, NOW)
        assert last is not None
        item = kept(last)
    assert item.state is State.RESOLVED
    return item


Move = tuple[str, str, ResolutionKind, int]
MOVES = st.tuples(
    st.sampled_from(
        ["assign", "comment", "propose", "approve", "reject", "posted", "refused", "run", "match"]
    ),
    st.sampled_from(PEOPLE),
    st.sampled_from(list(ResolutionKind)),
    st.sampled_from([400, 800]),
)


def play(item: Break, move: Move) -> Step | None:
    """One step of anybody's; raises what is refused."""
    name, person, kind, size = move
    match name:
        case "assign":
            return resolving.assign(item, person, "chief", NOW)
        case "comment":
            return resolving.comment(item, person, "hm", NOW)
        case "propose":
            return resolving.propose(item, WISHES[kind], person, POLICY, NOW)
        case "approve":
            return resolving.approve(item, person, NOW)
        case "reject":
            return resolving.reject(item, person, "no", NOW)
        case "posted":
            return resolving.posted(item, NOW)
        case "refused":
            return resolving.refused(item, "EXCEEDS_CREDITS", "no money", NOW)
        case "run":
            return only(follow(run(), [replace(FIND, size=size)], [Known(item)]))
        case _:
            return only(follow(run(), [], [Known(item, "exact")]))


def only(steps: Sequence[Step]) -> Step | None:
    assert len(steps) <= 1
    return steps[0] if steps else None


@given(st.lists(MOVES, max_size=30))
def test_no_sequence_of_steps_breaks_a_rule(moves: list[Move]) -> None:
    item, links = opened(), set()
    for move in moves:
        try:
            step = play(item, move)
        except KawaseError:
            continue
        if step is None:
            continue
        assert step.notes
        assert step.item.reopen_count >= item.reopen_count
        before, item = item, kept(step)
        resolution = item.resolution
        if step.sends:
            assert resolution is not None
            assert resolution.link_id not in links
            links.add(resolution.link_id)
        if item.state is State.PROPOSED:
            assert resolution is not None
            assert resolution.outcome in (Outcome.ASKED, Outcome.APPROVED)
        if before.is_in_flight and not item.is_in_flight and move[0] not in ("posted", "refused"):
            pytest.fail("a transfer was given up before the ledger had answered")
        if resolution is not None and resolution.approved_by == resolution.proposed_by:
            assert resolution.kind is ResolutionKind.WRITE_OFF
            assert abs(resolution.size) <= 500


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([100, 200]))),
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([100, 200]))),
)
def test_the_same_finds_again_change_nothing(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]
) -> None:
    books: dict[str, Break] = {}
    for finds in (first, second):
        steps = follow(run(), distinct(finds), known(books))
        books.update({step.item.break_id: kept(step) for step in steps})
        assert follow(run(), distinct(finds), known(books)) == []
        for find in distinct(finds):
            held = [b for b in known(books) if b.item.our_row == find.our_row]
            assert len([b for b in held if b.item.state is not State.RESOLVED]) == 1


def distinct(finds: list[tuple[int, int, int]]) -> list[FoundBreak]:
    """Finds as a run makes them: each row once. Six stands for no row of theirs."""
    ours: set[int] = set()
    theirs: set[int] = set()
    made = []
    for one, other, size in finds:
        if one in ours or (other in theirs and other < 6):
            continue
        ours.add(one)
        theirs.add(other)
        their_row = other if other < 6 else None
        made.append(FoundBreak(BreakKind.AMOUNT, one, their_row, size, "JPY"))
    return made


def known(books: dict[str, Break]) -> list[Known]:
    return [Known(books[key]) for key in sorted(books) if not books[key].joined_to]


def test_who_proposes_does_not_approve() -> None:
    with pytest.raises(SamePerson):
        resolving.approve(proposed(ResolutionKind.EXPLAINED), "hanako", NOW)


@pytest.mark.parametrize("person", ["hanako", "Hanako", " hanako "])
def test_a_capital_or_a_space_makes_nobody_another_person(person: str) -> None:
    with pytest.raises(SamePerson):
        resolving.approve(proposed(ResolutionKind.EXPLAINED), person, NOW)


def test_a_large_break_is_not_written_off_by_one_person_with_a_small_amount() -> None:
    wish = replace(WISHES[ResolutionKind.WRITE_OFF], amount_minor=1, currency="JPY")
    large = resolving.propose(opened(), wish, "hanako", POLICY, NOW)
    assert large is not None
    assert (large.item.state, large.sends) == (State.PROPOSED, False)
    small = resolving.propose(replace(opened(), size=-500), wish, "hanako", POLICY, NOW)
    assert small is not None
    assert small.sends


SETTLED = Wish(
    ResolutionKind.CORRECTING_TRANSFER,
    "settled net",
    "bank:JPY",
    "partner-receivable:kakao:JPY",
    fee_minor=8,
)


@pytest.mark.parametrize(
    ("kind", "wish", "field"),
    [
        (BreakKind.AMOUNT, SETTLED, "resolution.partner_fee"),
        (BreakKind.UNBOOKED, replace(SETTLED, fee_minor=801), "resolution.partner_fee"),
        (BreakKind.UNBOOKED, replace(SETTLED, fee_minor=-1), "resolution.partner_fee"),
        (BreakKind.UNBOOKED, replace(SETTLED, fee_currency="KRW"), "resolution.partner_fee"),
        (
            BreakKind.UNBOOKED,
            replace(SETTLED, credit_account_id=SUSPENSE),
            "resolution.credit_account_id",
        ),
        (
            BreakKind.UNBOOKED,
            replace(SETTLED, kind=ResolutionKind.WRITE_OFF, debit_account_id=LOSS),
            "resolution.partner_fee",
        ),
    ],
)
def test_a_fee_is_kept_only_of_what_a_partner_owed_and_has_settled(
    kind: BreakKind, wish: Wish, field: str
) -> None:
    item = opened(replace(FIND, kind=kind))
    with pytest.raises(TransferMalformed) as refusal:
        resolving.propose(item, wish, "hanako", POLICY, NOW)
    assert refusal.value.metadata["field"] == field


@pytest.mark.parametrize("kind", [BreakKind.UNBOOKED, BreakKind.UNIDENTIFIED_CREDIT])
def test_the_fee_of_what_a_partner_has_settled_is_booked_beside_it(kind: BreakKind) -> None:
    step = resolving.propose(
        opened(replace(FIND, kind=kind, size=-800)), SETTLED, "hanako", POLICY, NOW
    )
    assert step is not None
    assert step.item.resolution is not None
    assert (step.item.resolution.amount_minor, step.item.resolution.fee_minor) == (800, 8)
    assert "JPY 8 that the partner has kept" in step.notes[0].text


def test_a_proposal_made_again_is_the_same_proposal() -> None:
    item = proposed(ResolutionKind.EXPLAINED)
    wish = WISHES[ResolutionKind.EXPLAINED]
    assert resolving.propose(item, wish, "hanako", POLICY, NOW + timedelta(hours=1)) is None


def test_a_proposal_falls_when_the_break_is_another_one() -> None:
    item = proposed(ResolutionKind.EXPLAINED)
    (step,) = follow(run(), [replace(FIND, size=900)], [Known(item)])
    assert step.item.state is State.OPEN
    with pytest.raises(StateUnfit):
        resolving.approve(kept(step), "taro", NOW)


def test_what_the_ledger_works_on_is_not_rejected_or_approved_by_a_third() -> None:
    step = resolving.approve(proposed(ResolutionKind.CORRECTING_TRANSFER), "taro", NOW)
    assert step is not None
    with pytest.raises(TransferUnderWay):
        resolving.reject(kept(step), "jiro", "no", NOW)
    with pytest.raises(TransferUnderWay):
        resolving.approve(kept(step), "jiro", NOW)


def test_money_that_moved_for_what_the_break_no_longer_is_opens_it_again() -> None:
    approved = resolving.approve(proposed(ResolutionKind.CORRECTING_TRANSFER), "taro", NOW)
    assert approved is not None
    (changed,) = follow(run(), [replace(FIND, size=900)], [Known(kept(approved))])
    last = resolving.posted(kept(changed), NOW)
    assert last is not None
    assert (last.item.state, last.item.reopen_count) == (State.OPEN, 1)


@pytest.mark.parametrize("kind", list(ResolutionKind))
def test_what_is_resolved_stays_so_while_runs_find_the_same(kind: ResolutionKind) -> None:
    assert follow(run(), [FIND], [Known(resolved(kind))]) == []


@pytest.mark.parametrize("days", [3, -3])
@pytest.mark.parametrize("kind", list(ResolutionKind))
def test_what_a_later_run_contradicts_is_opened_on_that_runs_day(
    kind: ResolutionKind, days: int
) -> None:
    later = DAY + timedelta(days=days)
    (step,) = follow(run(later), [replace(FIND, their_row=9)], [Known(resolved(kind))])
    assert (step.item.state, step.item.reopen_count) == (State.OPEN, 1)
    assert (step.item.day, step.item.has_moved_money) == (later, kind in MOVES_MONEY)
    assert step.item.has_moved_money or step.item.resolution is None


@pytest.mark.parametrize("found", [True, False])
def test_a_correction_that_does_not_come_in_time_opens_the_break_again(found: bool) -> None:
    item = resolved(ResolutionKind.PARTNER_CORRECTED)
    finds = [FIND] if found else []
    due = NOW + timedelta(days=POLICY.correction_days)
    assert follow(run(now=due), finds, [Known(item)]) == []
    (step,) = follow(run(now=due + timedelta(days=1)), finds, [Known(item)])
    assert step.item.state is State.OPEN


def test_a_correction_that_has_come_leaves_the_break_resolved() -> None:
    item = resolved(ResolutionKind.PARTNER_CORRECTED)
    late = NOW + timedelta(days=30)
    assert follow(run(now=late), [], [Known(item, "exact")]) == []


@pytest.mark.parametrize(
    ("days", "name"),
    [(0, "0-1"), (1, "0-1"), (2, "2-7"), (7, "2-7"), (8, "8-30"), (30, "8-30"), (31, "31+")],
)
def test_ages_have_their_class(days: int, name: str) -> None:
    assert age_class(age_days(NOW, NOW + timedelta(days=days, hours=5))) == name


@pytest.mark.parametrize("kind", list(BreakKind))
@pytest.mark.parametrize("size", [-800, 800])
def test_every_kind_is_told_with_its_amount_or_references(kind: BreakKind, size: int) -> None:
    told = explain(kind, size, "JPY", "R1", "P9")
    assert "JPY 800" in told or ("R1" in told and "P9" in told)


def test_a_break_in_a_currency_nobody_knows_is_told_all_the_same() -> None:
    assert "XXX 800 minor units" in explain(BreakKind.MISSING_WITH_US, 800, "XXX", "", "P9")
