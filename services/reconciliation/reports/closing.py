"""Closes a partner's day: everything is matched or explained, or it is refused by name.

A close keeps the day's reports in every format, and what stands behind their numbers, in one
transaction. No run adds to a closed day.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import structlog

from services.core.clock import Clock
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2 as events
from services.reconciliation.breaks.messages import fact
from services.reconciliation.breaks.model import State
from services.reconciliation.replacing.store import hold_off_replacing
from services.reconciliation.reports.building import AgedBreak
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.files import Written, prepare, write_file
from services.reconciliation.reports.model import About
from services.reconciliation.reports.refusals import (
    BreaksOpen,
    CopyBehind,
    DayNotRun,
    FileReplaced,
    FilesMissing,
    OperatorMissing,
    RowsCameLater,
)
from services.reconciliation.reports.store import closings, days
from services.reconciliation.reports.store.closings import KeptReport
from services.reconciliation.reports.store.days import DayRow
from services.reconciliation.reports.writing.formats import CANONICAL, FORMATS

log = structlog.get_logger()

CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed day. `digest`: of the report's JSON; `newly`: by this call."""

    digest: bytes
    newly: bool


async def close_day(
    units: Units,
    clock: Clock,
    partner_id: str,
    day: date,
    operator: str,
    expected: Expected,
) -> Closed:
    """Close a day; one that is closed stays as it was closed.

    Raises `OperatorMissing`, `DayNotRun`, `FileReplaced`, `BreaksOpen`, `FilesMissing`,
    `RowsCameLater`, `CopyBehind`.
    """
    if not operator.strip():
        raise OperatorMissing
    place = (partner_id, day)

    async def work(connection: Connection) -> Decided[Closed]:
        # Whoever replaces a file has to see that the day is closed, or the close its file replaced.
        await hold_off_replacing(connection)
        held = await days.find_day(connection, *place, lock=True)
        if held is None or not held.run_count:
            raise DayNotRun(*place)
        if held.state == CLOSED:
            kept = await closings.find_report(connection, (*place, held.version), CANONICAL)
            assert kept is not None
            return Decided(Closed(kept.digest, newly=False))
        if held.outdated:
            raise FileReplaced(*place)
        now = clock.now()
        version = held.version + 1
        await _check_files(connection, place, expected)
        await _check_rows(connection, place, expected.day_end(*place))
        about = expected.about(*place, closed_by=operator)
        closing = replace(held, state=CLOSED, version=version)
        digest = await _write_reports(connection, place, closing, about, operator, now)
        await closings.end_day(connection, *place, operator, now, digest)
        said = events.DayClosed(
            participant_id=partner_id,
            day=day.isoformat(),
            report_digest=digest.hex(),
            report_version=version,
        )
        event = events.ReconciliationEvent(day_closed=said)
        messages: list[Outgoing] = [fact(f"{partner_id}/{day}", "DayClosed", event, now)]
        return Decided(Closed(digest, newly=True), messages)

    closed = (await units.write(work)).answer
    if closed.newly:
        log.info("day_closed", partner_id=partner_id, day=day.isoformat(), operator=operator)
    return closed


async def _write_reports(
    connection: Connection,
    place: tuple[str, date],
    closing: DayRow,
    about: About,
    operator: str,
    now: datetime,
) -> bytes:
    """Keep the day's reports and what stands behind them; the digest of the canonical one. Raises
    `BreaksOpen`."""
    version = (*place, closing.version)
    with tempfile.TemporaryDirectory(prefix="kawase-report-") as name:
        folder = Path(name)
        built, source = await prepare(connection, place, closing, about, now, folder)
        _check_breaks(place, built.breaks)
        await closings.add_closing(connection, version, operator, now)
        await closings.add_closed_breaks(connection, version, built.breaks)
        for format_ in FORMATS:
            written = await write_file(source, format_, folder)
            await _keep(connection, version, format_, written)
            if format_ == CANONICAL:
                digest = written.digest
    return digest


async def _check_files(connection: Connection, place: tuple[str, date], expected: Expected) -> None:
    if not expected.gives_file(*place):
        return
    given = await closings.given_formats(connection, *place)
    wanted = expected.formats.get(place[0])
    if wanted is None:
        # A run has needed a file of the day or a later one: of a bank that is enough.
        owed = not expected.is_bank(place[0]) and await closings.has_our_rows(connection, *place)
        if not given and owed:
            raise FilesMissing(*place, ())
    elif missing := [name for name in wanted if name not in given]:
        raise FilesMissing(*place, missing)


async def _check_rows(connection: Connection, place: tuple[str, date], day_end: datetime) -> None:
    gaps, unread = await closings.count_behind(connection, day_end)
    if gaps or unread:
        raise CopyBehind(gaps, unread)
    if later := await closings.count_later_rows(connection, *place):
        raise RowsCameLater(*place, later)


def _check_breaks(place: tuple[str, date], breaks: Sequence[AgedBreak]) -> None:
    open_kinds = Counter(e.item.kind for e in breaks if e.item.state != State.RESOLVED)
    if open_kinds:
        raise BreaksOpen(*place, open_kinds)


async def _keep(
    connection: Connection, place: closings.Place, format_: str, written: Written
) -> None:
    await closings.add_report(
        connection,
        place,
        format_,
        KeptReport(written.file_name, written.digest),
        written.byte_count,
        written.pieces(),
    )
