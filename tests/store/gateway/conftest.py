"""Gateways on a database of their own, without Kafka."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.gateway.reference.store import put_participant
from services.kit.postgres import open_pool
from tests.conftest import Database
from tests.store.gateway.ledger_world import Ledger, open_ledger
from tests.store.gateway.payments_world import NOW, SAKURA, Gateway
from tests.store.gateway.resources_world import World


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


@pytest.fixture
async def ledger(database: Database, gateway: Gateway, clock: ManualClock) -> AsyncIterator[Ledger]:
    """The gateway with refunds and all that, on the real ledger."""
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    pool = await open_pool(database.dsn("wallet"), "wallet", 3)
    yield await open_ledger(World(gateway), pool, clock)
    await pool.close()
