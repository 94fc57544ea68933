"""Breaks as people look at them: lists, one with its rows and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.kit.postgres import Connection
from services.reconciliation.breaks.model import Break, Note, What
from services.reconciliation.breaks.store.books import COLUMNS, JOINED, break_of
from services.reconciliation.breaks.store.rows import SideRow, read_rows


@dataclass(frozen=True, slots=True)
class Seen:
    """A break with what its rows say of it."""

    item: Break
    our_reference: str
    their_reference: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list holds; empty: all."""

    partner_id: str = ""
    day: date | None = None
    kind: str = ""
    state: str = ""
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A note with its number, from 1, and its time."""

    number: int
    note: Note
    note_time: datetime


async def list_breaks(connection: Connection, wanted: Filter, after: str, limit: int) -> list[Seen]:
    """Oldest first, by id, which is ordered by opening. What has joined another is left out."""
    rows = await connection.fetch(
        _LIST,
        wanted.partner_id,
        wanted.day,
        wanted.kind,
        wanted.state,
        wanted.assignee,
        after,
        limit,
    )
    return [_seen(row) for row in rows]


async def get_break(connection: Connection, break_id: str) -> Seen | None:
    """The break of this id."""
    row = await connection.fetchrow(_GET, break_id)
    return None if row is None else _seen(row)


async def rows_of(connection: Connection, item: Break) -> list[SideRow]:
    """Ours, then theirs."""
    ours = [] if item.our_row is None else [item.our_row]
    theirs = [] if item.their_row is None else [item.their_row]
    return await read_rows(connection, ours, theirs)


async def notes_of(connection: Connection, break_id: str) -> Sequence[KeptNote]:
    """All notes of a break, the first first."""
    rows = await connection.fetch(
        "SELECT number, person, what, text, note_time FROM break_notes WHERE break_id = $1 "
        "ORDER BY number",
        break_id,
    )
    return [
        KeptNote(
            row["number"], Note(row["person"], What(row["what"]), row["text"]), row["note_time"]
        )
        for row in rows
    ]


def _seen(row: Mapping[str, Any]) -> Seen:
    return Seen(
        break_of(row),
        row["our_reference"] or "",
        row["their_reference"] or "",
        row["resource_id"] or "",
    )


_SEEN = f"""
SELECT {COLUMNS}, o.reference AS our_reference, o.resource_id,
    COALESCE(NULLIF(t.partner_reference, ''), t.reference) AS their_reference
FROM {JOINED}
LEFT JOIN our_rows AS o ON o.row = b.our_row
LEFT JOIN told_rows AS t ON t.row = b.their_row
"""  # noqa: S608
_GET = f"{_SEEN} WHERE b.break_id = $1"
_LIST = f"""
{_SEEN}
WHERE b.joined_to = '' AND ($1 = '' OR b.partner_id = $1) AND ($2::date IS NULL OR b.day = $2)
    AND ($3 = '' OR b.kind = $3) AND ($4 = '' OR b.state = $4) AND ($5 = '' OR b.assignee = $5)
    AND b.break_id > $6
ORDER BY b.break_id LIMIT $7
"""
