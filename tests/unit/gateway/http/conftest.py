"""A client of an edge with nothing behind it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.unit.gateway.http.edge import Asking, app_of, client_of


@pytest.fixture
async def http() -> AsyncIterator[Asking]:
    async with client_of(app_of(asyncio.Event())) as client:
        yield Asking(client)
