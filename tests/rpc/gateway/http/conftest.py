"""The HTTP edge of a gateway on a database of its own, asked without a socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.rpc.gateway.http.asking import Http, asking
from tests.store.gateway.payments_world import Gateway


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[Http]:
    async with asking(gateway, asyncio.Event()) as client:
        yield client
