"""A day as its reports and its close see it."""

from dataclasses import dataclass
from datetime import date

from services.kit.postgres import Connection, allow_wide_plans


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day as it stands."""

    state: str
    run_count: int
    engine: str
    outdated: bool = False
    """A file was replaced since the last run."""
    version: int = 0
    """How often it was closed."""


async def find_day(
    connection: Connection, partner_id: str, day: date, *, lock: bool = False
) -> DayRow | None:
    """The day; `lock`: until the transaction ends, in which whole days may be read from now on."""
    await allow_wide_plans(connection)
    if lock:
        # What is read has to be what the lock was waited for.
        await connection.execute(_LOCK_DAY, partner_id, day)
    row = await connection.fetchrow(_DAY, partner_id, day)
    return None if row is None else DayRow(**dict(row))


_DAY = """
SELECT state, run_count, engine, outdated, COALESCE((
    SELECT max(version) FROM closings AS c WHERE (c.partner_id, c.day) = ($1, $2)
), 0) AS version
FROM days WHERE (partner_id, day) = ($1, $2)
"""
_LOCK_DAY = "SELECT FROM days WHERE (partner_id, day) = ($1, $2) FOR UPDATE"
