"""Writes two sides as Parquet, and what was planted into theirs. By seed, so a run can be repeated.

Of every 10,000 rows, 100 of each kind of break; 20 agree only by their text, 50 stand in bundles of
ten; fees of every other row differ by one, and days by one in every third, as files of partners do.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from services.reconciliation.matching.rows import BreakKind

PARTS = 10_000
PER_KIND = 100
BY_TEXT = 20
BUNDLED = 50
BUNDLE = 10
# An extra row of theirs has the number of ours, times this, plus its kind's own.
SLOTS = 10

_BANDS = (
    BreakKind.MISSING_AT_PARTNER,
    BreakKind.MISSING_WITH_US,
    BreakKind.AMOUNT,
    BreakKind.FEE,
    BreakKind.CURRENCY,
    BreakKind.STATE,
    BreakKind.DUPLICATE,
    BreakKind.LATE,
    BreakKind.UNIDENTIFIED_CREDIT,
)


@dataclass(frozen=True, slots=True)
class Planted:
    """The files of a bench: both sides, and the breaks to be found."""

    ours: Path
    theirs: Path
    breaks: Path
    count: int


def plant(folder: Path, rows: int, seed: int) -> Planted:
    """Write `rows` rows of ours, and theirs with the breaks."""
    folder.mkdir(parents=True, exist_ok=True)
    planted = Planted(
        folder / "ours.parquet", folder / "theirs.parquet", folder / "planted.parquet", 0
    )
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET memory_limit = '2500MB'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(_MACROS.format(seed=seed))
    connection.execute(f"COPY ({_OURS.format(rows=rows)}) TO '{planted.ours}'")
    connection.execute(f"COPY ({_theirs(rows)}) TO '{planted.theirs}'")
    connection.execute(f"COPY ({_breaks(rows)}) TO '{planted.breaks}'")
    counted = connection.execute(f"SELECT count(*) FROM '{planted.breaks}'").fetchone()
    connection.close()
    assert counted is not None
    return Planted(planted.ours, planted.theirs, planted.breaks, int(counted[0]))


# A band is chosen per row; bundles take whole tens, so theirs is chosen per ten.
_MACROS = f"""
CREATE MACRO part(i) AS (hash(i, {{seed}}) % {PARTS})::int;
CREATE MACRO bundled(i) AS (hash(i // {BUNDLE}, {{seed}}, 'bundle') % {PARTS})::int < {BUNDLED};
CREATE MACRO named(i) AS 'payment-'
    || to_base((hash(i, {{seed}}, 'a') % 4611686018427387904::ubigint)::bigint, 32, 13)
    || to_base(i, 32, 13) || '-deliver';
CREATE MACRO band(i) AS CASE WHEN bundled(i) THEN -1 ELSE part(i) // {PER_KIND} END;
CREATE MACRO by_text(i) AS NOT bundled(i) AND part(i) BETWEEN 9000 AND 9000 + {BY_TEXT} - 1;
CREATE MACRO price(i) AS (100 + hash(i, {{seed}}, 'b') % 1000000)::bigint;
CREATE MACRO shop(i) AS 'shop ' || (hash(i, {{seed}}, 'c') % 100000)::varchar;
CREATE MACRO noted(i) AS CASE WHEN by_text(i) THEN 'for ' || named(i) ELSE shop(i) END;
"""
_OURS = """
SELECT i::bigint AS row, named(i) AS reference, '' AS partner_reference, 'payment' AS kind,
    'JPY' AS currency, price(i) AS minor, price(i) // 100 AS fee, 'completed' AS state,
    date '2026-11-20' AS day,
    CASE WHEN bundled(i) THEN 'bulk-' || (i // 10)::varchar ELSE '' END AS bundle, shop(i) AS text
FROM range({rows}) AS numbers (i)
"""


def _theirs(rows: int) -> str:
    band = {kind: number for number, kind in enumerate(_BANDS)}
    row = f"""
SELECT (i * {SLOTS})::bigint AS row,
    CASE WHEN by_text(i) THEN '' ELSE named(i) END AS reference,
    'P' || i::varchar AS partner_reference, 'payment' AS kind,
    CASE WHEN band(i) = {band[BreakKind.CURRENCY]} THEN 'USD' ELSE 'JPY' END AS currency,
    price(i) + CASE WHEN band(i) = {band[BreakKind.AMOUNT]} THEN 1 + i % 500 ELSE 0 END AS minor,
    price(i) // 100 + CASE WHEN band(i) = {band[BreakKind.FEE]} THEN 5 ELSE i % 2 END AS fee,
    CASE WHEN band(i) = {band[BreakKind.STATE]} THEN 'reversed' ELSE 'completed' END AS state,
    date '2026-11-20'
        + CASE WHEN band(i) = {band[BreakKind.LATE]} THEN 5 WHEN i % 3 = 0 THEN 1 ELSE 0 END AS day,
    '' AS bundle, noted(i) AS text
FROM range({rows}) AS numbers (i)
WHERE NOT bundled(i) AND band(i) <> {band[BreakKind.MISSING_AT_PARTNER]}"""
    copied = "reference, partner_reference, kind, currency, minor, fee, state, day, bundle, text"
    return f"""
WITH rows AS ({row})
SELECT row, {copied} FROM rows
UNION ALL SELECT row + 1, {copied} FROM rows
WHERE band(row // {SLOTS}) = {band[BreakKind.DUPLICATE]}
UNION ALL SELECT row + 2, 'X' || reference, 'X' || partner_reference, kind, currency, minor, fee,
    state, day, bundle, 'extra ' || row::varchar FROM rows
WHERE band(row // {SLOTS}) = {band[BreakKind.MISSING_WITH_US]}
UNION ALL SELECT row + 3, '', '', 'credit', currency, minor, NULL, '', day, '',
    'transfer from nobody ' || row::varchar FROM rows
WHERE band(row // {SLOTS}) = {band[BreakKind.UNIDENTIFIED_CREDIT]}
UNION ALL SELECT any_value(i // {BUNDLE}) * {BUNDLE * SLOTS} + 4,
    'bulk-' || (i // {BUNDLE})::varchar, '', 'credit', 'JPY', sum(price(i))::bigint, NULL, '',
    date '2026-11-22', '', 'bulk' FROM range({rows}) AS numbers (i) WHERE bundled(i)
GROUP BY i // {BUNDLE}
"""


def _breaks(rows: int) -> str:
    selects = [
        f"SELECT '{kind}' AS break_kind, {_place(kind)} FROM range({rows}) AS numbers (i) "
        f"WHERE band(i) = {number}"
        for number, kind in enumerate(_BANDS)
    ]
    return "\nUNION ALL ".join(selects)


def _place(kind: BreakKind) -> str:
    """Which rows a break of this kind names."""
    theirs = {
        BreakKind.DUPLICATE: 1,
        BreakKind.MISSING_WITH_US: 2,
        BreakKind.UNIDENTIFIED_CREDIT: 3,
    }
    if kind in theirs:
        return f"NULL::bigint AS our_row, (i * {SLOTS} + {theirs[kind]})::bigint AS their_row"
    their = "NULL" if kind is BreakKind.MISSING_AT_PARTNER else f"i * {SLOTS}"
    return f"i::bigint AS our_row, ({their})::bigint AS their_row"
