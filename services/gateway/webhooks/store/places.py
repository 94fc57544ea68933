"""How far the gateway's own facts have been read into deliveries, and the facts that come next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from services.gateway.webhooks.events import Fact, Receiver, Subject
from services.kit.postgres import Connection

TOPIC = "payment.event"
_READING_LOCK = 0x776562  # "web"


@dataclass(frozen=True, slots=True)
class Place:
    """A stripe is read up to `sequence`; the round goes on to `target`."""

    stripe: int
    sequence: int
    target: int


async def read_so_far(connection: Connection) -> dict[int, int]:
    """Per stripe of facts, how far it has been read into deliveries."""
    return dict(await connection.fetch("SELECT stripe, sequence FROM webhook_stripes"))


async def is_behind(pool: asyncpg.Pool) -> bool:
    """Whether there are facts that have not been read."""
    return bool(await pool.fetchval(_BEHIND))


_BEHIND = """
SELECT EXISTS (
    SELECT FROM webhook_stripes AS w JOIN outbox_stripes AS o USING (stripe)
    WHERE o.last_sequence > w.sequence
)
"""


async def lock_places(connection: Connection) -> list[Place]:
    """All stripes, for this transaction alone; none where another process reads at this moment."""
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _READING_LOCK):
        return []
    rows = await connection.fetch(
        "SELECT stripe, sequence, target FROM webhook_stripes ORDER BY stripe"
    )
    return [Place(*row) for row in rows]


async def reached(connection: Connection) -> dict[int, int]:
    """What every stripe has reached at this one moment.

    A fact that follows from another was written after that one's commit, so what is seen here is
    closed: nothing in it follows from something outside it.
    """
    rows = await connection.fetch(
        "SELECT stripe, last_sequence FROM outbox_stripes JOIN webhook_stripes USING (stripe)"
    )
    return dict(rows)


async def read_facts(connection: Connection, spans: Sequence[Place]) -> list[Fact]:
    """The facts of each stripe after `sequence` up to `target`."""
    rows = await connection.fetch(
        _FACTS,
        [span.stripe for span in spans],
        [span.sequence for span in spans],
        [span.target for span in spans],
        TOPIC,
    )
    return [Fact(*row) for row in rows]


_FACTS = """
SELECT o.stripe, o.sequence, o.key, o.payload, o.trace
FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS span (stripe, after, through)
JOIN outbox AS o ON o.stripe = span.stripe
    AND o.sequence > span.after AND o.sequence <= span.through
WHERE o.topic = $4
ORDER BY o.stripe, o.sequence
"""


async def find_subjects(connection: Connection, references: Iterable[str]) -> dict[str, Subject]:
    """Of payments, refunds, disputes and releases, by their own references; what is none is left
    out."""
    rows = await connection.fetch(_SUBJECTS, list(set(references)))
    return {row[0]: Subject(row[1], row[2], Receiver(*row[3:]) if row[3] else None) for row in rows}


_SUBJECTS = """
SELECT asked.reference, t.reference, coalesce(m.acquirer_id, ''),
    c.participant_id, c.payer_id, c.code_id
FROM unnest($1::text[]) AS asked (reference)
LEFT JOIN refund_asks AS r ON r.reference = asked.reference
LEFT JOIN dispute_claims AS d ON d.reference = asked.reference
LEFT JOIN escrow_release_asks AS e ON e.reference = asked.reference
JOIN payment_terms AS t ON t.reference = coalesce(
    r.payment_reference, d.payment_reference, e.payment_reference, asked.reference)
LEFT JOIN personal_codes AS c
    ON t.payable_account_id LIKE 'customer:%' AND c.token = t.merchant_id
LEFT JOIN merchants AS m
    ON t.acceptance_partner_id = '' AND m.merchant_id = t.merchant_id AND c.token IS NULL
"""


async def advance(
    connection: Connection, through: Mapping[int, int], targets: Mapping[int, int]
) -> None:
    """Keep how far each stripe has been read and is to be read."""
    stripes = sorted(targets)
    await connection.execute(
        _ADVANCE,
        stripes,
        [through[stripe] for stripe in stripes],
        [targets[stripe] for stripe in stripes],
    )


_ADVANCE = """
UPDATE webhook_stripes AS w SET sequence = come.sequence, target = come.target
FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS come (stripe, sequence, target)
WHERE w.stripe = come.stripe AND (w.sequence, w.target) <> (come.sequence, come.target)
"""
