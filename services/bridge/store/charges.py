"""The table of charges: what is to be done with partners, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.bridge.domain.charge import Charge, Closing, Kind, Operation, Order, State
from services.core.money import Money
from services.kit.postgres import Connection


async def insert_charges(connection: Connection, charges: Sequence[Charge]) -> set[str]:
    """Insert charges whose ids are new; returns the ids that were."""
    plain = [charge for charge in charges if charge.leased]
    others = [charge for charge in charges if not charge.leased]
    new = await _insert_leased(connection, plain) if plain else set()
    return new | await _insert(connection, others) if others else new


async def _insert_leased(connection: Connection, charges: Sequence[Charge]) -> set[str]:
    """Charges fresh from `open_charge`: what all of them share is in the statement."""
    rows = await connection.fetch(
        _INSERT_LEASED,
        *_order_columns(charges),
        [charge.due_time for charge in charges],
        charges[0].create_time,
        charges[0].turn,
        charges[0].version,
    )
    return {row["charge_id"] for row in rows}


async def _insert(connection: Connection, charges: Sequence[Charge]) -> set[str]:
    rows = await connection.fetch(
        _INSERT,
        *_order_columns(charges),
        [charge.due_time for charge in charges],
        charges[0].create_time,
        [charge.state.value for charge in charges],
        [charge.operation for charge in charges],
        [charge.reason for charge in charges],
        [charge.message for charge in charges],
    )
    return {row["charge_id"] for row in rows}


def _order_columns(charges: Sequence[Charge]) -> tuple[list[Any], ...]:
    orders = [charge.order for charge in charges]
    return (
        [order.charge_id for order in orders],
        [order.resource_id for order in orders],
        [order.kind.value for order in orders],
        [order.partner_id for order in orders],
        [order.amount.minor for order in orders],
        [order.amount.currency for order in orders],
        [order.merchant_code for order in orders],
        [order.payer_reference for order in orders],
        [order.description for order in orders],
        [order.expire_time for order in orders],
    )


async def update_charges(
    connection: Connection, charges: Sequence[Charge], versions: Sequence[int]
) -> set[str]:
    """Store charges that still have the version given; returns the ids of those that had."""
    # In id order, so that two batches over the same charges do not wait for each other in a ring.
    pairs = sorted(zip(charges, versions, strict=True), key=lambda pair: pair[0].order.charge_id)
    accepted = [pair for pair in pairs if _is_plainly_accepted(pair[0])]
    others = [pair for pair in pairs if not _is_plainly_accepted(pair[0])]
    stored = await _accept(connection, accepted) if accepted else set()
    return stored | await _update(connection, others) if others else stored


Versioned = tuple[Charge, int]


def _is_plainly_accepted(charge: Charge) -> bool:
    """Whether a partner's word has made it so, which changes the same few columns in each."""
    return (
        charge.state is State.ACCEPTED
        and charge.operation is None
        and charge.closing is Closing.NO
        and not charge.message
    )


async def _accept(connection: Connection, pairs: Sequence[Versioned]) -> set[str]:
    rows = await connection.fetch(
        _ACCEPT,
        [charge.order.charge_id for charge, _ in pairs],
        [version for _, version in pairs],
        [charge.partner_reference for charge, _ in pairs],
        pairs[0][0].update_time,
    )
    return {row["charge_id"] for row in rows}


async def _update(connection: Connection, pairs: Sequence[Versioned]) -> set[str]:
    charges = [charge for charge, _ in pairs]
    rows = await connection.fetch(
        _UPDATE,
        [charge.order.charge_id for charge in charges],
        [version for _, version in pairs],
        [charge.update_time for charge in charges],
        [charge.state.value for charge in charges],
        [charge.operation for charge in charges],
        [charge.due_time for charge in charges],
        [charge.leased for charge in charges],
        [charge.asked for charge in charges],
        [charge.turn for charge in charges],
        [charge.version for charge in charges],
        [charge.closing.value for charge in charges],
        [charge.inquiries for charge in charges],
        [charge.captured_minor for charge in charges],
        [charge.late for charge in charges],
        [charge.partner_reference for charge in charges],
        [charge.reason for charge in charges],
        [charge.message for charge in charges],
        [charge.partner_code for charge in charges],
        [charge.action_url for charge in charges],
        [charge.approval_token for charge in charges],
        [charge.given_back for charge in charges],
    )
    return {row["charge_id"] for row in rows}


async def lock_charges(connection: Connection, charge_ids: Sequence[str]) -> dict[str, Charge]:
    """Charges that exist, locked until the transaction ends."""
    rows = await connection.fetch(_LOCK, list(charge_ids))
    return {row["charge_id"]: read_charge(row) for row in rows}


async def read_charges(connection: Connection, charge_ids: Sequence[str]) -> dict[str, Charge]:
    """Charges that exist, as they are."""
    rows = await connection.fetch(_READ, list(charge_ids))
    return {row["charge_id"]: read_charge(row) for row in rows}


async def has_due(connection: Connection, partner_ids: Sequence[str], machine: datetime) -> bool:
    """Whether any charge or refund of these partners is due."""
    found: bool = await connection.fetchval(_HAS_DUE, list(partner_ids), machine)
    return found


async def get_charge(connection: Connection, charge_id: str) -> Charge | None:
    row = await connection.fetchrow("SELECT * FROM charges WHERE charge_id = $1", charge_id)
    return None if row is None else read_charge(row)


