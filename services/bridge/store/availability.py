"""The journal of partners' availability; the last version of each partner holds."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from services.bridge.domain.availability import Availability, Reason
from services.kit.postgres import Connection


async def read_availability(
    connection: Connection, partner_ids: Sequence[str]
) -> dict[str, Availability]:
    """The last version per partner; one that never changed is available."""
    rows = await connection.fetch(_READ, list(partner_ids))
    found = {row["partner_id"]: _availability(row) for row in rows}
    return {each: found.get(each) or Availability(each) for each in partner_ids}


async def add_availability(connection: Connection, row: Availability) -> None:
    """Raises asyncpg's UniqueViolationError where somebody else has changed it first."""
    await connection.execute(_ADD, *astuple(row))


def _availability(row: Mapping[str, Any]) -> Availability:
    return Availability(**{**row, "reason": Reason(row["reason"])})


_READ = """
SELECT c.* FROM unnest($1::text[]) AS p (partner_id)
CROSS JOIN LATERAL (
    SELECT * FROM partner_changes WHERE partner_id = p.partner_id ORDER BY version DESC LIMIT 1
) AS c
"""
_ADD = """
INSERT INTO partner_changes (partner_id, version, available, reason, retry_time, held_until, holder,
    operator, note, change_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
