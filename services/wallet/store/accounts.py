"""Account rows: opened once, locked in order, and remembered for what never changes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg

from services.core.accounts import AccountKind
from services.core.ids import stripe_of
from services.kit.postgres import Connection
from services.wallet.domain.model import AccountRow, Begin
from services.wallet.domain.opening import Account

REMEMBERED_LIMIT = 200_000


class StripedAccounts:
    """Remembers which accounts are striped, so that a batch knows which rows to lock.

    An account never changes in this, so what is remembered stays true. What is not open is looked
    up each time.
    """

    def __init__(self) -> None:
        self._striped: dict[str, bool] = {}

    async def rows_of(
        self, connection: Connection, commands: Iterable[Begin]
    ) -> set[tuple[str, int]]:
        """(account, stripe) of every row the legs touch; accounts not open are left out."""
        wanted: set[tuple[str, int]] = set()
        for command in commands:
            stripe = command.stripe
            wanted.add((command.funding_account_id, stripe))
            for leg in command.legs:
                wanted.add((leg.debit_account_id, stripe))
                wanted.add((leg.credit_account_id, stripe))
        striped = self._striped
        await self._learn(
            connection, {account_id for account_id, _ in wanted if account_id not in striped}
        )
        return {
            (account_id, stripe if striped[account_id] else stripe_of(account_id))
            for account_id, stripe in wanted
            if account_id in striped
        }

    async def _learn(self, connection: Connection, account_ids: set[str]) -> None:
        if not account_ids:
            return
        if len(self._striped) > REMEMBERED_LIMIT:
            self._striped.clear()
        names = list(account_ids)
        rows = await connection.fetch(_STRIPED, names, [stripe_of(name) for name in names])
        self._striped.update((row["account_id"], row["striped"]) for row in rows)


async def lock_rows(
    connection: Connection, wanted: set[tuple[str, int]], resolved_links: Sequence[str]
) -> list[AccountRow]:
    """Lock the rows wanted, and those the legs of `resolved_links` have moved, in order."""
    rows = await connection.fetch(
        LOCK,
        [account_id for account_id, _ in wanted],
        [stripe for _, stripe in wanted],
        resolved_links,
    )
    return [AccountRow(*row) for row in rows]


async def find_accounts(connection: Connection, account_ids: Sequence[str]) -> dict[str, Account]:
    """Those of the accounts that are open."""
    rows = await connection.fetch(_FIND, account_ids, [stripe_of(name) for name in account_ids])
    return {row["account_id"]: account_of(row) for row in rows}


def account_of(row: asyncpg.Record) -> Account:
    """The account a row of `accounts` tells of."""
    return Account(
        row["account_id"],
        row["currency_code"],
        AccountKind(row["kind"]),
        row["owner_id"],
        row["striped"],
        row["net_debit_limit"],
    )


async def insert_accounts(
    connection: Connection, accounts: Sequence[Account], now: datetime
) -> None:
    """Make every row of the accounts. Raises a unique violation where one exists."""
    rows = sorted(
        (
            account.account_id,
            stripe,
            account.currency,
            str(account.kind),
            account.owner_id,
            account.striped,
            account.net_debit_limit,
        )
        for account in accounts
        for stripe in account.stripes
    )
    if rows:
        await connection.execute(
            _INSERT, *(list(column) for column in zip(*rows, strict=True)), now
        )


_STRIPED = """
SELECT a.account_id, a.striped
FROM unnest($1::text[], $2::smallint[]) AS wanted (account_id, stripe)
JOIN accounts AS a USING (account_id, stripe)
"""
LOCK = """
WITH touched AS MATERIALIZED (
    SELECT account_id, stripe
    FROM unnest($1::text[], $2::smallint[]) AS wanted (account_id, stripe)
    UNION
    SELECT side.account_id, side.stripe
    FROM unnest($3::text[]) AS resolved (link_id)
    JOIN transfers AS t USING (link_id)
    CROSS JOIN LATERAL (
        VALUES (t.debit_account_id, t.debit_stripe), (t.credit_account_id, t.credit_stripe)
    ) AS side (account_id, stripe)
)
SELECT
    a.account_id, a.stripe, a.currency_code, a.striped, a.net_debit_limit,
    a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted
FROM touched JOIN accounts AS a USING (account_id, stripe)
ORDER BY a.account_id, a.stripe
FOR NO KEY UPDATE OF a
"""
_FIND = """
SELECT a.account_id, a.currency_code, a.kind, a.owner_id, a.striped, a.net_debit_limit
FROM unnest($1::text[], $2::smallint[]) AS wanted (account_id, stripe)
JOIN accounts AS a USING (account_id, stripe)
"""
_INSERT = """
INSERT INTO accounts (
    account_id, stripe, currency_code, kind, owner_id, striped, net_debit_limit, create_time
)
SELECT *, $8::timestamptz FROM unnest(
    $1::text[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::bigint[]
)
"""
