"""What the gateway's own login may do to what is only ever added to."""

import pytest

from tests.store.gateway.payments_world import Gateway

ADDED_TO = (
    "audit_entries",
    "authorisations",
    "code_charges",
    "merchant_codes",
    "proposal_decisions",
    "proposals",
    "withdrawal_asks",
)


@pytest.mark.parametrize("table", ADDED_TO)
async def test_what_is_written_once_is_neither_changed_nor_taken_away(
    gateway: Gateway, table: str
) -> None:
    async with gateway.pool.acquire() as connection:
        rights = await connection.fetchval(
            """
            SELECT array_agg(privilege ORDER BY privilege)
            FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) AS privilege
            WHERE has_table_privilege($1, privilege)
                OR (privilege = 'UPDATE' AND has_any_column_privilege($1, 'UPDATE'))
            """,
            table,
        )

    assert rights == ["INSERT", "SELECT"]


async def test_nobody_is_deleted_or_forgotten(gateway: Gateway) -> None:
    async with gateway.pool.acquire() as connection:
        deletable = await connection.fetchval(
            """
            SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
            WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
                AND has_table_privilege(oid, 'DELETE')
            """
        )

    assert {"persons", "api_keys", "signing_keys", "reference_changes"}.isdisjoint(deletable)
