"""A gateway with settlement and reconciliation behind it."""

from collections.abc import AsyncIterator

import pytest

from services.kit.kafka import Topics
from tests.conftest import Database
from tests.rpc.gateway.desk.desk_served import Desk, desk_of
from tests.store.gateway.payments_world import Gateway


@pytest.fixture
async def desk(gateway: Gateway, database: Database, topics: Topics) -> AsyncIterator[Desk]:
    async with desk_of(gateway, database, topics) as made:
        yield made
