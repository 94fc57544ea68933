"""The tables of payouts and of the calls about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.bridge.masking import kept
from services.bridge.payouts.model import (
    Payee,
    Payout,
    PayoutOperation,
    PayoutOrder,
    PayoutState,
)
from services.core.money import Money
from services.kit.postgres import Connection

TEXT_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class PayoutAttempt:
    """One call, or an operator's word: what was asked, when, and what it told us."""

    payout_id: str
    turn: int
    operation: str
    call_time: datetime
    outcome: str
    detail: str
    request: str = ""
    response: str = ""


async def insert_payouts(connection: Connection, payouts: Sequence[Payout]) -> set[str]:
    """Insert payouts whose ids are new, their payees sealed; returns the ids that were."""
    if not payouts:
        return set()
    orders = [payout.order for payout in payouts]
    rows = await connection.fetch(
        _INSERT,
        [order.payout_id for order in orders],
        [order.resource_id for order in orders],
        [order.partner_id for order in orders],
        [order.amount.minor for order in orders],
        [order.amount.currency for order in orders],
        [order.payee.bank_code for order in orders],
        [order.payee.branch_code for order in orders],
        [order.payee.account_type for order in orders],
        [order.payee.account_number for order in orders],
        [order.payee.holder_name for order in orders],
        [order.description for order in orders],
        [order.value_date for order in orders],
        [order.short_reference for order in orders],
        [payout.create_time for payout in payouts],
        [payout.state.value for payout in payouts],
        [payout.operation for payout in payouts],
        [payout.due_time for payout in payouts],
        [payout.reason for payout in payouts],
        [payout.message for payout in payouts],
        [order.sealed_payee for order in orders],
    )
    return {row["payout_id"] for row in rows}


async def update_payouts(connection: Connection, payouts: Sequence[Payout]) -> None:
    """Store where payouts stand now; lock them before."""
    if not payouts:
        return
    await connection.execute(
        _UPDATE,
        [payout.payout_id for payout in payouts],
        [payout.update_time for payout in payouts],
        [payout.state.value for payout in payouts],
        [payout.operation for payout in payouts],
        [payout.due_time for payout in payouts],
        [payout.leased for payout in payouts],
        [payout.asked for payout in payouts],
        [payout.turn for payout in payouts],
        [payout.inquiries for payout in payouts],
        [payout.watch_time for payout in payouts],
        [payout.contradicted for payout in payouts],
        [payout.partner_reference for payout in payouts],
        [None if payout.bank_fee is None else payout.bank_fee.minor for payout in payouts],
        [payout.reason for payout in payouts],
        [payout.message for payout in payouts],
        [payout.partner_code for payout in payouts],
    )


async def lock_payouts(connection: Connection, payout_ids: Sequence[str]) -> dict[str, Payout]:
    """Payouts that exist, locked until the transaction ends."""
    rows = await connection.fetch(_LOCK, list(payout_ids))
    return {row["payout_id"]: read_payout(row) for row in rows}


async def get_payout(connection: Connection, payout_id: str) -> Payout | None:
    row = await connection.fetchrow("SELECT * FROM payouts WHERE payout_id = $1", payout_id)
    return None if row is None else read_payout(row)


async def list_open_payouts(
    connection: Connection, created_until: datetime, limit: int
) -> list[Payout]:
    """Payouts whose bank has not given its last word, or spoke against it, oldest first."""
    rows = await connection.fetch(_OPEN, created_until, limit)
    return [read_payout(row) for row in rows]


async def has_due_payouts(
    connection: Connection, partner_ids: Sequence[str], machine: datetime
) -> bool:
    """Whether any payout of these partners is due."""
    found: bool = await connection.fetchval(_HAS_DUE, list(partner_ids), machine)
    return found


async def take_due_payouts(
    connection: Connection, rooms: Mapping[str, int], machine: datetime
) -> list[Payout]:
    """Payouts that are due, locked, up to so many per partner; others' rows are skipped."""
    rows = await connection.fetch(_DUE, list(rooms), list(rooms.values()), machine)
    return [read_payout(row) for row in rows]


async def find_payout(
    connection: Connection, partner_id: str, payout_id: str, partner_reference: str
) -> str:
    """The id of the payout that a bank's notice names by either; empty where there is none."""
    found = await connection.fetchval(_FIND, partner_id, payout_id, partner_reference)
    return found or ""


async def add_payout_attempts(connection: Connection, attempts: Sequence[PayoutAttempt]) -> None:
    """Append; an attempt that is there already stays as it is."""
    if not attempts:
        return
    await connection.execute(
        _ADD_ATTEMPTS,
        [attempt.payout_id for attempt in attempts],
        [attempt.turn for attempt in attempts],
        [attempt.operation for attempt in attempts],
        [attempt.call_time for attempt in attempts],
        [attempt.outcome for attempt in attempts],
        [attempt.detail[:TEXT_LIMIT] for attempt in attempts],
        [kept(attempt.request) for attempt in attempts],
        [kept(attempt.response) for attempt in attempts],
    )


