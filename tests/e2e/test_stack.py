"""The stack: what the fixtures give, and that it comes back after anything was killed."""

import asyncpg
import pytest

from services.kit.kafka import TOPICS, Topics
from tests.conftest import Database

pytestmark = pytest.mark.slow


async def test_a_test_gets_a_database_of_its_own(database: Database) -> None:
    connection = await asyncpg.connect(database.owner)
    await connection.execute("CREATE TABLE only_here (id int)")
    await connection.close()


async def test_a_second_test_gets_a_fresh_database(database: Database) -> None:
    connection = await asyncpg.connect(database.owner)
    assert await connection.fetchval("SELECT to_regclass('only_here')") is None
    await connection.close()


async def test_a_service_logs_in_with_its_own_role(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn("wallet"))
    assert await connection.fetchval("SELECT current_user") == "kawase_wallet"
    await connection.close()


def test_a_test_gets_topics_of_its_own(topics: Topics, topic_prefix: str) -> None:
    assert topics.full(TOPICS[0]) == f"{topic_prefix}.{TOPICS[0]}.v1"
