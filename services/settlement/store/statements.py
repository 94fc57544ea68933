"""What accounts have moved in a span of time or between two cuts, line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.ids import STRIPE_COUNT
from services.kit.postgres import Connection, allow_wide_plans
from services.settlement.domain.postings import CLASSED_KINDS, FEE_PURPOSE, Class, Sums
from services.settlement.domain.statements import START, Line, LineKey, Span
from services.settlement.store.cuts import SKEW, SUM_SECONDS

# Their movements come in one answer, some hundred bytes each.
ACCOUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Between:
    """A window: its corridor, and the sequences of its two cuts, stripe by stripe."""

    corridor_id: str
    after: Sequence[int]
    through: Sequence[int]


async def accounts_of(connection: Connection, participant_id: str) -> list[str]:
    """Accounts that an agreement of the participant covers, and those named after it.

    Where they are more than `ACCOUNT_LIMIT`, one more than that.
    """
    rows = await connection.fetch(_ACCOUNTS, participant_id, ACCOUNT_LIMIT + 1)
    return [row["account_id"] for row in rows]


async def zones(connection: Connection) -> dict[str, str]:
    """The time zone of each currency's first schedule."""
    rows = await connection.fetch(_ZONES)
    return {row["currency_code"]: row["time_zone"] for row in rows}


async def openings(connection: Connection, spans: Sequence[Span]) -> dict[str, int]:
    """What each account had before its span, credits less debits.

    Counted from the last cut that is surely before it; what has no cut before it, from the first
    posting.
    """
    await allow_wide_plans(connection)
    rows = await connection.fetch(_OPENINGS, *_columns(spans), SKEW, timeout=SUM_SECONDS)
    return {row["account_id"]: int(row["minor"]) for row in rows}


async def sums_in(connection: Connection, spans: Sequence[Span]) -> list[Sums]:
    """What each account has moved in its span, by class."""
    await allow_wide_plans(connection)
    rows = await connection.fetch(
        _SUMS,
        *_columns(spans),
        min(span.begin for span in spans),
        max(span.end for span in spans),
        *_classes(),
        timeout=SUM_SECONDS,
    )
    return [Sums(row[0], Class(row[1]), int(row[2]), int(row[3])) for row in rows]


async def lines_in(
    connection: Connection, spans: Sequence[Span], after: LineKey | None, limit: int
) -> list[Line]:
    """Up to `limit` lines of the accounts in their spans, in the order of time."""
    rows = await connection.fetch(_LINES, *_page(spans, after, limit), timeout=SUM_SECONDS)
    return [_line_of(row) for row in rows]


async def lines_between(
    connection: Connection,
    spans: Sequence[Span],
    between: Between,
    after: LineKey | None,
    limit: int,
) -> list[Line]:
    """Up to `limit` lines of the accounts in a window, in the order of time.

    The spans are from its opening to its cut; the cuts decide.
    """
    wide = [Span(each.account_id, each.begin - SKEW, each.end + SKEW) for each in spans]
    rows = await connection.fetch(
        _LINES_BETWEEN,
        *_page(wide, after, limit),
        between.corridor_id,
        between.after,
        between.through,
        timeout=SUM_SECONDS,
    )
    return [_line_of(row) for row in rows]


def _page(spans: Sequence[Span], after: LineKey | None, limit: int) -> tuple[object, ...]:
    key = after or LineKey(min(span.begin for span in spans), *START)
    return (
        *_columns(spans),
        *(key.post_time, max(span.end for span in spans)),
        *_classes(),
        *(key.stripe, key.sequence, key.leg, key.side, limit),
    )


def _columns(spans: Sequence[Span]) -> tuple[list[str], list[datetime], list[datetime]]:
    return (
        [span.account_id for span in spans],
        [span.begin for span in spans],
        [span.end for span in spans],
    )


def _classes() -> tuple[object, ...]:
    return FEE_PURPOSE, str(Class.FEE), [str(kind) for kind in CLASSED_KINDS], str(Class.OTHER)


def _line_of(row: Mapping[str, object]) -> Line:
    key = LineKey(*(row[name] for name in ("post_time", "stripe", "sequence", "leg", "side")))  # type: ignore[arg-type]
    rest = (row[name] for name in ("link_id", "account_id", "class", "minor", "currency_code"))
    return Line(key, *rest)  # type: ignore[arg-type]