async def payout_attempts_of(
    connection: Connection, payout_ids: Sequence[str]
) -> list[PayoutAttempt]:
    """All attempts of payouts, in their order."""
    rows = await connection.fetch(_ATTEMPTS, list(payout_ids))
    return [PayoutAttempt(**dict(row)) for row in rows]


def read_payout(row: Mapping[str, Any]) -> Payout:
    """A row as a payout."""
    currency = row["currency_code"]
    payee = Payee(
        row["bank_code"],
        row["branch_code"],
        row["account_type"],
        row["account_number"],
        row["holder_name"],
    )
    order = PayoutOrder(
        row["payout_id"],
        row["resource_id"],
        row["partner_id"],
        Money(row["amount_minor"], currency),
        payee,
        row["description"],
        row["value_date"],
        row["sealed_payee"],
    )
    operation, fee = row["operation"], row["bank_fee_minor"]
    return Payout(
        order=order,
        create_time=row["create_time"],
        update_time=row["update_time"],
        state=PayoutState(row["state"]),
        operation=None if operation is None else PayoutOperation(operation),
        due_time=row["due_time"],
        leased=row["leased"],
        asked=row["asked"],
        turn=row["turn"],
        inquiries=row["inquiries"],
        watch_time=row["watch_time"],
        contradicted=row["contradicted"],
        partner_reference=row["partner_reference"],
        bank_fee=None if fee is None else Money(fee, currency),
        reason=row["reason"],
        message=row["message"],
        partner_code=row["partner_code"],
    )


_INSERT = """
INSERT INTO payouts (payout_id, resource_id, partner_id, amount_minor, currency_code, bank_code,
    branch_code, account_type, account_number, holder_name, description, value_date,
    short_reference, create_time, state, operation, due_time, reason, message, sealed_payee,
    update_time, leased, asked, turn, inquiries, contradicted, partner_reference, partner_code)
SELECT new.*, new.create_time, false, false, 0, 0, false, '', ''
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::date[], $13::text[],
    $14::timestamptz[], $15::smallint[], $16::text[], $17::timestamptz[], $18::text[], $19::text[],
    $20::bytea[])
AS new (payout_id, resource_id, partner_id, amount_minor, currency_code, bank_code, branch_code,
    account_type, account_number, holder_name, description, value_date, short_reference,
    create_time, state, operation, due_time, reason, message, sealed_payee)
ON CONFLICT (payout_id) DO NOTHING
RETURNING payout_id
"""
_UPDATE = """
UPDATE payouts AS p SET update_time = n.update_time, state = n.state, operation = n.operation,
    due_time = n.due_time, leased = n.leased, asked = n.asked, turn = n.turn,
    inquiries = n.inquiries, watch_time = n.watch_time, contradicted = n.contradicted,
    partner_reference = n.partner_reference, bank_fee_minor = n.bank_fee_minor,
    reason = n.reason, message = n.message, partner_code = n.partner_code
FROM unnest($1::text[], $2::timestamptz[], $3::smallint[], $4::text[], $5::timestamptz[],
    $6::boolean[], $7::boolean[], $8::int[], $9::int[], $10::timestamptz[], $11::boolean[],
    $12::text[], $13::bigint[], $14::text[], $15::text[], $16::text[])
AS n (payout_id, update_time, state, operation, due_time, leased, asked, turn, inquiries,
    watch_time, contradicted, partner_reference, bank_fee_minor, reason, message, partner_code)
WHERE p.payout_id = n.payout_id
"""
_LOCK = """
SELECT * FROM payouts WHERE payout_id = ANY ($1::text[]) ORDER BY payout_id FOR UPDATE
"""
_OPEN = """
SELECT * FROM payouts WHERE (state < 5 OR contradicted) AND create_time <= $1
ORDER BY create_time LIMIT $2
"""
_HAS_DUE = """
SELECT EXISTS (SELECT FROM payouts WHERE partner_id = ANY ($1::text[]) AND due_time <= $2)
"""
_DUE = """
SELECT d.* FROM unnest($1::text[], $2::int[]) AS p (partner_id, room)
CROSS JOIN LATERAL (
    SELECT * FROM payouts WHERE partner_id = p.partner_id AND due_time <= $3
    ORDER BY due_time LIMIT p.room FOR UPDATE SKIP LOCKED
) AS d
"""
_FIND = """
SELECT payout_id FROM payouts
WHERE partner_id = $1 AND (payout_id = $2 OR ($3 <> '' AND partner_reference = $3)) LIMIT 1
"""
_ADD_ATTEMPTS = """
INSERT INTO payout_attempts (payout_id, turn, operation, call_time, outcome, detail, request,
    response)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
    $7::text[], $8::text[])
ON CONFLICT DO NOTHING
"""
_ATTEMPTS = """
SELECT * FROM payout_attempts WHERE payout_id = ANY ($1::text[]) ORDER BY payout_id, turn
"""
