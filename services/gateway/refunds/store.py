"""SQL of refunds.

Who creates a refund has locked its payment. Rows of `refunds` are locked in the order of their
references, before the payments they complete into.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.gateway.payments.model import Terms
from services.gateway.payments.store.payments import SWEEP_AFTER, read_terms
from services.gateway.refunds.model import Ask, Life, Refund, State, Step
from services.gateway.refunds.reversal import Parts
from services.kit.postgres import Connection

_ASK = """a.reference, a.participant_id, a.refund_id, a.digest, a.payment_reference, a.payment_id,
    a.note, a.target_minor, a.mid_minor, a.spread_minor, a.payable_minor, a.fee_minor,
    a.create_time"""
_LIFE = "r.state, r.step, r.update_time, r.reason, r.message, r.repeat_count"


async def find_refund(connection: Connection, participant_id: str, refund_id: str) -> Refund | None:
    """A participant's refund by its own id."""
    rows = await connection.fetch(_FIND, participant_id, refund_id)
    found = await _refunds(connection, rows)
    return found[0] if found else None


_FIND = f"""
SELECT {_ASK}, {_LIFE} FROM refund_asks AS a JOIN refunds AS r USING (reference)
WHERE a.participant_id = $1 AND a.refund_id = $2
"""  # noqa: S608


async def already_reversed(connection: Connection, payment_reference: str) -> Parts:
    """Sums over the payment's refunds that were not declined. The payment is locked."""
    row = await connection.fetchrow(
        """
        SELECT COALESCE(sum(a.mid_minor), 0)::bigint, COALESCE(sum(a.spread_minor), 0)::bigint,
            COALESCE(sum(a.payable_minor), 0)::bigint, COALESCE(sum(a.fee_minor), 0)::bigint
        FROM refund_asks AS a JOIN refunds AS r USING (reference)
        WHERE a.payment_reference = $1 AND r.state <> 'declined'
        """,
        payment_reference,
    )
    return Parts(*row)


async def add_refund(connection: Connection, ask: Ask, life: Life) -> None:
    """Insert a fresh refund. A taken id is a unique violation."""
    parts = ask.parts
    await connection.execute(
        """
        INSERT INTO refund_asks (reference, participant_id, refund_id, digest, payment_reference,
            payment_id, note, target_minor, mid_minor, spread_minor, payable_minor, fee_minor,
            create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        *(ask.reference, ask.participant_id, ask.refund_id, ask.digest, ask.payment_reference),
        *(ask.payment_id, ask.note, ask.target_minor),
        *(parts.mid, parts.spread, parts.payable, parts.fee, ask.create_time),
    )
    await connection.execute(
        """
        INSERT INTO refunds (reference, state, step, update_time, next_sweep_time)
        VALUES ($1, $2, $3, $4, now() + $5::interval)
        """,
        *(ask.reference, life.state, life.step, life.update_time, SWEEP_AFTER),
    )


async def lock_refunds(connection: Connection, references: Iterable[str]) -> dict[str, Refund]:
    """Refunds by reference, their rows locked in order; those unknown are left out."""
    wanted = sorted(set(references))
    await connection.fetch(
        """
        SELECT 1 FROM refunds WHERE reference = ANY ($1::text[]) ORDER BY reference FOR UPDATE
        """,
        wanted,
    )
    found = await _refunds(connection, await connection.fetch(_READ, wanted))
    return {refund.ask.reference: refund for refund in found}


_READ = f"""
SELECT {_ASK}, {_LIFE} FROM refund_asks AS a JOIN refunds AS r USING (reference)
WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference
"""  # noqa: S608


async def store_lives(connection: Connection, lives: Mapping[str, Life]) -> None:
    """Store where refunds stand now; each waits its full time before it is swept."""
    moved = lives.values()
    await connection.execute(
        """
        UPDATE refunds AS r
        SET state = u.state, step = u.step, update_time = u.update_time, reason = u.reason,
            message = u.message, repeat_count = 0,
            next_sweep_time = CASE
                WHEN u.step NOT IN ('operator', 'done') THEN now() + $7::interval
            END
        FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
            AS u (reference, state, step, update_time, reason, message)
        WHERE r.reference = u.reference
        """,
        list(lives),
        [life.state for life in moved],
        [life.step for life in moved],
        [life.update_time for life in moved],
        [life.reason for life in moved],
        [life.message for life in moved],
        SWEEP_AFTER,
    )


async def take_due(connection: Connection, limit: int) -> list[Refund]:
    """Refunds whose step has waited too long, longest first; locked, others' skipped."""
    rows = await connection.fetch(
        """
        SELECT reference FROM refunds WHERE next_sweep_time <= now()
        ORDER BY next_sweep_time LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        limit,
    )
    return await _refunds(connection, await connection.fetch(_READ, [row[0] for row in rows]))


async def postpone(connection: Connection, waits: Mapping[str, timedelta]) -> None:
    """Count one more repeat of each, and look again after its wait."""
    await connection.execute(
        """
        UPDATE refunds AS r
        SET repeat_count = r.repeat_count + 1, next_sweep_time = now() + u.wait
        FROM unnest($1::text[], $2::interval[]) AS u (reference, wait)
        WHERE r.reference = u.reference
        """,
        list(waits),
        list(waits.values()),
    )


async def _refunds(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Refund]:
    if not rows:
        return []
    terms = {found.reference: found for found in await read_terms(connection, {r[4] for r in rows})}
    return [_refund(tuple(row), terms) for row in rows]


def _refund(row: tuple[Any, ...], terms: Mapping[str, Terms]) -> Refund:
    """From a row of `_ASK` and `_LIFE`."""
    ask = Ask(*(*row[:8], Parts(*row[8:12]), row[12]))
    state, step, *rest = row[13:]
    return Refund(ask, terms[ask.payment_reference], Life(State(state), Step(step), *rest))
