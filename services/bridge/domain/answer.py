"""What a partner's answer comes to, and the rules a partner goes by."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from services.bridge.domain.breaker import BreakerRules
from services.bridge.domain.hours import Hours
from services.bridge.domain.pace import Pace
from services.core.money import Money

_MOST_DOUBLINGS = 20


class Outcome(StrEnum):
    """What one call told us."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # no answer, or one that leaves it open
    ACTION_REQUIRED = "action_required"  # the payer has to approve on their phone
    CANCELLED = "cancelled"  # closed at the partner: nothing moved, or all was given back
    UNSENT = "unsent"  # the partner was not reached, so this call did nothing


@dataclass(frozen=True, slots=True)
class Answer:
    """A partner's answer. `reason` is ours (UPPER_SNAKE), `partner_code` the partner's.

    `amount` is what the partner says it accepted; None where it says none. `request` and
    `response` are bodies for the journal, short and without personal data. An unknown outcome with
    a `response` is a partner's own "not yet"; without one it gave no clear answer, which counts
    against it.
    """

    outcome: Outcome
    partner_reference: str = ""
    amount: Money | None = None
    reason: str = ""
    message: str = ""
    partner_code: str = ""
    action_url: str = ""
    detail: str = ""
    request: str = ""
    response: str = ""
    given_back: bool = False
    """A cancel was done as a refund of all, so the partner may go on saying accepted."""

    @property
    def is_failure(self) -> bool:
        """Whether the partner, not the payment, is what is wrong."""
        return self.outcome is Outcome.UNSENT or (
            self.outcome is Outcome.UNKNOWN and not self.response
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """How a partner wants to be treated; data of its adapter, adjusted by configuration."""

    repeatable: bool
    """The same start may be sent twice and is done once."""
    cancels: bool
    """After `inquiries` without a word the charge is cancelled; else inquiries go on for ever."""
    inquire_every: timedelta = timedelta(seconds=3)
    inquiries: int = 10
    slowest: timedelta = timedelta(minutes=5)
    """Inquiries beyond `inquiries` slow down to this."""
    approval_every: timedelta = timedelta(seconds=5)
    """How often a payer's approval is inquired about while it is awaited."""
    late_checks: tuple[timedelta, ...] = (timedelta(seconds=10), timedelta(minutes=2))
    """Pauses before the inquiries after a charge was closed without the partner's word on it."""
    call: timedelta = timedelta(seconds=5)
    """The time limit of one call."""
    lease: timedelta = timedelta(seconds=30)
    """How long a process has an attempt for itself; longer than any call takes with its wait."""
    in_flight: int = 256
    """Calls at a time, of one process."""
    pace: Pace | None = None
    """How fast one process may call; None: as fast as there are places."""
    breaker: BreakerRules = field(default_factory=BreakerRules)
    refund_repeatable: bool = True
    """The same refund may be sent twice and is done once; else `inquire_refund` comes before."""
    hours: Hours | None = None
    """When it takes new orders; None: always."""
    operator_after: timedelta = timedelta(minutes=15)
    """A charge without the partner's word for so long is shown to an operator."""
    zone: tzinfo = UTC
    """Where the partner's days begin."""
    returns_every: timedelta = timedelta(hours=6)
    """How often a payout that has left is looked after, for it may come back."""
    returns_for: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, twice: `today` is the house's clock, for expiry and records; `machine` is for pauses
    and leases, which must not run out because a sandbox moved its day."""

    today: datetime
    machine: datetime


def pause(rules: Rules, inquiries: int) -> timedelta:
    """The pause before the next inquiry when there have been `inquiries`."""
    doublings = min(max(0, inquiries - rules.inquiries), _MOST_DOUBLINGS)
    slower: timedelta = rules.inquire_every * 2**doublings
    return max(rules.inquire_every, min(slower, rules.slowest))
