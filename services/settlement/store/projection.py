"""From copied facts to postings and subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.kit.postgres import Connection
from services.settlement.domain.postings import Posting, Subject

# Large reads must not hold a transaction for long: cuts wait for its locks.
READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KeptFact:
    """A copied fact."""

    source: str
    stripe: int
    sequence: int
    key: str
    payload: bytes


async def lock_projected(connection: Connection, source: str) -> dict[int, int]:
    """How far each stripe has been read; one process reads a source at a time."""
    rows = await connection.fetch(_LOCK, source)
    return {row["stripe"]: row["sequence"] for row in rows}


async def read_projected(connection: Connection, source: str) -> dict[int, int]:
    """The same, without a lock."""
    rows = await connection.fetch("SELECT * FROM projected WHERE source = $1", source)
    return {row["stripe"]: row["sequence"] for row in rows}


async def unread_facts(
    connection: Connection, source: str, after: Mapping[int, int], through: Mapping[int, int]
) -> list[KeptFact]:
    """Facts with `after` < sequence ≤ `through`, in order within each stripe."""
    stripes = sorted(through)
    rows = await connection.fetch(
        _UNREAD,
        source,
        stripes,
        [after[stripe] for stripe in stripes],
        [through[stripe] for stripe in stripes],
        timeout=READ_SECONDS,
    )
    return [KeptFact(source, *row) for row in rows]


async def store_projected(connection: Connection, source: str, through: Mapping[int, int]) -> None:
    """Everything up to `through` has been read."""
    await connection.execute(_STORE, source, list(through), list(through.values()))


async def add_postings(connection: Connection, postings: Sequence[Posting]) -> None:
    """Store legs; each comes once."""
    await connection.execute(
        _ADD_POSTINGS,
        [p.stripe for p in postings],
        [p.sequence for p in postings],
        [p.leg for p in postings],
        [p.link_id for p in postings],
        [p.kind for p in postings],
        [p.reference for p in postings],
        [p.debit_account_id for p in postings],
        [p.credit_account_id for p in postings],
        [p.amount_minor for p in postings],
        [p.currency for p in postings],
        [p.purpose for p in postings],
        [p.post_time for p in postings],
        timeout=READ_SECONDS,
    )


async def put_subjects(connection: Connection, subjects: Sequence[Subject]) -> None:
    """Store payments and refunds; what is there stays."""
    await connection.execute(
        _PUT_SUBJECTS,
        [s.reference for s in subjects],
        [s.kind for s in subjects],
        [s.participant_id for s in subjects],
        [s.payment_id for s in subjects],
        [s.corridor_id for s in subjects],
        [s.merchant_id for s in subjects],
        timeout=READ_SECONDS,
    )


_LOCK = "SELECT stripe, sequence FROM projected WHERE source = $1 ORDER BY stripe FOR UPDATE"
_UNREAD = """
SELECT f.stripe, f.sequence, f.key, f.payload
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS span (stripe, after, through)
JOIN facts AS f ON f.source = $1 AND f.stripe = span.stripe
    AND f.sequence > span.after AND f.sequence <= span.through
ORDER BY f.stripe, f.sequence
"""
_STORE = """
UPDATE projected AS p SET sequence = come.through
FROM unnest($2::smallint[], $3::bigint[]) AS come (stripe, through)
WHERE p.source = $1 AND p.stripe = come.stripe
"""
_ADD_POSTINGS = """
INSERT INTO postings (
    stripe, sequence, leg, link_id, kind, reference, debit_account_id, credit_account_id,
    amount_minor, currency_code, purpose, post_time
)
SELECT * FROM unnest(
    $1::smallint[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::bigint[], $10::text[], $11::text[], $12::timestamptz[]
)
"""
_PUT_SUBJECTS = """
INSERT INTO subjects (reference, kind, participant_id, payment_id, corridor_id, merchant_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (reference) DO NOTHING
"""
