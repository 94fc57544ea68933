"""gRPC at the edge: servers with our limits, channels with time-outs, errors mapped in one table.

`@answers` stands on every server method: a `KawaseError` becomes a status with `ErrorInfo`
(reason, domain, metadata), with `RetryInfo` where it says when to ask again; anything else is
logged and reaches the caller as INTERNAL without its text.
"""

import asyncio
import functools
import inspect
import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

import grpc
import structlog
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from services.core import errors
from services.kit.postgres import POSTGRES_AWAY, TEXT_REFUSED
from services.kit.trace import follow_call

log = structlog.get_logger()

DOMAIN = "kawase"
# Metadata of an error that says when to ask again; such a status has a `RetryInfo`, too.
RETRY_AFTER = "retry_after_seconds"
CALL_SECONDS = 10.0
MESSAGE_BYTES = 4 << 20
GRACE_SECONDS = 5.0
HEAR_OUT_SECONDS = 5.0

STATUS_OF: dict[type[errors.KawaseError], grpc.StatusCode] = {
    errors.Malformed: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.Conflict: grpc.StatusCode.ALREADY_EXISTS,
    errors.Refused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.LimitReached: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Contended: grpc.StatusCode.ABORTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
}
_KIND_OF = {status: kind for kind, status in STATUS_OF.items()}

# Without the first two a server cancels calls when about a thousand wait (performance.md 1).
_SERVER_OPTIONS = (
    ("grpc.server.max_pending_requests", 100_000),
    ("grpc.server.max_pending_requests_hard_limit", 200_000),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
    # Who connects has to speak soon, may not hold a connection without calls for long, and has a
    # bounded number of calls on one that have not ended, or not even begun.
    ("grpc.max_connection_idle_ms", 600_000),
    ("grpc.max_concurrent_streams", 10_000),
    # Our channels ping twice a minute, also on a stream that is silent; by default that is abuse.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)
HANDSHAKE_SECONDS = 10.0
_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)

F = TypeVar("F", bound=Callable[..., Any])


def status_code(error: errors.KawaseError) -> grpc.StatusCode:
    """The gRPC status of an error's kind."""
    return next(code for kind, code in STATUS_OF.items() if isinstance(error, kind))


def error_status(error: errors.KawaseError) -> status_pb2.Status:
    """The rich status of an error."""
    told: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    ]
    if (seconds := error.metadata.get(RETRY_AFTER)) is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(Decimal(seconds) * 10**9))
        told.append(retry)
    details = [any_pb2.Any() for _ in told]
    for detail, message in zip(details, told, strict=True):
        detail.Pack(message)
    code = status_code(error).value[0]
    return status_pb2.Status(code=code, message=error.message, details=details)


class DatabaseAway(errors.Unavailable):
    """Postgres does not answer this service."""

    def __init__(self) -> None:
        super().__init__("The database is away for a moment; nothing was done, try again.")


class TextUnstorable(errors.Malformed):
    """A text that no rule looks at holds what cannot be stored."""

    def __init__(self) -> None:
        super().__init__("A text of this request holds NUL, which cannot be stored: leave it out.")


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: BaseException) -> NoReturn:
    """End the call with the status of `error`."""
    if isinstance(error, errors.KawaseError):
        await context.abort_with_status(rpc_status.to_status(error_status(error)))
    if isinstance(error, POSTGRES_AWAY):
        log.warning("call_waits", problem=repr(error))
        await context.abort_with_status(rpc_status.to_status(error_status(DatabaseAway())))
    if isinstance(error, TEXT_REFUSED):
        await context.abort_with_status(rpc_status.to_status(error_status(TextUnstorable())))
    log.error("call_failed", exc_info=error)
    await context.abort(
        grpc.StatusCode.INTERNAL, "Something is wrong on our side; try again or ask the operator."
    )
    raise AssertionError("abort returns never")


def _follow(context: Any) -> None:
    """Follow the call's trace, until its task ends."""
    if context is not None:
        follow_call(context.invocation_metadata() or ())


async def hear_out(requests: object) -> None:
    """Read on, for a while, what a caller who is about to be refused still sends. A single message
    is read already.

    grpc.aio tells a caller whose write fails of an internal error, in the place of the refusal.
    """
    if isinstance(requests, AsyncIterable):
        with suppress(Exception):
            async with asyncio.timeout(HEAR_OUT_SECONDS):
                async for _ in requests:
                    pass


