"""The HTTP edge put together: routers, health, documents, and the guard around them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match

from services.gateway.access.gate import Gate
from services.gateway.access.places import PLACES, Places
from services.gateway.calls import Calls
from services.gateway.http.documents import CONTENT_POLICY, page
from services.gateway.http.guard import CALL_LIMIT, Guard
from services.gateway.http.openapi import Published, document
from services.gateway.http.operations import JSON_TYPE, edge_problem, problem_answer
from services.gateway.http.payments import payment_router
from services.gateway.http.refunds import refund_router
from services.gateway.http.top_ups import top_up_router
from services.gateway.settings import GatewaySettings
from services.kit.http import RETRY_SECONDS, HttpServer, Problem
from services.kit.life import Life
from services.kit.postgres import is_reachable
from services.kit.service import Parts

READY_SECONDS = 2.0
NOT_READY = Problem(
    503,
    "NOT_READY",
    "This gateway cannot take payments at the moment.",
    headers={"retry-after": RETRY_SECONDS},
)

Ready = Callable[[], Awaitable[bool]]
"""Whether the process can do its work now."""


def routers_of(calls: Calls) -> list[APIRouter]:
    """The routes of `GatewayService`."""
    return [payment_router(calls), refund_router(calls), top_up_router(calls)]


def make_app(
    gate: Gate,
    routers: Sequence[APIRouter],
    ready: Ready,
    closing: asyncio.Event,
    call_limit: int = CALL_LIMIT,
    places: int = PLACES,
    published: Published = Published(),
) -> Guard:
    """The ASGI app. `closing` ends the streams; `gate` is what `calling.caller_for` asks.

    Of `call_limit` calls at once, `places` may be of one participant.
    """
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _answer_problem},
    )
    app.state.gate = gate
    app.state.places = Places(places)
    app.state.closing = closing
    app.state.routes = [route for router in routers for route in router.routes]
    for router in routers:
        app.include_router(router)
    made = document(app, published)
    text, shown = json.dumps(made, ensure_ascii=False), page(made)

    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz() -> Response:
        try:
            async with asyncio.timeout(READY_SECONDS):
                well = await ready()
        except TimeoutError:
            well = False
        return JSONResponse({"status": "ok"}) if well else problem_answer(NOT_READY)

    async def openapi() -> Response:
        return Response(text, media_type=JSON_TYPE)

    async def docs() -> Response:
        return HTMLResponse(shown, headers={"content-security-policy": CONTENT_POLICY})

    for path, handler in (
        ("/healthz", healthz),
        ("/readyz", readyz),
        ("/openapi.json", openapi),
        ("/docs", docs),
    ):
        app.add_api_route(path, handler, include_in_schema=False)
    return Guard(app, call_limit)


async def _answer_problem(request: Request, error: Exception) -> Response:
    answer = problem_answer(edge_problem(error))
    if answer.status_code == 405:
        answer.headers["allow"] = ", ".join(sorted(_methods_at(request)))
    return answer


def _methods_at(request: Request) -> set[str]:
    """What the path takes: the framework names the methods of the first route of several."""
    return {
        method
        for route in request.app.state.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods
    }


async def serve_http(
    life: Life, settings: GatewaySettings, parts: Parts, gate: Gate, routers: Sequence[APIRouter]
) -> None:
    """Serve on the loop of this process until its end."""
    closing = asyncio.Event()
    published = Published(settings.gateway_http_url, settings.gateway_http_contact)
    app = make_app(gate, routers, lambda: is_reachable(parts.pool), closing, published=published)
    server = HttpServer(app, settings.gateway_http_listen, closing, settings.gateway_http_proxies)
    life.on_close(server.stop)
    await server.start()
