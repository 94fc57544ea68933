"""The numbers of a day, summed where they lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.kit.postgres import Connection

SUM_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Total:
    """Rows of one kind and currency; `fee` is None where no row says one."""

    name: str
    currency: str
    count: int
    minor: int
    fee: int | None


@dataclass(frozen=True, slots=True)
class HeldBreak:
    """A break of a day with what its rows and its resolution say."""

    break_id: str
    kind: str
    state: str
    our_row: int | None
    their_row: int | None
    our_reference: str
    their_reference: str
    size: int
    currency: str
    assignee: str
    resolution: str
    reason: str
    day: date
    proposed_by: str
    approved_by: str
    open_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a day, and the sums of its rows by currency."""

    file_id: str
    file_name: str
    format: str
    digest: str
    row_count: int
    totals: tuple[tuple[str, int], ...]
    replaced_by: str = ""


async def our_totals(connection: Connection, partner_id: str, day: date) -> list[Total]:
    """What we say, by kind and currency."""
    return await _totals(connection, _OURS, partner_id, day)


async def their_totals(connection: Connection, partner_id: str, day: date) -> list[Total]:
    """What the partner says, by kind and currency."""
    return await _totals(connection, _THEIRS, partner_id, day)


async def matched_totals(connection: Connection, partner_id: str, day: date) -> list[Total]:
    """What the day's run has matched, by rule and currency: pairs, and the sum of our side."""
    return await _totals(connection, _MATCHED, partner_id, day)


async def broken_differences(connection: Connection, partner_id: str, day: date) -> dict[str, int]:
    """What rows of the day that stand in its breaks differ by, ours less theirs, by currency."""
    rows = await connection.fetch(_BROKEN, partner_id, day, timeout=SUM_SECONDS)
    return {row["currency"]: int(row["minor"]) for row in rows}


async def held_breaks(connection: Connection, partner_id: str, day: date) -> list[HeldBreak]:
    """The breaks the day waits for, or has waited for: its run's, and those of its rows."""
    held = await connection.fetch(_HELD, partner_id, day, timeout=SUM_SECONDS)
    ids = [row["break_id"] for row in held]
    rows = await connection.fetch(_BREAKS, ids, timeout=SUM_SECONDS)
    return [HeldBreak(**dict(row)) for row in rows]


async def kept_files(connection: Connection, partner_id: str, day: date) -> list[KeptFile]:
    """The partner's files of the day, in the order they came."""
    rows = await connection.fetch(_FILES, partner_id, day)
    return [
        KeptFile(
            row["file_id"],
            row["file_name"],
            row["format"],
            bytes(row["digest"]).hex(),
            row["row_count"],
            tuple(zip(row["currencies"], row["minors"], strict=True)),
            row["replaced_by"],
        )
        for row in rows
    ]


async def _totals(connection: Connection, query: str, partner_id: str, day: date) -> list[Total]:
    rows: Sequence[Mapping[str, Any]] = await connection.fetch(
        query, partner_id, day, timeout=SUM_SECONDS
    )
    return [
        Total(
            row["name"],
            row["currency"],
            row["rows"],
            int(row["minor"]),
            None if row["fee"] is None else int(row["fee"]),
        )
        for row in rows
    ]


_OURS = """
SELECT kind AS name, currency, count(*) AS rows, sum(minor) AS minor, sum(fee) AS fee
FROM our_rows WHERE (partner_id, day) = ($1, $2) GROUP BY kind, currency ORDER BY kind, currency
"""
_THEIRS = _OURS.replace("our_rows", "their_rows")
# One row of ours may stand in many pairs, against the rows of theirs that add up to it.
_MATCHED = """
WITH matched AS (
    SELECT rule, currency, our_row, count(*) AS pairs FROM pairs
    WHERE (partner_id, day) = ($1, $2) AND rule <> '' GROUP BY rule, currency, our_row
)
SELECT m.rule AS name, m.currency, sum(m.pairs)::bigint AS rows,
    COALESCE(sum(o.minor), 0) AS minor, sum(o.fee) AS fee
FROM matched AS m LEFT JOIN our_rows AS o ON o.row = m.our_row
GROUP BY m.rule, m.currency ORDER BY m.rule, m.currency
"""
_BROKEN = """
WITH found AS MATERIALIZED (
    SELECT our_row, their_row FROM pairs WHERE (partner_id, day) = ($1, $2) AND break_kind <> ''
)
SELECT currency, sum(minor) AS minor FROM (
    SELECT currency, minor FROM our_rows
    WHERE row IN (SELECT our_row FROM found) AND day = $2
    UNION ALL
    SELECT currency, -minor FROM their_rows
    WHERE row IN (SELECT their_row FROM found) AND day = $2
) AS sides
GROUP BY currency
"""
_HELD = """
WITH found AS MATERIALIZED (
    SELECT our_row, their_row FROM pairs WHERE (partner_id, day) = ($1, $2) AND break_kind <> ''
)
SELECT break_id FROM breaks WHERE (partner_id, day) = ($1, $2)
UNION
SELECT b.break_id FROM found JOIN breaks AS b ON b.our_row = found.our_row
JOIN our_rows AS o ON o.row = b.our_row WHERE o.day = $2
UNION
SELECT b.break_id FROM found JOIN breaks AS b ON b.their_row = found.their_row
JOIN their_rows AS t ON t.row = b.their_row WHERE t.day = $2
"""
_BREAKS = """
SELECT b.break_id, b.kind, b.state, b.our_row, b.their_row,
    COALESCE(o.reference, '') AS our_reference,
    COALESCE(NULLIF(t.partner_reference, ''), t.reference, '') AS their_reference,
    b.size, b.currency, b.assignee,
    CASE WHEN b.state <> 'resolved' THEN '' WHEN r.outcome = 'done' THEN r.kind ELSE 'matched' END
        AS resolution,
    CASE WHEN r.outcome = 'done' THEN r.reason ELSE '' END AS reason,
    b.day, COALESCE(r.proposed_by, '') AS proposed_by, COALESCE(r.approved_by, '') AS approved_by,
    b.open_time, b.update_time
FROM breaks AS b
LEFT JOIN resolutions AS r ON (r.break_id, r.number) = (b.break_id, b.resolution_number)
LEFT JOIN our_rows AS o ON o.row = b.our_row
LEFT JOIN told_rows AS t ON t.row = b.their_row
WHERE b.break_id = ANY ($1::text[]) AND b.joined_to = ''
ORDER BY b.break_id
"""
_FILES = """
SELECT f.file_id, f.file_name, f.format, f.digest, f.row_count,
    COALESCE(f.replaced_by, '') AS replaced_by,
    COALESCE(array_agg(t.currency_code ORDER BY t.currency_code)
        FILTER (WHERE t.currency_code IS NOT NULL), '{}') AS currencies,
    COALESCE(array_agg(t.total_minor ORDER BY t.currency_code)
        FILTER (WHERE t.currency_code IS NOT NULL), '{}') AS minors
FROM files AS f LEFT JOIN file_totals AS t USING (file_id)
WHERE (f.partner_id, f.day) = ($1, $2)
GROUP BY f.file_id ORDER BY f.import_time, f.file_id
"""
