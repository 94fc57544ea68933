"""PresentedService of a gateway behind both edges, with payments beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from services.core.errors import KawaseError
from services.gateway.access.gate import gate_of
from services.gateway.access.keys import Keys, new_api_key
from services.gateway.calls import Calls
from services.gateway.http.app import make_app
from services.gateway.http.payments import payment_router
from services.gateway.presenting.lifetimes import Lifetimes
from services.gateway.presenting.routes import presented_router
from services.gateway.presenting.server import NAME, PresentedServer
from services.gateway.reference import Participant
from services.gateway.server import GatewayServer
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import (
    gateway_service_pb2_grpc,
    presented_service_pb2_grpc,
)
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway
from tests.store.gateway.presenting_world import KYO, Presenting, calls_over, presenting_of

CALL_SECONDS = 15.0
YEN = Money(minor_units=1_000, currency_code="JPY")


@dataclass
class Edges:
    """Both edges over one gateway; `keys` by participant."""

    presenting: Presenting
    stub: Any
    payments: Any
    http: httpx.AsyncClient
    keys: dict[str, str]

    def metadata(self, by: Participant) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.keys[by.participant_id]}"),)

    async def rpc(self, method: str, by: Participant = PANDA, **fields: Any) -> Any:
        request = getattr(pb, f"{method}Request")(**fields)
        ask = getattr(self.stub, method)
        return await call(ask(request, metadata=self.metadata(by), timeout=CALL_SECONDS))

    async def refusal(self, method: str, by: Participant = PANDA, **fields: Any) -> str:
        """Why the call is refused; empty where it is not."""
        try:
            await self.rpc(method, by, **fields)
        except KawaseError as refused:
            return refused.reason
        return ""

    async def ask(
        self, method: str, path: str, by: Participant = PANDA, **more: Any
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.keys[by.participant_id]}"}
        return await self.http.request(
            method, f"/v1{path}", headers=headers | more.pop("headers", {}), **more
        )

    async def code(self, code_id: str = "c1", by: Participant = PANDA) -> Any:
        fields = {"code_id": code_id, "payer_id": "li-na", "country_code": "JP"}
        return (await self.rpc("CreatePaymentCode", by, **fields)).payment_code

    async def charge(self, code: str, payment_id: str = "t1", by: Participant = EDO) -> Any:
        fields = {"payment_id": payment_id, "code": code, "merchant_id": "shokudo", "amount": YEN}
        return (await self.rpc("ChargePaymentCode", by, **fields)).payment


def keys_of(gateway: Gateway) -> dict[str, str]:
    """A fresh key of each participant, which the gateway's board knows."""
    made = {one.participant_id: new_api_key(one.participant_id, None) for one in PARTICIPANTS}
    known = {key.key_id: key for key, _ in made.values()}
    gateway.board.current = replace(gateway.board.current, api_keys=known)
    return {name: text for name, (_, text) in made.items()}


PARTICIPANTS = (PANDA, SAKURA, EDO, KYO)


@asynccontextmanager
async def edges_of(gateway: Gateway) -> AsyncIterator[Edges]:
    """Both edges, on a port and without one."""
    presenting = Presenting(gateway)
    keys = keys_of(gateway)
    calls: Calls = calls_over(gateway)
    codes, charging = presenting_of(gateway, calls)
    known = Keys(gateway.board, gateway.clock)
    lifetimes = Lifetimes(gateway.units, gateway.clock)
    server = RpcServer("127.0.0.1:0")
    server.add(
        presented_service_pb2_grpc.add_PresentedServiceServicer_to_server,
        PresentedServer(known, codes, charging, lifetimes, gateway.clock),
        NAME,
    )
    server.add(
        gateway_service_pb2_grpc.add_GatewayServiceServicer_to_server,
        GatewayServer(known, calls),
        "kawase.gateway.v1.GatewayService",
    )
    await server.start()

    async def ready() -> bool:
        return True

    routers = [presented_router(codes, charging, gateway.clock), payment_router(calls)]
    # Streams end after their first event.
    closing = asyncio.Event()
    closing.set()
    app = make_app(gate_of(gateway.board, gateway.clock), routers, ready, closing)
    transport = httpx.ASGITransport(app=app)
    try:
        async with (
            open_channel(server.address) as channel,
            httpx.AsyncClient(transport=transport, base_url="http://gateway") as http,
        ):
            stub = presented_service_pb2_grpc.PresentedServiceStub(channel)
            payments = gateway_service_pb2_grpc.GatewayServiceStub(channel)
            yield Edges(presenting, stub, payments, http, keys)
    finally:
        await server.stop()
