"""The HTTP edge put together: routers, health, documents, and the guard around them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from services.gateway.auth import Keys
from services.gateway.calls import Calls
from services.gateway.http.documents import CONTENT_POLICY, document, page
from services.gateway.http.guard import CALL_LIMIT, Guard
from services.gateway.http.operations import JSON_TYPE, edge_problem, problem_answer
from services.gateway.http.payments import payment_router
from services.gateway.http.refunds import refund_router
from services.gateway.http.top_ups import top_up_router
from services.kit.http import RETRY_SECONDS, Problem

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
    keys: Keys,
    routers: Sequence[APIRouter],
    ready: Ready,
    closing: asyncio.Event,
    call_limit: int = CALL_LIMIT,
) -> Guard:
    """The ASGI app. `closing` ends the streams; `keys` are what `calling.caller_for` asks."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _answer_problem},
    )
    app.state.keys = keys
    app.state.closing = closing
    for router in routers:
        app.include_router(router)
    made = document(app)
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


async def _answer_problem(_: Request, error: Exception) -> Response:
    return problem_answer(edge_problem(error))
