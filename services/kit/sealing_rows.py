"""Seals accounts that were stored before accounts were sealed, a portion of a table at a time.

All processes of a service have to be new ones by then: one of before reads what is masked as if it
were the account.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.kit.bank_accounts import seal_account, shown
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox

_ACCOUNT = ("bank_code", "branch_code", "account_type", "account_number", "holder_name")


@dataclass(frozen=True, slots=True)
class AccountTable:
    """A table with an account in columns of those names, and the whole in `sealed`, empty where it
    is not sealed. `place`: of a row's `keys`."""

    name: str
    keys: Sequence[str]
    sealed: str
    place: Callable[..., str]


async def seal_rows(connection: Connection, box: SecretBox, table: AccountTable, most: int) -> int:
    """Seal up to `most` rows; how many. Raises `SecretsKeyMissing`."""
    keys, account = ", ".join(table.keys), ", ".join(_ACCOUNT)
    rows = await connection.fetch(
        f"""
        SELECT {keys}, {account} FROM {table.name}
        WHERE {table.sealed} = '' AND account_number <> ''
        ORDER BY {keys} LIMIT $1 FOR UPDATE SKIP LOCKED
        """,  # noqa: S608
        most,
    )
    count = len(table.keys)
    places = " AND ".join(f"{key} = ${number}" for number, key in enumerate(table.keys, 1))
    await connection.executemany(
        f"""
        UPDATE {table.name} SET {table.sealed} = ${count + 1}, account_number = ${count + 2},
            holder_name = ${count + 3}
        WHERE {places}
        """,  # noqa: S608
        [
            (*own, seal_account(box, table.place(*own), whole), *shown(whole)[3:])
            for row in map(tuple, rows)
            for own, whole in [(row[:count], row[count:])]
        ],
    )
    return len(rows)
