"""What deposits spend, and the thresholds people have set."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.core.accounts import AccountKind
from services.kit.postgres import Connection
from services.settlement.domain.postings import Posting
from services.settlement.prefunding.forecast import hour_of

PREFIX = f"{AccountKind.PREFUND}:"
_KINDS = ("payment", "refund")
ACCOUNTS_LIMIT = 2000


async def add_spending(connection: Connection, postings: Sequence[Posting]) -> None:
    """Count what payments take from deposits and refunds give back; each posting comes once."""
    spent: dict[tuple[str, datetime], int] = {}
    for posting in postings:
        if posting.kind not in _KINDS:
            continue
        for account, minor in (
            (posting.debit_account_id, posting.amount_minor),
            (posting.credit_account_id, -posting.amount_minor),
        ):
            if account.startswith(PREFIX):
                key = account, hour_of(posting.post_time)
                spent[key] = spent.get(key, 0) + minor
    if not spent:
        return
    # In one order, so that two processes never wait for each other.
    keys = sorted(spent)
    await connection.execute(
        _ADD,
        [account for account, _ in keys],
        [hour for _, hour in keys],
        [spent[key] for key in keys],
    )


async def read_spending(
    connection: Connection, account_ids: Sequence[str], since: datetime
) -> dict[str, dict[datetime, int]]:
    """Per account, what each hour since then has spent."""
    found: dict[str, dict[datetime, int]] = {account: {} for account in account_ids}
    rows = await connection.fetch(
        "SELECT * FROM prefund_spending WHERE account_id = ANY ($1::text[]) AND hour_time >= $2",
        account_ids,
        since,
    )
    for row in rows:
        found[row["account_id"]][row["hour_time"]] = row["spent_minor"]
    return found


async def list_accounts(connection: Connection, participant_id: str) -> list[str]:
    """Deposits that have moved or have a threshold; of one participant, or of all."""
    rows = await connection.fetch(
        "SELECT account_id FROM (SELECT DISTINCT account_id FROM prefund_spending "
        "UNION SELECT account_id FROM prefund_thresholds) AS known "
        "WHERE $1 = '' OR starts_with(account_id, $2) ORDER BY account_id LIMIT $3",
        participant_id,
        f"{PREFIX}{participant_id}:",
        ACCOUNTS_LIMIT,
    )
    return [row["account_id"] for row in rows]


async def put_threshold(
    connection: Connection, account_id: str, threshold_minor: int, operator: str, now: datetime
) -> None:
    """Set below which available amount the people are told; zero: never."""
    await connection.execute(_PUT, account_id, threshold_minor, operator, now)


async def read_thresholds(
    connection: Connection, account_ids: Sequence[str]
) -> dict[str, tuple[int, bool]]:
    """Per account its threshold and whether it was told to be below."""
    rows = await connection.fetch(
        "SELECT account_id, threshold_minor, low FROM prefund_thresholds "
        "WHERE account_id = ANY ($1::text[])",
        account_ids,
    )
    return {row["account_id"]: (row["threshold_minor"], row["low"]) for row in rows}


async def mark_low(connection: Connection, lows: Mapping[str, bool]) -> set[str]:
    """Note which accounts are below or above now; returns those that were noted otherwise."""
    rows = await connection.fetch(_MARK, sorted(lows), [lows[name] for name in sorted(lows)])
    return {row["account_id"] for row in rows}


_ADD = """
INSERT INTO prefund_spending AS s (account_id, hour_time, spent_minor)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[])
ON CONFLICT (account_id, hour_time) DO UPDATE
SET spent_minor = s.spent_minor + excluded.spent_minor
"""
_PUT = """
INSERT INTO prefund_thresholds (account_id, threshold_minor, operator, put_time)
VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id) DO UPDATE SET threshold_minor = excluded.threshold_minor,
    operator = excluded.operator, put_time = excluded.put_time
"""
_MARK = """
UPDATE prefund_thresholds AS t SET low = come.low
FROM unnest($1::text[], $2::boolean[]) AS come (account_id, low)
WHERE t.account_id = come.account_id AND t.low <> come.low
RETURNING t.account_id
"""
