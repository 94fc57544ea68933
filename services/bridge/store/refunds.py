"""The table of refunds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.bridge.domain.refund import Refund, RefundOrder, RefundState
from services.core.money import Money
from services.kit.postgres import Connection


async def lock_refunds(connection: Connection, refund_ids: Sequence[str]) -> dict[str, Refund]:
    """Refunds that exist, locked until the transaction ends."""
    rows = await connection.fetch(_LOCK, list(refund_ids))
    return {row["refund_id"]: read_refund(row) for row in rows}


async def taken_of(connection: Connection, charge_ids: Sequence[str]) -> dict[str, int]:
    """Minor units per charge that refunds have got or still want. Lock the charges before."""
    rows = await connection.fetch(_TAKEN, list(charge_ids))
    return {row["charge_id"]: int(row["taken"]) for row in rows}


async def put_refunds(connection: Connection, refunds: Sequence[Refund]) -> None:
    """Insert refunds, or store where they stand now."""
    if not refunds:
        return
    await connection.execute(
        _PUT,
        [refund.refund_id for refund in refunds],
        [refund.order.charge_id for refund in refunds],
        [refund.order.resource_id for refund in refunds],
        [refund.order.amount.minor for refund in refunds],
        [refund.order.amount.currency for refund in refunds],
        [refund.order.reason for refund in refunds],
        [refund.partner_id for refund in refunds],
        [refund.create_time for refund in refunds],
        [refund.update_time for refund in refunds],
        [refund.state.value for refund in refunds],
        [refund.due_time for refund in refunds],
        [refund.leased for refund in refunds],
        [refund.turn for refund in refunds],
        [refund.calls for refund in refunds],
        [refund.partner_reference for refund in refunds],
        [refund.refusal for refund in refunds],
        [refund.message for refund in refunds],
        [refund.partner_code for refund in refunds],
    )


async def take_due_refunds(
    connection: Connection, rooms: Mapping[str, int], machine: datetime
) -> list[Refund]:
    """Refunds that are due, locked, up to so many per partner; others' rows are skipped."""
    rows = await connection.fetch(_DUE, list(rooms), list(rooms.values()), machine)
    return [read_refund(row) for row in rows]


def read_refund(row: Mapping[str, Any]) -> Refund:
    """A row as a refund."""
    order = RefundOrder(
        row["refund_id"],
        row["charge_id"],
        row["resource_id"],
        Money(row["amount_minor"], row["currency_code"]),
        row["wish"],
    )
    return Refund(
        order=order,
        partner_id=row["partner_id"],
        create_time=row["create_time"],
        update_time=row["update_time"],
        state=RefundState(row["state"]),
        due_time=row["due_time"],
        leased=row["leased"],
        turn=row["turn"],
        calls=row["calls"],
        partner_reference=row["partner_reference"],
        refusal=row["refusal"],
        message=row["message"],
        partner_code=row["partner_code"],
    )


_LOCK = """
SELECT * FROM refunds WHERE refund_id = ANY ($1::text[]) ORDER BY refund_id FOR UPDATE
"""
_TAKEN = """
SELECT charge_id, sum(amount_minor) AS taken FROM refunds
WHERE charge_id = ANY ($1::text[]) AND state <> 5 GROUP BY charge_id
"""
_PUT = """
INSERT INTO refunds (refund_id, charge_id, resource_id, amount_minor, currency_code, wish,
    partner_id, create_time, update_time, state, due_time, leased, turn, calls, partner_reference,
    refusal, message, partner_code)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
    $7::text[], $8::timestamptz[], $9::timestamptz[], $10::smallint[], $11::timestamptz[],
    $12::boolean[], $13::int[], $14::int[], $15::text[], $16::text[], $17::text[], $18::text[])
ON CONFLICT (refund_id) DO UPDATE SET update_time = excluded.update_time, state = excluded.state,
    due_time = excluded.due_time, leased = excluded.leased, turn = excluded.turn,
    calls = excluded.calls, partner_reference = excluded.partner_reference,
    refusal = excluded.refusal, message = excluded.message, partner_code = excluded.partner_code
"""
_DUE = """
SELECT r.* FROM unnest($1::text[], $2::int[]) AS p (partner_id, room)
CROSS JOIN LATERAL (
    SELECT * FROM refunds WHERE partner_id = p.partner_id AND due_time <= $3
    ORDER BY due_time LIMIT p.room FOR UPDATE SKIP LOCKED
) AS r
"""
