"""What statements show of top-ups and withdrawals, and whether it is booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.core.money import Money
from services.kit.postgres import Connection

STUCK_REPEATS = 8
"""After some two hours of doubling waits."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An arrival as it is kept; field order is that of `_COLUMNS`."""

    arrival_id: str
    resource_id: str
    witness: str
    amount: Money
    booked: bool
    ask_time: datetime
    repeat_count: int
    attempt: int
    refusal: str
    retried_by: str
    retry_reason: str


class Seen(Protocol):
    """An arrival, as the rules have it."""

    @property
    def arrival_id(self) -> str: ...
    @property
    def resource_id(self) -> str: ...
    @property
    def witness(self) -> str: ...
    @property
    def amount(self) -> Money: ...


async def add_arrivals(connection: Connection, found: Sequence[Seen], now: datetime) -> set[str]:
    """Store those that are new; their ids."""
    if not found:
        return set()
    rows = await connection.fetch(
        _ADD,
        [each.arrival_id for each in found],
        [each.resource_id for each in found],
        [each.amount.minor for each in found],
        [each.amount.currency for each in found],
        [each.witness for each in found],
        now,
    )
    return {row["link_id"] for row in rows}


async def mark_booked(connection: Connection, arrival_ids: Sequence[str]) -> None:
    """The ledger has booked them."""
    if arrival_ids:
        await connection.execute(
            "UPDATE arrivals SET booked = true, refusal = '' WHERE link_id = ANY ($1::text[])",
            arrival_ids,
        )


async def mark_refused(
    connection: Connection, refused: Sequence[tuple[str, int, str]]
) -> list[str]:
    """Arrival, attempt and reason, where the ledger would not; those that it tells for the first
    time of their present attempt."""
    if not refused:
        return []
    ids, attempts, reasons = zip(*refused, strict=True)
    rows = await connection.fetch(_REFUSED, ids, attempts, reasons)
    return [row[0] for row in rows]


async def take_silent(
    connection: Connection, asked_before: datetime, now: datetime, silence: timedelta
) -> list[Kept]:
    """A few that were asked for before a time, earlier by twice `silence` for each repeat, and are
    not answered; they count as asked for now."""
    return [_kept(row) for row in await connection.fetch(_SILENT, asked_before, now, silence)]


async def list_stuck(connection: Connection, limit: int) -> list[Kept]:
    """What waits for a person, longest first."""
    return [_kept(row) for row in await connection.fetch(_STUCK, STUCK_REPEATS, limit)]


async def lock_arrival(connection: Connection, arrival_id: str) -> Kept | None:
    """One, locked."""
    row = await connection.fetchrow(_LOCK, arrival_id)
    return None if row is None else _kept(row)


async def store_retry(connection: Connection, kept: Kept) -> None:
    """One that is asked for anew; it is locked."""
    await connection.execute(
        """
        UPDATE arrivals SET attempt = $2, refusal = $3, repeat_count = $4, ask_time = $5,
            retried_by = $6, retry_reason = $7
        WHERE link_id = $1
        """,
        *(kept.arrival_id, kept.attempt, kept.refusal, kept.repeat_count, kept.ask_time),
        *(kept.retried_by, kept.retry_reason),
    )


def _kept(row: Sequence[Any]) -> Kept:
    """From a row of `_COLUMNS`."""
    return Kept(row[0], row[1], row[2], Money(row[3], row[4]), *tuple(row)[5:])


_COLUMNS = """link_id, resource_id, witness, amount_minor, currency_code, booked, ask_time,
    repeat_count, attempt, refusal, retried_by, retry_reason"""
_ADD = """
INSERT INTO arrivals (link_id, resource_id, amount_minor, currency_code, witness, ask_time)
SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
ON CONFLICT DO NOTHING RETURNING link_id
"""
_SILENT = f"""
UPDATE arrivals SET ask_time = $2, repeat_count = repeat_count + 1 WHERE link_id IN (
    SELECT link_id FROM arrivals
    WHERE NOT booked AND refusal = ''
        AND ask_time < $1::timestamptz - $3::interval * ((1 << LEAST(repeat_count, 7)) - 1)
    ORDER BY ask_time LIMIT 100 FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
"""  # noqa: S608
_REFUSED = """
UPDATE arrivals AS a SET refusal = told.reason
FROM unnest($1::text[], $2::int[], $3::text[]) AS told (link_id, attempt, reason)
WHERE a.link_id = told.link_id AND a.attempt = told.attempt AND NOT a.booked AND a.refusal = ''
RETURNING a.link_id
"""
_STUCK = f"""
SELECT {_COLUMNS} FROM arrivals
WHERE NOT booked AND (refusal <> '' OR repeat_count >= $1) ORDER BY ask_time LIMIT $2
"""  # noqa: S608
_LOCK = f"SELECT {_COLUMNS} FROM arrivals WHERE link_id = $1 FOR UPDATE"  # noqa: S608
