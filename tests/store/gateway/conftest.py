"""Gateways on a database of their own, without Kafka."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.kit.postgres import open_pool
from tests.conftest import Database
from tests.store.gateway.payments_world import NOW, Gateway


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.dsn("gateway"), "gateway", 6)
    yield pool
    await pool.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def gateway(pool: asyncpg.Pool, clock: ManualClock) -> Gateway:
    return Gateway(pool, clock)
