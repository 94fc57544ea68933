"""ListCases and ResolveCase, over every kind of resource that can be stranded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from services.core.clock import Clock
from services.core.ids import Resource, parse_resource_id, resource_id
from services.gateway.admin.errors import check_text
from services.gateway.cases.refusals import (
    CaseNotOpen,
    CaseResolvedOtherwise,
    CaseUnknown,
    ResolutionUnfit,
)
from services.gateway.cases.store import Word, journal_word, last_word
from services.gateway.disputes.events import DISPUTES
from services.gateway.escrow.events import ESCROW_RELEASES
from services.gateway.late.booking import LATE_CHARGES
from services.gateway.refunds.events import REFUNDS
from services.gateway.resources.events import CaseFile, Kind, Moves
from services.gateway.resources.model import OPERATOR
from services.gateway.topups.events import TOP_UPS
from services.gateway.waking import Wakers
from services.gateway.withdrawals.events import withdrawals_with
from services.gateway.withdrawals.payees import PayeeBoxes
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()


def kinds_with(boxes: PayeeBoxes) -> Mapping[Resource, Kind[Any]]:
    """Every kind of resource; `boxes` for the accounts that withdrawals are paid to."""
    kinds = (LATE_CHARGES, REFUNDS, TOP_UPS, DISPUTES, ESCROW_RELEASES, withdrawals_with(boxes))
    return {kind.resource: kind for kind in kinds}


@dataclass(frozen=True, slots=True)
class Case:
    """A resource that waits for an operator, or did."""

    resource_id: str
    file: CaseFile
    reason: str
    message: str
    step: str
    since_time: datetime


def _case_of(kind: Kind[Any], resource: Any) -> Case:
    life = resource.life
    step = life.step if life.step != OPERATOR else life.stuck_at
    return Case(
        resource_id(kind.resource, resource.reference),
        kind.case(resource),
        life.reason,
        life.message,
        step,
        life.update_time,
    )


def check_word(word: Word) -> None:
    """Who decides, and why, is always said. Raises leaves of `Malformed`."""
    for value, field in ((word.operator, "operator"), (word.reason, "reason")):
        check_text(value, field)


class CaseHandlers:
    """The calls about cases, for an operator who is known."""

    def __init__(
        self, units: Units, wakers: Wakers, clock: Clock, kinds: Mapping[Resource, Kind[Any]]
    ) -> None:
        self._kinds = kinds
        self._units = units
        self._wakers = wakers
        self._clock = clock

    async def list(self, limit: int) -> list[Case]:
        """What waits for an operator, longest first."""
        cases: list[Case] = []
        async with self._units.pool.acquire() as connection:
            for kind in self._kinds.values():
                references = await kind.table.list_cases(connection, limit)
                if references:
                    found = await kind.read(connection, references)
                    cases += [_case_of(kind, resource) for resource in found]
        return sorted(cases, key=lambda case: case.since_time)[:limit]

    async def resolve(self, name: str, word: Word) -> Case:
        """Carry an operator's word out, and journal it; the same word again changes nothing.

        Raises `CaseUnknown`, `CaseNotOpen`, `CaseResolvedOtherwise`, `ResolutionUnfit`, and leaves
        of `Malformed`.
        """
        check_word(word)
        kind, reference = self._parse(name)
        case = (await self._units.write(lambda c: self._resolve(c, kind, reference, word))).answer
        self._wakers.wake([reference])
        return case

    async def _resolve(
        self, connection: Connection, kind: Kind[Any], reference: str, word: Word
    ) -> Decided[Case]:
        name = resource_id(kind.resource, reference)
        resource = (await kind.lock(connection, [reference])).get(reference)
        if resource is None:
            raise CaseUnknown(name)
        life = resource.life
        if life.step != OPERATOR:
            last = await last_word(connection, name)
            if last is None:
                raise CaseNotOpen(name, life.step)
            if (last.resolution, last.operator) != (word.resolution, word.operator):
                raise CaseResolvedOtherwise(name, last.resolution)
            return Decided(_case_of(kind, resource))
        now = self._clock.now()
        decision = kind.resolve(resource, word.resolution, now)
        if decision.life is None:
            raise ResolutionUnfit(name, word.resolution, life.reason)
        moves = Moves(kind)
        after = moves.apply(resource, decision)
        await moves.store(connection)
        await journal_word(connection, name, life.stuck_at, word, now)
        log.info("case_resolved", resource_id=name, resolution=word.resolution)
        return Decided(_case_of(kind, after), moves.messages)

    def _parse(self, name: str) -> tuple[Kind[Any], str]:
        try:
            resource, reference = parse_resource_id(name)
        except ValueError:
            raise CaseUnknown(name) from None
        if resource not in self._kinds:
            raise CaseUnknown(name)
        return self._kinds[resource], reference
