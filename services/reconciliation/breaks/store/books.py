"""Keeps breaks: their steps, notes and resolutions, set-based."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.reconciliation.breaks.messages import break_changed, correction
from services.reconciliation.breaks.model import (
    Break,
    Outcome,
    Resolution,
    ResolutionKind,
    State,
    Step,
)
from services.reconciliation.matching.rows import BreakKind

WRITE_SECONDS = 120.0
COLUMNS = """
b.*, r.number AS r_number, r.kind AS r_kind, r.proposed_by, r.propose_time, r.reason,
r.size AS r_size, r.currency AS r_currency, r.debit_account_id, r.credit_account_id,
r.amount_minor, r.fee_minor, r.link_id, r.correct_by, r.approved_by, r.outcome
"""
"""What `break_of` reads; `breaks AS b` left-joined with its resolution, `JOINED`."""
JOINED = (
    "breaks AS b LEFT JOIN resolutions AS r "
    "ON (r.break_id, r.number) = (b.break_id, b.resolution_number)"
)


async def lock_breaks(connection: Connection, break_ids: Sequence[str]) -> None:
    """Lock breaks in their order until the transaction ends.

    Read them in a later statement: one that waits for a lock takes the resolution beside the break
    as it was before, and would not see that another call has approved it.
    """
    await connection.execute(
        "SELECT FROM breaks WHERE break_id = ANY ($1::text[]) ORDER BY break_id FOR UPDATE",
        break_ids,
        timeout=WRITE_SECONDS,
    )


async def lock_break(connection: Connection, break_id: str) -> Break | None:
    """The break, locked until the transaction ends."""
    await lock_breaks(connection, [break_id])
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM {JOINED} WHERE b.break_id = $1",  # noqa: S608
        break_id,
    )
    return None if row is None else break_of(row)


async def lock_links(connection: Connection, link_ids: Sequence[str]) -> dict[str, Break]:
    """The breaks that these links of the ledger resolve, by link, locked."""
    found = await connection.fetch(
        "SELECT break_id FROM resolutions WHERE link_id = ANY ($1::text[])", link_ids
    )
    break_ids = [row["break_id"] for row in found]
    await lock_breaks(connection, break_ids)
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM {JOINED} "  # noqa: S608
        "WHERE b.break_id = ANY ($1::text[]) AND r.link_id = ANY ($2::text[])",
        break_ids,
        link_ids,
    )
    return {row["link_id"]: break_of(row) for row in rows}


async def store_steps(
    connection: Connection, steps: Sequence[Step], now: datetime
) -> list[Outgoing]:
    """Store what has happened to breaks, each once; returns the messages about it."""
    if not steps:
        return []
    fresh = [step for step in steps if step.item.note_count == 0]
    await _write(connection, _ADD, fresh)
    await _write_resolutions(connection, [s for s in steps if s.item.resolution is not None], now)
    await _write(connection, _CHANGE, [step for step in steps if step.item.note_count > 0])
    await _write_notes(connection, steps, now)
    sent = [each for step in steps if step.sends for each in _correction(_resolution(step))]
    return [*(break_changed(step.item, now) for step in steps), *sent]


async def _write(connection: Connection, statement: str, steps: Sequence[Step]) -> None:
    if not steps:
        return
    items = [step.item for step in steps]
    await connection.execute(
        statement,
        [item.break_id for item in items],
        [item.partner_id for item in items],
        [item.day for item in items],
        [item.kind for item in items],
        [item.our_row for item in items],
        [item.their_row for item in items],
        [item.size for item in items],
        [item.currency for item in items],
        [item.state for item in items],
        [item.assignee for item in items],
        [item.open_time for item in items],
        [item.update_time for item in items],
        [item.reopen_count for item in items],
        [step.item.note_count + len(step.notes) for step in steps],
        [item.resolution.number if item.resolution else None for item in items],
        [item.joined_to for item in items],
        timeout=WRITE_SECONDS,
    )


async def _write_resolutions(connection: Connection, steps: Sequence[Step], now: datetime) -> None:
    if not steps:
        return
    made = [_resolution(step) for step in steps]
    await connection.execute(
        _PUT_RESOLUTIONS,
        [step.item.break_id for step in steps],
        [one.number for one in made],
        [one.kind for one in made],
        [one.proposed_by for one in made],
        [one.propose_time for one in made],
        [one.reason for one in made],
        [one.debit_account_id for one in made],
        [one.credit_account_id for one in made],
        [one.amount_minor for one in made],
        [one.currency for one in made],
        [one.size for one in made],
        [one.link_id for one in made],
        [one.correct_by for one in made],
        [one.approved_by for one in made],
        [one.outcome for one in made],
        now,
        [one.fee_minor for one in made],
    )


async def _write_notes(connection: Connection, steps: Sequence[Step], now: datetime) -> None:
    notes = [
        (step.item.break_id, step.item.note_count + place, note)
        for step in steps
        for place, note in enumerate(step.notes, 1)
    ]
    await connection.execute(
        _ADD_NOTES,
        [break_id for break_id, _, _ in notes],
        [number for _, number, _ in notes],
        [note.person for _, _, note in notes],
        [note.what for _, _, note in notes],
        [note.text for _, _, note in notes],
        now,
        timeout=WRITE_SECONDS,
    )


def break_of(row: Mapping[str, Any]) -> Break:
    """The break of a row of `COLUMNS`."""
    return Break(
        break_id=row["break_id"],
        partner_id=row["partner_id"],
        day=row["day"],
        kind=BreakKind(row["kind"]),
        our_row=row["our_row"],
        their_row=row["their_row"],
        size=row["size"],
        currency=row["currency"],
        open_time=row["open_time"],
        update_time=row["update_time"],
        state=State(row["state"]),
        assignee=row["assignee"],
        reopen_count=row["reopen_count"],
        note_count=row["note_count"],
        resolution=_resolution_of(row),
        joined_to=row["joined_to"],
    )


def _resolution_of(row: Mapping[str, Any]) -> Resolution | None:
    if row["r_number"] is None:
        return None
    return Resolution(
        number=row["r_number"],
        kind=ResolutionKind(row["r_kind"]),
        proposed_by=row["proposed_by"],
        propose_time=row["propose_time"],
        reason=row["reason"],
        size=row["r_size"],
        currency=row["r_currency"],
        debit_account_id=row["debit_account_id"],
        credit_account_id=row["credit_account_id"],
        amount_minor=row["amount_minor"],
        fee_minor=row["fee_minor"],
        link_id=row["link_id"],
        correct_by=row["correct_by"],
        approved_by=row["approved_by"],
        outcome=Outcome(row["outcome"]),
    )


def _correction(resolution: Resolution) -> list[Outgoing]:
    return correction(
        resolution.link_id,
        resolution.debit_account_id,
        resolution.credit_account_id,
        Money(resolution.amount_minor, resolution.currency),
        Money(resolution.fee_minor, resolution.currency),
    )


def _resolution(step: Step) -> Resolution:
    assert step.item.resolution is not None
    return step.item.resolution


_ROWS = """
unnest(
    $1::text[], $2::text[], $3::date[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::int[],
    $14::int[], $15::int[], $16::text[]
)
"""
_ADD = f"""
INSERT INTO breaks (
    break_id, partner_id, day, kind, our_row, their_row, size, currency, state, assignee, open_time,
    update_time, reopen_count, note_count, resolution_number, joined_to
)
SELECT * FROM {_ROWS}
"""  # noqa: S608
_CHANGE = f"""
UPDATE breaks AS b
SET day = c.day, kind = c.kind, our_row = c.our_row, their_row = c.their_row, size = c.size,
    currency = c.currency, state = c.state, assignee = c.assignee, update_time = c.update_time,
    reopen_count = c.reopen_count, note_count = c.note_count,
    resolution_number = c.resolution_number, joined_to = c.joined_to
FROM {_ROWS} AS c (
    break_id, partner_id, day, kind, our_row, their_row, size, currency, state, assignee, open_time,
    update_time, reopen_count, note_count, resolution_number, joined_to
)
WHERE b.break_id = c.break_id
"""  # noqa: S608
_PUT_RESOLUTIONS = """
INSERT INTO resolutions (
    break_id, number, kind, proposed_by, propose_time, reason, debit_account_id, credit_account_id,
    amount_minor, currency, size, link_id, correct_by, approved_by, outcome, fee_minor, ask_time
)
SELECT *, $16::timestamptz FROM unnest(
    $1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
    $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::text[], $13::date[], $14::text[],
    $15::text[], $17::bigint[]
)
ON CONFLICT (break_id, number) DO UPDATE
SET approved_by = excluded.approved_by, outcome = excluded.outcome, ask_time = excluded.ask_time
"""
_ADD_NOTES = """
INSERT INTO break_notes (break_id, number, person, what, text, note_time)
SELECT *, $6::timestamptz
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[])
"""
