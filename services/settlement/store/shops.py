"""Whose shops are, and which of them have joined an agreement that pays for every shop."""

from collections.abc import Iterable

from services.core.accounts import AccountKind
from services.kit.postgres import Connection
from services.settlement.domain.shops import Shop

_PUTTING = 0x61677265  # "agre"


async def lock_accounts(connection: Connection) -> None:
    """Who gives accounts to agreements waits here for those who do, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _PUTTING)


async def put_shops(connection: Connection, shops: Iterable[Shop]) -> None:
    """Store them; what is there stays."""
    # In one order, so that two batches do not wait for each other in turns.
    told = sorted({shop.merchant_id: shop.acquirer_id for shop in shops}.items())
    if told:
        await connection.execute(_PUT, [each for each, _ in told], [whose for _, whose in told])


async def join_shops(connection: Connection, window_id: str) -> int:
    """Shops that have moved in a window join their acquirer's agreement for every shop, but for
    those that an agreement has already; how many."""
    if not await connection.fetchval(_ANY_JOINS, window_id, _PAYABLE):
        return 0
    await lock_accounts(connection)
    # Read anew: another may have taken them before the lock was had.
    return len(await connection.fetch(_JOIN, window_id, _PAYABLE))


async def shops_joined(
    connection: Connection, agreement_id: str, after: str, limit: int
) -> list[str]:
    """Accounts of shops that have joined, after one of them (empty: from the first)."""
    rows = await connection.fetch(_JOINED, agreement_id, after, limit)
    return [row["account_id"] for row in rows]


_PAYABLE = str(AccountKind.MERCHANT_PAYABLE)
_PUT = """
INSERT INTO shops (merchant_id, acquirer_id) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (merchant_id) DO NOTHING
"""
_JOINING = """
    FROM window_movements AS m
    JOIN windows AS w USING (window_id)
    JOIN shops AS s ON s.merchant_id = split_part(m.account_id, ':', 2)
    JOIN agreements AS g ON g.every_shop AND g.participant_id = s.acquirer_id
        AND g.currency_code = w.currency_code
    WHERE m.window_id = $1
        AND m.account_id = concat_ws(':', $2::text, s.merchant_id, w.currency_code)
        AND (m.payments_minor, m.refunds_minor, m.fees_minor, m.other_minor) <> (0, 0, 0, 0)
        AND NOT EXISTS (SELECT FROM agreement_accounts AS a WHERE a.account_id = m.account_id)
"""
_ANY_JOINS = f"SELECT EXISTS (SELECT {_JOINING})"
_JOIN = f"""
INSERT INTO agreement_accounts (account_id, agreement_id, joined)
SELECT m.account_id, g.agreement_id, true {_JOINING}
RETURNING account_id
"""
_JOINED = """
SELECT account_id FROM agreement_accounts
WHERE agreement_id = $1 AND joined AND account_id > $2 ORDER BY account_id LIMIT $3
"""
