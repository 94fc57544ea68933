"""Cuts: where the ledger was cut, and the sums between two cuts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.core.ids import STRIPE_COUNT
from services.kit.postgres import WIDE_FROM, Connection, allow_wide_plans
from services.settlement.domain.postings import (
    CLASSED_KINDS,
    COUNTED_PURPOSES,
    FEE_PURPOSE,
    OWNED_KINDS,
    Class,
)

# A cut over a million payments reads some four million legs.
SUM_SECONDS = 120.0
# The wallet's clock and ours, which is what cuts are timed by, are not further apart.
SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cut:
    """`sequences`: per stripe, 0 to 63, what is in it."""

    cut_id: int
    cut_time: datetime
    sequences: tuple[int, ...]
    state: str
    difference: str


async def lock_cuts(connection: Connection) -> None:
    """One process makes or sums cuts at a time, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _CUTTING)


async def add_cut(connection: Connection, cut_time: datetime, sequences: Mapping[int, int]) -> int:
    """Record a cut; its number follows the last. Call under `lock_cuts`.

    Where the ledger was asked before the last cut was made, the new one is not behind it.
    """
    last = await connection.fetchval("SELECT sequences FROM cuts ORDER BY cut_id DESC LIMIT 1")
    before = last or [0] * STRIPE_COUNT
    vector = [max(before[stripe], sequences.get(stripe, 0)) for stripe in range(STRIPE_COUNT)]
    number: int = await connection.fetchval(_ADD, cut_time, vector)
    return number


async def progress_since_last(connection: Connection) -> tuple[list[int], list[int]]:
    """Per stripe, where the last cut stands and how far the ledger's facts have been read."""
    rows = await connection.fetch(_SINCE_LAST)
    return [row["last"] for row in rows], [row["reached"] for row in rows]


async def place_at(connection: Connection, time: datetime) -> dict[int, int]:
    """Per stripe, the last posting that is copied, in no cut, and of `time` or before; where there
    is none, the place of the last cut."""
    rows = await connection.fetch(_PLACE_AT, time, SKEW, timeout=SUM_SECONDS)
    return {row["stripe"]: row["sequence"] for row in rows}


async def get_cut(connection: Connection, cut_id: int) -> Cut | None:
    """The cut of this number."""
    row = await connection.fetchrow("SELECT * FROM cuts WHERE cut_id = $1", cut_id)
    return None if row is None else _cut_of(row)


async def unfinished_cuts(connection: Connection) -> list[Cut]:
    """Cuts that have not been compared with the ledger yet, in order."""
    rows = await connection.fetch(
        "SELECT * FROM cuts WHERE state IN ('taken', 'summed') ORDER BY cut_id"
    )
    return [_cut_of(row) for row in rows]


async def count_homeless(connection: Connection, cut: Cut) -> int:
    """Links in the cut whose payment is not known yet: their corridor has to be waited for."""
    before = await _sequences_before(connection, cut)
    await _plan_for(connection, before, cut.sequences)
    found: int = await connection.fetchval(
        _HOMELESS, *_spans(before, cut.sequences), OWNED_KINDS, timeout=SUM_SECONDS
    )
    return found


async def sum_cut(connection: Connection, cut: Cut) -> None:
    """Add up what lies between the cut before and this one. Call under `lock_cuts`."""
    before = await _sequences_before(connection, cut)
    await _plan_for(connection, before, cut.sequences)
    await connection.execute(
        _SUM,
        *_spans(before, cut.sequences),
        cut.cut_id,
        FEE_PURPOSE,
        str(Class.FEE),
        str(Class.OTHER),
        COUNTED_PURPOSES,
        CLASSED_KINDS,
        timeout=SUM_SECONDS,
    )
    await connection.execute(_ADD_TOTALS, cut.cut_id, timeout=SUM_SECONDS)
    await connection.execute("UPDATE cuts SET state = 'summed' WHERE cut_id = $1", cut.cut_id)


async def moved_totals(connection: Connection, cut_id: int) -> dict[str, tuple[int, int]]:
    """Debits and credits through a summed cut, of the accounts it has moved."""
    rows = await connection.fetch(_MOVED, cut_id, timeout=SUM_SECONDS)
    return {row["account_id"]: (row["debit_minor"], row["credit_minor"]) for row in rows}


async def end_cut(connection: Connection, cut_id: int, difference: str) -> None:
    """It has been compared with the ledger."""
    await connection.execute(
        "UPDATE cuts SET state = $2, difference = $3 WHERE cut_id = $1 AND state = 'summed'",
        cut_id,
        "differs" if difference else "agrees",
        difference,
    )


