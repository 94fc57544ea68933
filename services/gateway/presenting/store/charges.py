"""Charges of codes."""

from dataclasses import fields

from services.gateway.presenting.model import Charge
from services.kit.postgres import Connection

_STORED = [field.name for field in fields(Charge)]
_COLUMNS = ", ".join(_STORED)


async def find_charge(connection: Connection, acquirer_id: str, payment_id: str) -> Charge | None:
    """A charge by the acquirer's id."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM code_charges WHERE acquirer_id = $1 AND payment_id = $2",  # noqa: S608
        acquirer_id,
        payment_id,
    )
    return None if row is None else Charge(*row)


async def is_counter_used(
    connection: Connection, wallet_id: str, offline_key_id: str, counter: int
) -> bool:
    """Whether a code of this counter was charged, at whatever time."""
    return bool(
        await connection.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM code_charges
                WHERE wallet_id = $1 AND offline_key_id = $2 AND counter = $3
            )
            """,
            wallet_id,
            offline_key_id,
            counter,
        )
    )


async def add_charge(connection: Connection, charge: Charge) -> None:
    """Insert a charge: a unique violation where its id or its code is taken."""
    places = ", ".join(f"${place}" for place in range(1, len(_STORED) + 1))
    await connection.execute(
        f"INSERT INTO code_charges ({_COLUMNS}) VALUES ({places})",  # noqa: S608
        *(getattr(charge, name) for name in _STORED),
    )
