"""SQL of payouts. Rows are locked in the order of their ids."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from services.core.money import Money
from services.kit.postgres import Connection
from services.settlement.domain.agreements import Agreement, Payee
from services.settlement.payouts.dues import Due
from services.settlement.payouts.model import Heard, Payout, Share, State, wanted

FIRST_WAIT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What was heard of a payout or done to it; `said_by` is a fact's place or an operator."""

    payout_id: str
    word: str
    state: str
    said_by: str
    reason: str
    move_time: datetime


async def add_payout(connection: Connection, payout: Payout, said_by: str, reason: str) -> None:
    """Insert a fresh payout with its shares and the first line of its journal."""
    await connection.execute(
        _ADD,
        *(payout.payout_id, payout.agreement_id, payout.participant_id),
        *(payout.amount.minor, payout.amount.currency),
        *(payout.owed.minor, payout.owed.currency, payout.rate, payout.settle_date),
        *(payout.window_ids, payout.bank_partner, astuple(payout.payee)),
        *(payout.retry_of or None, payout.create_time, payout.state, FIRST_WAIT),
        payout.sealed_payee,
    )
    await connection.execute(
        "INSERT INTO payout_shares (payout_id, account_id, amount_minor) "
        "SELECT $1, * FROM unnest($2::text[], $3::bigint[])",
        payout.payout_id,
        [share.account_id for share in payout.shares],
        [share.amount_minor for share in payout.shares],
    )
    made = JournalEntry(payout.payout_id, "made", payout.state, said_by, reason, payout.create_time)
    await add_moves(connection, [made])


async def get_payout(connection: Connection, payout_id: str) -> Payout | None:
    """The payout of this id."""
    row = await connection.fetchrow(f"{_READ} WHERE p.payout_id = $1", payout_id)
    return None if row is None else _payout_of(row)


async def retry_of(connection: Connection, payout_id: str) -> Payout | None:
    """The payout that repeats this one."""
    row = await connection.fetchrow(f"{_READ} WHERE p.retry_of_payout_id = $1", payout_id)
    return None if row is None else _payout_of(row)


async def returned_payout(connection: Connection, agreement: Agreement) -> Payout | None:
    """The agreement's latest payout where it has come back, or one made with it and not paid again;
    None where none has."""
    payout_id = await connection.fetchval(
        """
        SELECT payout_id FROM payouts AS p
        WHERE participant_id = $1 AND agreement_id = $2 AND state = $3 AND create_time = (
            SELECT create_time FROM payouts WHERE participant_id = $1 AND agreement_id = $2
            ORDER BY payout_id DESC LIMIT 1
        ) AND NOT EXISTS (
            SELECT FROM payouts AS again WHERE again.retry_of_payout_id = p.payout_id
        )
        LIMIT 1
        """,
        agreement.participant_id,
        agreement.agreement_id,
        State.RETURNED,
    )
    return None if payout_id is None else await get_payout(connection, payout_id)


async def list_payouts(
    connection: Connection, participant_id: str, state: str, before: str, limit: int
) -> list[Payout]:
    """Newest first, by id, which is ordered by time; empty filters fit all."""
    rows = await connection.fetch(_LIST, participant_id, state, before, limit)
    return [_payout_of(row) for row in rows]


async def lock_payouts(connection: Connection, payout_ids: Collection[str]) -> dict[str, Payout]:
    """Payouts by id, locked until the transaction ends; those unknown are left out."""
    await connection.execute(
        "SELECT FROM payouts WHERE payout_id = ANY ($1::text[]) ORDER BY payout_id FOR UPDATE",
        sorted(payout_ids),
    )
    rows = await connection.fetch(
        f"{_READ} WHERE p.payout_id = ANY ($1::text[])", sorted(payout_ids)
    )
    return {row["payout_id"]: _payout_of(row) for row in rows}