_ACCOUNTS = """
SELECT account_id FROM (
    SELECT a.account_id FROM agreement_accounts AS a JOIN agreements AS g USING (agreement_id)
    WHERE g.participant_id = $1
    UNION
    SELECT account_id FROM account_totals
    WHERE split_part(account_id, ':', 2) = $1 AND split_part(account_id, ':', 3) <> ''
) AS found ORDER BY account_id LIMIT $2
"""
_ZONES = """
SELECT DISTINCT ON (currency_code) currency_code, time_zone FROM schedules
WHERE active ORDER BY currency_code, schedule_id
"""
_ASKED = """
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[])
        AS a (account_id, begin_time, end_time)
"""
_CLASS = """
    CASE WHEN p.purpose = $6 THEN $7 WHEN p.kind = ANY ($8::text[]) THEN p.kind ELSE $9 END
"""
_MINE = "(p.debit_account_id = ANY ($1::text[]) OR p.credit_account_id = ANY ($1::text[]))"
_SIDES = """
    CROSS JOIN LATERAL (VALUES
        (p.debit_account_id, -p.amount_minor, 0), (p.credit_account_id, p.amount_minor, 1)
    ) AS s (account_id, minor, side)
    JOIN asked AS a ON a.account_id = s.account_id
        AND p.post_time >= a.begin_time AND p.post_time < a.end_time
"""
# A cut between closes may stand where a copy that lagged had come, long before its time: what is in
# no cut is looked for from the first posting after it, stripe by stripe.
_OPENINGS = f"""
WITH asked AS ({_ASKED}), placed AS (
    SELECT a.account_id, a.begin_time, c.cut_id, c.cut_time, c.sequences FROM asked AS a
    LEFT JOIN LATERAL (
        SELECT * FROM cuts WHERE state <> 'taken' AND cut_time <= a.begin_time - $4::interval
        ORDER BY cut_id DESC LIMIT 1
    ) AS c ON true
), uncut AS (
    SELECT min(first.post_time) - $4::interval AS begin_time
    FROM (SELECT DISTINCT cut_id, sequences FROM placed) AS c
    CROSS JOIN generate_series(0, {STRIPE_COUNT - 1}) AS s (stripe)
    CROSS JOIN LATERAL (
        SELECT p.post_time FROM postings AS p
        WHERE p.stripe = s.stripe AND p.sequence > coalesce(c.sequences[s.stripe + 1], 0)
        ORDER BY p.sequence LIMIT 1
    ) AS first
), parts AS (
    SELECT p.account_id, m.credit_minor - m.debit_minor AS minor FROM placed AS p
    JOIN cut_movements AS m ON m.account_id = p.account_id AND m.cut_id <= p.cut_id
    UNION ALL
    SELECT a.account_id, s.minor FROM (
        SELECT * FROM postings
        WHERE post_time >= (SELECT begin_time FROM uncut)
            AND post_time < (SELECT max(begin_time) FROM placed)
    ) AS p
    CROSS JOIN LATERAL (VALUES
        (p.debit_account_id, -p.amount_minor), (p.credit_account_id, p.amount_minor)
    ) AS s (account_id, minor)
    JOIN placed AS a ON a.account_id = s.account_id AND p.post_time < a.begin_time
        AND p.sequence > coalesce(a.sequences[p.stripe + 1], 0)
)
SELECT account_id, sum(minor) AS minor FROM parts GROUP BY account_id
"""  # noqa: S608
_SUMS = f"""
WITH asked AS ({_ASKED})
SELECT s.account_id, {_CLASS} AS class,
    coalesce(sum(-s.minor) FILTER (WHERE s.side = 0), 0),
    coalesce(sum(s.minor) FILTER (WHERE s.side = 1), 0)
FROM postings AS p {_SIDES}
WHERE p.post_time >= $4 AND p.post_time < $5 AND {_MINE}
GROUP BY 1, 2
"""  # noqa: S608
# A page begins where the index by time finds the line after which it is asked for, and ends when it
# is full: however long the statement is.
_PAGE = f"""
WITH asked AS ({_ASKED})
SELECT p.post_time, p.stripe, p.sequence, p.leg, s.side, p.link_id, s.account_id,
    {_CLASS} AS class, s.minor, p.currency_code
FROM postings AS p {_SIDES}
WHERE (p.post_time, p.stripe, p.sequence, p.leg) >= ($4, $10, $11, $12) AND p.post_time < $5
    AND {_MINE} AND (p.post_time, p.stripe, p.sequence, p.leg, s.side) > ($4, $10, $11, $12, $13)
"""  # noqa: S608
_ORDER = "ORDER BY p.post_time, p.stripe, p.sequence, p.leg, s.side LIMIT $14"
_LINES = f"{_PAGE} {_ORDER}"
_LINES_BETWEEN = f"""
{_PAGE}
    AND p.sequence > ($16::bigint[])[p.stripe + 1] AND p.sequence <= ($17::bigint[])[p.stripe + 1]
    AND $15 = coalesce((
        SELECT coalesce(origin.corridor_id, j.corridor_id) FROM subjects AS j
        LEFT JOIN subjects AS origin ON j.kind = 'refund' AND origin.kind = 'payment'
            AND (origin.participant_id, origin.payment_id) = (j.participant_id, j.payment_id)
        WHERE j.reference = p.reference
    ), '')
{_ORDER}
"""  # noqa: S608
