"""Rows of both sides as people look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.kit.postgres import Connection

BANK_FORMATS = ("camt053", "zengin03", "zengin01", "bank_api")
"""Formats of files that are a bank's word, not a wallet partner's."""


@dataclass(frozen=True, slots=True)
class SideRow:
    """A row of one side: `ledger`, `partner` or `bank`. Minor units; a fee of None is not said."""

    side: str
    row: int
    reference: str
    kind: str
    minor: int
    fee: int | None
    currency: str
    state: str
    day: date
    text: str
    file_id: str
    record: int
    stripe: int
    sequence: int


async def read_rows(
    connection: Connection, ours: Sequence[int], theirs: Sequence[int]
) -> list[SideRow]:
    """These rows of ours, then these of theirs, each side in its order."""
    rows = await connection.fetch(_READ, ours, theirs, BANK_FORMATS)
    return [row_of(row) for row in rows]


def row_of(row: Mapping[str, Any]) -> SideRow:
    """The row of one of `OUR_COLUMNS` or `THEIR_COLUMNS`."""
    return SideRow(
        side=row["side"],
        row=row["row"],
        reference=row["reference"],
        kind=row["kind"],
        minor=row["minor"],
        fee=row["fee"],
        currency=row["currency"],
        state=row["state"],
        day=row["day"],
        text=row["text"],
        file_id=row["file_id"],
        record=row["record"],
        stripe=row["stripe"],
        sequence=row["sequence"],
    )


OUR_COLUMNS = """
'ledger' AS side, o.row, o.reference, o.kind, o.minor, o.fee, o.currency, o.state, o.day, o.text,
COALESCE(o.file_id, '') AS file_id, 0::bigint AS record, COALESCE(o.stripe, 0) AS stripe,
COALESCE(o.sequence, 0) AS sequence
"""
THEIR_COLUMNS = """
CASE WHEN f.format = ANY ($3) THEN 'bank' ELSE 'partner' END AS side, t.row,
COALESCE(NULLIF(t.reference, ''), t.partner_reference) AS reference, t.kind, t.minor, t.fee,
t.currency, t.state, t.day, t.text, t.file_id, t.record, 0::smallint AS stripe,
0::bigint AS sequence
"""
"""Of `told_rows AS t` with `files AS f`; `$3` are `BANK_FORMATS`."""
_READ = f"""
SELECT * FROM (
    SELECT 1 AS rank, {OUR_COLUMNS} FROM our_rows AS o WHERE o.row = ANY ($1::bigint[])
    UNION ALL
    SELECT 2, {THEIR_COLUMNS} FROM told_rows AS t JOIN files AS f USING (file_id)
    WHERE t.row = ANY ($2::bigint[])
) AS both_sides
ORDER BY rank, row
"""  # noqa: S608
