"""What the ledger shows: balances now or as they were, and transfers in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.kit.postgres import WIDE_FROM, Connection, allow_wide_plans
from services.wallet.domain.model import Leg, Outcome
from services.wallet.domain.opening import Balance, Totals
from services.wallet.store.accounts import account_of


async def find_balances(connection: Connection, account_ids: Sequence[str]) -> list[Balance]:
    """The accounts that are open among `account_ids`, in order of their ids."""
    return [_balance_of(row) for row in await connection.fetch(_BALANCES_OF, account_ids)]


async def list_balances(
    connection: Connection, owner_id: str, after_account_id: str, limit: int
) -> list[Balance]:
    """Up to `limit` accounts after an id, in order of their ids; of one owner, or of all."""
    if owner_id:
        rows = await connection.fetch(_BALANCES_OF_OWNER, after_account_id, limit, owner_id)
    else:
        rows = await connection.fetch(_BALANCES, after_account_id, limit)
    return [_balance_of(row) for row in rows]


async def posted_after_instant(
    connection: Connection, account_ids: Sequence[str], instant: datetime
) -> dict[str, tuple[int, int]]:
    """Debits and credits posted to the accounts after `instant`; not exact while writers that read
    the clock before it have yet to commit."""
    await allow_wide_plans(connection)
    return _sums_of(await connection.fetch(_POSTED_AFTER_INSTANT, account_ids, instant))


async def posted_after_sequences(
    connection: Connection,
    account_ids: Sequence[str],
    sequences: Mapping[int, int],
    now: Mapping[int, int],
) -> dict[str, tuple[int, int]]:
    """Debits and credits posted to the accounts after stripes' sequences; `now` is where the
    stripes stand. Exact: sequences are gapless and taken under a lock."""
    moved = [stripe for stripe, last in now.items() if last > sequences.get(stripe, 0)]
    after = [sequences.get(stripe, 0) for stripe in moved]
    through = [now[stripe] for stripe in moved]
    # Postgres does not know how much came after a sequence: we do.
    query = _POSTED_BETWEEN
    if sum(through) - sum(after) >= WIDE_FROM:
        await allow_wide_plans(connection)
        query = _POSTED_BETWEEN_WIDE
    return _sums_of(await connection.fetch(query, account_ids, moved, after, through))


def _sums_of(rows: Sequence[asyncpg.Record]) -> dict[str, tuple[int, int]]:
    return {row["account_id"]: (int(row["debits"]), int(row["credits"])) for row in rows}


async def read_sequences(connection: Connection) -> dict[int, int]:
    """Where each stripe stands; only stripes that have begun."""
    rows = await connection.fetch(
        "SELECT stripe, last_sequence FROM outbox_stripes WHERE last_sequence > 0"
    )
    return {row["stripe"]: row["last_sequence"] for row in rows}


@dataclass(frozen=True, slots=True)
class StoredTransfer:
    """A transfer and what became of it; `outcome` None is pending. `number` orders them."""

    number: int
    link_id: str
    leg_number: int
    leg: Leg
    stripe: int
    create_time: datetime
    outcome: Outcome | None
    sequence: int
    resolve_time: datetime | None


async def list_transfers_of_link(
    connection: Connection, link_id: str, account_id: str, after: int, limit: int
) -> list[StoredTransfer]:
    """Transfers of a link after a number; of one account where `account_id` is not empty."""
    rows = await connection.fetch(_TRANSFERS_OF_LINK, link_id, account_id, after, limit)
    return [_transfer_of(row) for row in rows]


async def list_transfers_of_account(
    connection: Connection, account_id: str, after: int, limit: int
) -> list[StoredTransfer]:
    """Up to `limit` transfers of an account after a number, in the order of their making."""
    rows = await connection.fetch(_TRANSFERS_OF_ACCOUNT, account_id, after, limit)
    return [_transfer_of(row) for row in rows]


def _balance_of(row: asyncpg.Record) -> Balance:
    totals = Totals(
        int(row["debits_pending"]),
        int(row["debits_posted"]),
        int(row["credits_pending"]),
        int(row["credits_posted"]),
    )
    return Balance(account_of(row), totals, row["create_time"])


def _transfer_of(row: asyncpg.Record) -> StoredTransfer:
    return StoredTransfer(
        row["number"],
        row["link_id"],
        row["leg_number"],
        Leg(
            row["debit_account_id"],
            row["credit_account_id"],
            row["amount"],
            row["currency_code"],
            row["purpose"],
        ),
        row["stripe"],
        row["create_time"],
        None if row["outcome"] is None else Outcome(row["outcome"]),
        row["sequence"] or 0,
        row["resolve_time"],
    )


_BALANCES_OF = "SELECT * FROM balances WHERE account_id = ANY ($1::text[]) ORDER BY account_id"
_BALANCES = "SELECT * FROM balances WHERE account_id > $1 ORDER BY account_id LIMIT $2"
_BALANCES_OF_OWNER = """
SELECT * FROM balances WHERE owner_id = $3 AND account_id > $1 ORDER BY account_id LIMIT $2
"""
_SUMS = """
    coalesce(sum(side.amount) FILTER (WHERE side.debit), 0) AS debits,
    coalesce(sum(side.amount) FILTER (WHERE NOT side.debit), 0) AS credits
