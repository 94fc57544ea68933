"""The rows behind a number of a report, a page at a time: ours first, then theirs."""

from dataclasses import dataclass
from datetime import date

from services.kit.postgres import Connection
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
    """The breaks a day was closed with last."""
    rows = await connection.fetch(
        "SELECT kind, age_class, our_row, their_row, currency FROM closed_breaks "
        "WHERE (partner_id, day) = ($1, $2) AND version = ("
        "SELECT max(version) FROM closings WHERE (partner_id, day) = ($1, $2))",
        partner_id,
        day,
    )
    return [ClosedBreak(**dict(row)) for row in rows]


async def find_places(
    connection: Connection, asked: Question, day: tuple[str, date], after: Place, limit: int
) -> list[Place]:
    """The places of a figure's rows after one of them. `day`: partner and day.

    Figures of breaks have their rows from the breaks, those of FX from the ledger's facts.
    """
    places: list[Place] = []
    for side, query in enumerate(_QUERIES[asked.section], 1):
        if query is None or side < after.side:
            continue
        row = after.row if side == after.side else 0
        found = await connection.fetch(
            query,
            *(*day, asked.name, asked.currency, row, limit - len(places)),
            timeout=READ_SECONDS,
        )
        places += [Place(side, number) for (number,) in found]
    return places


# Of what comes after a closed day its numbers know nothing.
_OURS = """
SELECT row FROM our_rows
WHERE (partner_id, day) = ($1, $2) AND kind = $3 AND ($4 = '' OR currency = $4) AND row > $5
    AND row <= COALESCE(
        (SELECT last_our_row FROM closings AS c JOIN days USING (partner_id, day)
            WHERE (c.partner_id, c.day) = ($1, $2) AND state = 'closed'
            ORDER BY c.version DESC LIMIT 1), row
    )
ORDER BY row LIMIT $6
"""
_THEIRS = _OURS.replace("our_row", "their_row")
_ALL_OURS = _OURS.replace("kind = $3", "$3 = 'ours'")
_ALL_THEIRS = _THEIRS.replace("kind = $3", "$3 = 'theirs'")
_FILE = """
SELECT t.row FROM told_rows AS t JOIN files AS f USING (file_id)
WHERE (f.partner_id, f.day) = ($1, $2) AND t.file_id = $3 AND ($4 = '' OR t.currency = $4)
    AND t.row > $5
ORDER BY t.row LIMIT $6
"""
_OUR_PAIRS = """
SELECT DISTINCT our_row FROM pairs
WHERE (partner_id, day) = ($1, $2) AND rule = $3 AND ($4 = '' OR currency = $4) AND our_row > $5
ORDER BY our_row LIMIT $6
"""
_THEIR_PAIRS = _OUR_PAIRS.replace("our_row", "their_row")
# Our side, then theirs.
_QUERIES: dict[str, tuple[str | None, str | None]] = {
    "ours": (_OURS, None),
    "net": (_ALL_OURS, _ALL_THEIRS),
    "theirs": (None, _THEIRS),
    "files": (None, _FILE),
    "matched": (_OUR_PAIRS, _THEIR_PAIRS),
}
