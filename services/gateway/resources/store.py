"""SQL of lives: the same columns in a table per kind of resource.

Rows are locked in the order of their references. Postgres's clock counts how long a step waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic

from services.gateway.payments.store.payments import SWEEP_AFTER
from services.gateway.resources.model import OPERATOR, Life, P, S
from services.kit.postgres import Connection

LIFE_COLUMNS = (
    "l.state, l.step, l.update_time, l.reason, l.message, l.repeat_count, l.attempt, l.stuck_at"
)
"""Of the table of lives, called `l`; the last columns of a row that `LifeTable.life` reads."""
LIFE_COUNT = 8


@dataclass(frozen=True, slots=True)
class LifeTable(Generic[S, P]):
    """Lives of one kind. Steps in `orders` wait for an answer and are swept."""

    name: str
    states: type[S]
    steps: type[P]
    orders: frozenset[P]

    def life(self, row: Sequence[Any]) -> Life[S, P]:
        """From the last columns of a row, `LIFE_COLUMNS`."""
        state, step, time, reason, message, repeats, attempt, stuck_at = row[-LIFE_COUNT:]
        at = None if stuck_at is None else self.steps(stuck_at)
        return Life(
            self.states(state), self.steps(step), time, reason, message, repeats, attempt, at
        )

    async def add(self, connection: Connection, reference: str, life: Life[S, P]) -> None:
        """Insert the life of a fresh resource."""
        await connection.execute(
            f"""
            INSERT INTO {self.name} (reference, state, step, update_time, reason, message, stuck_at,
                next_sweep_time)
            VALUES ($1, $2, $3, $4, $5, $6, $7,
                CASE WHEN $8::boolean THEN now() + $9::interval END)
            """,  # noqa: S608
            *(reference, life.state, life.step, life.update_time, life.reason, life.message),
            *(life.stuck_at, life.step in self.orders, SWEEP_AFTER),
        )

    async def lock(self, connection: Connection, references: Iterable[str]) -> list[str]:
        """Lock the rows of those there are; their references in order."""
        rows = await connection.fetch(
            f"""
            SELECT reference FROM {self.name} WHERE reference = ANY ($1::text[])
            ORDER BY reference FOR UPDATE
            """,  # noqa: S608
            sorted(set(references)),
        )
        return [row[0] for row in rows]

    async def store(self, connection: Connection, lives: Mapping[str, Life[S, P]]) -> None:
        """Store where resources stand now; each waits its full time before it is swept."""
        moved = lives.values()
        await connection.execute(
            f"""
            UPDATE {self.name} AS l
            SET state = u.state, step = u.step, update_time = u.update_time, reason = u.reason,
                message = u.message, attempt = u.attempt, stuck_at = u.stuck_at, repeat_count = 0,
                next_sweep_time = CASE WHEN u.swept THEN now() + $10::interval END
            FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[],
                    $6::text[], $7::int[], $8::text[], $9::boolean[])
                AS u (reference, state, step, update_time, reason, message, attempt, stuck_at,
                    swept)
            WHERE l.reference = u.reference
            """,  # noqa: S608
            list(lives),
            [life.state for life in moved],
            [life.step for life in moved],
            [life.update_time for life in moved],
            [life.reason for life in moved],
            [life.message for life in moved],
            [life.attempt for life in moved],
            [life.stuck_at for life in moved],
            [life.step in self.orders for life in moved],
            SWEEP_AFTER,
        )

    async def take_due(self, connection: Connection, limit: int) -> list[str]:
        """Those whose step has waited too long, longest first; locked, others' skipped."""
        rows = await connection.fetch(
            f"""
            SELECT reference FROM {self.name} WHERE next_sweep_time <= now()
            ORDER BY next_sweep_time LIMIT $1 FOR UPDATE SKIP LOCKED
            """,  # noqa: S608
            limit,
        )
        return [row[0] for row in rows]

    async def postpone(self, connection: Connection, waits: Mapping[str, timedelta]) -> None:
        """Count one more repeat of each, and look again after its wait."""
        await connection.execute(
            f"""
            UPDATE {self.name} AS l
            SET repeat_count = l.repeat_count + 1, next_sweep_time = now() + u.wait
            FROM unnest($1::text[], $2::interval[]) AS u (reference, wait)
            WHERE l.reference = u.reference
            """,  # noqa: S608
            list(waits),
            list(waits.values()),
        )

    async def list_cases(self, connection: Connection, limit: int) -> list[str]:
        """Those that wait for an operator, longest first."""
        rows = await connection.fetch(
            f"""
            SELECT reference FROM {self.name} WHERE step = '{OPERATOR}'
            ORDER BY update_time, reference LIMIT $1
            """,  # noqa: S608
            limit,
        )
        return [row[0] for row in rows]
