"""Postings of the ledger, and the payments and refunds they belong to."""

from collections.abc import Sequence

from services.kit.postgres import Connection
from services.settlement.domain.postings import Posting, Subject

WRITE_SECONDS = 60.0


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
        timeout=WRITE_SECONDS,
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
        timeout=WRITE_SECONDS,
    )


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
