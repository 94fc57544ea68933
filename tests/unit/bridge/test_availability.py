"""What the bridge's processes agree on about a partner."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.bridge.domain.answer import Moment
from services.bridge.domain.availability import (
    Availability,
    Reason,
    View,
    decide,
    grace,
    set_by_operator,
)
from services.bridge.domain.breaker import (
    Breaker,
    BreakerRules,
    Call,
    Phase,
    at,
    closed,
    heard,
    held_open,
    opened,
)
from tests.unit.bridge.builders import MACHINE, NOW, TODAY

RULES = BreakerRules(open_for=timedelta(seconds=10), probes=2, least_calls=4)
SECOND = timedelta(seconds=1)
ROW = Availability("bank")
OPEN = opened(closed(MACHINE), MACHINE, RULES)


def later(seconds: float) -> Moment:
    return Moment(TODAY + SECOND * seconds, MACHINE + SECOND * seconds)


def view(breaker: Breaker, process: str = "a", opening: datetime | None = None) -> View:
    return View(process, breaker, RULES, opening)


def held() -> Availability:
    row = decide(ROW, view(OPEN), NOW)
    assert row is not None
    return row


def test_whoever_opens_holds_the_row_until_payments_are_let_in() -> None:
    row = held()
    assert (row.version, row.available, row.reason, row.holder) == (1, False, Reason.FAILING, "a")
    assert row.held_until == MACHINE + SECOND * 10 + grace(RULES)
    assert row.retry_time == TODAY + SECOND * 10 + grace(RULES)


def test_while_it_is_held_nobody_else_changes_it() -> None:
    row = held()
    assert decide(row, view(OPEN, "b"), later(1)) is None
    assert decide(row, view(closed(MACHINE), "b"), later(1)) is None


def test_its_holder_closes_it_early_or_extends_it() -> None:
    row = held()
    good = decide(row, view(closed(MACHINE + SECOND * 12)), later(12))
    assert good is not None
    assert (good.version, good.available, good.holder) == (2, True, "")
    again = opened(OPEN, MACHINE + SECOND * 12, RULES)
    longer = decide(row, view(again), later(12))
    assert longer is not None
    assert (longer.version, longer.available) == (2, False)
    assert longer.held_until == MACHINE + SECOND * 32 + grace(RULES)


def test_when_its_time_is_up_it_is_whoevers_probes_decide_first() -> None:
    row = held()
    assert row.held_until is not None
    up = Moment(TODAY, row.held_until)
    half = at(held_open(closed(MACHINE), MACHINE, row.held_until), row.held_until)
    assert decide(row, view(half, "b"), up) is None
    good = decide(row, view(closed(row.held_until), "b"), up)
    assert good is not None
    assert good.available


def test_closed_hours_stand_above_the_breaker_and_end_by_the_clock() -> None:
    opening = TODAY + timedelta(hours=8)
    shut = decide(held(), view(OPEN, "b", opening), later(1))
    assert shut is not None
    assert (shut.reason, shut.retry_time, shut.held_until) == (Reason.CLOSED_HOURS, opening, None)
    assert decide(shut, view(OPEN, "a", opening), later(2)) is None
    ended = decide(shut, view(closed(MACHINE), "c"), later(3))
    assert ended is not None
    assert ended.available


def test_an_operators_word_ends_by_an_operators_word() -> None:
    stopped = set_by_operator(ROW, False, "mika", "maintenance", NOW)
    assert (stopped.reason, stopped.retry_time) == (Reason.OPERATOR, None)
    for breaker in (OPEN, closed(MACHINE)):
        assert decide(stopped, view(breaker), later(9999)) is None
        assert decide(stopped, view(breaker, opening=TODAY), later(9999)) is None
    assert set_by_operator(stopped, True, "mika", "done", NOW).available


@dataclass
class Process:
    """A process that adopts and decides as the keeper does."""

    name: str
    breaker: Breaker
    known: int = 0

    def turn(self, row: Availability, moment: Moment) -> Availability:
        if row.version != self.known and row.holder != self.name:
            if row.held_until is not None:
                self.breaker = held_open(self.breaker, moment.machine, row.held_until)
            elif row.available:
                self.breaker = closed(moment.machine)
        changed = decide(row, View(self.name, at(self.breaker, moment.machine), RULES), moment)
        row = changed or row
        self.known = row.version
        return row


@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.floats(0.01, 4)), max_size=150),
)
def test_however_calls_end_a_held_row_changes_only_by_its_holder(
    steps: list[tuple[int, bool, float]],
) -> None:
    processes = [Process(name, closed(MACHINE)) for name in "abc"]
    row, now = ROW, NOW
    for which, failed, pause in steps:
        now = Moment(now.today + SECOND * pause, now.machine + SECOND * pause)
        process = processes[which]
        process.breaker = heard(process.breaker, Call(now.machine, now.machine, failed), RULES)
        before, row = row, process.turn(row, now)
        if row is before:
            continue
        assert row.version == before.version + 1
        if not before.available and not before.is_lapsed(now.machine):
            assert before.holder == process.name
        if not row.available:
            assert row.holder == process.name
            assert process.breaker.phase is Phase.OPEN
