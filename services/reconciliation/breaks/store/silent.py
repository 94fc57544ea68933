"""Approved transfers that the ledger has not answered."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from services.core.money import Money
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.repeating import SILENCE
from services.reconciliation.breaks.messages import correction

log = structlog.get_logger()

# After some two hours of doubling waits.
STUCK_REPEATS = 8


async def take_silent(
    connection: Connection, asked_before: datetime, now: datetime
) -> Sequence[Outgoing]:
    """Their commands again: what a `Repeater` repeats, after twice the time with each repeat, up to
    an hour. A break waits for its answer and takes no other resolution meanwhile."""
    rows = await connection.fetch(_SILENT, asked_before, now, SILENCE)
    for row in rows:
        if row["repeat_count"] == STUCK_REPEATS:
            log.error("correction_stuck", break_id=row["break_id"], link_id=row["link_id"])
    return [
        command
        for row in rows
        for command in correction(
            row["link_id"],
            row["debit_account_id"],
            row["credit_account_id"],
            Money(row["amount_minor"], row["currency"]),
            Money(row["fee_minor"], row["currency"]),
        )
    ]


_SILENT = """
UPDATE resolutions SET ask_time = $2, repeat_count = repeat_count + 1
WHERE (break_id, number) IN (
    SELECT break_id, number FROM resolutions
    WHERE outcome = 'approved'
        AND ask_time < $1::timestamptz - $3::interval * ((1 << LEAST(repeat_count, 7)) - 1)
    ORDER BY ask_time LIMIT 100 FOR UPDATE SKIP LOCKED
)
RETURNING break_id, link_id, debit_account_id, credit_account_id, amount_minor, fee_minor,
    currency, repeat_count
"""
