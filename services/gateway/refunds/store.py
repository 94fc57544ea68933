"""SQL of refunds.

Who creates a refund has locked its payment. Rows of `refunds` are locked in the order of their
references, before the payments they complete into.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.payments.model import Parts, Terms
from services.gateway.payments.store.payments import read_terms
from services.gateway.reference import RefundRate
from services.gateway.refunds.model import Ask, Life, Refund, State, Step
from services.gateway.refunds.policy import Already, Reckoning
from services.gateway.refunds.saga import ORDERS
from services.gateway.resources.store import LIFE_COLUMNS, LifeTable
from services.kit.postgres import Connection

TABLE = LifeTable("refunds", State, Step, ORDERS)

_ASK = """a.reference, a.participant_id, a.refund_id, a.digest, a.payment_reference, a.payment_id,
    a.note, a.target_minor, a.mid_minor, a.spread_minor, a.payable_minor, a.fee_minor,
    a.rate, a.keeps_fee, a.keeps_spread, a.day_mid, a.paid_mid_minor, a.paid_spread_minor,
    a.create_time, a.escrow_minor"""


async def find_refund(connection: Connection, participant_id: str, refund_id: str) -> Refund | None:
    """A participant's refund by its own id."""
    rows = await connection.fetch(_FIND, participant_id, refund_id)
    found = await _refunds(connection, rows)
    return found[0] if found else None


_FIND = f"""
SELECT {_ASK}, {LIFE_COLUMNS} FROM refund_asks AS a JOIN refunds AS l USING (reference)
WHERE a.participant_id = $1 AND a.refund_id = $2
"""  # noqa: S608


async def already_given(connection: Connection, payment_reference: str) -> Already:
    """Sums over the payment's refunds that were not declined, and its disputes that were not won.

    The payment is locked.
    """
    row = await connection.fetchrow(
        """
        WITH given AS (
            SELECT a.mid_minor, a.spread_minor, a.payable_minor, a.fee_minor,
                a.paid_mid_minor + a.paid_spread_minor AS home_minor
            FROM refund_asks AS a JOIN refunds AS l USING (reference)
            WHERE a.payment_reference = $1 AND l.state <> 'declined'
            UNION ALL
            SELECT a.mid_minor, a.spread_minor, a.payable_minor, a.fee_minor,
                a.mid_minor + a.spread_minor
            FROM dispute_claims AS a JOIN disputes AS l USING (reference)
            WHERE a.payment_reference = $1 AND l.state <> 'won'
        )
        SELECT COALESCE(sum(mid_minor), 0)::bigint, COALESCE(sum(spread_minor), 0)::bigint,
            COALESCE(sum(payable_minor), 0)::bigint, COALESCE(sum(fee_minor), 0)::bigint,
            COALESCE(sum(home_minor), 0)::bigint
        FROM given
        """,
        payment_reference,
    )
    *shares, home_minor = row
    return Already(Parts(*shares), home_minor)


async def add_refund(connection: Connection, ask: Ask, life: Life) -> None:
    """Insert a fresh refund. A taken id is a unique violation."""
    shares, reckoning = ask.shares, ask.reckoning
    await connection.execute(
        """
        INSERT INTO refund_asks (reference, participant_id, refund_id, digest, payment_reference,
            payment_id, note, target_minor, mid_minor, spread_minor, payable_minor, fee_minor,
            rate, keeps_fee, keeps_spread, day_mid, paid_mid_minor, paid_spread_minor, create_time,
            escrow_minor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20)
        """,
        *(ask.reference, ask.participant_id, ask.refund_id, ask.digest, ask.payment_reference),
        *(ask.payment_id, ask.note, ask.target_minor),
        *(shares.mid, shares.spread, shares.payable, shares.fee),
        *(reckoning.rate, reckoning.keeps_fee, reckoning.keeps_spread, reckoning.day_mid),
        *(reckoning.mid_minor, reckoning.spread_minor, ask.create_time, ask.escrow_minor),
    )
    await TABLE.add(connection, ask.reference, life)


async def read_refunds(connection: Connection, references: Sequence[str]) -> list[Refund]:
    """Refunds in the order of their references."""
    return await _refunds(connection, await connection.fetch(_READ, references))


_READ = f"""
SELECT {_ASK}, {LIFE_COLUMNS} FROM refund_asks AS a JOIN refunds AS l USING (reference)
WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference
"""  # noqa: S608


async def _refunds(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Refund]:
    if not rows:
        return []
    terms = {found.reference: found for found in await read_terms(connection, {r[4] for r in rows})}
    return [_refund(tuple(row), terms) for row in rows]


def _refund(row: tuple[Any, ...], terms: Mapping[str, Terms]) -> Refund:
    """From a row of `_ASK` and `LIFE_COLUMNS`."""
    reckoning = Reckoning(RefundRate(row[12]), *row[13:18])
    ask = Ask(*(*row[:8], Parts(*row[8:12]), reckoning, row[18], row[19]))
    return Refund(ask, terms[ask.payment_reference], TABLE.life(row))
