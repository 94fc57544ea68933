"""The statements of the payment path use their indexes however empty the tables were."""

import asyncpg

from services.gateway.payments.store import limits, payments
from services.gateway.screening import store as screenings
from tests.store.gateway.plans import plan_of

HOT = {
    "add": payments._ADD_PAYMENTS,
    "find": payments._FIND,
    "find and lock": payments._FIND_AND_LOCK,
    "lock": payments._LOCK_LIVES,
    "terms": payments._READ_TERMS,
    "store": payments._STORE_PLAIN,
    "store with words": payments._STORE_WORDY,
    "store what is held": payments._STORE_HELD,
    "list": payments._LIST,
    "due": payments._TAKE_DUE,
    "expired": payments._TAKE_EXPIRED,
    "stuck": payments._LIST_STUCK,
    "take from limits": limits._ADD,
    "count screenings": screenings._COUNT_PASSED,
    "list screenings": screenings._LIST,
    "list refused screenings": screenings._LIST_REFUSED,
}


async def test_the_statements_of_the_payment_path_use_indexes(pool: asyncpg.Pool) -> None:
    for name, statement in HOT.items():
        async with pool.acquire() as connection:
            plan = await plan_of(connection, statement)
        assert "Seq Scan" not in plan, name
        assert "Hash Join" not in plan, name


async def test_moves_between_confirmation_and_end_are_heap_only(pool: asyncpg.Pool) -> None:
    indexed = await pool.fetch(
        """
        SELECT DISTINCT a.attname FROM pg_index AS i
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = 'payments'::regclass
        """
    )
    assert {row["attname"] for row in indexed} == {
        "reference",
        "participant_id",
        "payment_id",
        "open_until",
        "next_sweep_time",
    }
