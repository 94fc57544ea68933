"""Breaks as operators' calls want them: read, decide, store, in one unit of work."""

from collections.abc import Callable

import structlog

from services.core.clock import Clock
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.reconciliation.breaks import resolving
from services.reconciliation.breaks.model import Break, Step
from services.reconciliation.breaks.refusals import BreakNotFound
from services.reconciliation.breaks.resolving import Policy, Wish
from services.reconciliation.breaks.store.books import lock_break, store_steps
from services.reconciliation.breaks.store.lists import Seen, get_break

log = structlog.get_logger()

Decide = Callable[[Break], Step | None]


class Desk:
    """What operators do with breaks. Each call raises the leaves its rule in `resolving` names,
    and `BreakNotFound`."""

    def __init__(self, units: Units, clock: Clock, policy: Policy) -> None:
        self._units = units
        self._clock = clock
        self._policy = policy

    async def assign(self, break_id: str, assignee: str, person: str) -> Seen:
        now = self._clock.now()
        return await self._do(
            break_id, lambda item: resolving.assign(item, assignee, person, now), person
        )

    async def comment(self, break_id: str, person: str, text: str) -> Seen:
        now = self._clock.now()
        return await self._do(
            break_id, lambda item: resolving.comment(item, person, text, now), person
        )

    async def propose(self, break_id: str, wish: Wish, person: str) -> Seen:
        now = self._clock.now()
        return await self._do(
            break_id,
            lambda item: resolving.propose(item, wish, person, self._policy, now),
            person,
        )

    async def approve(self, break_id: str, person: str) -> Seen:
        now = self._clock.now()
        return await self._do(break_id, lambda item: resolving.approve(item, person, now), person)

    async def reject(self, break_id: str, person: str, reason: str) -> Seen:
        now = self._clock.now()
        return await self._do(
            break_id, lambda item: resolving.reject(item, person, reason, now), person
        )

    async def _do(self, break_id: str, decide: Decide, person: str) -> Seen:
        async def work(connection: Connection) -> Decided[Seen]:
            item = await lock_break(connection, break_id)
            if item is None:
                raise BreakNotFound(break_id)
            step = decide(item)
            messages = []
            if step is not None:
                messages = await store_steps(connection, [step], step.item.update_time)
                log.info(
                    "break_changed",
                    break_id=break_id,
                    state=step.item.state,
                    what=step.notes[-1].what,
                    person=person,
                )
            seen = await get_break(connection, break_id)
            assert seen is not None
            return Decided(seen, messages)

        return (await self._units.write(work)).answer
