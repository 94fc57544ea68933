"""The bench's light partner speaks what the adapter speaks."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr

from services.bridge.domain.answer import Outcome
from services.bridge.partner import Partner, Surroundings
from services.bridge.partners.kakaopay_acquirer import open_partner
from services.bridge.settings import Limits, PartnerConfig
from services.core.clock import SystemClock
from services.sandbox.partners.light import serve
from tests.unit.bridge.builders import ORDER, charge


@pytest.fixture
async def url() -> AsyncIterator[str]:
    server = await serve("127.0.0.1:0")
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}"


def partner_at(url: str) -> Partner:
    config = PartnerConfig("kakaopay", "kakaopay_acquirer", url, SecretStr("key"), Limits(), {})
    return open_partner(config, Surroundings("", SystemClock()))


async def test_every_charge_is_accepted_and_in_its_books(url: str) -> None:
    partner = partner_at(url)
    order = charge()
    answer = await partner.start(order)
    assert (answer.outcome, answer.amount) == (Outcome.ACCEPTED, ORDER.amount)
    assert (await partner.inquire(order)).outcome is Outcome.ACCEPTED
    assert (await partner.resolve_code("any")).currency_code == "KRW"
    await partner.close()
    async with aiohttp.ClientSession() as session, session.get(f"{url}/_control/books") as books:
        lines = (await books.text()).splitlines()
    assert [json.loads(line) for line in lines] == [{"reference": "1", "amount": 18_900}]


async def test_a_cancelled_charge_leaves_its_books(url: str) -> None:
    partner = partner_at(url)
    await partner.start(charge())
    assert (await partner.cancel(charge())).outcome is Outcome.CANCELLED
    assert (await partner.inquire(charge())).outcome is Outcome.UNKNOWN
    await partner.close()
