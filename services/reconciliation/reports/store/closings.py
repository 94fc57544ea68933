"""What closes a day, and what it is closed with."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.kit.postgres import Connection
from services.reconciliation.reports.building import AgedBreak
from services.reconciliation.reports.writing.settlement import KINDS

Place = tuple[str, date, int]
"""Partner, day, and which of its closes, from 1."""
BULK_SECONDS = 600.0
READ_SOURCES = ("bridge", "settlement", "wallet")
"""Whose facts our rows follow from."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A file of a closed day."""

    file_name: str
    digest: bytes


async def count_later_rows(connection: Connection, partner_id: str, day: date) -> int:
    """Rows of the day that no run has decided."""
    count: int = await connection.fetchval(_LATER, partner_id, day, timeout=BULK_SECONDS)
    return count


async def count_behind(connection: Connection, until: datetime) -> tuple[int, int]:
    """Gaps in the copy of the facts, and facts from before `until` that are not read yet."""
    row = await connection.fetchrow(_BEHIND, until, READ_SOURCES, timeout=BULK_SECONDS)
    return row["gaps"], row["unread"]


async def given_formats(connection: Connection, partner_id: str, day: date) -> set[str]:
    """The formats of the files the partner has given for the day."""
    rows = await connection.fetch(
        "SELECT DISTINCT format FROM files "
        "WHERE (partner_id, day) = ($1, $2) AND replaced_by IS NULL",
        partner_id,
        day,
    )
    return {row["format"] for row in rows}


async def has_our_rows(connection: Connection, partner_id: str, day: date) -> bool:
    """Whether we have booked anything on the day."""
    found = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM our_rows WHERE (partner_id, day) = ($1, $2))", partner_id, day
    )
    return bool(found)


async def write_lines(connection: Connection, partner_id: str, day: date, path: Path) -> None:
    """The lines of the day's settlement as a CSV of `settlement.LINE_COLUMNS`."""
    await connection.copy_from_query(
        _LINES, partner_id, day, list(KINDS), output=path, format="csv", timeout=BULK_SECONDS
    )


async def add_closing(connection: Connection, place: Place, operator: str, now: datetime) -> None:
    """The day is closed. Its reports follow in the same transaction."""
    await connection.execute(_ADD_CLOSING, *place, operator, now)


async def end_day(
    connection: Connection, partner_id: str, day: date, operator: str, now: datetime, digest: bytes
) -> None:
    """Nothing is added to the day from now on."""
    await connection.execute(
        "UPDATE days SET state = 'closed', closed_by = $3, close_time = $4, report_digest = $5 "
        "WHERE (partner_id, day) = ($1, $2)",
        *(partner_id, day, operator, now, digest),
    )


async def add_closed_breaks(
    connection: Connection, place: Place, breaks: Sequence[AgedBreak]
) -> None:
    """Keep what the report says of breaks."""
    await connection.execute(
        _ADD_BREAKS,
        *place,
        [each.item.break_id for each in breaks],
        [each.item.kind for each in breaks],
        [each.age_class for each in breaks],
        [each.item.our_row for each in breaks],
        [each.item.their_row for each in breaks],
        [each.item.size for each in breaks],
        [each.item.currency for each in breaks],
    )


async def add_report(
    connection: Connection,
    place: Place,
    format_: str,
    kept: KeptReport,
    byte_count: int,
    pieces: Iterator[bytes],
) -> None:
    """Keep a file."""
    await connection.execute(
        "INSERT INTO reports (partner_id, day, version, format, file_name, digest, byte_count) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(*place, format_, kept.file_name, kept.digest, byte_count),
    )
    for number, piece in enumerate(pieces):
        await connection.execute(
            "INSERT INTO report_pieces (partner_id, day, version, format, piece, data) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            *(*place, format_, number, await asyncio.to_thread(zlib.compress, piece)),
        )


async def find_report(connection: Connection, place: Place, format_: str) -> KeptReport | None:
    """A kept file's name and digest."""
    row = await connection.fetchrow(
        "SELECT file_name, digest FROM reports "
        "WHERE (partner_id, day, version, format) = ($1, $2, $3, $4)",
        *(*place, format_),
    )
    return None if row is None else KeptReport(row["file_name"], bytes(row["digest"]))


async def report_pieces(connection: Connection, place: Place, format_: str) -> AsyncIterator[bytes]:
    """A kept file's bytes. Call it in a transaction."""
    rows = connection.cursor(
        "SELECT data FROM report_pieces "
        "WHERE (partner_id, day, version, format) = ($1, $2, $3, $4) ORDER BY piece",
        *(*place, format_),
        prefetch=4,
    )
    async for (data,) in rows:
        yield zlib.decompress(data)


_LATER = """
SELECT (
    SELECT count(*) FROM our_rows AS o WHERE (o.partner_id, o.day) = ($1, $2)
        AND NOT EXISTS (SELECT FROM pairs AS p WHERE p.our_row = o.row)
) + (
    SELECT count(*) FROM their_rows AS t WHERE (t.partner_id, t.day) = ($1, $2)
        AND NOT EXISTS (SELECT FROM pairs AS p WHERE p.their_row = t.row)
)
"""
_BEHIND = """
SELECT (SELECT count(*) FROM fact_gaps) AS gaps, (
    SELECT count(*) FROM projected AS p
    JOIN facts AS f ON f.source = p.source AND f.stripe = p.stripe AND f.sequence > p.sequence
    WHERE f.event_time < $1 AND p.source = ANY ($2)
) AS unread
"""
_LINES = """
SELECT kind, reference, partner_reference, currency, minor, fee FROM our_rows
WHERE partner_id = $1 AND day = $2 AND kind = ANY ($3) ORDER BY kind, row
"""
_ADD_CLOSING = """
INSERT INTO closings (
    partner_id, day, version, operator, close_time, last_our_row, last_their_row
)
SELECT $1, $2, $3, $4, $5,
    COALESCE((SELECT max(row) FROM our_rows WHERE (partner_id, day) = ($1, $2)), 0),
    COALESCE((SELECT max(row) FROM their_rows WHERE (partner_id, day) = ($1, $2)), 0)
"""
_ADD_BREAKS = """
INSERT INTO closed_breaks (
    partner_id, day, version, break_id, kind, age_class, our_row, their_row, size, currency
)
SELECT $1, $2, $3, * FROM unnest(
    $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[]
)
"""
