"""The rows behind a number of a report, a page at a time: ours first, then theirs."""

from dataclasses import dataclass
from datetime import date

from services.kit.postgres import Connection
from services.reconciliation.breaks.store.rows import (
    BANK_FORMATS,
    OUR_COLUMNS,
    THEIR_COLUMNS,
    SideRow,
    row_of,
)
from services.reconciliation.reports.rows import Place, Question

READ_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ClosedBreak:
    """A break as a closed day's report tells it."""

    kind: str
    age_class: str
    our_row: int | None
    their_row: int | None
    currency: str


async def closed_breaks(connection: Connection, partner_id: str, day: date) -> list[ClosedBreak]:
    """The breaks a day was closed with."""
    rows = await connection.fetch(
        "SELECT kind, age_class, our_row, their_row, currency FROM closed_breaks "
        "WHERE (partner_id, day) = ($1, $2)",
        partner_id,
        day,
    )
    return [ClosedBreak(**dict(row)) for row in rows]


async def find_rows(
    connection: Connection, asked: Question, day: tuple[str, date], after: Place, limit: int
) -> list[tuple[Place, SideRow]]:
    """The rows of a figure after a place, each with its own. `day`: partner and day.

    Figures of breaks have their rows from the breaks.
    """
    rows = await connection.fetch(
        _QUERIES[asked.section],
        *day,
        BANK_FORMATS,
        asked.name,
        asked.currency,
        after.side,
        after.row,
        limit,
        timeout=READ_SECONDS,
    )
    return [(Place(row["rank"], row["row"]), row_of(row)) for row in rows]


# Of what comes after a closed day its numbers know nothing.
_OURS_LAST = """
COALESCE((SELECT last_our_row FROM closings WHERE (partner_id, day) = ($1, $2)), o.row)
"""
_THEIRS_LAST = _OURS_LAST.replace("our_row", "their_row").replace("o.row", "t.row")
_OURS = f"""
SELECT o.row FROM our_rows AS o
WHERE (o.partner_id, o.day) = ($1, $2) AND o.kind = $4 AND o.row <= {_OURS_LAST}
"""  # noqa: S608
_THEIRS = f"""
SELECT t.row FROM their_rows AS t
WHERE (t.partner_id, t.day) = ($1, $2) AND t.kind = $4 AND t.row <= {_THEIRS_LAST}
"""  # noqa: S608
_FILE = """
SELECT t.row FROM their_rows AS t JOIN files AS g USING (file_id)
WHERE (g.partner_id, g.day) = ($1, $2) AND t.file_id = $4
"""
_PAIRED = "SELECT one_row FROM pairs WHERE (partner_id, day) = ($1, $2) AND rule = $4"
_NONE = "SELECT NULL::bigint WHERE false"


def _side(rank: int, columns: str, source: str, rows: str) -> str:
    """Rows of one side, among those that `rows` selects."""
    one = "o" if rank == 1 else "t"
    return f"""
    SELECT {rank} AS rank, {columns} FROM {source}
    WHERE {one}.row IN ({rows}) AND ($5 = '' OR {one}.currency = $5)
        AND ({rank}, {one}.row) > ($6::int, $7::bigint)
    """  # noqa: S608


def _query(ours: str, theirs: str) -> str:
    """The two sides as one list. Every query names all of its parameters."""
    left = _side(1, OUR_COLUMNS, "our_rows AS o", ours)
    right = _side(2, THEIR_COLUMNS, "their_rows AS t JOIN files AS f USING (file_id)", theirs)
    return f"""
    SELECT * FROM (({left} ORDER BY o.row LIMIT $8) UNION ALL ({right} ORDER BY t.row LIMIT $8))
        AS both_sides
    WHERE ($1::text, $2::date, $4::text) IS NOT NULL ORDER BY rank, row LIMIT $8
    """  # noqa: S608


_QUERIES = {
    "ours": _query(_OURS, _NONE),
    "fx": _query(_OURS.replace("o.kind = $4", "o.kind = 'payment'"), _NONE),
    "theirs": _query(_NONE, _THEIRS),
    "files": _query(_NONE, _FILE),
    "matched": _query(
        _PAIRED.replace("one_row", "our_row"), _PAIRED.replace("one_row", "their_row")
    ),
}
