"""What stands before every route: bounds on calls and bodies, a request id, headers of all answers.

A body is read whole before its route is asked, so a route never waits for a slow sender.
"""

import asyncio
import re
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.access.places import PLACES, CallsAtOnceTooMany, Places
from services.gateway.access.rates import origin_of
from services.kit.http import PROBLEM_TYPE, RETRY_SECONDS, Problem, problem_of
from services.kit.trace import follow_call

log = structlog.get_logger()

CALL_LIMIT = 2000
"""Calls that run at the same time, streams among them."""
BODY_BYTES = 64 << 10
BODY_SECONDS = 10.0
REQUEST_ID = "x-request-id"
_REQUEST_ID_FORM = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEALTH = ("/healthz", "/readyz")
_FIXED_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_STATE = "kawase_headers"
_ENDING = "kawase_ending"

BUSY = Problem(
    503,
    "EDGE_BUSY",
    "This gateway answers as many calls as it can; try again in a moment.",
    headers={"retry-after": RETRY_SECONDS},
)
BODY_TOO_LARGE = Problem(
    413,
    "BODY_TOO_LARGE",
    f"The body is larger than {BODY_BYTES} bytes: send less.",
    headers={"connection": "close"},
)
BODY_TOO_SLOW = Problem(
    408,
    "BODY_TOO_SLOW",
    f"The body did not arrive within {BODY_SECONDS:.0f} seconds; send it again.",
    headers={"connection": "close"},
)


def say_header(request: Request, name: str, value: str) -> None:
    """Put a header on the answer to `request`, whatever that answer will be."""
    request.scope["state"].setdefault(_STATE, []).append((name.encode(), value.encode()))


def at_end(request: Request, work: Callable[[], None]) -> None:
    """Do `work` once the answer to `request` has been sent, streams to their end, or given up."""
    request.scope["state"].setdefault(_ENDING, []).append(work)


class _Refused(Exception):
    """The call goes no further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class Guard:
    """The ASGI app around the routes. `call_limit` calls run at a time; health is always asked.

    Of these, `senders` may still be sending their body from one address.
    """

    def __init__(
        self,
        app: ASGIApp,
        call_limit: int = CALL_LIMIT,
        body_seconds: float = BODY_SECONDS,
        senders: int = PLACES,
    ) -> None:
        self._app = app
        self._call_limit = call_limit
        self._body_seconds = body_seconds
        self._senders = Places(senders)
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        follow_call(scope["headers"])
        answer = _Answer(scope, send)
        if self.running >= self._call_limit and scope["path"] not in _HEALTH:
            await answer.refuse(BUSY)
            return
        self.running += 1
        try:
            body = await self._body(scope, receive)
            await self._app(scope, body, answer.send)
        except _Refused as refused:
            await answer.refuse(refused.problem)
        except Exception as error:
            # The routes answer their own; what comes here broke between them and the wire.
            await answer.refuse(problem_of(error))
        finally:
            self.running -= 1
            for work in scope["state"].pop(_ENDING, ()):
                work()

    async def _body(self, scope: Scope, receive: Receive) -> Receive:
        """A slow sender is nobody yet: how many there may be is bounded by their address."""
        host, _ = scope.get("client") or ("", 0)
        origin = origin_of(host)
        try:
            self._senders.take(origin)
        except CallsAtOnceTooMany:
            raise _Refused(BUSY) from None
        try:
            return await _whole_body(scope, receive, self._body_seconds)
        finally:
            self._senders.give_back(origin)


class _Answer:
    """The way back: puts what all answers carry on the first message."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._state: MutableMapping[str, Any] = scope.setdefault("state", {})
        self._send = send
        self._begun = False
        self._request_id = _request_id(scope)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            headers = MutableHeaders(raw=message["headers"])
            for name, value in (
                *_FIXED_HEADERS,
                (REQUEST_ID.encode(), self._request_id),
                *self._state.get(_STATE, ()),
            ):
                headers.setdefault(name.decode(), value.decode())
            message["headers"] = headers.raw
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Answer with `problem`, unless an answer is on its way."""
        if self._begun:
            return
        body = problem.body()
        headers = {**problem.headers, "content-type": PROBLEM_TYPE, "content-length": len(body)}
        raw = [(name.encode(), str(value).encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == REQUEST_ID.encode() and _REQUEST_ID_FORM.fullmatch(value):
            return bytes(value)
    return uuid.uuid4().hex.encode()


async def _whole_body(scope: Scope, receive: Receive, seconds: float) -> Receive:
    """A `receive` that gives the body at once, and then what `receive` gives."""
    stated = dict(scope["headers"]).get(b"content-length")
    if stated is not None and int(stated) > BODY_BYTES:
        raise _Refused(BODY_TOO_LARGE)
    if stated is None and b"transfer-encoding" not in dict(scope["headers"]):
        body = b""
    else:
        body = await _read(receive, seconds)
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


async def _read(receive: Receive, seconds: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    # Half a body is none: nobody is there to be told.
                    raise _Refused(BODY_TOO_SLOW)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > BODY_BYTES:
                    raise _Refused(BODY_TOO_LARGE)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise _Refused(BODY_TOO_SLOW) from None
