"""Our side in Postgres: what facts say of charges, and the rows that follow."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from services.kit.postgres import Connection
from services.reconciliation.ours.rows import CREDIT, ChargeSaid, OurRow, RefundSaid

READ_SECONDS = 120.0


async def merge_charges(connection: Connection, charges: Sequence[ChargeSaid]) -> None:
    """Add what is said of charges, each once in `charges`; a time that is known stays the first."""
    await connection.execute(_MERGE, *_columns(charges, len(_CHARGE_TYPES)))


async def add_refunds(connection: Connection, refunds: Iterable[RefundSaid]) -> None:
    """Add refunds; one that is known stays as it is."""
    await connection.execute(_ADD_REFUNDS, *_columns([_refund_tuple(each) for each in refunds], 6))


async def read_charges(
    connection: Connection, charge_ids: Sequence[str]
) -> tuple[dict[str, ChargeSaid], list[RefundSaid]]:
    """Charges by id, and the refunds of all of them."""
    charges = await connection.fetch(_READ, charge_ids)
    refunds = await connection.fetch(
        "SELECT refund_id, charge_id, resource_id, minor, partner_reference, accept_time "
        "FROM charge_refunds WHERE charge_id = ANY ($1::text[])",
        charge_ids,
    )
    return (
        {row["charge_id"]: ChargeSaid(*row) for row in charges},
        [RefundSaid(*row) for row in refunds],
    )


async def put_rows(connection: Connection, rows: Sequence[OurRow]) -> None:
    """Write rows, each once in `rows`, over those of the same partner, kind and reference."""
    await connection.execute(f"{_INSERT} {_OVER}", *_columns(rows, len(OurRow._fields)))


async def add_rows(connection: Connection, rows: Sequence[OurRow]) -> int:
    """Add rows; one that is said already stays as it is. Returns how many are new."""
    if not rows:
        return 0
    status = await connection.execute(
        f"{_INSERT} ON CONFLICT (partner_id, kind, reference) DO NOTHING",
        *_columns(rows, len(OurRow._fields)),
    )
    return int(status.rpartition(" ")[2])


async def note_vouched(connection: Connection, rows: Sequence[OurRow]) -> None:
    """A person has vouched for these rows: they are not missing where no file shows them."""
    if rows:
        keys = [(row.partner_id, row.kind, row.reference, row.resource_id) for row in rows]
        await connection.execute(_NOTE_VOUCHED, *_columns(keys, 4))


async def put_expected(connection: Connection, rows: Sequence[OurRow], former_file_id: str) -> int:
    """Write what a file lets us expect in the place of what a former one did. Returns how many of
    `rows` are written: one that is expected because of a third file is not."""
    await connection.execute(_DROP_EXPECTED, former_file_id, *_columns([r[:4] for r in rows], 4))
    if not rows:
        return 0
    columns = _columns(rows, len(OurRow._fields))
    status = await connection.execute(f"{_INSERT} {_OVER_EXPECTED}", *columns, former_file_id)
    return int(status.rpartition(" ")[2])


async def drop_rows(connection: Connection, keys: Sequence[tuple[str, str, str]]) -> None:
    """Take rows out that no longer follow: partner, kind, reference."""
    await connection.execute(_DROP, *_columns(keys, 3))


async def add_booked(
    connection: Connection, posted: Sequence[tuple[str, datetime, int, int]]
) -> None:
    """Keep that the ledger has posted something for these resources, and the first fact of it."""
    await connection.execute(
        "INSERT INTO booked (resource_id, post_time, stripe, sequence) "
        "SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::smallint[], $4::bigint[]) "
        "ON CONFLICT (resource_id) DO NOTHING",
        *_columns(posted, 4),
    )


async def list_unbooked(
    connection: Connection, partner_id: str, day: date, read_until: datetime
) -> list[tuple[int, int, str]]:
    """Rows of payments, refunds, top-ups and withdrawals that the run of a day has matched, and for
    which the ledger has posted nothing: row, minor units, currency. And what a partner has settled
    at our bank, for no service books that: people do, when they resolve the break.

    What was cancelled or given back whole needs no posting, and what was accepted too late is
    booked under a name of its own. Nothing is said before the ledger's facts from before
    `read_until` are read: what it has posted may be among them.
    """
    if await connection.fetchval(_LEDGER_UNREAD, read_until):
        return []
    rows = await connection.fetch(_UNBOOKED, partner_id, day, timeout=READ_SECONDS)
    return [(row["row"], row["minor"], row["currency"]) for row in rows]


async def still_unbooked(connection: Connection, rows: Sequence[int]) -> set[int]:
    """Which of these rows the ledger has posted nothing for, as far as its facts are read."""
    found = await connection.fetch(_STILL_UNBOOKED, list(rows), timeout=READ_SECONDS)
    return {row[0] for row in found}


def _refund_tuple(each: RefundSaid) -> tuple[object, ...]:
    return (
        each.refund_id,
        each.charge_id,
        each.resource_id,
        each.minor,
        each.partner_reference,
        each.accept_time,
    )


def _columns(rows: Sequence[object], width: int) -> list[list[object]]:
    """Rows turned into columns for `unnest`; of nothing, empty columns."""
    tuples = [_charge_tuple(row) if isinstance(row, ChargeSaid) else row for row in rows]
    if not tuples:
        return [[] for _ in range(width)]
    return [list(column) for column in zip(*tuples, strict=True)]


_CHARGE_TYPES = {
    "charge_id": "text",
    "resource_id": "text",
    "partner_id": "text",
    "kind": "text",
    "currency": "text",
    "minor": "bigint",
    "partner_reference": "text",
    "accept_time": "timestamptz",
    "cancel_time": "timestamptz",
    "cancel_reference": "text",
    "late_time": "timestamptz",
}
_CHARGE_NAMES = tuple(_CHARGE_TYPES)


def _charge_tuple(charge: ChargeSaid) -> tuple[object, ...]:
    return tuple(getattr(charge, name) for name in _CHARGE_NAMES)


def _arrays(types: Iterable[str]) -> str:
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))


# Only names of columns are put together here.
_READ = "SELECT names FROM charges WHERE charge_id = ANY ($1::text[])".replace(
    "names", ", ".join(_CHARGE_NAMES)
)
_MERGE = """
INSERT INTO charges AS c (names)
SELECT * FROM unnest(arrays)
ON CONFLICT (charge_id) DO UPDATE SET
    (partner_id, kind, currency, minor, partner_reference) = (
        SELECT t.* FROM (VALUES
            (c.partner_id, c.kind, c.currency, c.minor, c.partner_reference),
            (excluded.partner_id, excluded.kind, excluded.currency, excluded.minor,
                excluded.partner_reference)
        ) AS t (partner_id, kind, currency, minor, partner_reference)
        ORDER BY t.partner_id = '' LIMIT 1
    ),
    cancel_reference =
        CASE WHEN c.cancel_time IS NULL THEN excluded.cancel_reference ELSE c.cancel_reference END,
    accept_time = least(c.accept_time, excluded.accept_time),
    cancel_time = least(c.cancel_time, excluded.cancel_time),
    late_time = least(c.late_time, excluded.late_time)
