"""A day in the tables: which rows a run takes, what it has decided, how it stands.

A run of a day takes the rows of both sides that no other day has matched, up to the day after it:
what lies in tomorrow for one side may be today for the other. With them come rows matched on
another day whose reference a fresh row of the partner repeats, so that a repeat is seen as one.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import asyncpg

from services.kit.postgres import Connection, allow_wide_plans
from services.reconciliation.matching.rows import STORED_COLUMNS, BreakKind

AHEAD = timedelta(days=1)
# What has not been matched for so long is not looked at again; its breaks stay.
HORIZON = timedelta(days=90)
BULK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Day:
    """A partner's day as it stands."""

    partner_id: str
    day: date
    state: str = "open"
    run_count: int = 0
    engine: str = ""
    closed_by: str = ""
    outdated: bool = False
    """A file was replaced since the last run."""
    report_version: int = 0
    """How often it was closed."""
    reopening_proposed_by: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run has left in the tables."""

    our_rows: int
    their_rows: int
    matches_by_rule: dict[str, int]
    breaks_by_kind: dict[str, int]
    open_breaks: int


async def find_day(connection: Connection, partner_id: str, day: date) -> Day:
    """The day; as new where it has not been run."""
    row = await connection.fetchrow(_DAY, partner_id, day)
    return Day(partner_id, day) if row is None else Day(**dict(row))


async def lock_runs(connection: Connection, partner_id: str) -> bool:
    """No other run of the partner stores anything until this transaction ends; False where one is
    storing."""
    locked: bool = await connection.fetchval(
        "SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2))", partner_id, _RUNNING
    )
    return locked


async def count_runs(connection: Connection, partner_id: str) -> int:
    """How often days of the partner were run so far."""
    count: int = await connection.fetchval(
        "SELECT COALESCE(sum(run_count), 0)::bigint FROM days WHERE partner_id = $1", partner_id
    )
    return count


async def has_file_since(connection: Connection, partner_id: str, day: date) -> bool:
    """Whether the partner has given a file of the day or a later one."""
    found = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM files WHERE partner_id = $1 AND day >= $2)", partner_id, day
    )
    return bool(found)


async def write_sides(
    connection: Connection, partner_id: str, day: date, ours: Path, theirs: Path
) -> None:
    """Both sides of a run as CSV, as one moment of the tables has them."""
    span = (partner_id, day - HORIZON, day + AHEAD, day)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await allow_wide_plans(connection)
        for query, path in ((_OURS, ours), (_THEIRS, theirs)):
            await connection.copy_from_query(
                query, *span, output=path, format="csv", timeout=BULK_SECONDS
            )


async def begin_run(connection: Connection, before: Day, engine: str, now: datetime) -> bool:
    """Count the run; False where another one or a close came between."""
    await connection.execute(
        "INSERT INTO days (partner_id, day, state) VALUES ($1, $2, 'open') "
        "ON CONFLICT (partner_id, day) DO NOTHING",
        before.partner_id,
        before.day,
    )
    status = await connection.execute(
        "UPDATE days SET run_count = run_count + 1, run_time = $4, engine = $5, outdated = false "
        "WHERE (partner_id, day) = ($1, $2) AND state = 'open' AND run_count = $3",
        before.partner_id,
        before.day,
        before.run_count,
        now,
        engine,
    )
    return bool(status == "UPDATE 1")


async def replace_pairs(
    connection: asyncpg.Connection, partner_id: str, day: date, pairs: Path
) -> None:
    """Store what a run has decided in place of what an earlier run of the day had.

    What belongs to another day is left out: pairs of rows that day has matched, and rows that are
    not due yet. A row that a person has vouched for is matched though nothing shows it.
    """
    await allow_wide_plans(connection)
    await connection.execute(
        "DELETE FROM pairs WHERE (partner_id, day) = ($1, $2)", partner_id, day
    )
    await connection.copy_to_table(
        "pairs", source=pairs, columns=STORED_COLUMNS, format="csv", timeout=BULK_SECONDS
    )
    await connection.execute(_DROP_OTHERS, partner_id, day, timeout=BULK_SECONDS)
    await connection.execute(_DROP_AHEAD, partner_id, day, timeout=BULK_SECONDS)
    missing = str(BreakKind.MISSING_AT_PARTNER)
    await connection.execute(_VOUCHED, partner_id, day, missing, timeout=BULK_SECONDS)


async def count_day(connection: Connection, partner_id: str, day: date) -> Counts:
    """What the last run of the day has left."""
    groups = await connection.fetch(_GROUPS, partner_id, day)
    sides = await connection.fetchrow(_SIDES, partner_id, day)
    return Counts(
        sides["ours"],
        sides["theirs"],
        {row["rule"]: row["pairs"] for row in groups if row["rule"]},
        {row["break_kind"]: row["pairs"] for row in groups if row["break_kind"]},
        sides["open_breaks"],
    )


_RUNNING = 7_025_003
_DAY = """
SELECT d.partner_id, d.day, d.state, d.run_count, d.engine, d.closed_by, d.outdated,
    COALESCE(c.version, 0) AS report_version,
    COALESCE(r.proposed_by, '') AS reopening_proposed_by
