"""SQL of disputes.

Who opens a dispute has locked its payment. Rows of `disputes` are locked in the order of their
references.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.core.money import Money
from services.gateway.disputes.claim import Claim
from services.gateway.disputes.model import Answer, Dispute, Life, State, Step
from services.gateway.disputes.saga import ORDERS
from services.gateway.payments.model import Parts, Terms
from services.gateway.payments.saga import Side
from services.gateway.payments.store.payments import read_terms
from services.gateway.resources.store import LIFE_COLUMNS, LifeTable
from services.kit.postgres import Connection

TABLE = LifeTable("disputes", State, Step, ORDERS)

_COLUMNS = f"""
SELECT a.reference, a.dispute_id, a.payment_reference, a.side, a.partner_id, a.partner_reference,
    a.amount_minor, a.currency, a.reason, a.answer_until, a.mid_minor, a.spread_minor,
    a.payable_minor, a.fee_minor, a.create_time, n.accept, n.evidence, n.operator, n.answer_time,
    {LIFE_COLUMNS}
FROM dispute_claims AS a JOIN disputes AS l USING (reference)
    LEFT JOIN dispute_answers AS n USING (reference)
"""  # noqa: S608
_READ = f"{_COLUMNS} WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference"
_LIST = f"""{_COLUMNS}
WHERE NOT $1::boolean OR l.state IN ('open', 'answered')
ORDER BY a.answer_until NULLS LAST, a.reference LIMIT $2
"""


async def find_references(connection: Connection, dispute_ids: Iterable[str]) -> dict[str, str]:
    """Our references of disputes by the bridge's ids; those unknown are left out."""
    rows = await connection.fetch(
        "SELECT dispute_id, reference FROM dispute_claims WHERE dispute_id = ANY ($1::text[])",
        list(set(dispute_ids)),
    )
    return {row[0]: row[1] for row in rows}


async def add_dispute(connection: Connection, claim: Claim, life: Life) -> None:
    """Insert a fresh dispute. A taken id is a unique violation, and the unit repeats."""
    shares = claim.shares
    await connection.execute(
        """
        INSERT INTO dispute_claims (reference, dispute_id, payment_reference, side, partner_id,
            partner_reference, amount_minor, currency, reason, answer_until, mid_minor,
            spread_minor, payable_minor, fee_minor, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        *(claim.reference, claim.dispute_id, claim.payment_reference, claim.side),
        *(claim.partner_id, claim.partner_reference, claim.amount.minor, claim.amount.currency),
        *(claim.reason, claim.answer_until),
        *(shares.mid, shares.spread, shares.payable, shares.fee, claim.create_time),
    )
    await TABLE.add(connection, claim.reference, life)


async def add_answer(connection: Connection, reference: str, answer: Answer, key_id: str) -> None:
    """Keep what was answered, and by whom."""
    await connection.execute(
        """
        INSERT INTO dispute_answers (reference, accept, evidence, operator, key_id, answer_time)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        *(reference, answer.accept, answer.evidence, answer.operator, key_id, answer.answer_time),
    )


async def read_disputes(connection: Connection, references: Sequence[str]) -> list[Dispute]:
    """Disputes in the order of their references."""
    return await _disputes(connection, await connection.fetch(_READ, references))


async def list_disputes(connection: Connection, open_only: bool, limit: int) -> list[Dispute]:
    """Those to be answered soonest first."""
    return await _disputes(connection, await connection.fetch(_LIST, open_only, limit))


async def _disputes(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Dispute]:
    if not rows:
        return []
    terms = {found.reference: found for found in await read_terms(connection, {r[2] for r in rows})}
    return [_dispute(tuple(row), terms) for row in rows]


def _dispute(row: tuple[Any, ...], terms: Mapping[str, Terms]) -> Dispute:
    claim = Claim(
        row[0],
        row[1],
        row[2],
        Side(row[3]),
        row[4],
        row[5],
        Money(row[6], row[7]),
        row[8],
        row[9],
        Parts(*row[10:14]),
        row[14],
    )
    answer = None if row[15] is None else Answer(*row[15:19])
    return Dispute(claim, terms[claim.payment_reference], TABLE.life(row), answer)
