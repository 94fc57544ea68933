"""SQL of codes that were given out."""

from services.core.money import Money
from services.gateway.acquiring.codes.model import GivenCode
from services.kit.postgres import Connection


async def find_code(connection: Connection, acquirer_id: str, code_id: str) -> GivenCode | None:
    """An acquirer's code."""
    row = await connection.fetchrow(
        """
        SELECT merchant_id, amount_minor, currency, terminal_label, code, create_time
        FROM merchant_codes WHERE acquirer_id = $1 AND code_id = $2
        """,
        acquirer_id,
        code_id,
    )
    if row is None:
        return None
    merchant_id, minor, currency, *rest = row
    amount = None if minor is None else Money(minor, currency)
    return GivenCode(acquirer_id, code_id, merchant_id, amount, *rest)


async def add_code(connection: Connection, new: GivenCode) -> None:
    """Insert a fresh code. A taken id is a unique violation."""
    await connection.execute(
        """
        INSERT INTO merchant_codes (acquirer_id, code_id, merchant_id, amount_minor, currency,
            terminal_label, code, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        new.acquirer_id,
        new.code_id,
        new.merchant_id,
        new.amount and new.amount.minor,
        new.amount.currency if new.amount else "",
        new.terminal_label,
        new.code,
        new.create_time,
    )
