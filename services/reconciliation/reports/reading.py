"""Gives a day's reports: of a closed day the bytes that were kept, of an open one as it is now."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from services.core.clock import Clock
from services.reconciliation.reports.closing import CLOSED
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.files import prepare, write_file
from services.reconciliation.reports.refusals import DayNotRun, FormatUnknown, VersionUnknown
from services.reconciliation.reports.store import closings, days
from services.reconciliation.reports.writing.formats import FORMATS


@dataclass(frozen=True, slots=True)
class Piece:
    """Up to a megabyte of a report. `digest`: SHA-256 of the whole, hexadecimal; it stands in the
    first piece with the name, and is empty in the others."""

    data: bytes
    file_name: str = ""
    digest: str = ""


async def read_report(
    pool: asyncpg.Pool,
    clock: Clock,
    partner_id: str,
    day: date,
    format_: str,
    version: int = 0,
    expected: Expected | None = None,
) -> AsyncIterator[Piece]:
    """The pieces of a report, at least one. `version`: of which close; 0: the latest, or as the
    day stands while it is open. Raises `FormatUnknown`, `DayNotRun`, `VersionUnknown`."""
    if format_ not in FORMATS:
        raise FormatUnknown(format_, FORMATS)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        held = await days.find_day(connection, partner_id, day)
        if held is None or not held.run_count:
            raise DayNotRun(partner_id, day)
        if not 0 <= version <= held.version:
            raise VersionUnknown(partner_id, day, version, held.version)
        if held.state == CLOSED or version:
            place = (partner_id, day, version or held.version)
            kept = await closings.find_report(connection, place, format_)
            assert kept is not None
            yield Piece(b"", kept.file_name, kept.digest.hex())
            async for data in closings.report_pieces(connection, place, format_):
                yield Piece(data)
            return
        with tempfile.TemporaryDirectory(prefix="kawase-report-") as name:
            folder = Path(name)
            about = (expected or Expected()).about(partner_id, day)
            now = clock.now()
            _, source = await prepare(connection, (partner_id, day), held, about, now, folder)
            written = await write_file(source, format_, folder)
            yield Piece(b"", written.file_name, written.digest.hex())
            for data in written.pieces():
                yield Piece(data)
