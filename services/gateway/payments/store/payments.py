"""Payments: terms, lives, moves.

Rows of `payments` are always locked in the order of their references, before limits and outbox.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from services.gateway.payments.model import Life, Parts, Payment, State, Step, Terms
from services.kit.postgres import Connection

# Postgres's own clock counts this, not the service's: the sandbox may stop or turn the day's clock,
# and lost messages have to be repeated all the same.
SWEEP_AFTER = timedelta(seconds=10)
# No index holds states, because each move would write it: so a rare one is looked for in parts.
LOOK_AT = 10_000

_STATES: Mapping[str, State] = {state.value: state for state in State}
_STEPS: Mapping[str, Step] = {step.value: step for step in Step}

_TERMS = [field.name for field in fields(Terms)]
_TERMS_COLUMNS = ", ".join(_TERMS)
_TERMS_VALUES = attrgetter(*_TERMS)
_LIFE_COLUMNS = """p.state, p.step, p.version, p.update_time, p.reason, p.message, p.action_url,
    p.collected, p.partner_reference, p.refunded_minor, p.limit_day, p.limit_keys, p.repeat_count,
    p.captured, p.escrowed"""


def _life(row: Sequence[Any]) -> Life:
    """From a row of `_LIFE_COLUMNS`."""
    return Life(
        _STATES[row[0]],
        _STEPS[row[1]],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        tuple(row[11].split()),
        row[12],
        Parts(*row[13]) if row[13] else None,
        row[14],
    )


async def add_payments(connection: Connection, new: Sequence[Terms]) -> set[str]:
    """Insert quotes; the references of those whose id was free. The others change nothing."""
    made = {
        row[0]
        for row in await connection.fetch(
            _ADD_PAYMENTS,
            [terms.reference for terms in new],
            [terms.participant_id for terms in new],
            [terms.payment_id for terms in new],
            [terms.create_time for terms in new],
            [terms.quote_expire_time for terms in new],
        )
    }
    kept = [_TERMS_VALUES(terms) for terms in new if terms.reference in made]
    if kept:
        # Half the cost of arrays on both sides: this is the widest row of the path.
        await connection.copy_records_to_table("payment_terms", columns=_TERMS, records=kept)
    return made


# No total is touched here, so a taken id may be passed over in silence; it is looked up next.
_ADD_PAYMENTS = """
WITH made AS (
    INSERT INTO payments
        (reference, participant_id, payment_id, state, step, version, update_time, open_until)
    SELECT reference, participant_id, payment_id, 'quoted', 'quote', 1, create_time, open_until
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
        AS given (reference, participant_id, payment_id, create_time, open_until)
    ON CONFLICT (participant_id, payment_id) DO NOTHING
    RETURNING reference, update_time
)
INSERT INTO payment_moves (reference, number, state, step, detail, move_time)
SELECT reference, 1, 'quoted', 'quote', '', update_time FROM made
RETURNING reference
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A payment's life, found by the ids its participant gave."""

    participant_id: str
    payment_id: str
    reference: str
    life: Life


async def find_lives(
    connection: Connection, ids: Iterable[tuple[str, str]], *, lock: bool = False
) -> dict[tuple[str, str], Found]:
    """Lives by (participant id, payment id); with `lock` their rows are locked."""
    wanted = list(dict.fromkeys(ids))
    rows = await connection.fetch(
        _FIND_AND_LOCK if lock else _FIND,
        [participant_id for participant_id, _ in wanted],
        [payment_id for _, payment_id in wanted],
    )
    found = {}
    for row in rows:
        participant_id, payment_id, reference, *rest = row
        found[participant_id, payment_id] = Found(
            participant_id, payment_id, reference, _life(rest)
        )
    return found


_FIND = f"""
SELECT p.participant_id, p.payment_id, p.reference, {_LIFE_COLUMNS}
FROM unnest($1::text[], $2::text[]) AS wanted (participant_id, payment_id)
JOIN payments AS p USING (participant_id, payment_id)
ORDER BY p.reference
"""  # noqa: S608
_FIND_AND_LOCK = f"{_FIND} FOR UPDATE OF p"


async def lock_lives(connection: Connection, references: Iterable[str]) -> dict[str, Life]:
    """Lives by reference, their rows locked in order."""
    rows = await connection.fetch(_LOCK_LIVES, sorted(set(references)))
    return {row[0]: _life(tuple(row)[1:]) for row in rows}


async def read_lives(connection: Connection, references: Iterable[str]) -> dict[str, Life]:
    """Lives by reference."""
    rows = await connection.fetch(_READ_LIVES, list(references))
    return {row[0]: _life(tuple(row)[1:]) for row in rows}


_READ_LIVES = f"""
SELECT p.reference, {_LIFE_COLUMNS} FROM payments AS p
WHERE p.reference = ANY ($1::text[]) ORDER BY p.reference
"""  # noqa: S608
_LOCK_LIVES = f"{_READ_LIVES} FOR UPDATE"


