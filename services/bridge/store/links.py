"""The table of linked bank accounts."""

from dataclasses import dataclass
from datetime import datetime

from services.kit.postgres import Connection


@dataclass(frozen=True, slots=True)
class Link:
    """A linked account. `content_digest` is the fingerprint of what was asked for."""

    link_id: str
    partner_id: str
    content_digest: bytes
    payer_reference: str
    display_name: str
    create_time: datetime


async def get_link(connection: Connection, link_id: str) -> Link | None:
    row = await connection.fetchrow("SELECT * FROM links WHERE link_id = $1", link_id)
    return None if row is None else Link(**dict(row))


async def add_link(connection: Connection, link: Link) -> None:
    """Raises asyncpg's UniqueViolationError where the id is taken."""
    await connection.execute(
        """
        INSERT INTO links (link_id, partner_id, content_digest, payer_reference, display_name,
            create_time)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        link.link_id,
        link.partner_id,
        link.content_digest,
        link.payer_reference,
        link.display_name,
        link.create_time,
    )
