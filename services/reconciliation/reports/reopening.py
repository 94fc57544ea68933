"""Opens a closed day again: one person proposes it, another one approves.

What the day was closed with stays byte for byte; its next close adds an amended report.
"""

from dataclasses import replace
from datetime import date

import structlog

from services.core.clock import Clock
from services.core.people import is_same_person
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.reconciliation.breaks.resolving import PERSON_LIMIT, TEXT_LIMIT
from services.reconciliation.reports.closing import CLOSED
from services.reconciliation.reports.refusals import (
    DayNotClosed,
    NothingProposed,
    ProposerApproves,
    ReopeningMalformed,
    ReopeningProposed,
)
from services.reconciliation.reports.store import days, reopenings
from services.reconciliation.reports.store.reopenings import Reopening

log = structlog.get_logger()


def propose(
    place: tuple[str, date], version: int, held: Reopening | None, person: str, reason: str
) -> Reopening | None:
    """What is asked for; None where this person has asked already.

    Raises `ReopeningMalformed`, `ReopeningProposed`.
    """
    _check(person, reason)
    if held is None:
        return Reopening(version, reason.strip(), person.strip())
    if not is_same_person(held.proposed_by, person):
        raise ReopeningProposed(*place, held.proposed_by)
    return None


def approve(place: tuple[str, date], held: Reopening | None, person: str) -> Reopening:
    """What is agreed to. Raises `ReopeningMalformed`, `NothingProposed`, `ProposerApproves`."""
    _check(person, "approved")
    if held is None:
        raise NothingProposed(*place)
    if is_same_person(held.proposed_by, person):
        raise ProposerApproves(*place, held.proposed_by)
    return replace(held, approved_by=person.strip())


async def propose_reopening(
    units: Units, clock: Clock, partner_id: str, day: date, person: str, reason: str
) -> None:
    """Ask for a closed day to be opened again. Raises what `propose` does, and `DayNotClosed`."""
    place = (partner_id, day)

    async def work(connection: Connection) -> Decided[None]:
        version, held = await _held(connection, place)
        asked = propose(place, version, held, person, reason)
        if asked is not None:
            await reopenings.add_reopening(connection, *place, asked, clock.now())
        return Decided(None)

    await units.write(work)


async def approve_reopening(
    units: Units, clock: Clock, partner_id: str, day: date, person: str
) -> None:
    """Open a closed day again. Raises what `approve` does, and `DayNotClosed`."""
    place = (partner_id, day)

    async def work(connection: Connection) -> Decided[Reopening]:
        _, held = await _held(connection, place)
        agreed = approve(place, held, person)
        await reopenings.open_day(connection, *place, agreed, clock.now())
        return Decided(agreed)

    agreed = (await units.write(work)).answer
    log.info(
        "day_reopened",
        partner_id=partner_id,
        day=day.isoformat(),
        proposed_by=agreed.proposed_by,
        approved_by=agreed.approved_by,
    )


async def _held(connection: Connection, place: tuple[str, date]) -> tuple[int, Reopening | None]:
    held = await days.find_day(connection, *place, lock=True)
    if held is None or held.state != CLOSED:
        raise DayNotClosed(*place)
    return held.version, await reopenings.find_reopening(connection, *place, held.version)


def _check(person: str, reason: str) -> None:
    for field, text, limit in (("operator", person, PERSON_LIMIT), ("reason", reason, TEXT_LIMIT)):
        if not text.strip() or len(text) > limit:
            raise ReopeningMalformed(field, limit)
