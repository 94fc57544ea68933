"""SQL of the journal of operators' decisions. Who writes has locked the resource."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.resources.model import Resolution
from services.kit.postgres import Connection


@dataclass(frozen=True, slots=True)
class Word:
    """An operator's decision, with the key it came by."""

    resolution: Resolution
    operator: str
    reason: str
    key_id: str


async def last_word(connection: Connection, resource_id: str) -> Word | None:
    """The newest decision on a resource."""
    row = await connection.fetchrow(
        """
        SELECT resolution, operator, reason, key_id FROM case_resolutions
        WHERE resource_id = $1 ORDER BY number DESC LIMIT 1
        """,
        resource_id,
    )
    return None if row is None else Word(Resolution(row[0]), *tuple(row)[1:])


async def journal_word(
    connection: Connection, resource_id: str, stuck_at: str, word: Word, now: datetime
) -> None:
    """Keep a decision for ever."""
    await connection.execute(
        """
        INSERT INTO case_resolutions (resource_id, number, resolution, stuck_at, operator, reason,
            key_id, resolve_time)
        SELECT $1, COALESCE(max(number), 0) + 1, $2, $3, $4, $5, $6, $7
        FROM case_resolutions WHERE resource_id = $1
        """,
        *(resource_id, word.resolution, stuck_at, word.operator, word.reason, word.key_id, now),
    )
