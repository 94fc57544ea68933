"""SQL of deliveries and their attempts, but for the sending: made, listed, replayed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.gateway.listing import AFTER_ALL, fits
from services.gateway.webhooks.model import Attempt, Delivery, NewDelivery, State
from services.kit.postgres import Connection

ENDPOINT_INACTIVE = "endpoint_inactive"

_COLUMNS = """delivery_id, participant_id, endpoint_id, event_id, event_type, subject, event_time,
    state, attempt_count, next_attempt_time, last_status, reason, create_time, update_time"""


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(**{**dict(row), "state": State(row["state"])})


async def add_deliveries(connection: Connection, new: Sequence[NewDelivery], now: datetime) -> None:
    """Insert; one of an endpoint that is not active is dead.

    What waits behind others of its subject is due when those are: the queue looks at it no sooner.
    """
    await connection.execute(
        _ADD,
        [one.delivery_id for one in new],
        [one.target.participant_id for one in new],
        [one.target.endpoint_id for one in new],
        [one.event_id for one in new],
        [one.event_type for one in new],
        [one.subject for one in new],
        [one.order.rank for one in new],
        [one.order.event_time for one in new],
        [one.order.stripe for one in new],
        [one.order.sequence for one in new],
        [one.body for one in new],
        [one.target.active for one in new],
        now,
        [one.trace for one in new],
    )


_ADD = """
INSERT INTO webhook_deliveries (delivery_id, participant_id, endpoint_id, event_id, event_type,
    subject, rank, event_time, stripe, sequence, body, state, next_attempt_time, reason,
    create_time, update_time, trace)
SELECT n.delivery_id, n.participant_id, n.endpoint_id, n.event_id, n.event_type, n.subject, n.rank,
    n.event_time, n.stripe, n.sequence, n.body,
    CASE WHEN n.active THEN 'pending' ELSE 'dead' END,
    CASE WHEN n.active THEN greatest($13, w.last_due) END,
    CASE WHEN n.active THEN '' ELSE 'endpoint_inactive' END, $13, $13, n.trace
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::smallint[], $8::timestamptz[], $9::smallint[], $10::bigint[], $11::text[], $12::boolean[],
    $14::text[])
    AS n (delivery_id, participant_id, endpoint_id, event_id, event_type, subject, rank,
        event_time, stripe, sequence, body, active, trace)
LEFT JOIN LATERAL (
    SELECT max(d.next_attempt_time) AS last_due FROM webhook_deliveries AS d
    WHERE d.participant_id = n.participant_id AND d.endpoint_id = n.endpoint_id
        AND d.subject = n.subject AND d.state = 'pending'
) AS w ON true
"""


async def find_delivery(
    connection: Connection, participant_id: str, delivery_id: str
) -> tuple[Delivery, str] | None:
    """A participant's delivery and the text that is sent."""
    row = await connection.fetchrow(
        f"""
        SELECT {_COLUMNS}, body FROM webhook_deliveries
        WHERE delivery_id = $1 AND participant_id = $2
        """,  # noqa: S608
        delivery_id,
        participant_id,
    )
    if row is None:
        return None
    fields = dict(row)
    body = fields.pop("body")
    return _delivery(fields), body


async def list_attempts(connection: Connection, delivery_id: str) -> list[Attempt]:
    """Of one delivery, in order."""
    rows = await connection.fetch(
        """
        SELECT number, start_time, milliseconds, status, outcome, answer FROM webhook_attempts
        WHERE delivery_id = $1 ORDER BY number
        """,
        delivery_id,
    )
    return [Attempt(**dict(row)) for row in rows]


