"""A wallet on a database of its own, without Kafka: what it would send is read from the outbox."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.kit.kafka import Publisher, Topics
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.unit import Units
from services.wallet.work import WalletWork
from tests.conftest import Database
from tests.store.wallet.world import START, Wallet


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.dsn("wallet"), "wallet", 6)
    yield pool
    await pool.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def wallet(pool: asyncpg.Pool, clock: ManualClock) -> Wallet:
    """A wallet process with the test's accounts open and 1,000.00 CNY in the prefund account."""
    return await make_wallet(pool, clock)


async def make_wallet(pool: asyncpg.Pool, clock: ManualClock) -> Wallet:
    sender = OutboxSender("wallet", pool, Publisher(Topics("localhost:1", "none", 1)))
    wallet = Wallet(Units(pool, sender), WalletWork(clock))
    await wallet.open_world()
    return wallet
