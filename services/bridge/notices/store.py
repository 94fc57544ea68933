"""The tables of notices that were taken, and of deposits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.bridge.notices.notice import DepositNotice
from services.kit.postgres import Connection

SUBJECT_LIMIT = 256
FORGET_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class TakenNotice:
    """A notice as it is remembered: who sent it, its id or digest, and what it was about."""

    partner_id: str
    key: str
    kind: str
    subject: str


async def add_notices(
    connection: Connection,
    notices: Sequence[TakenNotice],
    take_time: datetime,
    forget_time: datetime,
) -> set[tuple[str, str]]:
    """Remember notices; returns (partner, key) of those that were not known. A notice that another
    transaction is taking at this moment is waited for."""
    ordered = sorted(notices, key=lambda notice: (notice.partner_id, notice.key))
    rows = await connection.fetch(
        _ADD,
        [notice.partner_id for notice in ordered],
        [notice.key for notice in ordered],
        [notice.kind for notice in ordered],
        [notice.subject[:SUBJECT_LIMIT] for notice in ordered],
        take_time,
        forget_time,
    )
    return {(row["partner_id"], row["notice_key"]) for row in rows}


async def forget_notices(connection: Connection, now: datetime) -> int:
    """Forget some of the notices whose time is over; returns how many."""
    rows = await connection.fetch(_FORGET, now, FORGET_LIMIT)
    return len(rows)


Deposit = tuple[str, DepositNotice]


async def add_deposits(
    connection: Connection, deposits: Sequence[Deposit], now: datetime
) -> set[tuple[str, str, str]]:
    """Record deposits with their partners; returns (partner, account, entry) of the new ones."""
    ordered = sorted(
        deposits, key=lambda pair: (pair[0], pair[1].account_id, pair[1].entry_reference)
    )
    rows = await connection.fetch(
        _ADD_DEPOSITS,
        [partner_id for partner_id, _ in ordered],
        [deposit.account_id for _, deposit in ordered],
        [deposit.entry_reference for _, deposit in ordered],
        [deposit.amount.minor for _, deposit in ordered],
        [deposit.amount.currency for _, deposit in ordered],
        [deposit.payer_name for _, deposit in ordered],
        [deposit.value_date for _, deposit in ordered],
        [deposit.remittance_text for _, deposit in ordered],
        now,
    )
    return {(row["partner_id"], row["account_id"], row["entry_reference"]) for row in rows}


_ADD = """
INSERT INTO notices (partner_id, notice_key, kind, subject, take_time, forget_time)
SELECT new.*, $5, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new
ON CONFLICT (partner_id, notice_key) DO NOTHING
RETURNING partner_id, notice_key
"""
_FORGET = """
DELETE FROM notices WHERE (partner_id, notice_key) IN (
    SELECT partner_id, notice_key FROM notices WHERE forget_time <= $1
    ORDER BY forget_time LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING partner_id
"""
_ADD_DEPOSITS = """
INSERT INTO deposits (partner_id, account_id, entry_reference, amount_minor, currency_code,
    payer_name, value_date, remittance_text, create_time)
SELECT new.*, $9 FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[],
    $6::text[], $7::text[], $8::text[]) AS new
ON CONFLICT (partner_id, account_id, entry_reference) DO NOTHING
RETURNING partner_id, account_id, entry_reference
"""
