"""SQL of withdrawals. Rows of `withdrawals` are locked in the order of their references."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from services.gateway.listing import fits
from services.gateway.resources.store import LIFE_COLUMNS, LifeTable
from services.gateway.withdrawals.model import Ask, State, Step, Withdrawal
from services.gateway.withdrawals.saga import ORDERS
from services.kit.postgres import Connection

TABLE = LifeTable("withdrawals", State, Step, ORDERS)

_COLUMNS = """a.reference, a.participant_id, a.withdrawal_id, a.digest, a.bank_link_id, a.payer_id,
    a.partner_id, a.amount_minor, a.currency, a.create_time, a.limit_day, a.limit_keys"""
_ASK_COLUMNS = 12


async def find_withdrawal(
    connection: Connection, participant_id: str, withdrawal_id: str
) -> Withdrawal | None:
    """A participant's withdrawal by its own id."""
    row = await connection.fetchrow(_FIND, participant_id, withdrawal_id)
    return None if row is None else _withdrawal(tuple(row))


_FIND = f"""
SELECT {_COLUMNS}, {LIFE_COLUMNS} FROM withdrawal_asks AS a JOIN withdrawals AS l USING (reference)
WHERE a.participant_id = $1 AND a.withdrawal_id = $2
"""  # noqa: S608


async def list_withdrawals(
    connection: Connection, participant_id: str, payer_id: str, after: str, limit: int
) -> list[Withdrawal]:
    """A participant's withdrawals in the order of their ids, those after `after`; of one payer,
    where one is named."""
    listed = _LIST.format(payer=fits("a.payer_id", 2, payer_id))
    rows = await connection.fetch(listed, participant_id, payer_id, after, limit)
    return [_withdrawal(tuple(row)) for row in rows]


_LIST = f"""
SELECT {_COLUMNS}, {LIFE_COLUMNS} FROM withdrawal_asks AS a JOIN withdrawals AS l USING (reference)
WHERE a.participant_id = $1 AND {{payer}} AND a.withdrawal_id > $3
ORDER BY a.withdrawal_id LIMIT $4
"""  # noqa: S608


async def add_withdrawal(connection: Connection, withdrawal: Withdrawal) -> None:
    """Insert a fresh withdrawal. A taken id is a unique violation."""
    *columns, keys = astuple(withdrawal.ask)
    await connection.execute(
        """
        INSERT INTO withdrawal_asks (reference, participant_id, withdrawal_id, digest, bank_link_id,
            payer_id, partner_id, amount_minor, currency, create_time, limit_day, limit_keys)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        *columns,
        list(keys),
    )
    await TABLE.add(connection, withdrawal.reference, withdrawal.life)


async def read_withdrawals(
    connection: Connection, references: Sequence[str]
) -> list[tuple[Withdrawal, bytes | None]]:
    """Withdrawals in the order of their references, each with its sealed payee."""
    rows = [tuple(row) for row in await connection.fetch(_READ, references)]
    return [(_withdrawal(row[1:]), row[0]) for row in rows]


_READ = f"""
SELECT b.sealed_payee, {_COLUMNS}, {LIFE_COLUMNS}
FROM withdrawal_asks AS a JOIN withdrawals AS l USING (reference)
JOIN bank_links AS b USING (participant_id, bank_link_id)
WHERE a.reference = ANY ($1::text[]) ORDER BY a.reference
"""  # noqa: S608


async def is_payable(connection: Connection, participant_id: str, bank_link_id: str) -> bool:
    """Whether the link has a sealed payee."""
    found: bool | None = await connection.fetchval(
        """
        SELECT sealed_payee IS NOT NULL FROM bank_links
        WHERE participant_id = $1 AND bank_link_id = $2
        """,
        participant_id,
        bank_link_id,
    )
    return bool(found)


def _withdrawal(row: tuple[Any, ...]) -> Withdrawal:
    """From a row of `_COLUMNS` and `LIFE_COLUMNS`."""
    asked = (*row[: _ASK_COLUMNS - 1], tuple(row[_ASK_COLUMNS - 1]))
    return Withdrawal(Ask(*asked), TABLE.life(row))
