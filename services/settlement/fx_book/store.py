"""Deals in the tables, and what the copied postings say of positions and results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.core.accounts import AccountKind
from services.core.money import Money
from services.kit.postgres import Connection, allow_wide_plans
from services.settlement.fx_book.deals import Deal, DealState, Terms

READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """Credits less debits of the position, minor units; corridor empty: deals and other work."""

    currency: str
    corridor_id: str
    position_minor: int


@dataclass(frozen=True, slots=True)
class FxResult:
    """What a period has brought, minor units, credits less debits."""

    currency: str
    corridor_id: str
    spread_income_minor: int
    realised_minor: int
    fee_income_minor: int


async def add_deal(connection: Connection, deal: Deal, now: datetime) -> None:
    """Store a new deal. A taken id is a unique violation."""
    terms = deal.terms
    await connection.execute(
        _ADD,
        *(terms.deal_id, deal.reference, terms.counterparty_id),
        *(terms.sold.minor, terms.sold.currency, terms.bought.minor, terms.bought.currency),
        *(deal.mid, deal.mid_value.minor, terms.trade_date, terms.value_date, terms.operator),
        *(deal.create_time, str(deal.state), now),
    )


async def lock_deal(connection: Connection, deal_id: str) -> Deal | None:
    """The deal of this id, locked."""
    row = await connection.fetchrow("SELECT * FROM fx_deals WHERE deal_id = $1 FOR UPDATE", deal_id)
    return None if row is None else _deal_of(row)


async def lock_deals(connection: Connection, references: Sequence[str]) -> dict[str, Deal]:
    """Deals by reference, locked in its order."""
    rows = await connection.fetch(
        "SELECT * FROM fx_deals WHERE reference = ANY ($1::text[]) ORDER BY reference FOR UPDATE",
        references,
    )
    return {row["reference"]: _deal_of(row) for row in rows}


async def lock_silent_deals(connection: Connection, asked_before: datetime) -> list[Deal]:
    """Deals whose command was last given before a time, and is not answered; a few, locked. What
    was refused is answered."""
    rows = await connection.fetch(
        "SELECT * FROM fx_deals WHERE ask_time < $1 AND (state = 'booking' OR "
        "(state = 'recorded' AND sold_seen <> '' AND bought_seen <> '' AND reason = '')) "
        "ORDER BY ask_time LIMIT 100 FOR UPDATE SKIP LOCKED",
        asked_before,
    )
    return [_deal_of(row) for row in rows]


async def update_deals(connection: Connection, deals: Sequence[Deal], now: datetime) -> None:
    """Store where deals are now; their terms never change."""
    await connection.execute(
        _UPDATE,
        [deal.reference for deal in deals],
        [str(deal.state) for deal in deals],
        [deal.reason for deal in deals],
        [deal.sold_seen for deal in deals],
        [deal.bought_seen for deal in deals],
        now,
        [deal.attempt for deal in deals],
    )


async def list_deals(connection: Connection, after: str, limit: int) -> list[Deal]:
    """Deals, newest first; `after`: the reference of the last one seen, empty: from the first."""
    rows = await connection.fetch(
        "SELECT * FROM fx_deals WHERE $1 = '' OR reference < $1 ORDER BY reference DESC LIMIT $2",
        after,
        limit,
    )
    return [_deal_of(row) for row in rows]


async def read_exposures(connection: Connection) -> list[Exposure]:
    """Positions as of what has been copied: sums of the cuts, and the postings since the last.

    Call it in a transaction, as `read_results`.
    """
    await allow_wide_plans(connection)
    rows = await connection.fetch(_EXPOSURES, f"{AccountKind.POSITION}:", timeout=READ_SECONDS)
    return [Exposure(row["currency_code"], row["corridor_id"], int(row["minor"])) for row in rows]


async def read_results(
    connection: Connection, start_time: datetime, end_time: datetime
) -> list[FxResult]:
    """Income and results posted from `start_time` until before `end_time`."""
    await allow_wide_plans(connection)
    kinds = (AccountKind.FX_INCOME, AccountKind.FX_RESULT, AccountKind.FEE_INCOME)
    rows = await connection.fetch(
        _RESULTS, start_time, end_time, *(f"{kind}:" for kind in kinds), timeout=READ_SECONDS
    )
    return [
        FxResult(
            row["currency_code"],
            row["corridor_id"],
            int(row["spread"]),
            int(row["realised"]),
            int(row["fees"]),
        )
        for row in rows
    ]


def _deal_of(row: Mapping[str, Any]) -> Deal:
    bought_currency = row["bought_currency"]
    terms = Terms(
        row["deal_id"],
        row["counterparty_id"],
        Money(row["sold_minor"], row["sold_currency"]),
        Money(row["bought_minor"], bought_currency),
        row["trade_date"],
        row["value_date"],
        row["operator"],
    )
    return Deal(
        row["reference"],
        terms,
        row["mid"],
        Money(row["mid_value_minor"], bought_currency),
        row["create_time"],
        DealState(row["state"]),
        row["reason"],
        row["sold_seen"],
        row["bought_seen"],
        row["attempt"],
    )


_ADD = """
INSERT INTO fx_deals (
    deal_id, reference, counterparty_id, sold_minor, sold_currency, bought_minor, bought_currency,
    mid, mid_value_minor, trade_date, value_date, operator, create_time, state, ask_time
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_UPDATE = """
UPDATE fx_deals AS d SET state = come.state, reason = come.reason, sold_seen = come.sold_seen,
    bought_seen = come.bought_seen, ask_time = $6, attempt = come.attempt
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $7::int[])
    AS come (reference, state, reason, sold_seen, bought_seen, attempt)
WHERE d.reference = come.reference
"""
_EXPOSURES = """
WITH last AS (
    SELECT sequences FROM cuts WHERE state <> 'taken' ORDER BY cut_id DESC LIMIT 1
), span AS (
    SELECT s.stripe - 1 AS stripe, coalesce((SELECT sequences[s.stripe] FROM last), 0) AS after
    FROM generate_series(1, 64) AS s (stripe)
), fresh AS (
    SELECT p.*, coalesce(origin.corridor_id, s.corridor_id, '') AS corridor_id
    FROM span
    JOIN postings AS p ON p.stripe = span.stripe AND p.sequence > span.after
        AND (starts_with(p.debit_account_id, $1) OR starts_with(p.credit_account_id, $1))
    LEFT JOIN subjects AS s USING (reference)
    LEFT JOIN subjects AS origin ON s.kind = 'refund' AND origin.kind = 'payment'
        AND (origin.participant_id, origin.payment_id) = (s.participant_id, s.payment_id)
), sides AS (
    SELECT currency_code, corridor_id, account_id, credit_minor - debit_minor AS minor
    FROM cut_movements
    UNION ALL SELECT currency_code, corridor_id, debit_account_id, -amount_minor FROM fresh
    UNION ALL SELECT currency_code, corridor_id, credit_account_id, amount_minor FROM fresh
)
SELECT currency_code, corridor_id, sum(minor) AS minor FROM sides
WHERE starts_with(account_id, $1)
GROUP BY currency_code, corridor_id ORDER BY currency_code, corridor_id
"""
_RESULTS = """
WITH period AS (
    SELECT p.*, coalesce(origin.corridor_id, s.corridor_id, '') AS corridor_id
    FROM postings AS p
    LEFT JOIN subjects AS s USING (reference)
    LEFT JOIN subjects AS origin ON s.kind = 'refund' AND origin.kind = 'payment'
        AND (origin.participant_id, origin.payment_id) = (s.participant_id, s.payment_id)
    WHERE p.post_time >= $1 AND p.post_time < $2
), sides AS (
    SELECT currency_code, corridor_id, debit_account_id AS account_id, -amount_minor AS minor
    FROM period
    UNION ALL SELECT currency_code, corridor_id, credit_account_id, amount_minor FROM period
)
SELECT currency_code, corridor_id,
    coalesce(sum(minor) FILTER (WHERE starts_with(account_id, $3)), 0) AS spread,
    coalesce(sum(minor) FILTER (WHERE starts_with(account_id, $4)), 0) AS realised,
    coalesce(sum(minor) FILTER (WHERE starts_with(account_id, $5)), 0) AS fees
FROM sides
WHERE starts_with(account_id, $3) OR starts_with(account_id, $4) OR starts_with(account_id, $5)
GROUP BY currency_code, corridor_id ORDER BY currency_code, corridor_id
"""