FROM days AS d
LEFT JOIN LATERAL (
    SELECT max(version) AS version FROM closings AS c
    WHERE (c.partner_id, c.day) = (d.partner_id, d.day)
) AS c ON true
LEFT JOIN reopenings AS r
    ON (r.partner_id, r.day, r.version) = (d.partner_id, d.day, c.version) AND r.approved_by = ''
WHERE (d.partner_id, d.day) = ($1, $2)
"""
# A side of a run; `our` and `their` take the place of `one`. `by-hand` is no rule, nor can one have
# this name: a person has seen what no file shows; a later file still may.
_SIDE = """
WITH fresh AS (
    SELECT t.reference, t.kind FROM their_rows AS t
    WHERE t.partner_id = $1 AND t.day BETWEEN $2 AND $3 AND NOT EXISTS (
        SELECT FROM pairs AS p WHERE p.their_row = t.row AND p.rule <> '' AND p.day <> $4
    )
), repeated AS (SELECT DISTINCT reference, kind FROM fresh WHERE reference <> '')
SELECT side.row, side.reference, side.partner_reference, side.kind, side.currency, side.minor,
    side.fee, side.state, side.day, side.bundle, side.text
FROM one_rows AS side
WHERE side.partner_id = $1 AND side.day BETWEEN $2 AND $3 AND (
    NOT EXISTS (
        SELECT FROM pairs AS p
        WHERE p.one_row = side.row AND p.rule NOT IN ('', 'by-hand') AND p.day <> $4
    )
    OR (side.reference, side.kind) IN (SELECT reference, kind FROM repeated)
)
"""
_OURS, _THEIRS = (_SIDE.replace("one_row", f"{side}_row") for side in ("our", "their"))
_VOUCHED = """
WITH vouched AS (
    DELETE FROM pairs AS p USING our_rows AS o
    WHERE o.partner_id = $1 AND o.by_hand AND p.our_row = o.row
        AND (p.partner_id, p.day, p.break_kind) = ($1, $2, $3)
    RETURNING p.*
)
INSERT INTO pairs
SELECT partner_id, day, our_row, their_row, 'by-hand', '', 0, currency FROM vouched
"""
_DROP_OTHERS = """
DELETE FROM pairs AS pair
WHERE (pair.partner_id, pair.day) = ($1, $2)
    AND (pair.our_row IS NULL OR EXISTS (
        SELECT FROM pairs AS p
        WHERE p.our_row = pair.our_row AND p.rule <> '' AND p.day <> pair.day
    ))
    AND (pair.their_row IS NULL OR EXISTS (
        SELECT FROM pairs AS p
        WHERE p.their_row = pair.their_row AND p.rule <> '' AND p.day <> pair.day
    ))
"""
# Of two rows that cancel each other out the second may be of tomorrow: it stays with the first.
_DROP_AHEAD = """
DELETE FROM pairs AS pair
WHERE (pair.partner_id, pair.day) = ($1, $2)
    AND NOT EXISTS (SELECT FROM our_rows AS o WHERE o.row = pair.our_row AND o.day <= $2)
    AND NOT EXISTS (SELECT FROM their_rows AS t WHERE t.row = pair.their_row AND t.day <= $2)
    AND NOT (pair.rule <> '' AND (pair.our_row IS NULL OR pair.their_row IS NULL) AND EXISTS (
        SELECT FROM pairs AS other
        LEFT JOIN our_rows AS o ON o.row = pair.our_row
        LEFT JOIN our_rows AS other_o ON other_o.row = other.our_row
        LEFT JOIN their_rows AS t ON t.row = pair.their_row
        LEFT JOIN their_rows AS other_t ON other_t.row = other.their_row
        WHERE (other.partner_id, other.day, other.rule) = ($1, $2, pair.rule) AND (
            (other.our_row IS NULL AND other_t.reference = t.reference AND other_t.day <= $2)
            OR (other.their_row IS NULL AND other_o.reference = o.reference AND other_o.day <= $2)
        )
    ))
"""
_GROUPS = """
SELECT rule, break_kind, count(*) AS pairs FROM pairs WHERE (partner_id, day) = ($1, $2)
GROUP BY rule, break_kind ORDER BY rule, break_kind
"""
_SIDES = """
SELECT
    (SELECT count(*) FROM our_rows WHERE (partner_id, day) = ($1, $2)) AS ours,
    (SELECT count(*) FROM their_rows WHERE (partner_id, day) = ($1, $2)) AS theirs,
    (SELECT count(*) FROM breaks WHERE (partner_id, day) = ($1, $2) AND state <> 'resolved')
        AS open_breaks
"""