async def unscheduled(connection: Connection, cut_id: int) -> list[tuple[str, str]]:
    """Corridor and currency of what a cut has moved on accounts of agreements, and that is in no
    window, because nothing says when to cut it."""
    rows = await connection.fetch(_UNSCHEDULED, cut_id, str(Class.PAYOUT), timeout=SUM_SECONDS)
    return [(row["corridor_id"], row["currency_code"]) for row in rows]


async def all_agree(connection: Connection, after_cut_id: int, through_cut_id: int) -> bool:
    """Whether all cuts in a span are the ledger's."""
    found: bool = await connection.fetchval(
        "SELECT bool_and(state = 'agrees') FROM cuts WHERE cut_id > $1 AND cut_id <= $2",
        after_cut_id,
        through_cut_id,
    )
    return found


async def differing_cuts(
    connection: Connection, after_cut_id: int, through_cut_id: int
) -> list[Cut]:
    """The cuts of a span that differ from the ledger, in order."""
    rows = await connection.fetch(
        "SELECT * FROM cuts WHERE cut_id > $1 AND cut_id <= $2 AND state = 'differs' "
        "ORDER BY cut_id",
        after_cut_id,
        through_cut_id,
    )
    return [_cut_of(row) for row in rows]


async def compare_again(connection: Connection, cut_id: int, difference: str) -> None:
    """A cut that differed has been compared with the ledger once more."""
    await connection.execute(
        "UPDATE cuts SET state = $2, difference = $3 WHERE cut_id = $1 AND state = 'differs'",
        cut_id,
        "differs" if difference else "agrees",
        difference,
    )


async def difference_between(connection: Connection, after_cut_id: int, through_cut_id: int) -> str:
    """What the first cut of a span that differs from the ledger says; empty where none does."""
    found: str | None = await connection.fetchval(
        "SELECT difference FROM cuts WHERE cut_id > $1 AND cut_id <= $2 AND state = 'differs' "
        "ORDER BY cut_id LIMIT 1",
        after_cut_id,
        through_cut_id,
    )
    return found or ""


async def _sequences_before(connection: Connection, cut: Cut) -> Sequence[int]:
    found = await connection.fetchval(
        "SELECT sequences FROM cuts WHERE cut_id = $1", cut.cut_id - 1
    )
    return found or [0] * STRIPE_COUNT


async def _plan_for(connection: Connection, before: Sequence[int], through: Sequence[int]) -> None:
    """Postgres does not know how much lies between two cuts: we do."""
    if sum(through) - sum(before) >= WIDE_FROM:
        await allow_wide_plans(connection)


