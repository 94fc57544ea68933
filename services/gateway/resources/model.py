"""A life that a resource of the gateway leads beside payments, and a decision about it.

Each room has states and steps of its own. Two steps are everybody's: `operator`, where a person has
to decide, and `done`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar, cast

S = TypeVar("S", bound=StrEnum)
P = TypeVar("P", bound=StrEnum)

OPERATOR = "operator"
DONE = "done"


# Without slots here: in CPython 3.11 what is frozen and has slots cannot be made by a name such as
# `Life[State, Step]`.
@dataclass(frozen=True)
class Life(Generic[S, P]):
    """Where a resource stands.

    `attempt` counts how often an operator had something asked anew: it is part of the ids of what
    is asked then, because ledger and bridge repeat their first answer under the first id.
    `stuck_at` is the step at which ledger or partner refused.
    """

    state: S
    step: P
    update_time: datetime
    reason: str = ""
    message: str = ""
    repeat_count: int = 0
    attempt: int = 0
    stuck_at: P | None = None

    @property
    def suffix(self) -> str:
        """What is put behind ids of the present attempt; nothing at the first."""
        return f"-{self.attempt}" if self.attempt else ""


@dataclass(frozen=True)
class Decision(Generic[S, P]):
    """`life` is None where nothing changes; `order` is the step whose command is to be sent."""

    life: Life[S, P] | None = None
    order: P | None = None


class Resolution(StrEnum):
    """What an operator decides about a case."""

    RETRY = "retry"  # ledger or partner is asked once more
    SETTLED = "settled"  # it was settled outside
    WRITE_OFF = "write_off"  # what is left goes to loss


class Resource(Protocol):
    """A resource whole: what was asked for, and its life."""

    @property
    def reference(self) -> str: ...

    @property
    def life(self) -> Life[Any, Any]: ...


R = TypeVar("R", bound=Resource)


def with_life(resource: R, life: Life[Any, Any]) -> R:
    """The resource with another life; it is a dataclass with a field of that name."""
    return cast(R, replace(cast(Any, resource), life=life))


def stuck(life: Life[S, P], operator: P, reason: str, message: str, now: datetime) -> Life[S, P]:
    """The life of a resource that waits for a person from now on, in the state it was in."""
    return replace(
        life,
        step=operator,
        stuck_at=life.step,
        update_time=now,
        reason=reason,
        message=message,
        repeat_count=0,
    )


def once_more(life: Life[S, P], now: datetime) -> Life[S, P]:
    """The life of a case whose refused step is asked anew."""
    assert life.stuck_at is not None
    return replace(
        life,
        step=life.stuck_at,
        stuck_at=None,
        update_time=now,
        repeat_count=0,
        attempt=life.attempt + 1,
    )


def left_by_operator(life: Life[S, P], step: P, now: datetime) -> Life[S, P]:
    """The life of a case that `step` is to end; where it is refused, the case is as it was."""
    return replace(life, step=step, update_time=now, repeat_count=0, attempt=life.attempt + 1)


def ended(life: Life[S, P], state: S, done: P, now: datetime) -> Life[S, P]:
    """The life of a case that an operator's word alone has ended."""
    return replace(life, state=state, step=done, update_time=now, repeat_count=0)