async def take_due(
    connection: Connection, rooms: Mapping[str, int], machine: datetime
) -> list[Charge]:
    """Charges whose work is due, locked, up to so many per partner; others' rows are skipped."""
    rows = await connection.fetch(_DUE, list(rooms), list(rooms.values()), machine)
    return [read_charge(row) for row in rows]


def read_charge(row: Mapping[str, Any]) -> Charge:
    """A row as a charge."""
    order = Order(
        row["charge_id"],
        row["resource_id"],
        Kind(row["kind"]),
        row["partner_id"],
        Money(row["amount_minor"], row["currency_code"]),
        row["merchant_code"],
        row["payer_reference"],
        row["description"],
        row["expire_time"],
    )
    operation = row["operation"]
    return Charge(
        order=order,
        create_time=row["create_time"],
        update_time=row["update_time"],
        state=State(row["state"]),
        operation=None if operation is None else Operation(operation),
        due_time=row["due_time"],
        leased=row["leased"],
        asked=row["asked"],
        turn=row["turn"],
        version=row["version"],
        closing=Closing(row["closing"]),
        inquiries=row["inquiries"],
        captured_minor=row["captured_minor"],
        late=row["late"],
        partner_reference=row["partner_reference"],
        reason=row["reason"],
        message=row["message"],
        partner_code=row["partner_code"],
        action_url=row["action_url"],
        approval_token=row["approval_token"],
        given_back=row["given_back"],
    )


_INSERT_LEASED = """
INSERT INTO charges (charge_id, resource_id, kind, partner_id, amount_minor, currency_code,
    merchant_code, payer_reference, description, expire_time, due_time, create_time, update_time,
    state, operation, leased, asked, turn, version, closing, inquiries, captured_minor, late,
    partner_reference, reason, message, partner_code, action_url, approval_token)
SELECT new.*, $12, $12, 1, 'start', true, false, $13, $14, 0, 0, 0, false, '', '', '', '', '', ''
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::bigint[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[]) AS new
ON CONFLICT (charge_id) DO NOTHING
RETURNING charge_id
"""
_INSERT = """
INSERT INTO charges (charge_id, resource_id, kind, partner_id, amount_minor, currency_code,
    merchant_code, payer_reference, description, expire_time, due_time, state, operation, reason,
    message, create_time, update_time, leased, asked, turn, version, closing, inquiries,
    captured_minor, late, partner_reference, partner_code, action_url, approval_token)
SELECT new.*, $12, $12, false, false, 0, 1, 0, 0, 0, false, '', '', '', ''
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::bigint[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $13::smallint[],
    $14::text[], $15::text[], $16::text[]) AS new
ON CONFLICT (charge_id) DO NOTHING
RETURNING charge_id
"""
_ACCEPT = """
UPDATE charges AS c SET update_time = $4, state = 4, operation = NULL, due_time = NULL,
    leased = false, asked = true, version = c.version + 1, captured_minor = c.amount_minor,
    partner_reference = n.partner_reference, reason = '', message = ''
FROM unnest($1::text[], $2::int[], $3::text[]) AS n (charge_id, old_version, partner_reference)
WHERE c.charge_id = n.charge_id AND c.version = n.old_version
RETURNING c.charge_id
"""
_UPDATE = """
UPDATE charges AS c SET update_time = n.update_time, state = n.state, operation = n.operation,
    due_time = n.due_time, leased = n.leased, asked = n.asked, turn = n.turn, version = n.version,
    closing = n.closing, inquiries = n.inquiries, captured_minor = n.captured_minor, late = n.late,
    partner_reference = n.partner_reference, reason = n.reason, message = n.message,
    partner_code = n.partner_code, action_url = n.action_url, approval_token = n.approval_token,
    given_back = n.given_back
FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::smallint[], $5::text[],
    $6::timestamptz[], $7::boolean[], $8::boolean[], $9::int[], $10::int[], $11::smallint[],
    $12::int[], $13::bigint[], $14::boolean[], $15::text[], $16::text[], $17::text[], $18::text[],
    $19::text[], $20::text[], $21::boolean[])
AS n (charge_id, old_version, update_time, state, operation, due_time, leased, asked, turn,
    version, closing, inquiries, captured_minor, late, partner_reference, reason, message,
    partner_code, action_url, approval_token, given_back)
WHERE c.charge_id = n.charge_id AND c.version = n.old_version
RETURNING c.charge_id
"""
_LOCK = """
SELECT * FROM charges WHERE charge_id = ANY ($1::text[]) ORDER BY charge_id FOR UPDATE
"""
_READ = "SELECT * FROM charges WHERE charge_id = ANY ($1::text[])"
_HAS_DUE = """
SELECT EXISTS (SELECT FROM charges WHERE partner_id = ANY ($1::text[]) AND due_time <= $2)
    OR EXISTS (SELECT FROM refunds WHERE partner_id = ANY ($1::text[]) AND due_time <= $2)
"""
_DUE = """
SELECT EXISTS (SELECT FROM charges WHERE partner_id = ANY ($1::text[]) AND due_time <= $2)
    OR EXISTS (SELECT FROM refunds WHERE partner_id = ANY ($1::text[]) AND due_time <= $2)
"""
_UNKNOWN = """
SELECT * FROM charges WHERE state = 3 OR closing <> 0 ORDER BY create_time LIMIT $1
"""
_DUE = """
SELECT c.* FROM unnest($1::text[], $2::int[]) AS p (partner_id, room)
CROSS JOIN LATERAL (
    SELECT * FROM charges WHERE partner_id = p.partner_id AND due_time <= $3
    ORDER BY due_time LIMIT p.room FOR UPDATE SKIP LOCKED
) AS c
"""
