"""SQL of the sending: what is due is taken under a lease, and what came of it is kept.

Who takes holds the endpoint's row for that moment, so that the limit of an endpoint holds over all
processes. Of a subject only the first that is pending is ever taken. Nothing is taken while a round
of reading is open: an earlier event may be among what is still to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.gateway.webhooks.model import Due
from services.gateway.webhooks.schedule import Decision, Outcome
from services.kit.postgres import Connection

# Of one taking; others have their turn at the next.
ENDPOINTS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Room:
    """How many may be under way: in all of this process, and per endpoint over all processes.

    An endpoint whose last attempt failed has one: it is asked, not loaded.
    """

    total: int
    per_endpoint: int
    failing: int = 1


async def take_due(
    connection: Connection, room: Room, lease: str, lease_time: timedelta, now: datetime
) -> list[Due]:
    """Take what may be sent now; nobody else takes it until the lease has run out."""
    endpoints = await connection.fetch(_ENDPOINTS, now, min(ENDPOINTS_LIMIT, room.total))
    if not endpoints:
        return []
    rows = await connection.fetch(
        _TAKE,
        [row["participant_id"] for row in endpoints],
        [row["endpoint_id"] for row in endpoints],
        [room.failing if row["failing_since"] else room.per_endpoint for row in endpoints],
        now,
        room.total,
        lease,
        lease_time,
    )
    whose = {(row["participant_id"], row["endpoint_id"]): row for row in endpoints}
    return [_due(row, whose[row["participant_id"], row["endpoint_id"]], lease) for row in rows]


def _due(row: Any, endpoint: Any, lease: str) -> Due:
    return Due(
        row["delivery_id"],
        row["participant_id"],
        row["endpoint_id"],
        row["event_id"],
        row["subject"],
        row["body"],
        row["trace"],
        row["attempt_count"],
        lease,
        endpoint["url"],
        endpoint["secret"],
        endpoint["previous_secret"],
        endpoint["previous_secret_until"],
        endpoint["failing_since"],
    )


_ENDPOINTS = """
SELECT e.participant_id, e.endpoint_id, e.url, e.secret, e.previous_secret,
    e.previous_secret_until, e.failing_since
FROM webhook_endpoints AS e
WHERE e.active AND (e.rest_until IS NULL OR e.rest_until <= $1)
    AND EXISTS (
        SELECT FROM webhook_deliveries AS d
        WHERE d.participant_id = e.participant_id AND d.endpoint_id = e.endpoint_id
            AND d.state = 'pending' AND d.next_attempt_time <= $1
    )
    AND NOT EXISTS (SELECT FROM webhook_stripes WHERE sequence < target)