async def read_terms(connection: Connection, references: Iterable[str]) -> list[Terms]:
    """The terms of payments; those unknown are left out."""
    rows = await connection.fetch(_READ_TERMS, list(references))
    return [Terms(*row) for row in rows]


_READ_TERMS = f"""
SELECT {_TERMS_COLUMNS} FROM payment_terms WHERE reference = ANY ($1::text[])
"""  # noqa: S608


async def store_moves(
    connection: Connection, moved: Sequence[tuple[str, Life]], *, takes_limits: bool = False
) -> None:
    """Store each life that a payment has moved through, in order; the last one is where it is.

    All were decided at one instant. With `takes_limits` also which limits were taken from.
    """
    if not moved:
        return
    last = dict(moved)
    if len(last) < len(moved):
        await _journal(connection, [one for one in moved if one[1] is not last[one[0]]])
    plain: list[tuple[str, Life]] = []
    held: list[tuple[str, Life]] = []
    wordy: list[tuple[str, Life]] = []
    for reference, life in last.items():
        says = bool(life.reason or life.action_url or life.collected)
        if says or (takes_limits and bool(life.limit_keys)):
            wordy.append((reference, life))
        else:
            (held if life.step is Step.CAPTURE else plain).append((reference, life))
    if plain:
        await connection.execute(_STORE_PLAIN, *_columns(plain))
    if held:
        await connection.execute(_STORE_HELD, *_columns(held))
    if wordy:
        lives = [life for _, life in wordy]
        await connection.execute(
            _STORE_WORDY,
            *_columns(wordy),
            [life.reason for life in lives],
            [life.message for life in lives],
            [life.action_url for life in lives],
            [life.collected for life in lives],
            [life.limit_day for life in lives],
            [" ".join(life.limit_keys) for life in lives],
        )


def _columns(moved: Sequence[tuple[str, Life]]) -> tuple[object, ...]:
    return (
        [reference for reference, _ in moved],
        [life.state for _, life in moved],
        [life.step for _, life in moved],
        [life.version for _, life in moved],
        [life.partner_reference for _, life in moved],
        moved[0][1].update_time,
        SWEEP_AFTER,
    )


async def _journal(connection: Connection, passed: Sequence[tuple[str, Life]]) -> None:
    """Moves that a payment has already left behind in the batch that made them."""
    await connection.execute(
        """
        INSERT INTO payment_moves (reference, number, state, step, detail, move_time)
        SELECT reference, number, state, step, detail, $6
        FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[])
            AS u (reference, number, state, step, detail)
        """,
        [reference for reference, _ in passed],
        [life.version for _, life in passed],
        [life.state for _, life in passed],
        [life.step for _, life in passed],
        [life.reason or life.partner_reference for _, life in passed],
        passed[0][1].update_time,
    )


# Arrays cost the driver more than all else does, so what nearly all payments have in common is not
# sent: `plain` moves have no reason, message, action or collected charge.
# An update of the sweep time to itself keeps the row's update heap-only; only a step that was
# repeated, whose wait has grown, gives the next one a wait of its own.
_STORE = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest({types}) AS given ({names})
), moved AS (
    INSERT INTO payment_moves (reference, number, state, step, detail, move_time)
    SELECT reference, version, state, step, {detail}, $6 FROM u
)
UPDATE payments AS p
SET state = u.state, step = u.step, version = u.version, update_time = $6,
    partner_reference = u.partner_reference, repeat_count = 0, open_until = {open_until},
    next_sweep_time = CASE
        WHEN u.step NOT IN ('capture', 'done')
            THEN COALESCE(
                CASE WHEN p.repeat_count = 0 THEN p.next_sweep_time END, now() + $7::interval
            )
    END, {others}
FROM {source} WHERE p.reference = u.reference
"""
_PLAIN_TYPES = "$1::text[], $2::text[], $3::text[], $4::int[], $5::text[]"
_PLAIN_NAMES = "reference, state, step, version, partner_reference"
_PLAIN = {
    "types": _PLAIN_TYPES,
    "names": _PLAIN_NAMES,
    "detail": "partner_reference",
    "others": "reason = '', message = '', action_url = '', collected = false",
}
_STORE_PLAIN = _STORE.format(**_PLAIN, open_until="NULL", source="u")
# What is held waits for the acquirer, by the service's clock, and for no answer.
_STORE_HELD = _STORE.format(
    **_PLAIN, open_until="a.expire_time", source="u JOIN authorisations AS a USING (reference)"
)
_STORE_WORDY = _STORE.format(
    types=f"{_PLAIN_TYPES}, $8::text[], $9::text[], $10::text[], $11::boolean[], $12::date[], "
    "$13::text[]",
    names=f"{_PLAIN_NAMES}, reason, message, action_url, collected, limit_day, limit_keys",
    detail="COALESCE(NULLIF(reason, ''), partner_reference)",
    others="""reason = u.reason, message = u.message, action_url = u.action_url,
    collected = u.collected, limit_day = u.limit_day, limit_keys = u.limit_keys""",
    open_until="NULL",
    source="u",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of a payment's journal."""

    number: int
    state: State
    step: str
    detail: str
    move_time: datetime


