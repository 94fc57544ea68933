"""What Postgres itself holds: grants, constraints, and the plans of the hot statements."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from services.wallet.store import accounts, links
from tests.store.wallet.world import Wallet
from tests.unit.wallet.builders import AOI, PANDA, post, reserve

REWRITES = [
    "UPDATE transfers SET amount = 1",
    "DELETE FROM transfers",
    "UPDATE links SET digest = ''",
    "DELETE FROM links",
    "UPDATE resolutions SET outcome = 'voided'",
    "DELETE FROM resolutions",
    "UPDATE refusals SET clause = ''",
    "DELETE FROM refusals",
    "UPDATE accounts SET net_debit_limit = 5",
    "UPDATE accounts SET currency_code = 'JPY'",
    "DELETE FROM accounts",
    "TRUNCATE transfers",
]


async def test_the_wallets_login_cannot_rewrite_the_ledger(wallet: Wallet) -> None:
    for statement in REWRITES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await wallet.units.pool.execute(statement)


BROKEN = [
    ("UPDATE accounts SET debits_posted = 1 WHERE account_id = $1", "debits_stay_within_the_limit"),
    ("UPDATE accounts SET debits_pending = -1 WHERE account_id = $1", "debits_pending_are_not"),
    (
        "INSERT INTO transfers (link_id, leg_number, debit_account_id, debit_stripe,"
        " credit_account_id, credit_stripe, amount, currency_code, purpose)"
        " VALUES ('p1', 1, $1, 1, 'b', 1, 0, 'CNY', '')",
        "amount_is_positive",
    ),
    (
        "INSERT INTO transfers (link_id, leg_number, debit_account_id, debit_stripe,"
        " credit_account_id, credit_stripe, amount, currency_code, purpose)"
        " VALUES ('p1', 1, $1, 1, $1, 1, 5, 'CNY', '')",
        "accounts_differ",
    ),
    (
        "INSERT INTO resolutions (link_id, outcome, stripe, resolve_time)"
        " VALUES ($1, 'posted', 1, now())",
        "postings_have_a_sequence",
    ),
]


async def test_the_database_holds_the_rules_itself(wallet: Wallet) -> None:
    for statement, constraint in BROKEN:
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await wallet.units.pool.execute(statement, AOI.account_id)
        assert str(caught.value.constraint_name).startswith(constraint)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def _scans(pool: asyncpg.Pool, statement: str, *arguments: object) -> set[tuple[str, str]]:
    """(kind of scan, table) of all a statement reads, planned as the service plans it."""
    async with pool.acquire() as connection:
        text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    nodes = _nodes(json.loads(text)[0]["Plan"])
    return {(node["Node Type"], node["Relation Name"]) for node in nodes if _is_scan(node)}


def _is_scan(node: dict[str, Any]) -> bool:
    return "Scan" in node["Node Type"] and "Relation Name" in node


async def test_hot_statements_read_by_index_even_on_tables_planned_while_empty(
    wallet: Wallet,
) -> None:
    await wallet.send(reserve("p1"), post("p1"))
    pool = wallet.units.pool
    locking = await _scans(pool, accounts.LOCK, [PANDA.account_id], [3], ["p1"])
    reading = await _scans(pool, links.READ, ["p1"], [True])
    storing = await _scans(pool, links.STORE, *[[]] * 24, None, *[[]] * 6)
    for scans in (locking, reading, storing):
        assert {kind for kind, _ in scans} <= {"Index Scan", "Index Only Scan"}
    assert {table for _, table in locking} == {"transfers", "accounts"}
    assert {table for _, table in reading} == {"links", "resolutions", "refusals", "transfers"}
    assert {table for _, table in storing} == {"accounts"}
