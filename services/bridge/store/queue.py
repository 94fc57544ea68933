"""Charges without their partner's word that are old enough for an operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.bridge.domain.charge import Charge
from services.bridge.store.charges import read_charge
from services.kit.postgres import Connection


@dataclass(frozen=True, slots=True)
class Since:
    """Until when a charge must have been made to be listed: per partner, and for all others."""

    by_partner: Mapping[str, datetime]
    others: datetime


@dataclass(frozen=True, slots=True)
class Awaiting:
    """How many charges of a partner wait, and when the oldest was made."""

    partner_id: str
    count: int
    oldest_time: datetime


async def list_unknown(
    connection: Connection, since: Since, partner_id: str, limit: int
) -> list[Charge]:
    """Oldest first; of one partner where `partner_id` is not empty."""
    partners = list(since.by_partner), list(since.by_partner.values())
    rows = await connection.fetch(_LIST, *partners, since.others, partner_id, limit)
    return [read_charge(row) for row in rows]


async def count_unknown(connection: Connection, since: Since) -> list[Awaiting]:
    """How many there are, per partner that has any."""
    partners = list(since.by_partner), list(since.by_partner.values())
    rows = await connection.fetch(_COUNT, *partners, since.others)
    return [Awaiting(**dict(row)) for row in rows]


_LIST = """
SELECT c.* FROM charges AS c
LEFT JOIN unnest($1::text[], $2::timestamptz[]) AS p (partner_id, made_until) USING (partner_id)
WHERE (c.state = 3 OR c.closing <> 0) AND c.create_time <= coalesce(p.made_until, $3)
    AND ($4 = '' OR c.partner_id = $4)
ORDER BY c.create_time LIMIT $5
"""
_COUNT = """
SELECT c.partner_id, count(*) AS count, min(c.create_time) AS oldest_time FROM charges AS c
LEFT JOIN unnest($1::text[], $2::timestamptz[]) AS p (partner_id, made_until) USING (partner_id)
WHERE (c.state = 3 OR c.closing <> 0) AND c.create_time <= coalesce(p.made_until, $3)
GROUP BY c.partner_id ORDER BY c.partner_id
"""
