"""What statements show of top-ups and withdrawals, and whether it is booked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.core.money import Money
from services.kit.postgres import Connection


class Seen(Protocol):
    """An arrival, as the rules have it."""

    @property
    def link_id(self) -> str: ...
    @property
    def resource_id(self) -> str: ...
    @property
    def witness(self) -> str: ...
    @property
    def amount(self) -> Money: ...


async def add_arrivals(connection: Connection, found: Sequence[Seen], now: datetime) -> set[str]:
    """Store those that are new; their link ids."""
    if not found:
        return set()
    rows = await connection.fetch(
        _ADD,
        [each.link_id for each in found],
        [each.resource_id for each in found],
        [each.amount.minor for each in found],
        [each.amount.currency for each in found],
        [each.witness for each in found],
        now,
    )
    return {row["link_id"] for row in rows}


async def mark_booked(connection: Connection, link_ids: Sequence[str]) -> None:
    """The ledger has booked them."""
    if link_ids:
        await connection.execute(
            "UPDATE arrivals SET booked = true WHERE link_id = ANY ($1::text[])", link_ids
        )


async def take_silent(
    connection: Connection, asked_before: datetime, now: datetime
) -> list[tuple[str, str, Money]]:
    """Resource, witness and amount of a few that were asked for before a time and are not booked;
    they count as asked for now."""
    rows = await connection.fetch(_SILENT, asked_before, now)
    return [
        (
            row["resource_id"],
            row["witness"],
            Money(row["amount_minor"], row["currency_code"]),
        )
        for row in rows
    ]


_ADD = """
INSERT INTO arrivals (link_id, resource_id, amount_minor, currency_code, witness, ask_time)
SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
ON CONFLICT DO NOTHING RETURNING link_id
"""
_SILENT = """
UPDATE arrivals SET ask_time = $2 WHERE link_id IN (
    SELECT link_id FROM arrivals WHERE NOT booked AND ask_time < $1
    ORDER BY ask_time LIMIT 100 FOR UPDATE SKIP LOCKED
)
RETURNING resource_id, witness, amount_minor, currency_code
"""
