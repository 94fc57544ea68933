"""SQL of bank links and top-ups. Rows of `top_ups` are locked in the order of their references."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import timedelta
from typing import Any

from services.gateway.payments.store.payments import SWEEP_AFTER
from services.gateway.topups.model import Ask, BankLink, Life, State, Step, TopUp
from services.kit.postgres import Connection


async def find_bank_link(
    connection: Connection, participant_id: str, bank_link_id: str
) -> BankLink | None:
    """A participant's link by its own id."""
    row = await connection.fetchrow(
        """
        SELECT participant_id, bank_link_id, digest, payer_id, partner_id, payer_reference,
            display_name, create_time
        FROM bank_links WHERE participant_id = $1 AND bank_link_id = $2
        """,
        participant_id,
        bank_link_id,
    )
    return None if row is None else BankLink(*row)


async def add_bank_link(connection: Connection, link: BankLink) -> None:
    """Insert a fresh link. A taken id is a unique violation."""
    await connection.execute(
        """
        INSERT INTO bank_links (participant_id, bank_link_id, digest, payer_id, partner_id,
            payer_reference, display_name, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *astuple(link),
    )


_COLUMNS = """a.reference, a.participant_id, a.top_up_id, a.digest, a.bank_link_id, a.payer_id,
    a.partner_id, a.payer_reference, a.amount_minor, a.currency, a.create_time,
    t.state, t.step, t.update_time, t.reason, t.message, t.repeat_count"""
_ASK_COLUMNS = 11


async def find_top_up(connection: Connection, participant_id: str, top_up_id: str) -> TopUp | None:
    """A participant's top-up by its own id."""
    row = await connection.fetchrow(_FIND, participant_id, top_up_id)
    return None if row is None else _top_up(tuple(row))


_FIND = f"""
SELECT {_COLUMNS} FROM top_up_asks AS a JOIN top_ups AS t USING (reference)
WHERE a.participant_id = $1 AND a.top_up_id = $2
"""  # noqa: S608


async def add_top_up(connection: Connection, top_up: TopUp) -> None:
    """Insert a fresh top-up. A taken id is a unique violation."""
    await connection.execute(
        """
        INSERT INTO top_up_asks (reference, participant_id, top_up_id, digest, bank_link_id,
            payer_id, partner_id, payer_reference, amount_minor, currency, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        *astuple(top_up.ask),
    )
    life = top_up.life
    await connection.execute(
        """
        INSERT INTO top_ups (reference, state, step, update_time, next_sweep_time)
        VALUES ($1, $2, $3, $4, now() + $5::interval)
        """,
        *(top_up.ask.reference, life.state, life.step, life.update_time, SWEEP_AFTER),
    )


async def lock_top_ups(connection: Connection, references: Iterable[str]) -> dict[str, TopUp]:
    """Top-ups by reference, their rows locked in order; those unknown are left out."""
    wanted = sorted(set(references))
    await connection.fetch(
        """
        SELECT 1 FROM top_ups WHERE reference = ANY ($1::text[]) ORDER BY reference FOR UPDATE
        """,
        wanted,
    )
    return {top_up.ask.reference: top_up for top_up in await _read(connection, wanted)}


async def _read(connection: Connection, references: list[str]) -> list[TopUp]:
    return [_top_up(tuple(row)) for row in await connection.fetch(_READ, references)]


_READ = f"""
SELECT {_COLUMNS} FROM top_up_asks AS a JOIN top_ups AS t USING (reference)
WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference
"""  # noqa: S608


async def store_lives(connection: Connection, lives: Mapping[str, Life]) -> None:
    """Store where top-ups stand now; each waits its full time before it is swept."""
    moved = lives.values()
    await connection.execute(
        """
        UPDATE top_ups AS t
        SET state = u.state, step = u.step, update_time = u.update_time, reason = u.reason,
            message = u.message, repeat_count = 0,
            next_sweep_time = CASE
                WHEN u.step NOT IN ('operator', 'done') THEN now() + $7::interval
            END
        FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
            AS u (reference, state, step, update_time, reason, message)
        WHERE t.reference = u.reference
        """,
        list(lives),
        [life.state for life in moved],
        [life.step for life in moved],
        [life.update_time for life in moved],
        [life.reason for life in moved],
        [life.message for life in moved],
        SWEEP_AFTER,
    )


async def take_due(connection: Connection, limit: int) -> list[TopUp]:
    """Top-ups whose step has waited too long, longest first; locked, others' skipped."""
    rows = await connection.fetch(
        """
        SELECT reference FROM top_ups WHERE next_sweep_time <= now()
        ORDER BY next_sweep_time LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        limit,
    )
    return await _read(connection, [row[0] for row in rows])


async def postpone(connection: Connection, waits: Mapping[str, timedelta]) -> None:
    """Count one more repeat of each, and look again after its wait."""
    await connection.execute(
        """
        UPDATE top_ups AS t
        SET repeat_count = t.repeat_count + 1, next_sweep_time = now() + u.wait
        FROM unnest($1::text[], $2::interval[]) AS u (reference, wait)
        WHERE t.reference = u.reference
        """,
        list(waits),
        list(waits.values()),
    )


def _top_up(row: tuple[Any, ...]) -> TopUp:
    """From a row of `_COLUMNS`."""
    state, step, *rest = row[_ASK_COLUMNS:]
    return TopUp(Ask(*row[:_ASK_COLUMNS]), Life(State(state), Step(step), *rest))
