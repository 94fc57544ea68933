"""The check of the books: every account row against its transfers, every currency against itself.

All of it is read in one snapshot, so it is exact while payments go on.
"""

from dataclasses import dataclass

from services.kit.postgres import Connection, allow_wide_plans
from services.wallet.domain.opening import Totals

CHECK_SECONDS = 300.0
DIFFERING_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Books:
    """What the check found; totals per currency over all accounts."""

    totals: dict[str, Totals]
    differing_account_ids: list[str]
    """Accounts whose totals are not the sum of their transfers; at most `DIFFERING_LIMIT`."""
    transfer_count: int
    pending_count: int

    @property
    def balanced(self) -> bool:
        """Whether every account fits its transfers and every currency sums to zero."""
        return not self.differing_account_ids and all(
            total.debits_posted == total.credits_posted
            and total.debits_pending == total.credits_pending
            for total in self.totals.values()
        )


async def check_books(connection: Connection) -> Books:
    """Read and compare everything; the transaction must be one repeatable snapshot."""
    await allow_wide_plans(connection)
    totals = {
        row[0]: Totals(*(int(value) for value in row[1:]))
        for row in await connection.fetch(_CURRENCIES, timeout=CHECK_SECONDS)
    }
    differing = await connection.fetch(_DIFFERING, DIFFERING_LIMIT, timeout=CHECK_SECONDS)
    counts = await connection.fetchrow(_COUNTS, timeout=CHECK_SECONDS)
    return Books(totals, [row[0] for row in differing], counts[0], counts[1])


_CURRENCIES = """
SELECT currency_code, sum(debits_pending), sum(debits_posted), sum(credits_pending),
    sum(credits_posted)
FROM accounts GROUP BY currency_code ORDER BY currency_code
"""
# A row without transfers, and transfers without a row, are compared with zero. Transfers of a
# currency that is not the row's count for nothing, so that they show as a difference.
_DIFFERING = """
WITH side AS (
    SELECT debit_account_id AS account_id, debit_stripe AS stripe, currency_code,
        sum(amount) FILTER (WHERE outcome IS NULL) AS debits_pending,
        sum(amount) FILTER (WHERE outcome = 'posted') AS debits_posted,
        0 AS credits_pending, 0 AS credits_posted
    FROM transfers LEFT JOIN resolutions USING (link_id) GROUP BY 1, 2, 3
    UNION ALL
    SELECT credit_account_id, credit_stripe, currency_code, 0, 0,
        sum(amount) FILTER (WHERE outcome IS NULL),
        sum(amount) FILTER (WHERE outcome = 'posted')
    FROM transfers LEFT JOIN resolutions USING (link_id) GROUP BY 1, 2, 3
), moved AS (
    SELECT account_id, stripe, currency_code,
        sum(debits_pending) AS debits_pending, sum(debits_posted) AS debits_posted,
        sum(credits_pending) AS credits_pending, sum(credits_posted) AS credits_posted
    FROM side GROUP BY account_id, stripe, currency_code
)
SELECT DISTINCT coalesce(a.account_id, m.account_id) AS account_id
FROM accounts AS a FULL JOIN moved AS m
    ON (m.account_id, m.stripe, m.currency_code) = (a.account_id, a.stripe, a.currency_code)
WHERE (
    coalesce(a.debits_pending, 0), coalesce(a.debits_posted, 0),
    coalesce(a.credits_pending, 0), coalesce(a.credits_posted, 0)
) IS DISTINCT FROM (
    coalesce(m.debits_pending, 0), coalesce(m.debits_posted, 0),
    coalesce(m.credits_pending, 0), coalesce(m.credits_posted, 0)
)
ORDER BY account_id LIMIT $1
"""
_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE r.link_id IS NULL)
FROM transfers AS t LEFT JOIN resolutions AS r USING (link_id)
"""