async def update_payouts(connection: Connection, payouts: Sequence[Payout]) -> None:
    """Store what was heard; where something is wanted, it is due to be repeated."""
    await connection.execute(
        _UPDATE,
        [p.payout_id for p in payouts],
        [p.state for p in payouts],
        [",".join(sorted(p.heard)) for p in payouts],
        [p.fee_minor for p in payouts],
        [p.partner_reference for p in payouts],
        [p.reason for p in payouts],
        [p.message for p in payouts],
        [p.update_time for p in payouts],
        [bool(wanted(p)) for p in payouts],
        FIRST_WAIT,
        [",".join(sorted(p.refused)) for p in payouts],
        [",".join(sorted(p.released)) for p in payouts],
        [p.release_proposed_by for p in payouts],
    )


async def add_moves(connection: Connection, entries: Sequence[JournalEntry]) -> None:
    """Write the journal."""
    rows = [astuple(entry) for entry in entries]
    await connection.execute(_ADD_MOVES, *([row[each] for row in rows] for each in range(6)))


async def take_due(connection: Connection, limit: int) -> list[tuple[Payout, int]]:
    """Payouts that wait too long for an answer, locked, and how often they were repeated."""
    rows = await connection.fetch(_DUE, limit)
    counts = {row["payout_id"]: row["repeat_count"] for row in rows}
    found = await lock_payouts(connection, counts) if counts else {}
    return [(payout, counts[payout_id]) for payout_id, payout in sorted(found.items())]


async def postpone(connection: Connection, waits: Mapping[str, timedelta]) -> None:
    """They are repeated now, and again after a while."""
    await connection.execute(_POSTPONE, list(waits), list(waits.values()))


async def agreements_due(
    connection: Connection, now: datetime, after: str, limit: int
) -> list[str]:
    """Agreements after an id whose due positions reach their minimum, in order and locked.

    Those that others have locked are left out. A position is due from the beginning of its day in
    the time zone of its window's schedule.
    """
    rows = await connection.fetch(_AGREEMENTS_DUE, now, after, limit)
    return [row["agreement_id"] for row in rows]


async def dues_of(connection: Connection, agreement_id: str, now: datetime) -> list[Due]:
    """The due positions of an agreement that no payout has taken."""
    return [Due(*row) for row in await connection.fetch(_DUES, now, agreement_id)]


async def take_positions(
    connection: Connection, agreement_id: str, dues: Sequence[Due], payout_id: str
) -> None:
    """A payout takes these positions."""
    await connection.execute(
        _TAKE,
        [due.window_id for due in dues],
        [due.account_id for due in dues],
        [due.part for due in dues],
        payout_id,
        agreement_id,
    )


async def hand_positions_on(connection: Connection, payout_id: str, to_payout_id: str) -> None:
    """What one payout has taken is the other's, which repeats it."""
    await connection.execute(
        "UPDATE positions SET payout_id = $2 WHERE payout_id = $1", payout_id, to_payout_id
    )


def _payout_of(row: Mapping[str, Any]) -> Payout:
    return Payout(
        payout_id=row["payout_id"],
        agreement_id=row["agreement_id"],
        participant_id=row["participant_id"],
        amount=Money(row["amount_minor"], row["currency_code"]),
        owed=Money(row["owed_minor"], row["owed_currency_code"]),
        rate=row["rate"],
        shares=tuple(
            Share(account, minor)
            for account, minor in zip(row["account_ids"], row["minors"], strict=True)
        ),
        settle_date=row["settle_date"],
        window_ids=tuple(row["window_ids"]),
        bank_partner=row["bank_partner_id"],
        payee=Payee(*row["payee"]),
        create_time=row["create_time"],
        update_time=row["update_time"],
        retry_of=row["retry_of_payout_id"] or "",
        heard=frozenset(Heard(word) for word in row["heard"]),
        fee_minor=row["fee_minor"],
        partner_reference=row["partner_reference"],
        reason=row["reason"],
        message=row["message"],
        refused=frozenset(row["refused"]),
        released=frozenset(row["released"]),
        release_proposed_by=row["release_proposed_by"],
        sealed_payee=row["sealed_payee"],
    )


