"""What a run of a day does to the breaks of its partner."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.reconciliation.breaks.carrying import carry
from services.reconciliation.breaks.following import GONE, WITHDRAWN, Known, Run, follow
from services.reconciliation.breaks.model import MOVES_MONEY, FoundBreak
from services.reconciliation.breaks.store.books import (
    COLUMNS,
    JOINED,
    break_of,
    lock_breaks,
    store_steps,
)
from services.reconciliation.matching.rows import BreakKind
from services.reconciliation.ours.store import list_unbooked, still_unbooked

READ_SECONDS = 120.0
# What the ledger has just said may not be read yet.
UNDER_WAY = timedelta(minutes=1)
MONEY = "{" + ",".join(sorted(MOVES_MONEY)) + "}"


async def put_breaks(
    connection: Connection, partner_id: str, day: date, now: datetime
) -> Sequence[Outgoing]:
    """Follow the pairs of a day that has just been run, in their transaction.

    What is found is opened, or goes on; what is matched by now is resolved; what contradicts a
    resolution opens it again. The same pairs again change nothing. Returns the facts about it.
    """
    # Runs of two days of a partner may see the same rows: one after the other.
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))", partner_id, _FOLLOWING
    )
    run = Run(partner_id, day, now)
    messages = await _carry(connection, run)
    found = await connection.fetch(_FOUND, partner_id, day, timeout=READ_SECONDS)
    finds = [FoundBreak(BreakKind(row["break_kind"]), *tuple(row)[1:]) for row in found]
    finds += [
        FoundBreak(BreakKind.UNBOOKED, row, None, minor, currency)
        for row, minor, currency in await list_unbooked(
            connection, partner_id, day, now - UNDER_WAY
        )
    ]
    # In two steps: nobody has counted these tables since, and a join of so many would be planned as
    # one of a few.
    held = await connection.fetch(
        _HELD,
        partner_id,
        [find.our_row for find in finds],
        [find.their_row for find in finds],
        now.date(),
        day,
        timeout=READ_SECONDS,
    )
    known = await _known(connection, [row["break_id"] for row in held])
    steps = follow(run, finds, known)
    return [*messages, *await store_steps(connection, steps, now)]


async def _carry(connection: Connection, run: Run) -> list[Outgoing]:
    """Have breaks follow their rows into the files that have replaced theirs."""
    seen = await connection.fetch(_MOVED, run.partner_id, None, timeout=READ_SECONDS)
    if not seen:
        return []
    break_ids = [row["break_id"] for row in seen]
    await lock_breaks(connection, break_ids)
    moved = await connection.fetch(_MOVED, run.partner_id, break_ids, timeout=READ_SECONDS)
    carried = [carry(run, break_of(row), row["new_row"], row["changed"]) for row in moved]
    return await store_steps(connection, carried, run.now)


async def ended_among(connection: Connection, break_ids: Sequence[str]) -> set[str]:
    """Which of these breaks, whose rows are locked, no run would find any more."""
    known = await _known(connection, break_ids)
    return {each.item.break_id for each in known if each.matched_by}


async def _known(connection: Connection, break_ids: Sequence[str]) -> list[Known]:
    """Breaks as they stand, locked. What is not booked was matched before: only the ledger's
    posting ends such a break."""
    await lock_breaks(connection, break_ids)
    found = await connection.fetch(_KNOWN, break_ids, timeout=READ_SECONDS)
    known = [Known(break_of(row), row["matched_by"] or "") for row in found]
    rows = [
        each.item.our_row
        for each in known
        if each.item.kind is BreakKind.UNBOOKED and each.item.our_row is not None
    ]
    open_still = await still_unbooked(connection, rows) if rows else set()
    return [
        replace(each, matched_by="")
        if each.item.kind is BreakKind.UNBOOKED and each.item.our_row in open_still
        else each
        for each in known
    ]


_FOLLOWING = 7_025_001
_FOUND = """
SELECT break_kind, our_row, their_row, size, currency FROM pairs
WHERE (partner_id, day) = ($1, $2) AND break_kind <> ''
ORDER BY our_row NULLS LAST, their_row
"""
_HELD = """
SELECT break_id FROM breaks WHERE partner_id = $1 AND state <> 'resolved'
UNION
SELECT break_id FROM breaks WHERE our_row = ANY ($2::bigint[])
UNION
SELECT break_id FROM breaks WHERE their_row = ANY ($3::bigint[])
UNION
SELECT b.break_id FROM resolutions AS r
JOIN breaks AS b ON (b.break_id, b.resolution_number) = (r.break_id, r.number)
WHERE r.correct_by < $4 AND b.partner_id = $1
UNION
SELECT b.break_id FROM resolutions AS r
JOIN breaks AS b ON (b.break_id, b.resolution_number) = (r.break_id, r.number)
WHERE r.outcome = 'done' AND r.link_id <> '' AND b.partner_id = $1 AND b.state = 'resolved' AND (
    EXISTS (SELECT FROM pairs AS p WHERE p.our_row = b.our_row AND p.day = $5 AND p.rule <> '')
    OR EXISTS (SELECT FROM pairs AS p
        WHERE p.their_row = b.their_row AND p.day = $5 AND p.rule <> '')
    OR (b.our_row IS NOT NULL AND NOT EXISTS (SELECT FROM our_rows AS o WHERE o.row = b.our_row))
)
"""
# Without a row in the new file a break ends as it is not found, but where money has moved for it:
# that is looked at once.
_MOVED = f"""
SELECT {COLUMNS}, m.new_row, m.changed FROM {JOINED}
JOIN replaced_rows AS m ON m.row = b.their_row
JOIN files AS n ON n.replaces = m.file_id
WHERE b.partner_id = $1 AND b.joined_to = '' AND ($2::text[] IS NULL OR b.break_id = ANY ($2))
    AND (
        m.new_row IS NOT NULL
        OR (b.state = 'resolved' AND r.outcome = 'done' AND r.kind = ANY ('{MONEY}'::text[])
            AND NOT EXISTS (SELECT FROM break_notes AS t WHERE t.break_id = b.break_id
                AND t.what = 'reopened' AND t.note_time > n.import_time))
    )
ORDER BY b.break_id
"""  # noqa: S608
# `matched_by` is null unless every row of the break is matched, on whatever day, or gone.
_KNOWN = f"""
SELECT {COLUMNS}, CASE
    WHEN b.our_row IS NULL THEN theirs.rule
    WHEN b.their_row IS NULL OR theirs.rule IS NOT NULL THEN ours.rule
END AS matched_by
FROM {JOINED}
LEFT JOIN LATERAL (
    SELECT COALESCE(
        (SELECT min(p.rule) FROM pairs AS p WHERE p.our_row = b.our_row AND p.rule <> ''),
        (SELECT '{GONE}' WHERE NOT EXISTS (SELECT FROM our_rows AS o WHERE o.row = b.our_row))
    ) AS rule
) AS ours ON true
LEFT JOIN LATERAL (
    SELECT COALESCE(
        (SELECT min(p.rule) FROM pairs AS p WHERE p.their_row = b.their_row AND p.rule <> ''),
        (SELECT '{WITHDRAWN}' FROM replaced_rows AS m WHERE m.row = b.their_row)
    ) AS rule
) AS theirs ON true
WHERE b.break_id = ANY ($1::text[]) AND b.joined_to = ''
ORDER BY b.break_id
"""  # noqa: S608
