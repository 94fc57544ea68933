"""What follows from an attempt: pure.

The waits are those the Standard Webhooks specification gives as an example: ten attempts over some
three days. Each is lengthened by up to `JITTER` of itself, so that what failed together does not
come back together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.gateway.webhooks.model import Inactive, State

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
JITTER = 0.1
# What an endpoint may ask for with `Retry-After`.
LONGEST_REST = timedelta(hours=1)
# An endpoint that has failed for so long, without a single success, is called no more.
FAILING_LIMIT = timedelta(days=5)

_GONE = 410
_BUSY = frozenset({429, 503})


class Ending(StrEnum):
    """How an attempt ended, in a word that people read."""

    DELIVERED = "delivered"
    GONE = "gone"
    REFUSED_STATUS = "refused_status"
    # Redirects are not followed: where they lead nobody has agreed to.
    REDIRECTED = "redirected"
    TIMED_OUT = "timed_out"
    NOT_CONNECTED = "not_connected"
    ADDRESS_REFUSED = "address_refused"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. `status` is zero, `answer` empty where there was no answer."""

    ending: Ending
    status: int = 0
    answer: str = ""
    retry_after: timedelta | None = None
    """What the endpoint asked for, unbounded."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery and its endpoint."""

    state: State
    next_attempt_time: datetime | None
    rest_until: datetime | None = None
    """The whole endpoint is left alone until then."""
    inactive: Inactive | None = None
    """The endpoint is called no more, and why."""


def ending_of(status: int) -> Ending:
    """The word for an HTTP status."""
    if 200 <= status < 300:
        return Ending.DELIVERED
    if 300 <= status < 400:
        return Ending.REDIRECTED
    return Ending.GONE if status == _GONE else Ending.REFUSED_STATUS


def wait_after(attempt_count: int, jitter: float) -> timedelta | None:
    """How long to wait after the attempt of this number (from 1); None after the last.

    `jitter` is drawn from 0 to 1.
    """
    if attempt_count > len(WAITS):
        return None
    return WAITS[attempt_count - 1] * (1 + JITTER * jitter)


def decide(
    outcome: Outcome,
    attempt_count: int,
    failing_since: datetime | None,
    now: datetime,
    jitter: float,
) -> Decision:
    """What follows from the attempt of this number (from 1) at an endpoint failing since then."""
    if outcome.ending is Ending.DELIVERED:
        return Decision(State.DELIVERED, None)
    if outcome.ending is Ending.GONE:
        return Decision(State.DEAD, None, inactive=Inactive.GONE)
    given_up = failing_since is not None and now - failing_since >= FAILING_LIMIT
    inactive = Inactive.FAILING if given_up else None
    rest = rest_of(outcome)
    rest_until = now + rest if rest else None
    wait = wait_after(attempt_count, jitter)
    if wait is None:
        return Decision(State.DEAD, None, rest_until, inactive)
    return Decision(State.PENDING, now + max(wait, rest), rest_until, inactive)


def rest_of(outcome: Outcome) -> timedelta:
    """How long the endpoint is left alone on its own word, bounded; zero where it gave none."""
    if outcome.status not in _BUSY or outcome.retry_after is None:
        return timedelta()
    return min(max(outcome.retry_after, timedelta()), LONGEST_REST)
