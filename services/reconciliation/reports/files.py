"""Reports as files on disk while they are made: what is large is never held in memory."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.kit.postgres import Connection
from services.reconciliation.reports.building import Built, build_report
from services.reconciliation.reports.model import About, Asked
from services.reconciliation.reports.store.closings import write_lines
from services.reconciliation.reports.store.days import DayRow
from services.reconciliation.reports.store.reopenings import find_amended
from services.reconciliation.reports.writing.formats import Source, file_name, write_report

PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A report that lies on disk."""

    path: Path
    file_name: str
    digest: bytes
    byte_count: int

    def pieces(self, size: int = PIECE_BYTES) -> Iterator[bytes]:
        """Its bytes, `size` at a time."""
        with self.path.open("rb") as file:
            while piece := file.read(size):
                yield piece


async def prepare(
    connection: Connection,
    place: tuple[str, date],
    day_row: DayRow,
    about: About,
    now: datetime,
    folder: Path,
) -> tuple[Built, Source]:
    """Read what the files of a day are written of. `place`: partner, day."""
    partner_id, day = place
    amends = await find_amended(connection, *place, day_row.version - (day_row.state == "closed"))
    built = await build_report(connection, Asked(*place, about), day_row, amends, now)
    lines = folder / "lines.csv"
    await write_lines(connection, partner_id, day, lines)
    return built, Source(built.report, lines)


async def write_file(source: Source, format_: str, folder: Path) -> Written:
    """Write one format into `folder`, off the event loop."""
    return await asyncio.to_thread(_write, source, format_, folder / format_)


def _write(source: Source, format_: str, path: Path) -> Written:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in write_report(source, format_):
            digest.update(piece)
            file.write(piece)
    report = source.report
    name = file_name(format_, report.partner_id, report.day, report.version)
    return Written(path, name, digest.digest(), path.stat().st_size)
