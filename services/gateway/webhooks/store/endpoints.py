"""SQL of endpoints. A deleted one keeps its row, for the deliveries that name it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.gateway.webhooks.model import Endpoint, Inactive, Target
from services.kit.postgres import Connection

_COLUMNS = """participant_id, endpoint_id, url, event_types, inactive_reason, secret,
    previous_secret, previous_secret_until, failing_since, create_time, update_time"""


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    reason = row["inactive_reason"]
    return Endpoint(
        **{
            **dict(row),
            "event_types": tuple(row["event_types"]),
            "inactive_reason": Inactive(reason) if reason else None,
        }
    )


async def find_endpoint(
    connection: Connection, participant_id: str, endpoint_id: str, *, lock: bool = False
) -> Endpoint | None:
    """A participant's endpoint, also a deleted one; with `lock` its row is locked."""
    row = await connection.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM webhook_endpoints
        WHERE participant_id = $1 AND endpoint_id = $2 {"FOR UPDATE" if lock else ""}
        """,  # noqa: S608
        participant_id,
        endpoint_id,
    )
    return None if row is None else _endpoint(row)


async def list_endpoints(connection: Connection, participant_id: str) -> list[Endpoint]:
    """Those that are not deleted, by id."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM webhook_endpoints
        WHERE participant_id = $1 AND delete_time IS NULL ORDER BY endpoint_id
        """,  # noqa: S608
        participant_id,
    )
    return [_endpoint(row) for row in rows]


async def count_endpoints(connection: Connection, participant_id: str) -> int:
    """How many a participant has, counted under a lock on the participant's own row."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"webhooks/{participant_id}"
    )
    return int(
        await connection.fetchval(
            """
            SELECT count(*) FROM webhook_endpoints
            WHERE participant_id = $1 AND delete_time IS NULL
            """,
            participant_id,
        )
    )


async def put_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Insert or replace, all but the time it was made."""
    await connection.execute(
        """
        INSERT INTO webhook_endpoints (participant_id, endpoint_id, url, event_types,
            inactive_reason, secret, previous_secret, previous_secret_until, failing_since,
            create_time, update_time, active, delete_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $5 = '',
            CASE WHEN $5 = 'deleted' THEN $11::timestamptz END)
        ON CONFLICT (participant_id, endpoint_id) DO UPDATE SET url = $3, event_types = $4,
            inactive_reason = $5, secret = $6, previous_secret = $7, previous_secret_until = $8,
            failing_since = $9, create_time = $10, update_time = $11, active = ($5 = ''),
            rest_until = NULL,
            delete_time = CASE WHEN $5 = 'deleted' THEN $11::timestamptz END
        """,
        endpoint.participant_id,
        endpoint.endpoint_id,
        endpoint.url,
        list(endpoint.event_types),
        endpoint.inactive_reason or "",
        endpoint.secret,
        endpoint.previous_secret,
        endpoint.previous_secret_until,
        endpoint.failing_since,
        endpoint.create_time,
        endpoint.update_time,
    )


async def read_targets(connection: Connection) -> list[Target]:
    """All endpoints that are not deleted."""
    rows = await connection.fetch(
        """
        SELECT participant_id, endpoint_id, event_types, active FROM webhook_endpoints
        WHERE delete_time IS NULL ORDER BY participant_id, endpoint_id
        """
    )
    return [Target(row[0], row[1], frozenset(row[2]), row[3]) for row in rows]


async def note_health(
    connection: Connection,
    keys: list[tuple[str, str]],
    well: list[bool],
    rests: list[datetime | None],
    inactive: list[str],
    now: datetime,
) -> list[tuple[str, str, str]]:
    """Keep how endpoints fared; those that went inactive by it, with the reason."""
    rows = await connection.fetch(
        _NOTE_HEALTH,
        [participant_id for participant_id, _ in keys],
        [endpoint_id for _, endpoint_id in keys],
        well,
        rests,
        inactive,
        now,
    )
    return [(row[0], row[1], row[2]) for row in rows if row[2]]


_NOTE_HEALTH = """
UPDATE webhook_endpoints AS e
SET failing_since = CASE WHEN h.well THEN NULL ELSE coalesce(e.failing_since, $6) END,
    rest_until = greatest(h.rest_until, e.rest_until),
    inactive_reason = CASE WHEN e.active THEN h.inactive ELSE e.inactive_reason END,
    active = e.active AND h.inactive = ''
FROM unnest($1::text[], $2::text[], $3::boolean[], $4::timestamptz[], $5::text[])
    AS h (participant_id, endpoint_id, well, rest_until, inactive)
WHERE e.participant_id = h.participant_id AND e.endpoint_id = h.endpoint_id
RETURNING e.participant_id, e.endpoint_id, h.inactive
"""
