"""Agreements and positions."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.kit.postgres import Connection
from services.settlement.domain.agreements import (
    AccountTaken,
    Agreement,
    AgreementFixed,
    Payee,
    Position,
)


async def put_agreement(connection: Connection, agreement: Agreement) -> None:
    """Store an agreement and its accounts. Raises `AccountTaken`, `AgreementFixed`."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _PUTTING)
    before = await get_agreement(connection, agreement.agreement_id)
    if before is not None and (before.participant_id, before.currency) != (
        agreement.participant_id,
        agreement.currency,
    ):
        raise AgreementFixed(
            f"The agreement {agreement.agreement_id} is with {before.participant_id} in "
            f"{before.currency}: put another one under an id of its own.",
            agreement_id=agreement.agreement_id,
        )
    taken = await connection.fetchrow(
        "SELECT account_id, agreement_id FROM agreement_accounts "
        "WHERE account_id = ANY ($1::text[]) AND agreement_id <> $2 ORDER BY account_id LIMIT 1",
        agreement.account_ids,
        agreement.agreement_id,
    )
    if taken is not None:
        raise AccountTaken(
            f"{taken['account_id']} is paid by the agreement {taken['agreement_id']}: take it out "
            "there first.",
            account_id=taken["account_id"],
            agreement_id=taken["agreement_id"],
        )
    payee = agreement.payee
    await connection.execute(
        _PUT,
        *(agreement.agreement_id, agreement.participant_id, agreement.currency),
        *(agreement.settlement_currency, agreement.minimum_payout),
        *(agreement.reserve_basis_points, agreement.reserve_days, agreement.bank_partner),
        *(payee.bank_code, payee.branch_code, payee.account_type, payee.account_number),
        *(payee.holder_name, agreement.active, agreement.payee_merchant_id),
    )
    await connection.execute(
        "DELETE FROM agreement_accounts WHERE agreement_id = $1", agreement.agreement_id
    )
    await connection.execute(
        "INSERT INTO agreement_accounts (account_id, agreement_id) "
        "SELECT DISTINCT account_id, $2 FROM unnest($1::text[]) AS account_id",
        agreement.account_ids,
        agreement.agreement_id,
    )


async def list_agreements(connection: Connection, after: str, limit: int) -> list[Agreement]:
    """Agreements after an id (empty: from the first), in order of their ids."""
    return [_agreement_of(row) for row in await connection.fetch(_LIST, after, limit)]


async def get_agreement(connection: Connection, agreement_id: str) -> Agreement | None:
    """The agreement of this id."""
    row = await connection.fetchrow(_GET, agreement_id)
    return None if row is None else _agreement_of(row)


async def agreements_moved(connection: Connection, window_id: str) -> list[Agreement]:
    """Agreements of which an account has moved in a window. One that is not active is not paid,
    but what is owed is kept."""
    return [_agreement_of(row) for row in await connection.fetch(_MOVED, window_id)]


async def add_positions(connection: Connection, positions: Sequence[Position]) -> None:
    """Store what a window has brought; each once."""
    await connection.execute(
        _ADD_POSITIONS,
        [p.window_id for p in positions],
        [p.agreement_id for p in positions],
        [p.account_id for p in positions],
        [p.part for p in positions],
        [p.amount_minor for p in positions],
        [p.due_date for p in positions],
    )


async def positions_in(
    connection: Connection, window_id: str, after: str, limit: int
) -> list[tuple[str, str, int, int, str]]:
    """Of a window: agreement, participant, net with the reserve, the reserve, and the payout that
    took what is not reserve; in order of agreements, after one of them."""
    return [tuple(row) for row in await connection.fetch(_POSITIONS, window_id, after, limit)]


def _agreement_of(row: Mapping[str, Any]) -> Agreement:
    return Agreement(
        row["agreement_id"],
        row["participant_id"],
        tuple(row["account_ids"]),
        row["currency_code"],
        row["settlement_currency_code"],
        row["minimum_payout"],
        row["reserve_basis_points"],
        row["reserve_days"],
        row["bank_partner_id"],
        Payee(
            row["bank_code"],
            row["branch_code"],
            row["account_type"],
            row["account_number"],
            row["holder_name"],
        ),
        row["active"],
        row["payee_merchant_id"],
    )


_PUTTING = 0x61677265  # "agre"
_PUT = """
INSERT INTO agreements (
    agreement_id, participant_id, currency_code, settlement_currency_code, minimum_payout,
    reserve_basis_points, reserve_days, bank_partner_id, bank_code, branch_code, account_type,
    account_number, holder_name, active, payee_merchant_id
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (agreement_id) DO UPDATE SET participant_id = excluded.participant_id,
    currency_code = excluded.currency_code,
    settlement_currency_code = excluded.settlement_currency_code,
    minimum_payout = excluded.minimum_payout,
    reserve_basis_points = excluded.reserve_basis_points, reserve_days = excluded.reserve_days,
    bank_partner_id = excluded.bank_partner_id, bank_code = excluded.bank_code,
    branch_code = excluded.branch_code, account_type = excluded.account_type,
    account_number = excluded.account_number, holder_name = excluded.holder_name,
    active = excluded.active, payee_merchant_id = excluded.payee_merchant_id
"""
_WITH_ACCOUNTS = """
SELECT g.*, (
    SELECT array_agg(a.account_id ORDER BY a.account_id) FROM agreement_accounts AS a
    WHERE a.agreement_id = g.agreement_id
) AS account_ids
FROM agreements AS g
"""
_LIST = f"{_WITH_ACCOUNTS} WHERE g.agreement_id > $1 ORDER BY g.agreement_id LIMIT $2"
_GET = f"{_WITH_ACCOUNTS} WHERE g.agreement_id = $1"
_MOVED = f"""
{_WITH_ACCOUNTS}
WHERE g.agreement_id IN (
    SELECT a.agreement_id FROM window_movements AS m
    JOIN agreement_accounts AS a USING (account_id) WHERE m.window_id = $1
)
ORDER BY g.agreement_id
"""  # noqa: S608
_ADD_POSITIONS = """
INSERT INTO positions (window_id, agreement_id, account_id, part, amount_minor, due_date)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::date[])
"""
_POSITIONS = """
SELECT p.agreement_id, g.participant_id, sum(p.amount_minor)::bigint,
    coalesce(sum(p.amount_minor) FILTER (WHERE p.part = 'reserve'), 0)::bigint,
    coalesce(max(p.payout_id) FILTER (WHERE p.part = 'net'), '')
FROM positions AS p JOIN agreements AS g USING (agreement_id)
WHERE p.window_id = $1 AND p.agreement_id > $2
GROUP BY p.agreement_id, g.participant_id ORDER BY p.agreement_id LIMIT $3
"""
