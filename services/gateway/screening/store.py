"""SQL of the screenings' journal.

Passes are journaled in the transaction that confirms their payment, so they are also the count of
what a payer has confirmed lately: the payments' own tables need no index for it. Payers are locked
before they are counted, so that two gateways never pass one payment too many between them; locks
are taken after those of payments and limits, in order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gateway.screening import Screened
from services.kit.postgres import Connection

Payer = tuple[str, str]
"""Wallet and payer id."""
Counts = dict[tuple[Payer, timedelta], int]
"""Payments passed, by payer and window."""

_PAYER_LOCKS = 0x73637265  # "scre"


async def lock_payers(connection: Connection, payers: Iterable[Payer]) -> None:
    """Until the transaction ends nobody else counts or confirms these payers' payments."""
    await connection.execute(
        _LOCK_PAYERS, _PAYER_LOCKS, sorted(f"{wallet}/{payer}" for wallet, payer in set(payers))
    )


_LOCK_PAYERS = """
SELECT pg_advisory_xact_lock($1, number) FROM (
    SELECT DISTINCT hashtext(payer) AS number FROM unnest($2::text[]) AS payers (payer)
    ORDER BY number
) AS ordered
"""


async def count_passed(
    connection: Connection, payers: Iterable[Payer], since: Mapping[timedelta, datetime], most: int
) -> Counts:
    """How many payments of each payer were passed after each time, counted up to `most`."""
    wanted = sorted(set(payers))
    rows = await connection.fetch(
        _COUNT_PASSED,
        [wallet for wallet, _ in wanted],
        [payer for _, payer in wanted],
        list(since),
        list(since.values()),
        most,
    )
    return {((row[0], row[1]), row[2]): row[3] for row in rows}


_COUNT_PASSED = """
SELECT payers.participant_id, payers.payer_id, windows.length, passed.number
FROM unnest($1::text[], $2::text[]) AS payers (participant_id, payer_id)
CROSS JOIN unnest($3::interval[], $4::timestamptz[]) AS windows (length, since)
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM (
        SELECT FROM screenings AS s
        WHERE s.participant_id = payers.participant_id AND s.payer_id = payers.payer_id
            AND s.decide_time > windows.since AND NOT s.refused
        LIMIT $5
    ) AS counted
) AS passed
"""


async def journal_screenings(connection: Connection, screened: Sequence[Screened]) -> None:
    """Write down decisions, in the transaction that carries them out."""
    subjects = [one.subject for one in screened]
    verdicts = [one.verdict for one in screened]
    await connection.execute(
        """
        INSERT INTO screenings (reference, participant_id, payment_id, payer_id, refused, rule,
            detail, list_digest, decide_time)
        SELECT reference, participant_id, payment_id, payer_id, rule <> '', rule, detail,
            list_digest, decide_time
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::timestamptz[])
            AS given (reference, participant_id, payment_id, payer_id, rule, detail, list_digest,
                decide_time)
        """,
        [subject.reference for subject in subjects],
        [subject.participant_id for subject in subjects],
        [subject.payment_id for subject in subjects],
        [subject.payer_id for subject in subjects],
        [verdict.rule for verdict in verdicts],
        [verdict.detail for verdict in verdicts],
        [one.list_digest for one in screened],
        [one.decide_time for one in screened],
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of the journal."""

    screening_id: int
    reference: str
    payment_id: str
    participant_id: str
    payer_id: str
    refused: bool
    rule: str
    detail: str
    list_digest: str
    decide_time: datetime


async def list_screenings(
    connection: Connection, before: int | None, limit: int, *, refused_only: bool
) -> list[Kept]:
    """Decisions, newest first; with `before`, those older than it."""
    statement = _LIST_REFUSED if refused_only else _LIST
    return [Kept(*row) for row in await connection.fetch(statement, before, limit)]


_LIST = """
SELECT screening_id, reference, payment_id, participant_id, payer_id, refused, rule, detail,
    list_digest, decide_time
FROM screenings WHERE screening_id < COALESCE($1, 9223372036854775807)
ORDER BY screening_id DESC LIMIT $2
"""
_LIST_REFUSED = _LIST.replace("WHERE", "WHERE refused AND")
