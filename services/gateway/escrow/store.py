"""SQL of escrows. Who changes one has locked its payment; only then is read what decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.gateway.escrow.model import Cause, Escrow, Part, Release, ReleaseState, Step
from services.gateway.escrow.parts import Held, escrow_account
from services.gateway.payments.model import State as PaymentState
from services.gateway.payments.store.payments import read_terms
from services.gateway.resources.store import LIFE_COLUMNS, LifeTable
from services.kit.postgres import Connection

TABLE = LifeTable("escrow_releases", ReleaseState, Step, frozenset({Step.TRANSFER}))

_RETURNED = """
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(a.escrow_minor), 0)::bigint AS returned_minor,
        COALESCE(sum(a.escrow_minor) FILTER (WHERE l.state = 'pending'), 0)::bigint
            AS unsettled_minor
    FROM refund_asks AS a JOIN refunds AS l USING (reference)
    WHERE a.payment_reference = e.reference AND l.state <> 'declined'
) AS back
"""
_SELECT = f"""
SELECT e.reference, e.participant_id, e.payment_id, e.acquirer_id, t.merchant_id, t.corridor_id,
    t.target_minor, t.target_currency, t.fee_minor, e.released_minor, e.released_fee_minor,
    back.returned_minor, back.unsettled_minor, e.release_time, e.dispute_time, e.dispute_reason,
    e.open, p.state, e.create_time, e.update_time
FROM escrows AS e
JOIN payments AS p USING (reference)
JOIN payment_terms AS t USING (reference)
{_RETURNED}
"""  # noqa: S608


def _escrow(row: Sequence[Any]) -> Escrow:
    given = tuple(row)
    total = Money(given[6], given[7])
    return Escrow(*(*given[:6], total, *given[8:17], PaymentState(given[17]), *given[18:]))


async def add_escrows(connection: Connection, new: Sequence[Escrow]) -> None:
    """Insert what was agreed with confirmed payments, and mark these."""
    await connection.execute(
        """
        WITH given AS (
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],
                    $6::timestamptz[], $7::timestamptz[])
                AS u (reference, participant_id, payment_id, acquirer_id, total_minor,
                    release_time, create_time)
        ), added AS (
            INSERT INTO escrows (reference, participant_id, payment_id, acquirer_id, total_minor,
                release_time, create_time, update_time)
            SELECT *, create_time FROM given
        )
        UPDATE payments AS p SET escrowed = true FROM given WHERE p.reference = given.reference
        """,
        [each.reference for each in new],
        [each.participant_id for each in new],
        [each.payment_id for each in new],
        [each.acquirer_id for each in new],
        [each.total.minor for each in new],
        [each.release_time for each in new],
        [each.create_time for each in new],
    )


async def read_escrows(connection: Connection, references: Sequence[str]) -> list[Escrow]:
    """Escrows in the order of their references."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE e.reference = ANY ($1::text[]) ORDER BY e.reference", list(references)
    )
    return [_escrow(row) for row in rows]


async def find_escrow(connection: Connection, reference: str) -> Escrow | None:
    """The escrow of a payment, where there is one."""
    found = await read_escrows(connection, [reference])
    return found[0] if found else None


async def find_held(connection: Connection, reference: str) -> Held:
    """What refunds have to know of an escrow; the payment is locked."""
    row = await connection.fetchrow(
        f"""
        SELECT e.total_minor - e.released_minor - back.returned_minor, e.released_minor,
            e.released_fee_minor, back.returned_minor
        FROM escrows AS e {_RETURNED} WHERE e.reference = $1
        """,  # noqa: S608
        reference,
    )
    return Held(*row)


@dataclass(frozen=True, slots=True)
class Listing:
    """Whose escrows: of a wallet, of an acquirer, or, with neither, of everybody."""

    participant_id: str = ""
    acquirer_id: str = ""
    disputed: bool = False


async def list_escrows(
    connection: Connection, listing: Listing, after: str, limit: int
) -> list[Escrow]:
    """Those after one, in the order of their references."""
    conditions = ["e.reference > $1"]
    if listing.participant_id:
        conditions.append("e.participant_id = $3")
    elif listing.acquirer_id:
        conditions.append("e.acquirer_id = $3")
    else:
        conditions.append("$3 = ''")
    if listing.disputed:
        conditions.append("e.dispute_time IS NOT NULL AND p.state = 'completed'")
        conditions.append("e.total_minor > e.released_minor + back.returned_minor")
    rows = await connection.fetch(
        f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY e.reference LIMIT $2",
        after,
        limit,
        listing.participant_id or listing.acquirer_id,
    )
    return [_escrow(row) for row in rows]