_ADD = """
INSERT INTO payouts (
    payout_id, agreement_id, participant_id, amount_minor, currency_code, owed_minor,
    owed_currency_code, rate, settle_date, window_ids, bank_partner_id, payee, retry_of_payout_id,
    create_time, update_time, state, heard, due_time, sealed_payee
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, '{}',
    now() + $16::interval, $17
)
"""
_READ = """
SELECT p.*, s.account_ids, s.minors FROM payouts AS p
CROSS JOIN LATERAL (
    SELECT array_agg(account_id ORDER BY account_id) AS account_ids,
        array_agg(amount_minor ORDER BY account_id) AS minors
    FROM payout_shares WHERE payout_id = p.payout_id
) AS s
"""
_LIST = f"""
{_READ}
WHERE ($1 = '' OR p.participant_id = $1) AND ($2 = '' OR p.state = $2)
    AND ($3 = '' OR p.payout_id < $3)
ORDER BY p.payout_id DESC LIMIT $4
"""
_UPDATE = """
UPDATE payouts AS p SET state = come.state, heard = string_to_array(come.heard, ','),
    fee_minor = come.fee_minor, partner_reference = come.partner_reference, reason = come.reason,
    message = come.message, update_time = come.update_time, repeat_count = 0,
    due_time = CASE WHEN come.waits THEN now() + $10::interval END,
    refused = string_to_array(come.refused, ','), released = string_to_array(come.released, ','),
    release_proposed_by = come.release_proposed_by
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[], $9::boolean[], $11::text[], $12::text[], $13::text[]
) AS come (
    payout_id, state, heard, fee_minor, partner_reference, reason, message, update_time, waits,
    refused, released, release_proposed_by
)
WHERE p.payout_id = come.payout_id
"""
_ADD_MOVES = """
INSERT INTO payout_moves (payout_id, word, state, said_by, reason, move_time)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
"""
_DUE = """
SELECT payout_id, repeat_count FROM payouts WHERE due_time <= now()
ORDER BY due_time LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_POSTPONE = """
UPDATE payouts AS p SET repeat_count = p.repeat_count + 1, due_time = now() + come.wait
FROM unnest($1::text[], $2::interval[]) AS come (payout_id, wait)
WHERE p.payout_id = come.payout_id
"""
# Nowhere is it later than tomorrow's date in UTC: that much the index can tell.
_DUE_POSITIONS = """
    positions AS p JOIN windows AS w USING (window_id)
    JOIN schedules AS s USING (corridor_id, currency_code)
    WHERE p.payout_id IS NULL AND p.due_date <= ($1 AT TIME ZONE 'UTC')::date + 1
        AND p.due_date <= ($1 AT TIME ZONE s.time_zone)::date
"""
_AGREEMENTS_DUE = f"""
SELECT g.agreement_id FROM (
    SELECT p.agreement_id, sum(p.amount_minor) AS minor FROM {_DUE_POSITIONS}
    GROUP BY p.agreement_id
) AS due
JOIN agreements AS g USING (agreement_id)
WHERE g.active AND due.minor >= greatest(g.minimum_payout, 1) AND g.agreement_id > $2
ORDER BY g.agreement_id LIMIT $3 FOR UPDATE OF g SKIP LOCKED
"""  # noqa: S608
_DUES = f"""
SELECT p.window_id, p.account_id, p.part, p.amount_minor, p.due_date FROM {_DUE_POSITIONS}
    AND p.agreement_id = $2
ORDER BY p.window_id, p.account_id, p.part
"""  # noqa: S608
_TAKE = """
UPDATE positions AS p SET payout_id = $4
FROM unnest($1::text[], $2::text[], $3::text[]) AS taken (window_id, account_id, part)
WHERE (p.window_id, p.account_id, p.part) = (taken.window_id, taken.account_id, taken.part)
    AND p.agreement_id = $5
"""