def answers(method: F) -> F:
    """Map what a server method raises to a status. For unary and for streaming answers."""

    @functools.wraps(method)
    async def unary(self: Any, request: Any, context: Any) -> Any:
        _follow(context)
        try:
            return await method(self, request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await hear_out(request)
            await abort(context, error)

    @functools.wraps(method)
    async def stream(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
        _follow(context)
        try:
            async for answer in method(self, request, context):
                yield answer
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await abort(context, error)

    return stream if inspect.isasyncgenfunction(method) else unary  # type: ignore[return-value]


class RemoteRefusal(errors.KawaseError):
    """A refusal another service gave, passed on under its own reason."""

    def __init__(self, reason: str, message: str, metadata: dict[str, str]) -> None:
        super().__init__(message, **metadata)
        self._reason = reason

    @property
    def reason(self) -> str:
        return self._reason


def remote_error(error: grpc.aio.AioRpcError) -> errors.KawaseError:
    """The error another service answered with, of the same kind and reason as there."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    kind = _KIND_OF.get(error.code(), errors.Unavailable)
    info = error_details_pb2.ErrorInfo()
    if status is not None:
        for detail in status.details:
            detail.Unpack(info)
    if not info.reason:
        return _no_answer(error.details() or "")
    leaf = type(kind.__name__, (RemoteRefusal, kind), {})
    refusal: errors.KawaseError = leaf(info.reason, error.details() or "", dict(info.metadata))
    return refusal


class ServerNotTrusted(errors.Unavailable):
    """A server shows a certificate that is not accepted here."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The server's certificate is not accepted ({why}): check who is trusted to sign it "
            "(KAWASE_TLS_SERVER_CA), and the server's certificate."
        )


class ConnectionNotTaken(errors.Unavailable):
    """A server closes a connection before anything was asked."""

    def __init__(self) -> None:
        super().__init__(
            "The server closed the connection before it was asked: if it takes TLS alone, give "
            "KAWASE_TLS_SERVER_CA; if it wants to know who calls, KAWASE_TLS_CERTIFICATE and "
            "KAWASE_TLS_KEY, of somebody it trusts and not expired."
        )


_NOT_VERIFIED = re.compile(r"CERTIFICATE_VERIFY_FAILED: ([a-zA-Z ]+)")


def _no_answer(details: str) -> errors.KawaseError:
    """Why nobody answered, as far as gRPC's own words for it tell."""
    if found := _NOT_VERIFIED.search(details):
        return ServerNotTrusted(found[1])
    if "Hostname Verification Check failed" in details:
        return ServerNotTrusted("it is for another name")
    if "failed to connect" in details and "Socket closed" in details:
        return ConnectionNotTaken()
    return errors.Unavailable("A service behind this one does not answer; try again.")


async def call(answer: Awaitable[Any]) -> Any:
    """Await a stub's call and raise what the other service refused with, as one of our errors."""
    try:
        return await answer
    except grpc.aio.AioRpcError as error:
        raise remote_error(error) from None


def open_channel(
    address: str, credentials: grpc.ChannelCredentials | None = None
) -> grpc.aio.Channel:
    """A channel to another service, by TLS with `credentials`. Give each call a `timeout`."""
    if credentials is not None:
        return grpc.aio.secure_channel(address, credentials, options=_CHANNEL_OPTIONS)
    return grpc.aio.insecure_channel(address, options=_CHANNEL_OPTIONS)


# What generated code calls to put a servicer into a server.
Register = Callable[[Any, grpc.aio.Server], None]


class RpcServer:
    """A gRPC server with health and reflection, by TLS with `credentials`.

    `probes`, where it is given, answers health checks alone, without TLS: those of the machine it
    runs on, which have no certificate.
    """

    def __init__(
        self,
        listen: str,
        credentials: grpc.ServerCredentials | None = None,
        probes: str = "",
        handshake_seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        handshake = ("grpc.server_handshake_timeout_ms", int(handshake_seconds * 1000))
        self._server = grpc.aio.server(options=(*_SERVER_OPTIONS, handshake))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.host = listen.rpartition(":")[0]
        self.has_tls = credentials is not None
        if credentials is not None:
            self.port = self._server.add_secure_port(listen, credentials)
        else:
            self.port = self._server.add_insecure_port(listen)
        self._probed: grpc.aio.Server | None = None
        if probes:
            self._probed = grpc.aio.server()
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._probed)
            self.probed_port = self._probed.add_insecure_port(probes)
        self._guard: Callable[[Register], Register] = lambda register: register
        self._names: list[str] = []

    def guard_with(self, guard: Callable[[Register], Register]) -> None:
        """Put `guard` before every service that is added from now on."""
        self._guard = guard

    def add(self, register: Register, servicer: object, name: str) -> None:
        """Serve `servicer`; `name` is the service's full proto name."""
        self._guard(register)(servicer, self._server)
        self._names.append(name)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    async def start(self) -> None:
        """Serve, and say so to health checks."""
        reflection.enable_server_reflection(
            [*self._names, reflection.SERVICE_NAME, health.SERVICE_NAME], self._server
        )
        await self._server.start()
        if self._probed is not None:
            await self._probed.start()
        for name in ("", *self._names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        log.info("rpc_listening", address=self.address)

    async def set_health(self, name: str, serving: bool) -> None:
        """Say whether the service `name` can do its work now, once the server has started."""
        states = health_pb2.HealthCheckResponse
        await self._health.set(name, states.SERVING if serving else states.NOT_SERVING)

    async def stop(self) -> None:
        """Stop taking calls; give the running ones a few seconds."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(GRACE_SECONDS)
        if self._probed is not None:
            await self._probed.stop(0)
