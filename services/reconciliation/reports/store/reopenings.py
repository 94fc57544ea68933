"""Closed days that people open again."""

from dataclasses import dataclass
from datetime import date, datetime

from services.kit.postgres import Connection
from services.reconciliation.reports.model import Amendment


@dataclass(frozen=True, slots=True)
class Reopening:
    """Why a closed day is opened again, and who wants so; `approved_by` is empty until another
    person agrees. `version`: of the close that is undone."""

    version: int
    reason: str
    proposed_by: str
    approved_by: str = ""


async def find_reopening(
    connection: Connection, partner_id: str, day: date, version: int
) -> Reopening | None:
    """What was asked about this close of a day."""
    row = await connection.fetchrow(
        "SELECT version, reason, proposed_by, approved_by FROM reopenings "
        "WHERE (partner_id, day, version) = ($1, $2, $3)",
        *(partner_id, day, version),
    )
    return None if row is None else Reopening(**dict(row))


async def find_amended(
    connection: Connection, partner_id: str, day: date, version: int
) -> Amendment | None:
    """Why a close of the day was undone, if it was."""
    row = await connection.fetchrow(_AMENDED, partner_id, day, version)
    return None if row is None else Amendment(row["digest"].hex(), *tuple(row)[1:])


async def add_reopening(
    connection: Connection, partner_id: str, day: date, asked: Reopening, now: datetime
) -> None:
    """Keep that somebody asks for it."""
    await connection.execute(
        "INSERT INTO reopenings (partner_id, day, version, reason, proposed_by, propose_time) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        *(partner_id, day, asked.version, asked.reason, asked.proposed_by, now),
    )


async def open_day(
    connection: Connection, partner_id: str, day: date, agreed: Reopening, now: datetime
) -> None:
    """The day is open from now on, and waits for a run."""
    await connection.execute(
        "UPDATE reopenings SET approved_by = $4, approve_time = $5 "
        "WHERE (partner_id, day, version) = ($1, $2, $3)",
        *(partner_id, day, agreed.version, agreed.approved_by, now),
    )
    await connection.execute(
        "UPDATE days SET state = 'open', outdated = true, closed_by = '', close_time = NULL, "
        "report_digest = NULL WHERE (partner_id, day) = ($1, $2)",
        *(partner_id, day),
    )


_AMENDED = """
SELECT k.digest, r.reason, r.proposed_by, r.approved_by
FROM reopenings AS r JOIN reports AS k USING (partner_id, day, version)
WHERE (partner_id, day, version) = ($1, $2, $3) AND k.format = 'json' AND r.approved_by <> ''
"""
