"""The circuit breaker's rules."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.bridge.domain.breaker import (
    Breaker,
    BreakerRules,
    Call,
    Phase,
    Why,
    at,
    closed,
    heard,
    held_open,
)
from tests.unit.bridge.builders import MACHINE

RULES = BreakerRules(
    window=timedelta(seconds=10),
    least_calls=4,
    failing_percent=50,
    slow=timedelta(seconds=2),
    open_for=timedelta(seconds=10),
    open_at_most=timedelta(seconds=40),
    probes=2,
)
SECOND = timedelta(seconds=1)


def call(second: float, failed: bool = False, took: float = 0.1) -> Call:
    end = MACHINE + SECOND * second
    return Call(end - SECOND * took, end, failed)


def told(*calls: Call, breaker: Breaker | None = None) -> Breaker:
    breaker = breaker or closed(MACHINE)
    for each in calls:
        breaker = heard(breaker, each, RULES)
    return breaker


OPEN = told(*(call(second, failed=True) for second in (1, 2, 3, 4)))
HALF = at(OPEN, MACHINE + SECOND * 14)


def test_enough_failing_calls_open_it_for_a_while() -> None:
    assert OPEN.phase is Phase.OPEN
    assert OPEN.why is Why.FAILING
    assert OPEN.probe_time == MACHINE + SECOND * 14
    assert told(*(call(s, failed=True) for s in (1, 2, 3))).phase is Phase.CLOSED


def test_slow_calls_open_it_and_say_so() -> None:
    slow = told(*(call(second, took=2.5) for second in (3, 4, 5, 6)))
    assert (slow.phase, slow.why) == (Phase.OPEN, Why.SLOW)


def test_fewer_failing_calls_than_its_share_leave_it_closed() -> None:
    calls = [call(second / 10, failed=second % 5 < 2) for second in range(2, 90)]
    assert told(*calls).phase is Phase.CLOSED


def test_failing_calls_outside_the_window_are_forgotten() -> None:
    early = told(*(call(second, failed=True) for second in (1, 2, 3)))
    assert told(call(14, failed=True), breaker=early).phase is Phase.CLOSED


def test_an_open_one_hears_nothing_and_then_takes_probes() -> None:
    assert told(call(5), call(6), call(7), breaker=OPEN) == OPEN
    assert HALF.phase is Phase.HALF_OPEN
    assert at(OPEN, MACHINE + SECOND * 13.9).phase is Phase.OPEN


def test_good_probes_in_a_row_close_it() -> None:
    one = told(call(15), breaker=HALF)
    assert one.phase is Phase.HALF_OPEN
    assert told(call(16), breaker=one).phase is Phase.CLOSED


def test_a_failing_probe_opens_it_for_twice_as_long() -> None:
    again = told(call(15), call(16, failed=True), breaker=HALF)
    assert again.phase is Phase.OPEN
    assert again.probe_time == MACHINE + SECOND * (16 + 20)


def test_a_call_begun_before_it_became_half_open_is_no_probe() -> None:
    assert told(call(14.05, took=0.5), breaker=HALF) == HALF


def test_openings_in_a_row_are_longer_up_to_a_bound_and_a_long_rest_forgets_them() -> None:
    breaker, stays = OPEN, []
    for _ in range(5):
        assert breaker.probe_time is not None
        start = breaker.probe_time + SECOND
        breaker = heard(breaker, Call(start, start, True), RULES)
        assert breaker.probe_time is not None
        stays.append((breaker.probe_time - start).total_seconds())
    assert stays == [20, 40, 40, 40, 40]
    rested = replace(closed(MACHINE), openings=breaker.openings)
    late = told(*(call(second, failed=True) for second in (50, 51, 52, 53)), breaker=rested)
    assert late.probe_time == MACHINE + SECOND * (53 + 10)


def test_one_held_open_by_another_process_waits_as_long_as_told() -> None:
    held = held_open(closed(MACHINE), MACHINE, MACHINE + SECOND * 7)
    assert at(held, MACHINE + SECOND * 6).phase is Phase.OPEN
    assert at(held, MACHINE + SECOND * 7).phase is Phase.HALF_OPEN


calls = st.lists(st.tuples(st.floats(0.001, 3), st.booleans(), st.floats(0, 4)), max_size=80)


@given(calls)
def test_it_opens_only_by_enough_failing_calls_and_closes_only_by_good_probes(
    steps: list[tuple[float, bool, float]],
) -> None:
    breaker, now = closed(MACHINE), MACHINE
    history: list[Call] = []
    for pause, failed, took in steps:
        now += SECOND * pause
        each = Call(now - SECOND * took, now, failed)
        history.append(each)
        before = at(breaker, now)
        breaker = heard(breaker, each, RULES)
        bad = failed or each.is_slow(RULES)
        match before.phase, breaker.phase:
            case Phase.CLOSED, Phase.OPEN:
                recent = [c for c in history if c.end_time > now - RULES.window * 1.5]
                failing = [c for c in recent if c.failed or c.is_slow(RULES)]
                assert bad
                assert len(recent) >= RULES.least_calls
                assert len(failing) >= RULES.least_calls * RULES.failing_percent / 100
            case Phase.OPEN, after:
                assert after is Phase.OPEN
            case Phase.HALF_OPEN, Phase.CLOSED:
                assert not bad
                assert before.good_probes == RULES.probes - 1
            case Phase.HALF_OPEN, Phase.OPEN:
                assert bad
                assert each.begin_time >= before.since
            case before_phase, after:
                assert after is before_phase
        if breaker.phase is Phase.OPEN:
            assert breaker.probe_time is not None
            assert breaker.probe_time - breaker.since <= RULES.open_at_most
