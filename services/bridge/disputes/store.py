"""The tables of disputes and of the calls about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.bridge.disputes.domain import Dispute, DisputeState
from services.bridge.masking import kept
from services.bridge.store.attempts import TEXT_LIMIT, Attempt
from services.core.money import Money
from services.kit.postgres import Connection


async def lock_disputes(connection: Connection, dispute_ids: Sequence[str]) -> dict[str, Dispute]:
    """Disputes that exist, locked until the transaction ends."""
    rows = await connection.fetch(_LOCK, list(dispute_ids))
    return {row["dispute_id"]: read_dispute(row) for row in rows}


async def put_disputes(connection: Connection, disputes: Sequence[Dispute]) -> None:
    """Insert disputes, whose charges have to be locked, or store where locked ones stand now."""
    if not disputes:
        return
    ordered = sorted(disputes, key=lambda dispute: dispute.dispute_id)
    await connection.execute(_PUT, *_columns(ordered))


def _columns(disputes: Sequence[Dispute]) -> tuple[list[Any], ...]:
    return (
        [dispute.dispute_id for dispute in disputes],
        [dispute.partner_id for dispute in disputes],
        [dispute.case_reference for dispute in disputes],
        [dispute.charge_id for dispute in disputes],
        [dispute.resource_id for dispute in disputes],
        [dispute.amount.minor for dispute in disputes],
        [dispute.amount.currency for dispute in disputes],
        [dispute.create_time for dispute in disputes],
        [dispute.update_time for dispute in disputes],
        [dispute.reason for dispute in disputes],
        [dispute.message for dispute in disputes],
        [dispute.answer_until_time for dispute in disputes],
        [dispute.state.value for dispute in disputes],
        [dispute.accept for dispute in disputes],
        [dispute.evidence for dispute in disputes],
        [dispute.due_time for dispute in disputes],
        [dispute.leased for dispute in disputes],
        [dispute.turn for dispute in disputes],
        [dispute.calls for dispute in disputes],
    )


async def take_due_disputes(
    connection: Connection, partner_ids: Sequence[str], machine: datetime, limit: int
) -> list[Dispute]:
    """Disputes that are due, locked; others' rows are skipped."""
    rows = await connection.fetch(_DUE, list(partner_ids), machine, limit)
    return [read_dispute(row) for row in rows]


async def has_due_dispute(connection: Connection, machine: datetime) -> bool:
    return bool(await connection.fetchval(_HAS_DUE, machine))


async def get_dispute(connection: Connection, dispute_id: str) -> Dispute | None:
    row = await connection.fetchrow(_GET, dispute_id)
    return None if row is None else read_dispute(row)


async def add_dispute_attempts(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Journal calls; their `charge_id` is the dispute's id."""
    await connection.execute(
        _ADD_ATTEMPTS,
        [attempt.charge_id for attempt in attempts],
        [attempt.turn for attempt in attempts],
        [attempt.operation for attempt in attempts],
        [attempt.call_time for attempt in attempts],
        [attempt.outcome for attempt in attempts],
        [attempt.detail[:TEXT_LIMIT] for attempt in attempts],
        [kept(attempt.request) for attempt in attempts],
        [kept(attempt.response) for attempt in attempts],
    )


def read_dispute(row: Mapping[str, Any]) -> Dispute:
    """A row as a dispute."""
    fields = dict(row)
    amount = Money(fields.pop("amount_minor"), fields.pop("currency_code"))
    state = DisputeState(fields.pop("state"))
    return Dispute(amount=amount, state=state, **fields)


_LOCK = """
SELECT * FROM disputes WHERE dispute_id = ANY ($1::text[]) ORDER BY dispute_id FOR UPDATE
"""
_GET = "SELECT * FROM disputes WHERE dispute_id = $1"
# A dispute is opened under the lock of its charge, so nobody else is opening it meanwhile.
_PUT = """
INSERT INTO disputes AS d (dispute_id, partner_id, case_reference, charge_id, resource_id,
    amount_minor, currency_code, create_time, update_time, reason, message, answer_until_time,
    state, accept, evidence, due_time, leased, turn, calls)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
    $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[],
    $12::timestamptz[], $13::smallint[], $14::boolean[], $15::text[], $16::timestamptz[],
    $17::boolean[], $18::int[], $19::int[])
ON CONFLICT (dispute_id) DO UPDATE SET update_time = excluded.update_time,
    amount_minor = excluded.amount_minor, reason = excluded.reason, message = excluded.message,
    answer_until_time = excluded.answer_until_time, state = excluded.state,
    accept = excluded.accept, evidence = excluded.evidence, due_time = excluded.due_time,
    leased = excluded.leased, turn = excluded.turn, calls = excluded.calls
"""
_HAS_DUE = "SELECT EXISTS (SELECT FROM disputes WHERE due_time <= $1)"
_DUE = """
SELECT * FROM disputes WHERE partner_id = ANY ($1::text[]) AND due_time <= $2
ORDER BY due_time LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_ADD_ATTEMPTS = """
INSERT INTO dispute_attempts (dispute_id, turn, operation, call_time, outcome, detail, request,
    response)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::text[],
    $6::text[], $7::text[], $8::text[])
ON CONFLICT DO NOTHING
"""
