"""SQL of authorisations. Who reads one to decide has locked its payment."""

from collections.abc import Sequence

from services.gateway.holding.rules import Authorisation
from services.gateway.payments.model import Parts
from services.kit.postgres import Connection


async def add_authorisations(connection: Connection, new: Sequence[Authorisation]) -> None:
    """Insert what was agreed with confirmed payments."""
    await connection.execute(
        """
        INSERT INTO authorisations (reference, expire_time, create_time)
        SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[])
        """,
        [each.reference for each in new],
        [each.expire_time for each in new],
        [each.create_time for each in new],
    )


async def find_authorisation(connection: Connection, reference: str) -> Authorisation | None:
    """The authorisation of a payment, where there is one."""
    row = await connection.fetchrow(
        "SELECT reference, expire_time, create_time FROM authorisations WHERE reference = $1",
        reference,
    )
    return None if row is None else Authorisation(*row)


async def set_captured(connection: Connection, reference: str, captured: Parts) -> None:
    """Keep what was captured of a payment that has just been completed."""
    await connection.execute(
        "UPDATE payments SET captured = $2 WHERE reference = $1",
        reference,
        [captured.mid, captured.spread, captured.payable, captured.fee],
    )
