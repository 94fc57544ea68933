"""HTTP at the edge: errors as problems (RFC 9457), and a server on the loop of its process.

`problem_of` is to HTTP what `rpc.abort` is to gRPC: a `KawaseError` becomes a problem with the same
reason and metadata; anything else is logged and reaches the caller without its text.
"""

import asyncio
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.core import errors
from services.kit.postgres import POSTGRES_AWAY, TEXT_REFUSED
from services.kit.rpc import GRACE_SECONDS, DatabaseAway, TextUnstorable

log = structlog.get_logger()

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = "1"
# Longer than what load balancers keep idle connections for, so that they close first.
KEEP_ALIVE_SECONDS = 75
HEAD_BYTES = 32 << 10

HTTP_STATUS_OF: dict[type[errors.KawaseError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Refused: 422,
    errors.LimitReached: 429,
    errors.Contended: 409,
    errors.Unavailable: 503,
}


def http_status(error: errors.KawaseError) -> int:
    """The HTTP status of an error's kind."""
    return next(status for kind, status in HTTP_STATUS_OF.items() if isinstance(error, kind))


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one part of a request; `path` such as `body.amount.minor_units`."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as RFC 9457 tells it. `reason` and `metadata` are those of gRPC's ErrorInfo."""

    status: int
    reason: str
    detail: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    fields: Sequence[FieldProblem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def members(self) -> dict[str, Any]:
        """The members of the JSON object."""
        words = self.reason.replace("_", " ").lower()
        members: dict[str, Any] = {
            "type": f"urn:kawase:problem:{words.replace(' ', '-')}",
            "title": words.capitalize(),
            "status": self.status,
            "detail": self.detail,
            "reason": self.reason,
            "metadata": dict(self.metadata),
        }
        if self.fields:
            members["errors"] = [
                {"path": each.path, "message": each.message} for each in self.fields
            ]
        return members

    def body(self) -> bytes:
        """The answer's body."""
        return json.dumps(self.members(), ensure_ascii=False, separators=(",", ":")).encode()


def problem_of(error: BaseException) -> Problem:
    """What a caller is told of `error`."""
    if isinstance(error, errors.KawaseError):
        status = http_status(error)
        return Problem(
            status, error.reason, error.message, error.metadata, headers=_headers_of(status)
        )
    if isinstance(error, POSTGRES_AWAY):
        log.warning("call_waits", problem=repr(error))
        return problem_of(DatabaseAway())
    if isinstance(error, TEXT_REFUSED):
        return problem_of(TextUnstorable())
    log.error("call_failed", exc_info=error)
    return Problem(
        500, "INTERNAL", "Something is wrong on our side; try again or ask the operator."
    )


def _headers_of(status: int) -> Mapping[str, str]:
    if status == 401:
        return {"www-authenticate": "Bearer"}
    return {"retry-after": RETRY_SECONDS} if status == 503 else {}


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What strangers may take of a server before anybody has looked at who they are."""

    head_seconds: float = 15.0
    """From a connection's or a request's first moment to the end of its headers."""
    connections: int = 8_000


class _BoundedProtocol(HttpToolsProtocol):
    """The parser has no limit of its own on a request's line and headers, in size or in time.

    It tells of a header once it has all of it, so bytes are counted as they come, too.
    """

    def __init__(self, limits: ConnectionLimits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._in_head = True
        self._head_bytes = 0
        self._untold_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            transport.abort()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._await_head()
        self._untold_bytes += len(data)
        super().data_received(data)
        if self._untold_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Head too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._await_head()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            # A trailer: proxies and signatures have not seen it among the headers.
            return
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._untold_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._untold_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._untold_bytes = 0
        super().on_message_complete()

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > HEAD_BYTES:
            # The parser ends the connection with a 400 on any exception of a callback.
            raise ValueError("head too large")

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.head_seconds, self._head_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        # While an answer is on its way, the next request may take its time.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Server(uvicorn.Server):
    """Signals are the process's own (`life`), and who starts it learns when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    """Serves an ASGI app beside gRPC. `closing` is set when it begins to stop: streams end then.

    `proxies` are the addresses, with commas, whose `X-Forwarded-For` is believed.
    """

    def __init__(
        self,
        app: Any,
        listen: str,
        closing: asyncio.Event,
        proxies: str = "",
        limits: ConnectionLimits = ConnectionLimits(),
    ) -> None:
        host, _, port = listen.rpartition(":")
        self.host = host.strip("[]")
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._socket = socket.create_server((self.host, int(port)), family=family)
        # asyncio leaves sockets alone that were made without naming their protocol: an answer's
        # body would wait until the client has acknowledged its head, which takes it 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._closing = closing
        self._server = _Server(
            uvicorn.Config(
                app,
                http=partial(_BoundedProtocol, limits),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies or None,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=int(GRACE_SECONDS),
            )
        )
        self._serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self._socket.getsockname()[1]}"

    async def start(self) -> None:
        """Serve; returns once it listens."""
        address = self.address
        self._serving = asyncio.create_task(self._server.serve([self._socket]), name="http")
        await self._server.listening.wait()
        log.info("http_listening", address=address)

    async def stop(self) -> None:
        """Stop taking calls; give the running ones a few seconds."""
        self._closing.set()
        if self._serving is None:
            self._socket.close()
            return
        self._server.should_exit = True
        await self._serving