""".replace("names", ", ".join(_CHARGE_NAMES)).replace("arrays", _arrays(_CHARGE_TYPES.values()))
_ADD_REFUNDS = """
INSERT INTO charge_refunds
    (refund_id, charge_id, resource_id, minor, partner_reference, accept_time)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
ON CONFLICT (refund_id) DO NOTHING
"""
_ROW_TYPES = (
    *("text", "text", "text", "text", "text", "bigint", "bigint", "text", "date"),
    *("text", "text", "text", "text", "smallint", "bigint", "text"),
)
_INSERT = """
INSERT INTO our_rows AS r (names)
SELECT * FROM unnest(arrays)
""".replace("names", ", ".join(OurRow._fields)).replace("arrays", _arrays(_ROW_TYPES))
_OVER = """
ON CONFLICT (partner_id, kind, reference) DO UPDATE SET
    partner_reference = excluded.partner_reference, minor = excluded.minor, fee = excluded.fee,
    state = excluded.state, day = excluded.day
WHERE (r.partner_reference, r.minor, r.fee, r.state, r.day) IS DISTINCT FROM
    (excluded.partner_reference, excluded.minor, excluded.fee, excluded.state, excluded.day)
"""
_OVER_EXPECTED = f"""
ON CONFLICT (partner_id, kind, reference) DO UPDATE SET
    minor = excluded.minor, currency = excluded.currency, day = excluded.day,
    source = excluded.source, file_id = excluded.file_id
WHERE r.file_id = ${len(OurRow._fields) + 1}
"""
_DROP_EXPECTED = """
DELETE FROM our_rows AS r
WHERE r.file_id = $1 AND (r.partner_id, r.reference, r.kind) NOT IN (
    SELECT partner_id, reference, kind
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
        AS kept (partner_id, reference, partner_reference, kind)
)
"""
_DROP = """
DELETE FROM our_rows AS r
USING unnest($1::text[], $2::text[], $3::text[]) AS gone (partner_id, kind, reference)
WHERE (r.partner_id, r.kind, r.reference) = (gone.partner_id, gone.kind, gone.reference)
"""
_NOTE_VOUCHED = """
UPDATE our_rows AS r SET by_hand = true
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    AS vouched (partner_id, kind, reference, resource_id)
WHERE (r.partner_id, r.kind, r.reference, r.resource_id)
    = (vouched.partner_id, vouched.kind, vouched.reference, vouched.resource_id) AND NOT r.by_hand
"""
_LEDGER_UNREAD = """
SELECT EXISTS (
    SELECT FROM projected AS p
    JOIN facts AS f ON f.source = p.source AND f.stripe = p.stripe AND f.sequence > p.sequence
    WHERE p.source = 'wallet' AND f.event_time < $1
) OR EXISTS (SELECT FROM fact_gaps WHERE source = 'wallet')
"""
_NOT_BOOKED = f"""
    (o.file_id IS NOT NULL AND o.kind = '{CREDIT}'
    OR o.resource_id ~ '^(payment|refund|topup|withdrawal)-'
    AND NOT EXISTS (SELECT FROM booked AS b WHERE b.resource_id = o.resource_id)
    AND NOT EXISTS (
        SELECT FROM charges AS c
        LEFT JOIN charge_refunds AS back ON back.refund_id = o.reference
        WHERE c.charge_id = COALESCE(back.charge_id, o.reference) AND c.resource_id = o.resource_id
            AND (c.late_time IS NOT NULL OR c.cancel_time IS NOT NULL OR c.minor <= (
                SELECT sum(given.minor) FROM charge_refunds AS given
                WHERE given.charge_id = c.charge_id
            ))
    ))
"""  # noqa: S608
_UNBOOKED = f"""
SELECT DISTINCT o.row, o.minor, o.currency FROM pairs AS p
JOIN our_rows AS o ON o.row = p.our_row
WHERE (p.partner_id, p.day) = ($1, $2) AND p.rule <> '' AND {_NOT_BOOKED}
ORDER BY o.row
"""  # noqa: S608
_STILL_UNBOOKED = f"""
SELECT o.row FROM our_rows AS o WHERE o.row = ANY ($1::bigint[]) AND {_NOT_BOOKED}
"""  # noqa: S608
