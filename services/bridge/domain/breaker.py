"""A partner's circuit breaker, as pure rules: closed → open → half-open → closed or open again.

CLOSED     everything goes; the share of failing calls in a sliding window is watched
OPEN       nothing new is started; what was asked before goes on at a slow pace, and does not count
HALF_OPEN  calls are probes, at the slow pace: so many good ones in a row close, a failing one opens
           again, for twice as long

A call fails when the partner was not reached, gave no answer or no clear one (time limit, 5xx), or
took longer than `slow`; a refusal is an answer. A call begun before the present phase counts in
none.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

_MOST_DOUBLINGS = 20


class Phase(StrEnum):
    """Where a breaker is."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Why(StrEnum):
    """Why a breaker opened; as in `PartnerAvailabilityChanged.reason`."""

    FAILING = "FAILING"
    SLOW = "SLOW"


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, for how long, and what closes it."""

    window: timedelta = timedelta(seconds=20)
    least_calls: int = 20
    """Fewer calls in the window never open it."""
    failing_percent: int = 50
    slow: timedelta = timedelta(seconds=4)
    """A call that takes longer counts as failing."""
    open_for: timedelta = timedelta(seconds=10)
    open_at_most: timedelta = timedelta(minutes=5)
    probes: int = 3
    """Good calls in a row that close it."""
    probe_every: timedelta = timedelta(seconds=1)
    """The pace of calls while it is not closed."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a breaker has to know of a call that ended."""

    begin_time: datetime
    end_time: datetime
    failed: bool

    def is_slow(self, rules: BreakerRules) -> bool:
        return self.end_time - self.begin_time > rules.slow


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls of a stretch of time; `slow` of them only failed by being slow."""

    calls: int = 0
    failing: int = 0
    slow: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(self.calls + other.calls, self.failing + other.failing, self.slow + other.slow)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`since`: when the phase began. `probe_time`: when an open breaker becomes half-open.

    The window slides by halves: `tally` is of the half that began at `half_time`, `before` of the
    half before it.
    """

    since: datetime
    phase: Phase = Phase.CLOSED
    why: Why = Why.FAILING
    probe_time: datetime | None = None
    openings: int = 0
    good_probes: int = 0
    half_time: datetime | None = None
    tally: Tally = Tally()
    before: Tally = Tally()


def at(breaker: Breaker, now: datetime) -> Breaker:
    """The breaker as it is at `now`: an open one becomes half-open when its time has come."""
    if breaker.phase is Phase.OPEN and breaker.probe_time and now >= breaker.probe_time:
        return replace(breaker, phase=Phase.HALF_OPEN, since=breaker.probe_time, good_probes=0)
    return breaker


def heard(breaker: Breaker, call: Call, rules: BreakerRules) -> Breaker:
    """What a call that ended makes of the breaker."""
    breaker = at(breaker, call.end_time)
    if call.begin_time < breaker.since or breaker.phase is Phase.OPEN:
        return breaker
    failing = call.failed or call.is_slow(rules)
    if breaker.phase is Phase.HALF_OPEN:
        return _probed(breaker, call, failing, rules)
    counted = _counted(breaker, call, failing, rules)
    seen = counted.tally.plus(counted.before)
    too_few = seen.failing * 100 < rules.failing_percent * seen.calls
    if not failing or too_few or seen.calls < rules.least_calls:
        return counted
    why = Why.SLOW if seen.slow * 2 > seen.failing else Why.FAILING
    return opened(replace(counted, why=why), call.end_time, rules)


def _counted(breaker: Breaker, call: Call, failing: bool, rules: BreakerRules) -> Breaker:
    half = rules.window / 2
    now = call.end_time
    one = Tally(1, int(failing), int(failing and not call.failed))
    if breaker.half_time is None or now >= breaker.half_time + rules.window:
        return replace(breaker, half_time=now, tally=one, before=Tally())
    if now >= breaker.half_time + half:
        return replace(breaker, half_time=breaker.half_time + half, tally=one, before=breaker.tally)
    return replace(breaker, tally=breaker.tally.plus(one))


def _probed(breaker: Breaker, call: Call, failing: bool, rules: BreakerRules) -> Breaker:
    if failing:
        why = Why.FAILING if call.failed else Why.SLOW
        return opened(replace(breaker, why=why), call.end_time, rules)
    good = breaker.good_probes + 1
    if good < rules.probes:
        return replace(breaker, good_probes=good)
    # The next opening is longer again, unless it stays closed for long.
    return replace(closed(call.end_time), openings=breaker.openings)


def opened(breaker: Breaker, now: datetime, rules: BreakerRules) -> Breaker:
    """The breaker opened at `now`, each time in a row for twice as long."""
    openings = breaker.openings
    if breaker.phase is Phase.CLOSED and now - breaker.since >= rules.open_at_most:
        openings = 0
    longest = max(rules.open_at_most, rules.open_for)
    stays = min(rules.open_for * 2 ** min(openings, _MOST_DOUBLINGS), longest)
    return Breaker(now, Phase.OPEN, breaker.why, probe_time=now + stays, openings=openings + 1)


def held_open(breaker: Breaker, now: datetime, until: datetime) -> Breaker:
    """Open until then because another process says so."""
    return Breaker(now, Phase.OPEN, breaker.why, probe_time=until, openings=breaker.openings)


def closed(now: datetime) -> Breaker:
    """A closed breaker with an empty window."""
    return Breaker(now)
