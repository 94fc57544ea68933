"""Whether new payments may go to a partner: what the bridge's processes agree on. Pure.

Each process has a breaker of its own, and the partner has one row that all of them read. So that
they do not open and close against each other:

- Any process whose breaker opens may write that the partner is unavailable. With that it holds the
  row until `held_until`, and until then nobody else changes it.
- Whoever reads an unavailable row holds its own breaker open until then. Inquiries and cancels go
  on everywhere at a slow pace; those of the holder are the probes: it closes or extends early.
- A row whose time is up is nobody's (its holder had nothing to ask, or died): payments are let in
  as probes at the pace of probes, and the first process whose probes decide writes.
- A change is the next version of what was read, so of two one is stored; the other reads again.
- Closed hours follow from rules and clock, so any process may write them. An operator's word stands
  above both and ends by an operator's word.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.bridge.domain.answer import Moment
from services.bridge.domain.breaker import Breaker, BreakerRules, Phase


class Reason(StrEnum):
    """Why a partner is unavailable, as on the wire."""

    NONE = ""
    FAILING = "FAILING"
    SLOW = "SLOW"
    CLOSED_HOURS = "CLOSED_HOURS"
    OPERATOR = "OPERATOR"


_OF_BREAKER = frozenset({Reason.FAILING, Reason.SLOW})


@dataclass(frozen=True, slots=True)
class Availability:
    """A version of a partner's row.

    `retry_time` (house's clock) is what others are told; `held_until` (machine's clock) is how long
    `holder` has the row for itself. `operator` and `note` are an operator's who set it.
    """

    partner_id: str
    version: int = 0
    available: bool = True
    reason: Reason = Reason.NONE
    retry_time: datetime | None = None
    held_until: datetime | None = None
    holder: str = ""
    operator: str = ""
    note: str = ""
    change_time: datetime | None = None

    @property
    def is_by_breaker(self) -> bool:
        return self.reason in _OF_BREAKER

    def is_lapsed(self, machine: datetime) -> bool:
        """Whether its time is up without a change."""
        return self.held_until is not None and machine >= self.held_until


@dataclass(frozen=True, slots=True)
class View:
    """What a process knows besides the row: itself, its breaker, and when closed hours end."""

    process: str
    breaker: Breaker
    rules: BreakerRules
    opening: datetime | None = None


def grace(rules: BreakerRules) -> timedelta:
    """How long the holder's own probes have before payments are let in as probes."""
    return rules.probe_every * rules.probes + rules.slow


def decide(row: Availability, view: View, moment: Moment) -> Availability | None:
    """The next version of the row, or None where it stands. The breaker has adopted the row."""
    if row.reason is Reason.OPERATOR:
        return None
    if view.opening is not None:
        return _close_hours(row, view.opening, moment)
    if row.reason is Reason.CLOSED_HOURS:
        return _opened(row, moment)
    if row.available:
        is_open = view.breaker.phase is Phase.OPEN
        return _held(row, view, moment) if is_open else None
    if row.holder != view.process and not row.is_lapsed(moment.machine):
        return None
    match view.breaker.phase:
        case Phase.CLOSED:
            return _opened(row, moment)
        case Phase.OPEN:
            held = _held(row, view, moment)
            return held if held.held_until != row.held_until else None
        case _:
            return None


def _close_hours(row: Availability, opening: datetime, moment: Moment) -> Availability | None:
    if row.reason is Reason.CLOSED_HOURS and row.retry_time == opening:
        return None
    return _next(row, moment, available=False, reason=Reason.CLOSED_HOURS, retry_time=opening)


def _opened(row: Availability, moment: Moment) -> Availability:
    return _next(row, moment, available=True)


def _held(row: Availability, view: View, moment: Moment) -> Availability:
    assert view.breaker.probe_time is not None
    until = view.breaker.probe_time + grace(view.rules)
    return replace(
        _next(row, moment, available=False, reason=Reason(view.breaker.why.value)),
        retry_time=moment.today + (until - moment.machine),
        held_until=until,
        holder=view.process,
    )


def set_by_operator(
    row: Availability, available: bool, operator: str, note: str, moment: Moment
) -> Availability:
    """An operator's word. Unavailable by it, a partner stays so until an operator opens it."""
    reason = Reason.NONE if available else Reason.OPERATOR
    changed = _next(row, moment, available=available, reason=reason)
    return replace(changed, operator=operator, note=note)


def _next(
    row: Availability,
    moment: Moment,
    *,
    available: bool,
    reason: Reason = Reason.NONE,
    retry_time: datetime | None = None,
) -> Availability:
    return Availability(
        row.partner_id,
        row.version + 1,
        available,
        reason,
        retry_time,
        change_time=moment.today,
    )
