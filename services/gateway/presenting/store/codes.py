"""Codes that were made here, how long they may live, and what wallets wish."""

from dataclasses import fields
from datetime import datetime

from services.gateway.presenting.model import Lifetime, PaymentCode, Policy
from services.kit.postgres import Connection

_STORED = [field.name for field in fields(PaymentCode) if field.name != "payment_id"]
_READ = f"""
SELECT {", ".join(f"c.{name}" for name in _STORED)}, coalesce(u.wallet_payment_id, '')
FROM payment_codes AS c
LEFT JOIN code_charges AS u ON u.wallet_id = c.wallet_id AND u.code_id = c.code_id
"""  # noqa: S608


async def lock_payer(connection: Connection, wallet_id: str, payer_id: str) -> None:
    """One call at a time counts and adds what a payer has."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{wallet_id}/{payer_id}"
    )


async def read_lifetimes(connection: Connection) -> dict[str, Lifetime]:
    """By country; an empty one is any other."""
    rows = await connection.fetch(
        "SELECT country_code, usual_seconds, longest_seconds, source FROM code_lifetimes"
    )
    return {row[0]: Lifetime(*row) for row in rows}


async def put_lifetime(connection: Connection, new: Lifetime) -> None:
    """Store it in the place of the one before."""
    await connection.execute(
        """
        INSERT INTO code_lifetimes (country_code, usual_seconds, longest_seconds, source)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (country_code) DO UPDATE
        SET usual_seconds = excluded.usual_seconds, longest_seconds = excluded.longest_seconds,
            source = excluded.source
        """,
        new.country_code,
        new.usual_seconds,
        new.longest_seconds,
        new.source,
    )


async def find_code(connection: Connection, wallet_id: str, code_id: str) -> PaymentCode | None:
    """A code by the wallet's id."""
    row = await connection.fetchrow(
        f"{_READ} WHERE c.wallet_id = $1 AND c.code_id = $2", wallet_id, code_id
    )
    return None if row is None else PaymentCode(*row)


async def lock_code(connection: Connection, wallet_id: str, code_id: str) -> PaymentCode | None:
    """A code by the wallet's id, its row locked; then what decides is read."""
    await connection.execute(
        "SELECT FROM payment_codes WHERE wallet_id = $1 AND code_id = $2 FOR UPDATE",
        wallet_id,
        code_id,
    )
    return await find_code(connection, wallet_id, code_id)


async def lock_code_numbered(connection: Connection, number: str) -> PaymentCode | None:
    """A code by its number, its row locked; then what decides is read."""
    row = await connection.fetchrow(
        "SELECT wallet_id, code_id FROM payment_codes WHERE number = $1 FOR UPDATE", number
    )
    return None if row is None else await find_code(connection, row[0], row[1])


async def count_live_codes(
    connection: Connection, wallet_id: str, payer_id: str, now: datetime
) -> int:
    """How many of a payer's codes could be charged."""
    return int(
        await connection.fetchval(
            """
            SELECT count(*) FROM payment_codes AS c
            WHERE c.wallet_id = $1 AND c.payer_id = $2 AND c.expire_time > $3
                AND c.cancel_time IS NULL AND NOT EXISTS (
                    SELECT FROM code_charges AS u
                    WHERE u.wallet_id = c.wallet_id AND u.code_id = c.code_id
                )
            """,
            wallet_id,
            payer_id,
            now,
        )
    )


async def add_code(connection: Connection, code: PaymentCode) -> None:
    """Insert a fresh code; a taken id or number is a unique violation."""
    places = ", ".join(f"${place}" for place in range(1, len(_STORED) + 1))
    await connection.execute(
        f"INSERT INTO payment_codes ({', '.join(_STORED)}) VALUES ({places})",  # noqa: S608
        *(getattr(code, name) for name in _STORED),
    )


async def cancel_code(connection: Connection, wallet_id: str, code_id: str, now: datetime) -> None:
    """Take a code back. The caller has locked it."""
    await connection.execute(
        "UPDATE payment_codes SET cancel_time = $3 WHERE wallet_id = $1 AND code_id = $2",
        wallet_id,
        code_id,
        now,
    )


async def read_policy(connection: Connection, wallet_id: str) -> Policy:
    """What the wallet has put, or the most careful there is."""
    row = await connection.fetchrow(
        """
        SELECT wallet_id, confirm_above, offline_maximum, jpqr_operator_code
        FROM presenting_policies WHERE wallet_id = $1
        """,
        wallet_id,
    )
    return Policy(wallet_id) if row is None else Policy(*row)


async def put_policy(connection: Connection, policy: Policy) -> None:
    """Store it in the place of the one before."""
    await connection.execute(
        """
        INSERT INTO presenting_policies
            (wallet_id, confirm_above, offline_maximum, jpqr_operator_code)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (wallet_id) DO UPDATE
        SET confirm_above = excluded.confirm_above, offline_maximum = excluded.offline_maximum,
            jpqr_operator_code = excluded.jpqr_operator_code
        """,
        policy.wallet_id,
        policy.confirm_above,
        policy.offline_maximum,
        policy.jpqr_operator_code,
    )
