"""Codes that only a partner can resolve: asked once through the bridge, remembered, bounded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
import pytest

from services.core.errors import NotFound, Unavailable
from services.core.money import Money
from services.gateway.payments import scanning
from services.gateway.payments.refusals import ResolverBusy
from services.gateway.payments.scanning import Resolver
from services.kit.rpc import RpcServer, answers, open_channel
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc as stubs
from services.pb.kawase.money.v1 import money_pb2
from tests.store.gateway.payments_world import REFERENCE

SCHEME = REFERENCE.schemes["kakaopay"]
LINK = "https://qr.kakaopay.com/281006011000000070000999"


class ShopClosed(NotFound):
    """The partner does not know the shop any more."""


@dataclass
class Bridge(stubs.BridgeServiceServicer):
    """A bridge that knows one shop; it answers while `open_doors` is set."""

    asked: list[str] = field(default_factory=list)
    open_doors: asyncio.Event = field(default_factory=asyncio.Event)

    @answers
    async def ResolveCode(
        self, request: pb.ResolveCodeRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ResolveCodeResponse:
        self.asked.append(request.payload)
        await self.open_doors.wait()
        if request.payload != LINK:
            raise ShopClosed("The shop has closed.")
        return pb.ResolveCodeResponse(
            merchant_reference="m1",
            merchant_name="Seoul Shop",
            merchant_city="SEOUL",
            country_code="KR",
            currency_code="KRW",
            amount=money_pb2.Money(minor_units=18_900, currency_code="KRW"),
        )


@pytest.fixture
async def bridge() -> Bridge:
    made = Bridge()  # type: ignore[abstract]  # only one method is called
    made.open_doors.set()
    return made


@pytest.fixture
async def resolver(bridge: Bridge) -> AsyncIterator[Resolver]:
    server = RpcServer("127.0.0.1:0")
    server.add(stubs.add_BridgeServiceServicer_to_server, bridge, "kawase.bridge.v1.BridgeService")
    await server.start()
    async with open_channel(server.address) as channel:
        yield Resolver(stubs.BridgeServiceStub(channel))
    await server.stop()


async def test_a_partner_s_answer_is_a_place_and_is_remembered(
    resolver: Resolver, bridge: Bridge
) -> None:
    assert resolver.known(SCHEME, LINK) is None
    place = await resolver.ask(SCHEME, LINK)
    assert (place.merchant_id, place.name, place.stated) == (
        "m1",
        "Seoul Shop",
        Money(18_900, "KRW"),
    )
    assert resolver.known(SCHEME, LINK) == place
    assert bridge.asked == [LINK]


async def test_calls_at_the_same_time_ask_once(resolver: Resolver, bridge: Bridge) -> None:
    bridge.open_doors.clear()
    asking = [asyncio.create_task(resolver.ask(SCHEME, LINK)) for _ in range(20)]
    await asyncio.wait(asking, timeout=0.2)
    bridge.open_doors.set()
    places = await asyncio.gather(*asking)
    assert len({place.merchant_id for place in places}) == 1
    assert bridge.asked == [LINK]


async def test_a_refusal_is_passed_on_and_not_remembered(
    resolver: Resolver, bridge: Bridge
) -> None:
    for _ in range(2):
        with pytest.raises(NotFound) as refusal:
            await resolver.ask(SCHEME, f"{LINK}4")
        assert refusal.value.reason == "SHOP_CLOSED"
    assert len(bridge.asked) == 2


async def test_too_many_different_codes_of_a_scheme_are_refused_and_leave_room_for_others(
    resolver: Resolver, bridge: Bridge
) -> None:
    bridge.open_doors.clear()
    links = [f"{LINK}{number}" for number in range(scanning.ASKED_OF_A_SCHEME)]
    asking = [asyncio.create_task(resolver.ask(SCHEME, link)) for link in links]
    await asyncio.wait(asking, timeout=0.2)
    with pytest.raises(ResolverBusy):
        await resolver.ask(SCHEME, "one more")
    other = replace(SCHEME, scheme="other")
    asking.append(asyncio.create_task(resolver.ask(other, f"{LINK}-other")))
    await asyncio.wait(asking, timeout=0.2)
    assert len(bridge.asked) == len(asking)
    bridge.open_doors.set()
    await asyncio.wait(asking)
    assert all(isinstance(task.exception(), NotFound) for task in asking)


async def test_a_bridge_that_is_away_is_unavailable() -> None:
    async with open_channel("127.0.0.1:1") as channel:
        with pytest.raises(Unavailable):
            await Resolver(stubs.BridgeServiceStub(channel)).ask(SCHEME, LINK)
