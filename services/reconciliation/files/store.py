"""Files, their bytes and rows in Postgres."""

import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from typing import Any

import asyncpg

from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.upkeep import Upkeep
from services.reconciliation.files.model import StoredFile
from services.reconciliation.files.spool import piece_place

COPY_SECONDS = 600.0
# Each of up to a megabyte.
PIECES_AT_ONCE = 8
COPIED = (
    "record",
    "reference",
    "partner_reference",
    "kind",
    "currency",
    "minor",
    "fee",
    "state",
    "day",
    "bundle",
    "text",
    "partner_id",
    "file_id",
)


async def lock_imports(connection: Connection, partner_id: str) -> None:
    """Let no other file of the partner in until this transaction ends."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtext('reconciliation.files'), hashtext($1))", partner_id
    )


async def find_digest(connection: Connection, partner_id: str, digest: bytes) -> StoredFile | None:
    """The partner's file of these bytes."""
    rows = await connection.fetch(
        f"{_FILES} WHERE f.partner_id = $1 AND f.digest = $2 {_GROUP}", partner_id, digest
    )
    return _file(rows[0]) if rows else None


async def find_document(
    connection: Connection, partner_id: str, day: date, document_id: str
) -> StoredFile | None:
    """The file a document of a day has come in, and that no other has replaced."""
    rows = await connection.fetch(
        f"{_FILES} WHERE (f.partner_id, f.day, f.document_id) = ($1, $2, $3) "
        f"AND f.replaced_by IS NULL {_GROUP}",
        partner_id,
        day,
        document_id,
    )
    return _file(rows[0]) if rows else None


async def find_named(
    connection: Connection, partner_id: str, day: date, name: str
) -> StoredFile | None:
    """The partner's file of this id, or that holds for the document of this name on the day."""
    rows = await connection.fetch(
        f"{_FILES} WHERE f.partner_id = $1 AND f.file_id = $2 {_GROUP}", partner_id, name
    )
    return _file(rows[0]) if rows else await find_document(connection, partner_id, day, name)


async def copy_rows(connection: Connection, records: Iterable[tuple[Any, ...]]) -> None:
    """Rows with the columns of `COPIED`, in pieces as they come."""
    await connection.copy_records_to_table(
        "their_rows", records=records, columns=COPIED, timeout=COPY_SECONDS
    )


async def add_file(connection: Connection, file: StoredFile) -> None:
    """A file and its totals."""
    await connection.execute(
        "INSERT INTO files (file_id, digest, file_name, format, partner_id, day, byte_count, "
        "row_count, import_time, operator, document_id, replaces, series, series_number) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12, ''), $13, $14)",
        file.file_id,
        file.digest,
        file.file_name,
        file.format,
        file.partner_id,
        file.day,
        file.byte_count,
        file.row_count,
        file.import_time,
        file.operator,
        file.document_id,
        file.replaces,
        file.series,
        file.series_number,
    )
    await connection.executemany(
        "INSERT INTO file_totals (file_id, currency_code, total_minor) VALUES ($1, $2, $3)",
        [(file.file_id, *total) for total in file.totals],
    )


async def add_bytes(connection: Connection, file_id: str, number: int, data: bytes) -> None:
    """A piece of the file, compressed and sealed."""
    await connection.execute(
        "INSERT INTO file_bytes (file_id, piece, data, sealed) VALUES ($1, $2, $3, true)",
        file_id,
        number,
        data,
    )


async def read_bytes(connection: Connection, box: SecretBox, file_id: str) -> AsyncIterator[bytes]:
    """The file as it came, in pieces. Raises `SecretUnreadable`."""
    number = 0
    while True:
        row = await connection.fetchrow(
            "SELECT data, sealed FROM file_bytes WHERE (file_id, piece) = ($1, $2)", file_id, number
        )
        if row is None:
            return
        data, sealed = row
        if sealed:
            data = box.open_for(piece_place(file_id, number), data)
        yield zlib.decompress(data)
        number += 1


def bytes_sealer(pool: asyncpg.Pool, box: SecretBox) -> Upkeep:
    """Seals what was stored before files were sealed."""

    async def work(connection: Connection) -> int:
        rows = [tuple(row) for row in await connection.fetch(_UNSEALED, PIECES_AT_ONCE)]
        await connection.executemany(
            "UPDATE file_bytes SET data = $3, sealed = true WHERE (file_id, piece) = ($1, $2)",
            [
                (file_id, number, box.seal_for(piece_place(file_id, number), data))
                for file_id, number, data in rows
            ],
        )
        return len(rows)

    return Upkeep(pool, "files to seal", work)


_UNSEALED = """
SELECT file_id, piece, data FROM file_bytes WHERE NOT sealed
ORDER BY file_id, piece LIMIT $1 FOR UPDATE SKIP LOCKED
"""


async def list_files(
    connection: Connection, partner_id: str, day: date | None, after: str, limit: int
) -> Sequence[StoredFile]:
    """Files, the latest first, those before `after` (a file's id; empty: from the first)."""
    rows = await connection.fetch(
        f"{_FILES} WHERE ($1 = '' OR f.partner_id = $1) AND ($2::date IS NULL OR f.day = $2) "
        f"AND ($3 = '' OR f.file_id < $3) {_GROUP} ORDER BY f.file_id DESC LIMIT $4",
        partner_id,
        day,
        after,
        limit,
    )
    return [_file(row) for row in rows]


async def given_formats(
    connection: Connection, since: date
) -> dict[str, dict[date, frozenset[str]]]:
    """The formats of files that hold, by partner and day; of days before `since` one tells all."""
    rows = await connection.fetch(
        "SELECT partner_id, greatest(day, $1::date - 1) AS given_day, "
        "array_agg(DISTINCT format) AS formats "
        "FROM files WHERE replaced_by IS NULL GROUP BY partner_id, given_day",
        since,
    )
    found: dict[str, dict[date, frozenset[str]]] = {}
    for row in rows:
        found.setdefault(row["partner_id"], {})[row["given_day"]] = frozenset(row["formats"])
    return found


def _file(row: Any) -> StoredFile:
    fields = dict(row)
    totals = zip(fields.pop("currencies"), fields.pop("minors"), strict=True)
    return StoredFile(**fields, totals=tuple(totals))


_FILES = """
SELECT f.file_id, f.digest, f.file_name, f.format, f.partner_id, f.day, f.byte_count, f.row_count,
    f.import_time, f.operator, coalesce(f.document_id, '') AS document_id,
    coalesce(f.replaces, '') AS replaces, coalesce(f.replaced_by, '') AS replaced_by,
    coalesce(f.series, '') AS series, coalesce(f.series_number, 0) AS series_number,
    array_remove(array_agg(t.currency_code ORDER BY t.currency_code), NULL) AS currencies,
    array_remove(array_agg(t.total_minor ORDER BY t.currency_code), NULL) AS minors
FROM files AS f LEFT JOIN file_totals AS t ON t.file_id = f.file_id
"""
_GROUP = "GROUP BY f.file_id"
