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
from tests.store.wallet.world import Wallet
from tests.unit.wallet.builders import START


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(database.dsn("wallet"), "wallet", 6)
    yield pool
    await pool.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def make_wallet(pool: asyncpg.Pool, clock: ManualClock) -> Wallet:
    """A wallet process, as far as the database can tell."""
    sender = OutboxSender("wallet", pool, Publisher(Topics("localhost:1", "none", 1)))
    return Wallet(Units(pool, sender), WalletWork(clock), clock)


def make_second(wallet: Wallet) -> Wallet:
    """Another wallet process on the same database."""
    return make_wallet(wallet.units.pool, wallet.clock)


@pytest.fixture
async def wallet(pool: asyncpg.Pool, clock: ManualClock) -> Wallet:
    """A wallet process with the test's accounts open and 1,000.00 CNY in the prefund account."""
    wallet = make_wallet(pool, clock)
    await wallet.open_world()
    return wallet
