"""The line to the gateway: one channel, a deadline on every call, repeats where they are safe."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass
from typing import Any

import grpc

from services.sdk.errors import AnswerOverdue, error_of
from services.sdk.retrying import RETRIED, Retry

CALL_SECONDS = 30.0
WATCH_SECONDS = 600.0
_OPTIONS = (
    ("grpc.keepalive_time_ms", 30_000),
    # Repeats are the client's own: it knows how long the caller waits.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
Stub = Callable[[grpc.aio.Channel], Any]


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM texts. Without `ca` the machine's own authorities are trusted; `certificate` and `key`
    are yours, where the operator asks for mutual TLS."""

    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


class Line:
    """Calls the gateway with one participant's key. Raises the errors of `services.sdk.errors`."""

    def __init__(
        self, address: str, api_key: str, tls: Tls | None, seconds: float, retry: Retry
    ) -> None:
        self._address = address
        self._metadata = (("authorization", f"Bearer {api_key.strip()}"),)
        self._tls = tls
        self._seconds = seconds
        self._retry = retry
        self._channel: grpc.aio.Channel | None = None

    def open(self) -> None:
        """Connects at the first call."""
        if self._tls is None:
            self._channel = grpc.aio.insecure_channel(self._address, options=_OPTIONS)
            return
        tls = grpc.ssl_channel_credentials(self._tls.ca, self._tls.key, self._tls.certificate)
        self._channel = grpc.aio.secure_channel(self._address, tls, options=_OPTIONS)

    async def close(self) -> None:
        """Ends what is under way."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _stub(self, stub: Stub) -> Any:
        if self._channel is None:
            raise RuntimeError("use the client inside `async with WalletClient(…) as kawase:`")
        return stub(self._channel)

    async def ask(self, stub: Stub, method: str, request: Any, *, once: bool = False) -> Any:
        """The answer of a call, repeated while the gateway is away and the time lasts.

        With `once` only what certainly was not done is repeated: for calls without an id.
        """
        ends = time.monotonic() + self._seconds
        repeated = frozenset({grpc.StatusCode.ABORTED}) if once else RETRIED
        attempt = 0
        while True:
            attempt += 1
            call = getattr(self._stub(stub), method)
            try:
                left = ends - time.monotonic()
                return await call(request, metadata=self._metadata, timeout=left)
            except grpc.aio.AioRpcError as error:
                told = error_of(error)
                # Who called too often is told when there is room again.
                rest = told.metadata.get("retry_after_seconds")
                pause = self._retry.pause(attempt) if rest is None else float(rest)
                is_last = attempt >= self._retry.attempts or time.monotonic() + pause >= ends
                if is_last or (error.code() not in repeated and rest is None):
                    raise told from error
            await asyncio.sleep(pause)

    async def follow(
        self,
        stub: Stub,
        method: str,
        request: Any,
        seconds: float,
        place: Callable[[Any], Hashable],
    ) -> AsyncIterator[Any]:
        """The answers of a stream that tells where something stands; for ever.

        A stream that breaks is asked for again, and what has the same `place` as the last answer is
        passed over. Raises `AnswerOverdue` after `seconds`.
        """
        ends = time.monotonic() + seconds
        seen: Hashable = None
        failures = 0
        while True:
            left = ends - time.monotonic()
            stream = getattr(self._stub(stub), method)(
                request, metadata=self._metadata, timeout=left
            )
            try:
                async for answer in stream:
                    failures = 0
                    if place(answer) != seen:
                        seen = place(answer)
                        yield answer
            except grpc.aio.AioRpcError as error:
                if error.code() not in RETRIED:
                    raise error_of(error) from error
            finally:
                stream.cancel()
            failures += 1
            pause = self._retry.pause(failures)
            if time.monotonic() + pause >= ends:
                raise AnswerOverdue
            await asyncio.sleep(pause)
