"""Calls over HTTP with the keys of participants."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import APIRouter

from services.gateway.access.gate import gate_of
from services.gateway.acquiring.serving.process import acquirer_calls
from services.gateway.acquiring.serving.routes import acquirer_router
from services.gateway.bills.serving.routes import bill_router
from services.gateway.escrow.handlers import EscrowHandlers
from services.gateway.escrow.serving.routes import escrow_router
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.holding.routes import holding_router
from services.gateway.http.app import make_app, routers_of
from services.gateway.http.guard import Guard
from services.gateway.personal.serving.process import personal_calls
from services.gateway.personal.serving.routes import personal_router
from services.gateway.prepaid.serving.routes import prepaid_router
from services.gateway.presenting.routes import presented_router
from services.gateway.reference import Participant
from services.gateway.waking import Wakers
from services.gateway.webhooks.owners import Owners
from services.gateway.webhooks.routes import webhook_router
from services.gateway.withdrawals.routes import withdrawal_router
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge_pb
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.rpc.gateway.payments_served import calls_of, keys_known, withdrawals_of
from tests.store.gateway.bills_world import Bills
from tests.store.gateway.payments_world import ACCOUNTS, PANDA, Gateway
from tests.store.gateway.prepaid_world import Counter
from tests.store.gateway.presenting_world import presenting_of
from tests.store.gateway.webhook_world import webhooks_of

BASE = "http://gateway"


class Http:
    """An httpx client that names who calls, and checks what all answers promise."""

    def __init__(self, client: httpx.AsyncClient, keys: dict[str, str]) -> None:
        self.client = client
        self._keys = keys

    def credentials(self, by: Participant) -> dict[str, str]:
        return {"authorization": f"Bearer {self._keys[by.participant_id]}"}

    async def ask(
        self,
        method: str,
        path: str,
        by: Participant = PANDA,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        sent = self.credentials(by) | (headers or {})
        answer = await self.client.request(method, path, headers=sent, **more)
        assert answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"
        return answer

    async def create(
        self, payment_id: str = "p1", by: Participant = PANDA, **more: Any
    ) -> httpx.Response:
        """1,000 yen at the shop."""
        body = {
            "payment_id": payment_id,
            "payer_id": "li-na",
            "code": TOKYO_STATIC,
            "amount": {"currency_code": "JPY", "minor_units": 1000},
        }
        return await self.ask("POST", "/v1/payments", by, json=body | more)

    async def confirm(self, payment_id: str = "p1", by: Participant = PANDA) -> httpx.Response:
        return await self.ask("POST", f"/v1/payments/{payment_id}/confirm", by)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of a problem, which has all of its members."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:kawase:problem:{told['reason'].lower().replace('_', '-')}"
    assert told["title"]
    assert told["detail"]
    assert isinstance(told["metadata"], dict)
    return answer.status_code, told["reason"]


class Bridge:
    """Links every account there is."""

    async def LinkAccount(
        self, request: bridge_pb.LinkAccountRequest, timeout: float
    ) -> bridge_pb.LinkAccountResponse:
        return bridge_pb.LinkAccountResponse(
            payer_reference="payer-1", display_name=f"Bank ***{request.account_number[-3:]}"
        )


def bought_ahead(gateway: Gateway) -> list[APIRouter]:
    """The routes of bills, prepaid orders and persons' codes."""
    bills = Bills(gateway)
    return [
        bill_router(bills.billers, bills.paying),
        prepaid_router(Counter(gateway).orders),
        personal_router(personal_calls(gateway.units, gateway.board, gateway.clock)),
    ]


def most_routers(gateway: Gateway) -> list[APIRouter]:
    """The routes of all but those of `bought_ahead`."""
    calls = calls_of(gateway, Bridge(), wait_seconds=0.0)
    handlers = HoldingHandlers(gateway.units, gateway.board, gateway.clock, gateway.waiters)
    holding = holding_router(calls, handlers)
    escrow = escrow_router(
        calls,
        EscrowHandlers(gateway.units, gateway.board, Wakers(), gateway.clock, wait_seconds=0.0),
    )
    webhooks = webhook_router(webhooks_of(gateway.units, gateway.clock), Owners(gateway.board))
    acquiring = acquirer_router(
        acquirer_calls(gateway.units, gateway.board, gateway.clock, ACCOUNTS)
    )
    routers = [*routers_of(calls), holding, escrow, webhooks, acquiring]
    routers.append(presented_router(*presenting_of(gateway, calls), gateway.clock))
    routers.append(withdrawal_router(withdrawals_of(gateway, wait_seconds=0.0)))
    return routers


def app_of(gateway: Gateway, closing: asyncio.Event, more: Sequence[APIRouter] = ()) -> Guard:
    async def ready() -> bool:
        return True

    routers = [*most_routers(gateway), *more]
    return make_app(gate_of(gateway.board, gateway.clock), routers, ready, closing)


@asynccontextmanager
async def asking(gateway: Gateway, closing: asyncio.Event) -> AsyncIterator[Http]:
    """A client of the app of `gateway`, without a socket."""
    keys = keys_known(gateway)
    transport = httpx.ASGITransport(app=app_of(gateway, closing, bought_ahead(gateway)))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield Http(client, keys)
