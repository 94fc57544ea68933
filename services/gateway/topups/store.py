"""SQL of bank links and top-ups. Rows of `top_ups` are locked in the order of their references."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from services.gateway.resources.store import LIFE_COLUMNS, LifeTable
from services.gateway.topups.model import Ask, BankLink, State, Step, TopUp
from services.gateway.topups.saga import ORDERS
from services.kit.postgres import Connection

TABLE = LifeTable("top_ups", State, Step, ORDERS)


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


async def add_bank_link(connection: Connection, link: BankLink, sealed_payee: bytes | None) -> None:
    """Insert a fresh link. A taken id is a unique violation."""
    await connection.execute(
        """
        INSERT INTO bank_links (participant_id, bank_link_id, digest, payer_id, partner_id,
            payer_reference, display_name, create_time, sealed_payee)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        *astuple(link),
        sealed_payee,
    )


async def seal_payee(
    connection: Connection, participant_id: str, bank_link_id: str, sealed_payee: bytes
) -> None:
    """Add the payee to a link that has none."""
    await connection.execute(
        """
        UPDATE bank_links SET sealed_payee = $3
        WHERE participant_id = $1 AND bank_link_id = $2 AND sealed_payee IS NULL
        """,
        participant_id,
        bank_link_id,
        sealed_payee,
    )


_COLUMNS = """a.reference, a.participant_id, a.top_up_id, a.digest, a.bank_link_id, a.payer_id,
    a.partner_id, a.payer_reference, a.amount_minor, a.currency, a.create_time"""
_ASK_COLUMNS = 11


async def find_top_up(connection: Connection, participant_id: str, top_up_id: str) -> TopUp | None:
    """A participant's top-up by its own id."""
    row = await connection.fetchrow(_FIND, participant_id, top_up_id)
    return None if row is None else _top_up(tuple(row))


_FIND = f"""
SELECT {_COLUMNS}, {LIFE_COLUMNS} FROM top_up_asks AS a JOIN top_ups AS l USING (reference)
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
    await TABLE.add(connection, top_up.reference, top_up.life)


async def read_top_ups(connection: Connection, references: Sequence[str]) -> list[TopUp]:
    """Top-ups in the order of their references."""
    return [_top_up(tuple(row)) for row in await connection.fetch(_READ, references)]


_READ = f"""
SELECT {_COLUMNS}, {LIFE_COLUMNS} FROM top_up_asks AS a JOIN top_ups AS l USING (reference)
WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference
"""  # noqa: S608


def _top_up(row: tuple[Any, ...]) -> TopUp:
    """From a row of `_COLUMNS` and `LIFE_COLUMNS`."""
    return TopUp(Ask(*row[:_ASK_COLUMNS]), TABLE.life(row))
