"""Drives resources by what wallet and bridge say, and repeats what was not answered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

import structlog

from services.core.clock import Clock
from services.core.ids import Resource as ResourceKind
from services.core.money import Money
from services.gateway.incoming import Incoming
from services.gateway.payments.sweeping import STUCK_REPEATS, SWEEP_LIMIT, wait_after
from services.gateway.resources.model import (
    OPERATOR,
    Decision,
    Life,
    R,
    Resolution,
    with_life,
)
from services.gateway.resources.store import LifeTable
from services.gateway.waking import Wakers
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretUnreadable
from services.kit.trace import follow, made_of
from services.kit.unit import Decided

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a case is about, beside its life; `amount` is what an operator decides on."""

    payment_reference: str
    participant_id: str
    partner_id: str
    amount: Money


async def _nothing(_connection: Connection, _changed: Sequence[Any]) -> Sequence[Outgoing]:
    return ()


@dataclass(frozen=True)
class Kind(Generic[R]):
    """One kind of resource: its rules and messages, and where it is stored.

    `fact` tells of a changed state, or is None where nobody is told; `changed` stores what a
    changed state means elsewhere, and returns what is said of that. `case` and `resolve` are for an
    operator: a decision that does not fit the case changes nothing.
    """

    resource: ResourceKind
    table: LifeTable[Any, Any]
    read: Callable[[Connection, Sequence[str]], Awaitable[list[R]]]
    decide: Callable[[R, Incoming, datetime], Decision[Any, Any]]
    command: Callable[[Any, R], Outgoing]
    fact: Callable[[R], Outgoing | None]
    case: Callable[[R], CaseFile]
    resolve: Callable[[R, Resolution, datetime], Decision[Any, Any]]
    changed: Callable[[Connection, Sequence[R]], Awaitable[Sequence[Outgoing]]] = _nothing
    patient: frozenset[Any] = frozenset()
    """Steps whose answer may take weeks."""

    async def lock(self, connection: Connection, references: Sequence[str]) -> dict[str, R]:
        """Resources by reference, their rows locked in order; those unknown are left out."""
        found = await self.table.lock(connection, references)
        rows = await self.read(connection, found) if found else []
        return {resource.reference: resource for resource in rows}


class Moves(Generic[R]):
    """What a unit makes of the resources it has locked, decision by decision."""

    def __init__(self, kind: Kind[R]) -> None:
        self._kind = kind
        self._lives: dict[str, Life[Any, Any]] = {}
        self._changed: dict[str, R] = {}
        self.messages: list[Outgoing] = []

    @property
    def references(self) -> list[str]:
        """Of those that have moved."""
        return list(self._lives)

    def apply(self, before: R, decision: Decision[Any, Any]) -> R:
        """The resource after the decision, whose messages are noted."""
        after = before
        life = decision.life
        if life is not None:
            after = with_life(before, life)
            self._lives[after.reference] = life
            if life.state is not before.life.state:
                self._changed[after.reference] = after
                if (fact := self._kind.fact(after)) is not None:
                    self.messages.append(fact)
            if life.step == OPERATOR:
                log.error(
                    "case_opened",
                    resource=self._kind.resource,
                    reference=after.reference,
                    stuck_at=life.stuck_at,
                    reason=life.reason,
                )
        if decision.order is not None:
            self.messages.append(self._kind.command(decision.order, after))
        return after

    async def store(self, connection: Connection) -> None:
        """Store all that has moved, and note what is said because of it."""
        if self._lives:
            await self._kind.table.store(connection, self._lives)
        if self._changed:
            changed = list(self._changed.values())
            self.messages += await self._kind.changed(connection, changed)


class ResourceEvents(Generic[R]):
    """The handler of events about one kind of resource."""

    def __init__(self, kind: Kind[R], wakers: Wakers, clock: Clock) -> None:
        self._kind = kind
        self._wakers = wakers
        self._clock = clock
        self._moved: list[str] = []

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Decide a batch, event by event in order; an event of none of ours is left."""
        resources = await self._kind.lock(connection, [heard.reference for heard in batch])
        now = self._clock.now()
        moves = Moves(self._kind)
        for heard in batch:
            before = resources.get(heard.reference)
            if before is not None:
                follow(heard.trace)
                decision = self._kind.decide(before, heard, now)
                resources[heard.reference] = moves.apply(before, decision)
        await moves.store(connection)
        self._moved = moves.references
        return moves.messages

    def committed(self) -> None:
        """Wake those who wait here."""
        self._wakers.wake(self._moved)


def repeat_of(kind: Kind[R]) -> Callable[[Connection], Awaitable[Decided[int]]]:
    """The work that repeats the commands of those that wait too long, and says how many."""

    async def repeat(connection: Connection) -> Decided[int]:
        references = await kind.table.take_due(connection, SWEEP_LIMIT)
        due = await kind.read(connection, references) if references else []
        if due:
            waits = {each.reference: wait_after(each.life.repeat_count + 1) for each in due}
            await kind.table.postpone(connection, waits)
        commands = []
        for each in due:
            follow(made_of(each.reference))
            _tell_repeat(kind, each)
            try:
                commands.append(kind.command(each.life.step, each))
            except SecretUnreadable as error:
                # Until its key is there again; the others are not held up.
                log.error(
                    "resource_command_not_made",
                    resource=kind.resource,
                    reference=each.reference,
                    problem=error.message,
                )
        return Decided(len(due), commands)

    return repeat


def _tell_repeat(kind: Kind[R], resource: R) -> None:
    life = resource.life
    repeats = life.repeat_count + 1
    stuck = repeats >= STUCK_REPEATS and life.step not in kind.patient
    tell = log.error if stuck else log.info
    tell(
        "resource_command_repeated",
        resource=kind.resource,
        reference=resource.reference,
        step=life.step,
        repeat_count=repeats,
    )