ORDER BY random() LIMIT $2 FOR UPDATE OF e SKIP LOCKED
"""
_TAKE = """
WITH chosen AS MATERIALIZED (
    SELECT d.delivery_id
    FROM unnest($1::text[], $2::text[], $3::int[]) AS e (participant_id, endpoint_id, most)
    CROSS JOIN LATERAL (
        SELECT p.delivery_id FROM webhook_deliveries AS p
        WHERE p.participant_id = e.participant_id AND p.endpoint_id = e.endpoint_id
            AND p.state = 'pending' AND p.next_attempt_time <= $4
            AND (p.lease_until IS NULL OR p.lease_until < now())
            AND NOT EXISTS (
                SELECT FROM webhook_deliveries AS b
                WHERE b.participant_id = p.participant_id AND b.endpoint_id = p.endpoint_id
                    AND b.subject = p.subject AND b.state = 'pending'
                    AND (b.rank, b.event_time, b.stripe, b.sequence)
                        < (p.rank, p.event_time, p.stripe, p.sequence)
            )
        ORDER BY p.next_attempt_time
        LIMIT greatest(0, e.most - (
            SELECT count(*) FROM webhook_deliveries AS l
            WHERE l.participant_id = e.participant_id AND l.endpoint_id = e.endpoint_id
                AND l.lease_until >= now()
        ))
    ) AS d
    LIMIT $5
)
UPDATE webhook_deliveries AS d SET lease = $6, lease_until = now() + $7::interval
FROM chosen WHERE d.delivery_id = chosen.delivery_id
RETURNING d.delivery_id, d.participant_id, d.endpoint_id, d.event_id, d.subject, d.body,
    d.trace, d.attempt_count
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt that is over, and what follows from it."""

    due: Due
    outcome: Outcome
    decision: Decision
    start_time: datetime
    milliseconds: int


async def lock_endpoints(connection: Connection, finished: Sequence[Finished]) -> None:
    """The endpoints' rows, in order: before their deliveries, as who takes does it."""
    keys = sorted({(one.due.participant_id, one.due.endpoint_id) for one in finished})
    await connection.execute(
        """
        SELECT FROM webhook_endpoints
        JOIN unnest($1::text[], $2::text[]) AS wanted (participant_id, endpoint_id)
            USING (participant_id, endpoint_id)
        ORDER BY participant_id, endpoint_id FOR UPDATE OF webhook_endpoints
        """,
        [participant_id for participant_id, _ in keys],
        [endpoint_id for _, endpoint_id in keys],
    )


async def finish(connection: Connection, finished: Sequence[Finished], now: datetime) -> set[str]:
    """Keep attempts and what follows; the ids of those whose lease still held.

    What waits behind one of them is due with it, or at once where its turn has come.
    """
    rows = await connection.fetch(
        _FINISH,
        [one.due.delivery_id for one in finished],
        [one.due.lease for one in finished],
        [one.decision.state for one in finished],
        [one.decision.next_attempt_time for one in finished],
        [one.outcome.status for one in finished],
        [one.outcome.ending for one in finished],
        [one.start_time for one in finished],
        [one.milliseconds for one in finished],
        [one.outcome.answer for one in finished],
        now,
    )
    held = {row[0] for row in rows}
    moved = [one for one in finished if one.due.delivery_id in held]
    await connection.execute(
        _FOLLOWERS,
        [one.due.participant_id for one in moved],
        [one.due.endpoint_id for one in moved],
        [one.due.subject for one in moved],
        [one.due.delivery_id for one in moved],
        [one.decision.next_attempt_time or now for one in moved],
    )
    return held


_FINISH = """
WITH ended AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::int[],
        $6::text[], $7::timestamptz[], $8::int[], $9::text[])
        AS e (delivery_id, lease, state, next_attempt_time, status, outcome, start_time,
            milliseconds, answer)
), moved AS (
    UPDATE webhook_deliveries AS d
    SET state = e.state, next_attempt_time = e.next_attempt_time, last_status = e.status,
        reason = e.outcome, attempt_count = d.attempt_count + 1,
        attempt_total = d.attempt_total + 1, lease = '', lease_until = NULL, update_time = $10
    FROM ended AS e
    WHERE d.delivery_id = e.delivery_id AND d.lease = e.lease AND d.state = 'pending'
    RETURNING d.delivery_id, d.attempt_total
)
INSERT INTO webhook_attempts
    (delivery_id, number, start_time, milliseconds, status, outcome, answer)
SELECT m.delivery_id, m.attempt_total, e.start_time, e.milliseconds, e.status, e.outcome, e.answer
FROM moved AS m JOIN ended AS e USING (delivery_id)
RETURNING delivery_id
"""
_FOLLOWERS = """
UPDATE webhook_deliveries AS d SET next_attempt_time = e.due_time
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
    AS e (participant_id, endpoint_id, subject, delivery_id, due_time)
WHERE d.participant_id = e.participant_id AND d.endpoint_id = e.endpoint_id
    AND d.subject = e.subject AND d.state = 'pending' AND d.lease_until IS NULL
    AND d.delivery_id <> e.delivery_id
"""
