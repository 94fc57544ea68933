"""Accounts of shops, as the gateway told of them."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime

from services.kit.postgres import Connection
from services.settlement.domain.payees import PayeeAccount


async def add_accounts(connection: Connection, accounts: Sequence[PayeeAccount]) -> None:
    """Keep them; one that is kept stays as it is."""
    if not accounts:
        return
    columns = list(zip(*(astuple(account) for account in accounts), strict=True))
    await connection.execute(_ADD, *columns)


async def accounts_of(
    connection: Connection, merchant_id: str, now: datetime
) -> tuple[PayeeAccount | None, PayeeAccount | None]:
    """What is in effect, and what has been approved and will be."""
    rows = await connection.fetch(_READ, merchant_id, now)
    accounts = [PayeeAccount(*row) for row in map(tuple, rows)]
    coming = next((each for each in accounts if each.effective_time > now), None)
    return next((each for each in accounts if each.effective_time <= now), None), coming


# A repeat of a fact is the same row, so that no total depends on it.
_ADD = """
INSERT INTO payee_accounts (merchant_id, version, sealed_payee, shown, approve_time, effective_time)
SELECT * FROM unnest(
    $1::text[], $2::int[], $3::bytea[], $4::text[], $5::timestamptz[], $6::timestamptz[]
)
ON CONFLICT DO NOTHING
"""
# One that was not in effect when a later one was approved never is.
_READ = """
SELECT a.merchant_id, a.version, a.sealed_payee, a.shown, a.approve_time, a.effective_time
FROM payee_accounts AS a
WHERE a.merchant_id = $1 AND a.approve_time <= $2 AND NOT EXISTS (
    SELECT FROM payee_accounts AS later WHERE later.merchant_id = $1
        AND later.version > a.version AND later.approve_time < a.effective_time
)
ORDER BY a.version DESC
"""
