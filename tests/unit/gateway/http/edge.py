"""An HTTP edge that knows one wallet, with nothing behind its routes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
import httpx
from fastapi import APIRouter

from services.core.clock import ManualClock
from services.gateway.access.gate import Gate, gate_of
from services.gateway.access.keys import new_api_key
from services.gateway.calls import Calls
from services.gateway.http.app import make_app, routers_of
from services.gateway.http.guard import Guard
from services.gateway.http.operations import LimitedRoute
from services.gateway.reference import Participant, ParticipantKind, Reference
from services.gateway.reference.board import ReferenceBoard
from tests.unit.gateway.payments_builders import NOW

WALLET = Participant("panda", ParticipantKind.WALLET, "Panda")
KEY, KEY_TEXT = new_api_key(WALLET.participant_id, None)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    return answer.status_code, told["reason"]


class Asking:
    """A client that sends the wallet's key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        sent = {"authorization": f"Bearer {KEY_TEXT}"} | (headers or {})
        return await self.client.request(method, path, headers=sent, **more)


def keys() -> Gate:
    board = ReferenceBoard(cast(asyncpg.Pool, None))
    board.current = Reference(
        participants={WALLET.participant_id: WALLET}, api_keys={KEY.key_id: KEY}
    )
    return gate_of(board, ManualClock(NOW))


async def ready() -> bool:
    return True


def app_of(closing: asyncio.Event) -> Guard:
    """The routes of the service; what they call is not there."""
    nothing = cast(Any, None)
    calls = Calls(nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    return make_app(keys(), routers_of(calls), ready, closing)


def client_of(app: Guard) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway")


def asking_route(
    route: Callable[[], Awaitable[bool]],
    kind: type[LimitedRoute] = LimitedRoute,
    call_limit: int = 10,
) -> httpx.AsyncClient:
    """A client of an app with one route."""
    router = APIRouter(route_class=kind)
    router.add_api_route("/v1/thing", route, operation_id="GetThing")
    return client_of(make_app(keys(), [router], ready, asyncio.Event(), call_limit))