async def list_moves(connection: Connection, reference: str) -> list[Move]:
    """A payment's moves in order."""
    rows = await connection.fetch(
        """
        SELECT number, state, step, detail, move_time FROM payment_moves
        WHERE reference = $1 ORDER BY number
        """,
        reference,
    )
    return [Move(row[0], _STATES[row[1]], *tuple(row)[2:]) for row in rows]


async def list_payments(
    connection: Connection,
    participant_id: str,
    after: str,
    state: State | None,
    limit: int,
    look_at: int = LOOK_AT,
) -> tuple[list[Payment], str]:
    """A participant's payments in the order of its own ids, which its unique index holds; and the
    id after which the next page begins, empty where there is none.

    Of a state at most `limit` among the next `look_at`: a short page need not be the last.
    """
    wide = limit if state is None else max(limit, look_at)
    rows = await connection.fetch(_LIST, participant_id, after, state, limit, wide)
    found = await with_terms(connection, [(row[0], _life(tuple(row)[1:])) for row in rows])
    if len(found) == limit:
        return found, found[-1].terms.payment_id
    if state is None:
        return found, ""
    return found, await connection.fetchval(_LOOKED_AT, participant_id, after, wide - 1) or ""


async def with_terms(connection: Connection, lives: Sequence[tuple[str, Life]]) -> list[Payment]:
    """Payments whole, in the order of `lives`."""
    terms = {
        terms.reference: terms
        for terms in await read_terms(connection, [reference for reference, _ in lives])
    }
    return [Payment(terms[reference], life) for reference, life in lives]


_LIST = f"""
SELECT p.reference, {_LIFE_COLUMNS} FROM (
    SELECT * FROM payments WHERE participant_id = $1 AND payment_id > $2
    ORDER BY payment_id LIMIT $5
) AS p
WHERE $3::text IS NULL OR p.state = $3
ORDER BY p.payment_id LIMIT $4
"""  # noqa: S608
_LOOKED_AT = """
SELECT payment_id FROM payments WHERE participant_id = $1 AND payment_id > $2
ORDER BY payment_id OFFSET $3 LIMIT 1
"""


async def take_due(connection: Connection, limit: int) -> dict[str, Life]:
    """Payments whose present step has waited too long, longest first; locked, others' skipped."""
    rows = await connection.fetch(_TAKE_DUE, limit)
    return {row[0]: _life(tuple(row)[1:]) for row in rows}


_TAKE_DUE = f"""
SELECT p.reference, {_LIFE_COLUMNS} FROM payments AS p
WHERE p.next_sweep_time <= now() ORDER BY p.next_sweep_time LIMIT $1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608


async def postpone(connection: Connection, waits: Mapping[str, timedelta]) -> None:
    """Count one more repeat of each, and look again after its wait."""
    await connection.execute(
        """
        UPDATE payments AS p
        SET repeat_count = p.repeat_count + 1, next_sweep_time = now() + u.wait
        FROM unnest($1::text[], $2::interval[]) AS u (reference, wait)
        WHERE p.reference = u.reference
        """,
        list(waits),
        list(waits.values()),
    )


async def take_expired(connection: Connection, now: datetime, limit: int) -> dict[str, Life]:
    """Quotes that nobody confirmed, and holds that nobody captured, before `now`; locked, others'
    skipped."""
    rows = await connection.fetch(_TAKE_EXPIRED, now, limit)
    return {row[0]: _life(tuple(row)[1:]) for row in rows}


_TAKE_EXPIRED = f"""
SELECT p.reference, {_LIFE_COLUMNS} FROM payments AS p
WHERE p.open_until <= $1 ORDER BY p.open_until LIMIT $2 FOR UPDATE SKIP LOCKED
"""  # noqa: S608


async def list_stuck(connection: Connection, repeats: int, limit: int) -> list[Payment]:
    """Payments whose command was repeated at least `repeats` times in vain, oldest first."""
    rows = await connection.fetch(_LIST_STUCK, repeats, limit)
    return await with_terms(connection, [(row[0], _life(tuple(row)[1:])) for row in rows])


_LIST_STUCK = f"""
SELECT p.reference, {_LIFE_COLUMNS} FROM payments AS p
WHERE p.next_sweep_time IS NOT NULL AND p.repeat_count >= $1 ORDER BY p.reference LIMIT $2
"""  # noqa: S608


async def add_refunded(connection: Connection, reference: str, minor: int) -> None:
    """Count `minor` units of the target as given back. The caller has locked the payment."""
    await connection.execute(
        "UPDATE payments SET refunded_minor = refunded_minor + $2 WHERE reference = $1",
        reference,
        minor,
    )
