"""Account rows: opened once, locked in order, and remembered for what never changes."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from services.core.accounts import AccountKind
from services.core.ids import stripe_of
from services.kit.postgres import Connection
from services.wallet.domain.model import AccountRow
from services.wallet.domain.opening import Account

REMEMBERED_LIMIT = 200_000


class KnownAccounts:
    """Remembers of open accounts what never changes: which are striped, and their currency.

    An account that is not open is looked up each time.
    """

    def __init__(self) -> None:
        self._single: set[str] = set()
        self.striped: dict[str, str] = {}
        """Currency by id, of striped accounts."""

    async def learn(self, connection: Connection, account_ids: set[str]) -> None:
        """Look up those of the accounts that are not known yet."""
        names = [x for x in account_ids if x not in self.striped and x not in self._single]
        if not names:
            return
        if len(self._single) + len(self.striped) > REMEMBERED_LIMIT:
            self._single.clear()
            self.striped.clear()
            names = list(account_ids)
        for row in await connection.fetch(_KNOW, names, [stripe_of(name) for name in names]):
            if row["striped"]:
                self.striped[row["account_id"]] = row["currency_code"]
            else:
                self._single.add(row["account_id"])

    def single(self, account_ids: set[str]) -> list[str]:
        """Those of the accounts that are open and have one row."""
        return [account_id for account_id in account_ids if account_id in self._single]


async def lock_rows(
    connection: Connection, account_ids: Sequence[str], resolved_links: Sequence[str]
) -> list[AccountRow]:
    """Lock, in order, the rows of unstriped accounts: those given and those of `resolved_links`.

    Striped rows need no lock: see the store's docstring.
    """
    own = [stripe_of(name) for name in account_ids]
    rows = await connection.fetch(LOCK, account_ids, own, resolved_links)
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


_KNOW = """
SELECT a.account_id, a.striped, a.currency_code
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
    a.account_id, a.stripe, a.currency_code, a.net_debit_limit,
    a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted
FROM touched JOIN accounts AS a USING (account_id, stripe)
WHERE NOT a.striped
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