def _spans(before: Sequence[int], through: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    moved = [stripe for stripe in range(STRIPE_COUNT) if through[stripe] > before[stripe]]
    return moved, [before[stripe] for stripe in moved], [through[stripe] for stripe in moved]


def _cut_of(row: Mapping[str, object]) -> Cut:
    cut_id, cut_time, sequences, state, difference = (
        row[name] for name in ("cut_id", "cut_time", "sequences", "state", "difference")
    )
    return Cut(cut_id, cut_time, tuple(sequences), state, difference)  # type: ignore[arg-type]


_CUTTING = 0x63757473  # "cuts"
_ADD = """
INSERT INTO cuts (cut_id, cut_time, sequences, state)
SELECT coalesce(max(cut_id), 0) + 1, $1, $2, 'taken' FROM cuts
RETURNING cut_id
"""
_CUT_POSTINGS = """
    SELECT p.* FROM unnest($1::smallint[], $2::bigint[], $3::bigint[])
        AS span (stripe, after, through)
    JOIN postings AS p ON p.stripe = span.stripe
        AND p.sequence > span.after AND p.sequence <= span.through
"""
_HOMELESS = f"""
WITH cut AS ({_CUT_POSTINGS})
SELECT count(DISTINCT cut.reference) FROM cut
LEFT JOIN subjects AS s USING (reference)
LEFT JOIN subjects AS origin ON s.kind = 'refund' AND origin.kind = 'payment'
    AND (origin.participant_id, origin.payment_id) = (s.participant_id, s.payment_id)
WHERE cut.kind = ANY ($4::text[])
    AND (s.reference IS NULL OR (s.kind = 'refund' AND origin.reference IS NULL))
"""  # noqa: S608
# Each leg counts twice, on its two accounts: so a cut's debits equal its credits.
_SUM = f"""
INSERT INTO cut_movements (
    cut_id, corridor_id, account_id, currency_code, class, debit_minor, credit_minor, link_count
)
WITH cut AS ({_CUT_POSTINGS}), placed AS (
    SELECT cut.currency_code, cut.amount_minor, cut.debit_account_id,
        cut.credit_account_id, (cut.purpose = ANY ($8::text[]))::int AS counted,
        coalesce(origin.corridor_id, s.corridor_id, '') AS corridor_id,
        CASE WHEN cut.purpose = $5 THEN $6 WHEN cut.kind = ANY ($9::text[]) THEN cut.kind
            ELSE $7 END AS class
    FROM cut
    LEFT JOIN subjects AS s USING (reference)
    LEFT JOIN subjects AS origin ON s.kind = 'refund' AND origin.kind = 'payment'
        AND (origin.participant_id, origin.payment_id) = (s.participant_id, s.payment_id)
), sides AS (
    SELECT corridor_id, debit_account_id AS account_id, currency_code, class,
        amount_minor AS debit_minor, 0::bigint AS credit_minor, counted FROM placed
    UNION ALL
    SELECT corridor_id, credit_account_id, currency_code, class, 0, amount_minor, 0 FROM placed
)
SELECT $4, corridor_id, account_id, currency_code, class, sum(debit_minor), sum(credit_minor),
    sum(counted)
FROM sides GROUP BY corridor_id, account_id, currency_code, class
"""  # noqa: S608
_ADD_TOTALS = """
INSERT INTO account_totals AS t (account_id, currency_code, debit_minor, credit_minor)
SELECT account_id, currency_code, sum(debit_minor), sum(credit_minor)
FROM cut_movements WHERE cut_id = $1 GROUP BY account_id, currency_code
ON CONFLICT (account_id) DO UPDATE
SET debit_minor = t.debit_minor + excluded.debit_minor,
    credit_minor = t.credit_minor + excluded.credit_minor
"""
# Totals stand at the last cut that was summed, which may be a later one.
_SINCE_LAST = """
WITH last AS (SELECT sequences FROM cuts ORDER BY cut_id DESC LIMIT 1)
SELECT coalesce((SELECT sequences[p.stripe + 1] FROM last), 0) AS last, p.sequence AS reached
FROM projected AS p WHERE p.source = 'wallet' ORDER BY p.stripe
"""
# By the index on times: what is in no cut begins no earlier than the first of it in some stripe.
_PLACE_AT = f"""
WITH last AS (
    SELECT sequences FROM cuts ORDER BY cut_id DESC LIMIT 1
), span AS (
    SELECT s.stripe::smallint AS stripe,
        coalesce((SELECT sequences[s.stripe + 1] FROM last), 0) AS after
    FROM generate_series(0, {STRIPE_COUNT - 1}) AS s (stripe)
), uncut AS (
    SELECT min(first.post_time) - $2::interval AS begin_time
    FROM span CROSS JOIN LATERAL (
        SELECT p.post_time FROM postings AS p
        WHERE p.stripe = span.stripe AND p.sequence > span.after ORDER BY p.sequence LIMIT 1
    ) AS first
), passed AS (
    SELECT stripe, max(sequence) AS sequence FROM postings
    WHERE post_time >= (SELECT begin_time FROM uncut) AND post_time <= $1 GROUP BY stripe
)
SELECT span.stripe, greatest(span.after, passed.sequence) AS sequence
FROM span LEFT JOIN passed USING (stripe) ORDER BY span.stripe
"""  # noqa: S608
_UNSCHEDULED = """
SELECT DISTINCT m.corridor_id, m.currency_code
FROM cut_movements AS m JOIN agreement_accounts AS a USING (account_id)
WHERE m.cut_id = $1 AND m.class <> $2 AND NOT EXISTS (
    SELECT FROM schedules AS s
    WHERE (s.corridor_id, s.currency_code) = (m.corridor_id, m.currency_code)
)
ORDER BY m.corridor_id, m.currency_code
"""
_MOVED = """
SELECT t.account_id, (t.debit_minor - coalesce(sum(later.debit_minor), 0))::bigint AS debit_minor,
    (t.credit_minor - coalesce(sum(later.credit_minor), 0))::bigint AS credit_minor
FROM account_totals AS t
LEFT JOIN cut_movements AS later ON later.account_id = t.account_id AND later.cut_id > $1
WHERE t.account_id IN (SELECT account_id FROM cut_movements WHERE cut_id = $1)
GROUP BY t.account_id
"""
