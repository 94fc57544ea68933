"""The tables of a copy: facts, progress per stripe, open gaps.

Every writer locks the progress rows of the stripes it touches first, in order; what it reads then
is what it decides on, so that each fact is stored once whoever brings it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.kit.facts.tracker import Gap, Progress
from services.kit.postgres import Connection

Place = tuple[str, int]
"""The service that owns a fact, and its stripe."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A message another service has sent, as it was; `event_time` is None where unreadable."""

    source: str
    stripe: int
    sequence: int
    key: str
    type: str
    payload: bytes
    event_time: datetime | None

    @property
    def place(self) -> Place:
        return self.source, self.stripe


async def lock_progress(connection: Connection, places: Iterable[Place]) -> dict[Place, Progress]:
    """What is known of the stripes, locked until the transaction ends."""
    ordered = sorted(set(places))
    sources, stripes = [source for source, _ in ordered], [stripe for _, stripe in ordered]
    rows = await connection.fetch(_LOCK, sources, stripes)
    gap_rows = await connection.fetch(_GAPS, sources, stripes)
    gaps: dict[Place, list[Gap]] = {}
    for row in gap_rows:
        gap = Gap(row["first_sequence"], row["last_sequence"], row["notice_time"])
        gaps.setdefault((row["source"], row["stripe"]), []).append(gap)
    return {
        place: Progress(row["highest_sequence"], tuple(gaps.get(place, ())))
        for row in rows
        for place in [(row["source"], row["stripe"])]
    }


_LOCK = """
SELECT p.source, p.stripe, p.highest_sequence
FROM fact_progress AS p
JOIN unnest($1::text[], $2::smallint[]) AS wanted (source, stripe) USING (source, stripe)
ORDER BY p.source, p.stripe FOR UPDATE OF p
"""
_GAPS = """
SELECT g.* FROM fact_gaps AS g
JOIN unnest($1::text[], $2::smallint[]) AS wanted (source, stripe) USING (source, stripe)
ORDER BY g.first_sequence
"""


async def drop_old_facts(connection: Connection, keep: timedelta, most: int) -> int:
    """Drop what is older than `keep` and needed no more, up to `most` of each stripe; how many. The
    function is the service's own: it knows what is needed."""
    dropped: int = await connection.fetchval("SELECT drop_old_facts($1, $2)", keep, most)
    return dropped


async def insert_facts(connection: Connection, facts: Sequence[Fact]) -> None:
    """Store facts that are new."""
    await connection.execute(
        """
        INSERT INTO facts (source, stripe, sequence, key, type, payload, event_time)
        SELECT * FROM unnest(
            $1::text[], $2::smallint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[],
            $7::timestamptz[]
        )
        """,
        [fact.source for fact in facts],
        [fact.stripe for fact in facts],
        [fact.sequence for fact in facts],
        [fact.key for fact in facts],
        [fact.type for fact in facts],
        [fact.payload for fact in facts],
        [fact.event_time for fact in facts],
    )


@dataclass(frozen=True, slots=True)
class Move:
    """How far a stripe has come, and how many facts were new."""

    place: Place
    before: Progress
    after: Progress
    fresh: int


async def write_progress(connection: Connection, moves: Sequence[Move]) -> None:
    """Store where the stripes stand; gaps that are not among `after` any more go."""
    moved = [move for move in moves if move.before != move.after]
    await connection.execute(
        """
        UPDATE fact_progress AS p
        SET highest_sequence = moved.highest, fact_count = p.fact_count + moved.fresh
        FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[])
            AS moved (source, stripe, highest, fresh)
        WHERE p.source = moved.source AND p.stripe = moved.stripe
        """,
        [move.place[0] for move in moved],
        [move.place[1] for move in moved],
        [move.after.highest for move in moved],
        [move.fresh for move in moved],
    )
    gone = [(m.place, gap) for m in moved for gap in set(m.before.gaps) - set(m.after.gaps)]
    come = [(m.place, gap) for m in moved for gap in set(m.after.gaps) - set(m.before.gaps)]
    if gone:
        await connection.execute(_DELETE_GAPS, *_gap_columns(gone)[:3])
    if come:
        await connection.execute(_INSERT_GAPS, *_gap_columns(come))


_DELETE_GAPS = """
DELETE FROM fact_gaps AS g
USING unnest($1::text[], $2::smallint[], $3::bigint[]) AS gone (source, stripe, first)
WHERE g.source = gone.source AND g.stripe = gone.stripe AND g.first_sequence = gone.first
"""
_INSERT_GAPS = """
INSERT INTO fact_gaps (source, stripe, first_sequence, last_sequence, notice_time)
SELECT source, stripe, first, last, coalesce(since, now())
FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::timestamptz[])
    AS come (source, stripe, first, last, since)
"""


def _gap_columns(gaps: Sequence[tuple[Place, Gap]]) -> list[list[object]]:
    rows = [(*place, gap.first, gap.last, gap.since) for place, gap in gaps]
    return [list(column) for column in zip(*rows, strict=True)]


@dataclass(frozen=True, slots=True)
class StripeState:
    """Where one stripe stands."""

    highest: int
    contiguous: int
    fact_count: int
    noticed: bool
    """It has a gap that was noticed at least the grace time ago."""
    gapped: bool


async def read_stripes(
    pool: asyncpg.Pool, source: str, grace: timedelta = timedelta()
) -> dict[int, StripeState]:
    """All stripes of a source."""
    rows = await pool.fetch(_STRIPES, source, grace)
    return {
        row["stripe"]: StripeState(
            row["highest_sequence"],
            row["highest_sequence"] if row["first"] is None else row["first"] - 1,
            row["fact_count"],
            bool(row["noticed"]),
            row["first"] is not None,
        )
        for row in rows
    }


_STRIPES = """
SELECT p.stripe, p.highest_sequence, p.fact_count, g.first, g.noticed
FROM fact_progress AS p
LEFT JOIN LATERAL (
    SELECT min(first_sequence) AS first, min(notice_time) <= now() - $2::interval AS noticed
    FROM fact_gaps WHERE source = p.source AND stripe = p.stripe
) AS g ON true
WHERE p.source = $1
ORDER BY p.stripe
"""
