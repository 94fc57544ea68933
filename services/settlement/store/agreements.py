"""Agreements and positions."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.kit.postgres import Connection
from services.settlement.domain.agreements import (
    AccountTaken,
    Agreement,
    AgreementFixed,
    EveryShopTaken,
    Payee,
    Position,
)
from services.settlement.store.shops import lock_accounts


async def put_agreement(connection: Connection, agreement: Agreement) -> None:
    """Store an agreement and its accounts; shops that have joined another agreement leave it.

    Raises `AccountTaken`, `AgreementFixed`, `EveryShopTaken`.
    """
    await lock_accounts(connection)
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
    await _check_every_shop(connection, agreement)
    taken = await connection.fetchrow(
        "SELECT account_id, agreement_id FROM agreement_accounts "
        "WHERE account_id = ANY ($1::text[]) AND agreement_id <> $2 AND NOT joined "
        "ORDER BY account_id LIMIT 1",
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
        *(agreement.every_shop, agreement.sealed_payee),
    )
    await connection.execute(
        "DELETE FROM agreement_accounts WHERE account_id = ANY ($1::text[]) "
        "OR agreement_id = $2 AND NOT (joined AND $3)",
        agreement.account_ids,
        agreement.agreement_id,
        agreement.every_shop,
    )
    await connection.execute(
        "INSERT INTO agreement_accounts (account_id, agreement_id) "
        "SELECT DISTINCT account_id, $2 FROM unnest($1::text[]) AS account_id",
        agreement.account_ids,
        agreement.agreement_id,
    )


async def _check_every_shop(connection: Connection, agreement: Agreement) -> None:
    if not agreement.every_shop:
        return
    other = await connection.fetchval(
        "SELECT agreement_id FROM agreements WHERE every_shop AND participant_id = $1 "
        "AND currency_code = $2 AND agreement_id <> $3",
        agreement.participant_id,
        agreement.currency,
        agreement.agreement_id,
    )
    if other is not None:
        raise EveryShopTaken(
            f"The agreement {other} pays for every shop of {agreement.participant_id} in "
            f"{agreement.currency}: name accounts here, or take every_shop out there first.",
            agreement_id=other,
        )


async def list_agreements(connection: Connection, after: str, limit: int) -> list[Agreement]:
    """Agreements after an id (empty: from the first), in order of their ids."""
    return [_agreement_of(row) for row in await connection.fetch(_LIST, after, limit)]


async def get_agreement(connection: Connection, agreement_id: str) -> Agreement | None:
    """The agreement of this id."""
    row = await connection.fetchrow(_GET, agreement_id)
    return None if row is None else _agreement_of(row)


async def agreements_moved(connection: Connection, window_id: str) -> list[Agreement]:
    """Agreements of which an account has moved in a window, each with those accounts alone. One
    that is not active is not paid, but what is owed is kept."""
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
) -> list[tuple[str, str, int, int, str, int]]:
    """Of a window: agreement, participant, net with the reserve, the reserve, the latest payout
    that took of what is not reserve, and of how many accounts; in order of agreements, after one
    of them."""
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
        row["every_shop"],
        row["shop_count"],
        row["sealed_payee"],
    )


_PUT = """
INSERT INTO agreements (
    agreement_id, participant_id, currency_code, settlement_currency_code, minimum_payout,
    reserve_basis_points, reserve_days, bank_partner_id, bank_code, branch_code, account_type,
    account_number, holder_name, active, payee_merchant_id, every_shop, sealed_payee
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (agreement_id) DO UPDATE SET participant_id = excluded.participant_id,
    currency_code = excluded.currency_code,
    settlement_currency_code = excluded.settlement_currency_code,
    minimum_payout = excluded.minimum_payout,
    reserve_basis_points = excluded.reserve_basis_points, reserve_days = excluded.reserve_days,
    bank_partner_id = excluded.bank_partner_id, bank_code = excluded.bank_code,
    branch_code = excluded.branch_code, account_type = excluded.account_type,
    account_number = excluded.account_number, holder_name = excluded.holder_name,
    active = excluded.active, payee_merchant_id = excluded.payee_merchant_id,
    every_shop = excluded.every_shop, sealed_payee = excluded.sealed_payee
"""
_WITH_ACCOUNTS = """
SELECT g.*, a.account_ids, a.shop_count FROM agreements AS g
CROSS JOIN LATERAL (
    SELECT coalesce(
        array_agg(account_id ORDER BY account_id) FILTER (WHERE NOT joined), '{}'
    ) AS account_ids, count(*) FILTER (WHERE joined) AS shop_count
    FROM agreement_accounts WHERE agreement_id = g.agreement_id
) AS a
"""
_LIST = f"{_WITH_ACCOUNTS} WHERE g.agreement_id > $1 ORDER BY g.agreement_id LIMIT $2"
_GET = f"{_WITH_ACCOUNTS} WHERE g.agreement_id = $1"
_MOVED = """
SELECT g.*, moved.account_ids, moved.shop_count FROM (
    SELECT a.agreement_id, array_agg(a.account_id ORDER BY a.account_id) AS account_ids,
        count(*) FILTER (WHERE a.joined) AS shop_count
    FROM window_movements AS m JOIN agreement_accounts AS a USING (account_id)
    WHERE m.window_id = $1 GROUP BY a.agreement_id
) AS moved
JOIN agreements AS g USING (agreement_id)
ORDER BY g.agreement_id
"""
_ADD_POSITIONS = """
INSERT INTO positions (window_id, agreement_id, account_id, part, amount_minor, due_date)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::date[])
"""
_POSITIONS = """
SELECT p.agreement_id, g.participant_id, sum(p.amount_minor)::bigint,
    coalesce(sum(p.amount_minor) FILTER (WHERE p.part = 'reserve'), 0)::bigint,
    coalesce(max(p.payout_id) FILTER (WHERE p.part = 'net'), ''), count(DISTINCT p.account_id)
FROM positions AS p JOIN agreements AS g USING (agreement_id)
WHERE p.window_id = $1 AND p.agreement_id > $2
GROUP BY p.agreement_id, g.participant_id ORDER BY p.agreement_id LIMIT $3
"""
