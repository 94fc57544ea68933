"""The journal of calls to partners: appended to, never changed, dropped by age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.bridge.masking import kept
from services.kit.postgres import Connection
from services.kit.upkeep import Upkeep

TEXT_LIMIT = 2000
# Lines of each journal in one transaction.
PORTION = 5_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call: what was asked of the partner, when, and what it told us."""

    charge_id: str
    refund_id: str
    turn: int
    operation: str
    call_time: datetime
    outcome: str
    detail: str
    request: str = ""
    response: str = ""


async def add_attempts(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Append; an attempt that is there already stays as it is."""
    if not attempts:
        return
    await connection.execute(
        _ADD,
        [attempt.charge_id for attempt in attempts],
        [attempt.refund_id for attempt in attempts],
        [attempt.turn for attempt in attempts],
        [attempt.operation for attempt in attempts],
        [attempt.call_time for attempt in attempts],
        [attempt.outcome for attempt in attempts],
        [attempt.detail[:TEXT_LIMIT] for attempt in attempts],
        [kept(attempt.request) for attempt in attempts],
        [kept(attempt.response) for attempt in attempts],
    )


async def attempts_of(connection: Connection, charge_ids: Sequence[str]) -> list[Attempt]:
    """All attempts of charges and their refunds, in the order of their calls."""
    rows = await connection.fetch(_LIST, list(charge_ids))
    return [Attempt(**dict(row)) for row in rows]


def journals_keeper(pool: asyncpg.Pool, keep: timedelta, portion: int = PORTION) -> Upkeep:
    """Keeps the journals of calls, those about payouts and disputes too, for `keep`, at least 180
    days; longer of what is not over."""

    async def drop(connection: Connection) -> int:
        dropped: int = await connection.fetchval("SELECT drop_old_attempts($1, $2)", keep, portion)
        return dropped

    return Upkeep(pool, "old attempts", drop)


# An attempt may be written again when its batch is repeated after a lost commit answer.
_ADD = """
INSERT INTO attempts (charge_id, refund_id, turn, operation, call_time, outcome, detail, request,
    response)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::text[],
    $7::text[], $8::text[], $9::text[])
ON CONFLICT DO NOTHING
"""
_LIST = """
SELECT * FROM attempts WHERE charge_id = ANY ($1::text[]) ORDER BY charge_id, call_time, turn
"""
