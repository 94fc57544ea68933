"""SQL of persons' codes and of what was paid by them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.gateway.listing import AFTER_ALL, fits
from services.gateway.personal.model import PersonalCode, Receipt
from services.kit.postgres import Connection

_CODE = """token, participant_id, code_id, payer_id, shown_name, currency, code, create_time,
    revoke_time"""


def _code(row: Sequence[Any] | None) -> PersonalCode | None:
    return None if row is None else PersonalCode(*row)


async def find_by_token(connection: Connection, token: str) -> PersonalCode | None:
    """The code that carries the token."""
    return _code(await connection.fetchrow(_BY_TOKEN, token))


_BY_TOKEN = f"SELECT {_CODE} FROM personal_codes WHERE token = $1"  # noqa: S608


async def find_code(
    connection: Connection, participant_id: str, code_id: str
) -> PersonalCode | None:
    """A wallet's code."""
    return _code(await connection.fetchrow(_FIND, participant_id, code_id))


_FIND = f"""
SELECT {_CODE} FROM personal_codes WHERE participant_id = $1 AND code_id = $2
"""  # noqa: S608


async def lock_codes_of(connection: Connection, participant_id: str, payer_id: str) -> int:
    """How many codes of the payer are good; until the transaction ends nobody adds one."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        f"personal_codes {participant_id}/{payer_id}",
    )
    return int(
        await connection.fetchval(
            """
            SELECT count(*) FROM personal_codes
            WHERE participant_id = $1 AND payer_id = $2 AND revoke_time IS NULL
            """,
            participant_id,
            payer_id,
        )
    )


async def add_code(connection: Connection, new: PersonalCode) -> None:
    """Insert a fresh code. A taken id is a unique violation."""
    await connection.execute(
        """
        INSERT INTO personal_codes (token, participant_id, code_id, payer_id, shown_name, currency,
            code, create_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        new.token,
        new.participant_id,
        new.code_id,
        new.payer_id,
        new.shown_name,
        new.currency,
        new.code,
        new.create_time,
    )


async def revoke(connection: Connection, token: str, now: datetime) -> None:
    """From now on the code is not good; one that was revoked before stays as it was."""
    await connection.execute(
        "UPDATE personal_codes SET revoke_time = $2 WHERE token = $1 AND revoke_time IS NULL",
        token,
        now,
    )


async def revoked_among(connection: Connection, tokens: Collection[str]) -> frozenset[str]:
    """Which of these codes are not good."""
    rows = await connection.fetch(
        """
        SELECT token FROM personal_codes
        WHERE token = ANY ($1::text[]) AND revoke_time IS NOT NULL
        """,
        list(tokens),
    )
    return frozenset(row[0] for row in rows)


async def list_codes(
    connection: Connection, participant_id: str, payer_id: str, after: str, limit: int
) -> list[PersonalCode]:
    """A wallet's codes, or a payer's, in the order of their ids."""
    listed = _LIST.format(payer=fits("payer_id", 2, payer_id))
    rows = await connection.fetch(listed, participant_id, payer_id, after, limit)
    return [PersonalCode(*row) for row in rows]


_LIST = f"""
SELECT {_CODE} FROM personal_codes
WHERE participant_id = $1 AND {{payer}} AND code_id > $3
ORDER BY code_id LIMIT $4
"""  # noqa: S608


async def list_receipts(
    connection: Connection, account_id: str, before: str, limit: int
) -> list[Receipt]:
    """What was paid into a customer's account by codes, newest first."""
    rows = await connection.fetch(
        # The index of payments to persons wants to be told that this is a customer's account.
        """
        SELECT t.reference, c.code_id, c.payer_id, t.target_minor, t.target_currency,
            p.refunded_minor, t.create_time, p.update_time
        FROM payment_terms AS t JOIN payments AS p USING (reference)
        JOIN personal_codes AS c ON c.token = t.merchant_id
        WHERE t.payable_account_id = $1 AND t.payable_account_id LIKE 'customer:%'
            AND t.reference < $2 AND p.state = 'completed'
        ORDER BY t.reference DESC LIMIT $3
        """,
        account_id,
        before or AFTER_ALL,
        limit,
    )
    return [
        Receipt(
            row[0], row[1], row[2], Money(row[3], row[4]), Money(row[5], row[4]), row[6], row[7]
        )
        for row in rows
    ]