"""
_SIDES = """
CROSS JOIN LATERAL (
    VALUES (t.debit_account_id, t.amount, true), (t.credit_account_id, t.amount, false)
) AS side (account_id, amount, debit)
"""
_POSTED_LATER = f"""
SELECT side.account_id, {_SUMS}
FROM later JOIN transfers AS t USING (link_id) {_SIDES}
WHERE side.account_id = ANY ($1::text[])
GROUP BY side.account_id
"""  # noqa: S608
_POSTED_AFTER_INSTANT = f"""
WITH later AS (
    SELECT link_id FROM resolutions WHERE outcome = 'posted' AND resolve_time > $2::timestamptz
)
{_POSTED_LATER}
"""  # noqa: S608
_SPAN = "unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS span (stripe, after, through)"
_POSTED_BETWEEN_WIDE = f"""
WITH later AS (
    SELECT r.link_id FROM {_SPAN}
    JOIN resolutions AS r ON r.stripe = span.stripe
        AND r.sequence > span.after AND r.sequence <= span.through
)
{_POSTED_LATER}
"""  # noqa: S608
# OFFSET keeps Postgres from turning the joins round: it takes a span for a third of the table, and
# reads the whole for some rows. The accounts are chosen among the sums, not leg by leg.
_POSTED_BETWEEN = f"""
WITH later AS MATERIALIZED (
    SELECT r.link_id FROM {_SPAN}
    CROSS JOIN LATERAL (
        SELECT link_id FROM resolutions
        WHERE stripe = span.stripe AND sequence > span.after AND sequence <= span.through
        OFFSET 0
    ) AS r
), moved AS MATERIALIZED (
    SELECT side.account_id, {_SUMS}
    FROM later CROSS JOIN LATERAL (
        SELECT debit_account_id, credit_account_id, amount FROM transfers
        WHERE transfers.link_id = later.link_id OFFSET 0
    ) AS t {_SIDES}
    GROUP BY side.account_id
)
SELECT * FROM moved WHERE account_id = ANY ($1::text[])
"""  # noqa: S608
_TRANSFERS_OF_LINK = """
SELECT * FROM transfer_states
WHERE link_id = $1 AND number > $3
AND ($2 = '' OR $2 IN (debit_account_id, credit_account_id))
ORDER BY number LIMIT $4
"""
_TRANSFERS_OF_ACCOUNT = """
(
    SELECT * FROM transfer_states WHERE debit_account_id = $1 AND number > $2
    ORDER BY number LIMIT $3
) UNION ALL (
    SELECT * FROM transfer_states WHERE credit_account_id = $1 AND number > $2
    ORDER BY number LIMIT $3
)
ORDER BY number LIMIT $3
"""
