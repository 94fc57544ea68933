"""Which entries of a bank's statement are news of a resource of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.core.ids import Resource
from services.kit.postgres import Connection
from services.reconciliation.ours.rows import FEE

TOLD = (Resource.PAYOUT, Resource.TOP_UP, Resource.WITHDRAWAL, Resource.DEAL)
"""What others wait for to see on a statement."""
READ_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a statement that is matched with a resource. `minor`: more than zero."""

    resource_id: str
    partner_id: str
    entry_reference: str
    credit: bool
    minor: int
    currency: str
    book_date: date


async def new_entries(
    connection: Connection, partner_id: str, day: date, formats: Sequence[str], now: datetime
) -> list[Entry]:
    """The entries that the run of a day has matched and that nobody was told of, now noted as told.

    `formats`: those of files that are statements. Where one entry holds several resources, each
    has its own amount. The fee of a payout does not say that the payout has left.
    """
    pattern = f"^({'|'.join(TOLD)})-"
    rows = await connection.fetch(
        _NEW,
        partner_id,
        day,
        formats,
        pattern,
        now,
        FEE,
        f"{Resource.PAYOUT}-",
        timeout=READ_SECONDS,
    )
    return [Entry(row["resource_id"], partner_id, *tuple(row)[1:]) for row in rows]


# An entry keeps the name it was told under when its file is replaced; where the corrected file
# names it otherwise, the entry that is no more has told of it.
_NEW = """
WITH matched AS (
    SELECT o.resource_id,
        COALESCE(NULLIF(t.partner_reference, ''), NULLIF(t.reference, ''),
            first_told.place, t.file_id || '/' || t.record) AS entry_reference,
        t.minor > 0 AS credit,
        abs(CASE WHEN count(*) OVER (PARTITION BY t.row) > 1 THEN o.minor ELSE t.minor END)
            AS minor,
        t.currency, t.day AS book_date
    FROM pairs AS p
    JOIN our_rows AS o ON o.row = p.our_row
    JOIN their_rows AS t ON t.row = p.their_row
    JOIN files AS f ON f.file_id = t.file_id
    LEFT JOIN LATERAL (
        SELECT m.file_id || '/' || m.record AS place FROM replaced_rows AS m
        WHERE m.new_row = t.row ORDER BY m.row LIMIT 1
    ) AS first_told ON true
    WHERE (p.partner_id, p.day) = ($1, $2) AND p.rule <> '' AND f.format = ANY ($3)
        AND NOT (o.kind = $6 AND starts_with(o.resource_id, $7))
), told AS (
    INSERT INTO told_entries (resource_id, entry_reference, credit, tell_time)
    SELECT DISTINCT resource_id, entry_reference, credit, $5::timestamptz FROM matched
    WHERE resource_id ~ $4 AND NOT EXISTS (
        SELECT FROM told_entries AS e JOIN replaced_rows AS m
            ON m.partner_id = $1 AND m.new_row IS NULL AND e.entry_reference = COALESCE(
                NULLIF(m.partner_reference, ''), NULLIF(m.reference, ''),
                m.file_id || '/' || m.record)
        WHERE (e.resource_id, e.credit) = (matched.resource_id, matched.credit)
    )
    ON CONFLICT DO NOTHING
    RETURNING resource_id, entry_reference, credit
)
SELECT DISTINCT ON (resource_id, entry_reference, credit)
    resource_id, entry_reference, credit, minor, currency, book_date
FROM matched JOIN told USING (resource_id, entry_reference, credit)
ORDER BY resource_id, entry_reference, credit, book_date
"""
