"""Offline keys."""

from dataclasses import fields
from datetime import datetime

from services.gateway.presenting.model import OfflineKey
from services.kit.postgres import Connection

_STORED = [field.name for field in fields(OfflineKey)]
_COLUMNS = ", ".join(_STORED)


async def find_key(
    connection: Connection, wallet_id: str, offline_key_id: str
) -> OfflineKey | None:
    """A key by the wallet's id."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM offline_keys WHERE wallet_id = $1 AND offline_key_id = $2",  # noqa: S608
        wallet_id,
        offline_key_id,
    )
    return None if row is None else OfflineKey(*row)


async def lock_key_numbered(connection: Connection, key_number: str) -> OfflineKey | None:
    """A key by its number, its row locked."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM offline_keys WHERE key_number = $1 FOR UPDATE",  # noqa: S608
        key_number,
    )
    return None if row is None else OfflineKey(*row)


async def count_live_keys(
    connection: Connection, wallet_id: str, payer_id: str, now: datetime
) -> int:
    """How many keys of a payer are good."""
    return int(
        await connection.fetchval(
            """
            SELECT count(*) FROM offline_keys
            WHERE wallet_id = $1 AND payer_id = $2 AND expire_time > $3 AND revoke_time IS NULL
            """,
            wallet_id,
            payer_id,
            now,
        )
    )


async def add_key(connection: Connection, key: OfflineKey) -> None:
    """Insert a fresh key; a taken id or number is a unique violation."""
    places = ", ".join(f"${place}" for place in range(1, len(_STORED) + 1))
    await connection.execute(
        f"INSERT INTO offline_keys ({_COLUMNS}) VALUES ({places})",  # noqa: S608
        *(getattr(key, name) for name in _STORED),
    )


async def revoke_key(
    connection: Connection, wallet_id: str, offline_key_id: str, now: datetime
) -> bool:
    """Revoke a key, once; whether there is one."""
    status = await connection.execute(
        """
        UPDATE offline_keys SET revoke_time = coalesce(revoke_time, $3)
        WHERE wallet_id = $1 AND offline_key_id = $2
        """,
        wallet_id,
        offline_key_id,
        now,
    )
    return bool(status != "UPDATE 0")


async def count_failure(connection: Connection, key_number: str, *, forged: bool) -> None:
    """Count a forged code, or begin anew after a good one. The caller has locked the key."""
    await connection.execute(
        """
        UPDATE offline_keys SET failed_count = CASE WHEN $2 THEN failed_count + 1 ELSE 0 END
        WHERE key_number = $1
        """,
        key_number,
        forged,
    )