async def list_deliveries(
    connection: Connection,
    participant_id: str,
    endpoint_id: str,
    state: State | None,
    before: str,
    limit: int,
) -> list[Delivery]:
    """Newest first, those older than the id `before` (empty: all)."""
    # What is pending or dead has indexes of its own, for those that ask for these very words.
    of_state = "" if state is None else f"AND state = '{state}'"
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM webhook_deliveries
        WHERE participant_id = $1 AND {fits("endpoint_id", 2, endpoint_id)} {of_state}
            AND delivery_id < $3
        ORDER BY delivery_id DESC LIMIT $4
        """,  # noqa: S608
        participant_id,
        endpoint_id,
        before or AFTER_ALL,
        limit,
    )
    return [_delivery(row) for row in rows]


async def replay_one(
    connection: Connection, participant_id: str, delivery_id: str, now: datetime
) -> list[datetime]:
    """One that is delivered or dead is due again; its event's time, or nothing."""
    rows = await connection.fetch(_REPLAY_ONE, now, participant_id, delivery_id)
    return [row[0] for row in rows]


async def replay_many(
    connection: Connection,
    participant_id: str,
    endpoint_id: str,
    states: Sequence[State],
    period: tuple[datetime | None, datetime | None],
    limit: int,
    now: datetime,
) -> list[datetime]:
    """The oldest of an endpoint's in these states and this period are due again; their times."""
    rows = await connection.fetch(
        _REPLAY_MANY, now, participant_id, endpoint_id, list(states), *period, limit
    )
    return sorted(row[0] for row in rows)


_AGAIN = """
UPDATE webhook_deliveries AS d
SET state = 'pending', attempt_count = 0, next_attempt_time = $1, reason = '', update_time = $1
"""
_REPLAY_ONE = f"""{_AGAIN}
WHERE d.participant_id = $2 AND d.delivery_id = $3 AND d.state <> 'pending'
RETURNING d.event_time
"""
_REPLAY_MANY = f"""{_AGAIN}
FROM (
    SELECT delivery_id FROM webhook_deliveries
    WHERE participant_id = $2 AND endpoint_id = $3 AND state = ANY ($4::text[])
        AND state <> 'pending'
        AND ($5::timestamptz IS NULL OR event_time >= $5)
        AND ($6::timestamptz IS NULL OR event_time < $6)
    ORDER BY event_time, delivery_id LIMIT $7 FOR UPDATE
) AS chosen
WHERE d.delivery_id = chosen.delivery_id
RETURNING d.event_time
"""  # noqa: S608


async def bury_unwanted(connection: Connection, now: datetime, limit: int) -> int:
    """What is pending for endpoints that are not active is dead, up to `limit`; how many."""
    rows = await connection.fetch(_BURY, now, ENDPOINT_INACTIVE, limit)
    return len(rows)


_BURY = """
UPDATE webhook_deliveries AS d
SET state = 'dead', next_attempt_time = NULL, lease = '', lease_until = NULL, reason = $2,
    update_time = $1
FROM (
    SELECT p.delivery_id FROM webhook_endpoints AS e
    JOIN webhook_deliveries AS p USING (participant_id, endpoint_id)
    WHERE NOT e.active AND p.state = 'pending'
        AND (p.lease_until IS NULL OR p.lease_until < now())
    LIMIT $3 FOR UPDATE OF p SKIP LOCKED
) AS chosen
WHERE d.delivery_id = chosen.delivery_id
RETURNING d.delivery_id
"""


async def forget_old(connection: Connection, state: State, before: datetime, limit: int) -> int:
    """Delete what ended in `state` before then, with its attempts, up to `limit`; how many."""
    rows = await connection.fetch(
        """
        DELETE FROM webhook_deliveries AS d
        USING (
            SELECT delivery_id FROM webhook_deliveries
            WHERE state = $1 AND state <> 'pending' AND update_time < $2
            ORDER BY update_time LIMIT $3 FOR UPDATE SKIP LOCKED
        ) AS old
        WHERE d.delivery_id = old.delivery_id
        RETURNING d.delivery_id
        """,
        state,
        before,
        limit,
    )
    return len(rows)
