"""What becomes of the rows, pairs and days of a file that another one replaces."""

from collections.abc import Sequence
from datetime import date

from services.kit.postgres import Connection, allow_wide_plans
from services.reconciliation.ours.rows import OurRow
from services.reconciliation.ours.store import put_expected

BULK_SECONDS = 600.0


async def lock_replacing(connection: Connection) -> None:
    """No run stores its pairs until this transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _REPLACING)


async def hold_off_replacing(connection: Connection) -> int:
    """No file is replaced until this transaction ends; returns how many were so far.

    Call it before a day is locked.
    """
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _REPLACING)
    return await count_replaced(connection)


async def count_replaced(connection: Connection) -> int:
    """How many files were replaced so far."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM files WHERE replaced_by IS NOT NULL"
    )
    return count


async def closed_days(connection: Connection, file_id: str) -> list[tuple[str, date]]:
    """The closed days in whose reports the file's rows stand."""
    rows = await connection.fetch(_CLOSED, file_id, timeout=BULK_SECONDS)
    return [(row["partner_id"], row["day"]) for row in rows]


async def mark_replaced(connection: Connection, file_id: str, by: str) -> None:
    """From now on the other file holds."""
    await connection.execute("UPDATE files SET replaced_by = $2 WHERE file_id = $1", file_id, by)


async def replace_rows(
    connection: Connection, file_id: str, by: str, expected: Sequence[OurRow]
) -> int:
    """Put the rows of `by` in the place of those of `file_id`, whose days wait for another run.

    `expected`: what our bank is to bring because of `by`. Returns how many of them are written.
    """
    await allow_wide_plans(connection)
    await connection.execute(_OUTDATE, file_id, timeout=BULK_SECONDS)
    await connection.execute(_FORGET_OURS, file_id, timeout=BULK_SECONDS)
    await connection.execute(_MOVE, file_id, by, timeout=BULK_SECONDS)
    await connection.execute(_MOVE_ON, file_id, timeout=BULK_SECONDS)
    await connection.execute(_FORGET_THEIRS, file_id, timeout=BULK_SECONDS)
    return await put_expected(connection, expected, file_id)


_REPLACING = 7_025_002
# Days that have paired a row of the file, or of what it lets us expect, and the file's own.
_DAYS = """
SELECT partner_id, day FROM files WHERE file_id = $1
UNION
SELECT p.partner_id, p.day FROM pairs AS p JOIN their_rows AS t ON t.row = p.their_row
WHERE t.file_id = $1
UNION
SELECT p.partner_id, p.day FROM pairs AS p JOIN our_rows AS o ON o.row = p.our_row
WHERE o.file_id = $1
"""
# A late row counts in the totals of its own day too, where it came before the close.
_CLOSED = f"""
SELECT d.partner_id, d.day FROM days AS d
WHERE d.state = 'closed' AND ((d.partner_id, d.day) IN ({_DAYS}) OR EXISTS (
    SELECT FROM closings AS c JOIN their_rows AS t ON (t.partner_id, t.day) = (c.partner_id, c.day)
    WHERE (c.partner_id, c.day) = (d.partner_id, d.day) AND t.file_id = $1
        AND t.row <= c.last_their_row
))
ORDER BY d.partner_id, d.day
"""  # noqa: S608
_OUTDATE = f"UPDATE days SET outdated = true WHERE (partner_id, day) IN ({_DAYS})"  # noqa: S608
_FORGET_OURS = """
DELETE FROM pairs WHERE our_row IN (SELECT row FROM our_rows WHERE file_id = $1)
"""
# The same event is the row with the same references, the nth of them where they repeat.
_MOVE = """
WITH old AS (
    DELETE FROM their_rows WHERE file_id = $1 RETURNING *
), placed AS (
    SELECT *, row_number() OVER (
        PARTITION BY kind, reference, partner_reference ORDER BY record) AS place
    FROM old
), fresh AS (
    SELECT *, row_number() OVER (
        PARTITION BY kind, reference, partner_reference ORDER BY record) AS place
    FROM their_rows WHERE file_id = $2
)
INSERT INTO replaced_rows (row, partner_id, file_id, record, reference, partner_reference, kind,
    currency, minor, fee, state, day, bundle, text, new_row, changed)
SELECT o.row, o.partner_id, o.file_id, o.record, o.reference, o.partner_reference, o.kind,
    o.currency, o.minor, o.fee, o.state, o.day, o.bundle, o.text, n.row,
    n.row IS NULL OR (o.currency, o.minor, o.fee, o.state, o.day)
        IS DISTINCT FROM (n.currency, n.minor, n.fee, n.state, n.day)
FROM placed AS o LEFT JOIN fresh AS n USING (kind, reference, partner_reference, place)
"""
_MOVE_ON = """
UPDATE replaced_rows AS r SET new_row = m.new_row, changed = r.changed OR m.changed
FROM replaced_rows AS m WHERE m.file_id = $1 AND r.new_row = m.row
"""
_FORGET_THEIRS = """
DELETE FROM pairs WHERE their_row IN (SELECT row FROM replaced_rows WHERE file_id = $1)
"""