async def lock_due(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Payments whose escrow's time is over, longest first: locked, others' skipped."""
    rows = await connection.fetch(
        """
        SELECT p.reference FROM escrows AS e JOIN payments AS p USING (reference)
        WHERE e.open AND e.dispute_time IS NULL AND e.release_time <= $1
            AND p.state IN ('completed', 'declined', 'cancelled', 'expired')
        ORDER BY e.release_time LIMIT $2 FOR UPDATE OF p SKIP LOCKED
        """,
        now,
        limit,
    )
    return [row[0] for row in rows]


async def store_moves(connection: Connection, moved: Sequence[Escrow]) -> None:
    """Store where escrows are now."""
    await connection.execute(
        """
        UPDATE escrows AS e
        SET released_minor = u.released_minor, released_fee_minor = u.released_fee_minor,
            release_time = u.release_time, dispute_time = u.dispute_time,
            dispute_reason = u.dispute_reason, open = u.open, update_time = u.update_time
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[],
                $6::text[], $7::boolean[], $8::timestamptz[])
            AS u (reference, released_minor, released_fee_minor, release_time, dispute_time,
                dispute_reason, open, update_time)
        WHERE e.reference = u.reference
        """,
        [each.reference for each in moved],
        [each.released_minor for each in moved],
        [each.released_fee_minor for each in moved],
        [each.release_time for each in moved],
        [each.dispute_time for each in moved],
        [each.dispute_reason for each in moved],
        [each.is_open for each in moved],
        [each.update_time for each in moved],
    )


_PART = """a.reference, a.payment_reference, a.cause, a.release_id, a.asked_minor, a.amount_minor,
    t.target_currency, a.fee_minor, a.left_minor, a.create_time"""


async def find_part(
    connection: Connection, payment_reference: str, cause: Cause, release_id: str
) -> Part | None:
    """The release of this id."""
    row = await connection.fetchrow(
        f"""
        SELECT {_PART} FROM escrow_release_asks AS a
        JOIN payment_terms AS t ON t.reference = a.payment_reference
        WHERE a.payment_reference = $1 AND a.cause = $2 AND a.release_id = $3
        """,  # noqa: S608
        payment_reference,
        cause,
        release_id,
    )
    return None if row is None else _part(tuple(row))


def _part(row: tuple[Any, ...]) -> Part:
    """From a row of `_PART`."""
    amount = Money(row[5], row[6])
    return Part(row[0], row[1], Cause(row[2]), row[3], row[4], amount, row[7], row[8], row[9])


async def add_release(connection: Connection, release: Release) -> None:
    """Insert a fresh release. A taken id is a unique violation, which repeats the unit."""
    part = release.part
    await connection.execute(
        """
        INSERT INTO escrow_release_asks (reference, payment_reference, cause, release_id,
            asked_minor, amount_minor, fee_minor, left_minor, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        *(part.reference, part.payment_reference, part.cause, part.release_id, part.asked_minor),
        *(part.amount.minor, part.fee_minor, part.left_minor, part.create_time),
    )
    await TABLE.add(connection, part.reference, release.life)


async def read_releases(connection: Connection, references: Sequence[str]) -> list[Release]:
    """Releases in the order of their references."""
    rows = await connection.fetch(
        f"""
        SELECT {_PART}, {LIFE_COLUMNS} FROM escrow_release_asks AS a
        JOIN escrow_releases AS l USING (reference)
        JOIN payment_terms AS t ON t.reference = a.payment_reference
        WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference
        """,  # noqa: S608
        list(references),
    )
    terms = {one.reference: one for one in await read_terms(connection, {row[1] for row in rows})}
    found = []
    for row in rows:
        part = _part(tuple(row))
        agreed = terms[part.payment_reference]
        accounts = (escrow_account(agreed), agreed.payable_account_id)
        found.append(Release(part, *accounts, agreed.participant_id, TABLE.life(row)))
    return found


@dataclass(frozen=True, slots=True)
class Word:
    """What an operator has decided, with the key it came by."""

    resolution_id: str
    released_minor: int
    returned_minor: int
    operator: str
    reason: str
    key_id: str


async def find_released_by(
    connection: Connection, payment_reference: str, resolution_id: str
) -> int | None:
    """What a decision has released; None where there is none of this id."""
    found: int | None = await connection.fetchval(
        """
        SELECT released_minor FROM escrow_resolutions
        WHERE payment_reference = $1 AND resolution_id = $2
        """,
        payment_reference,
        resolution_id,
    )
    return found


async def journal_word(
    connection: Connection, payment_reference: str, word: Word, now: datetime
) -> None:
    """Keep a decision for ever."""
    await connection.execute(
        """
        INSERT INTO escrow_resolutions (payment_reference, resolution_id, released_minor,
            returned_minor, operator, reason, key_id, resolve_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(payment_reference, word.resolution_id, word.released_minor, word.returned_minor),
        *(word.operator, word.reason, word.key_id, now),
    )
