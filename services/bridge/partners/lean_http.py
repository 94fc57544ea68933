"""HTTP/1.1 POST for partners with volume: a third of the CPU of a full client per call.

Kept-alive connections, one request at a time on each; plain or TLS by the URL. No redirects, no
cookies, no compression. An answer has a Content-Length or is chunked, and is bounded. Time limits
are the caller's: a cancelled call closes its connection, because its answer may still come.
"""

import asyncio
import ssl
import time
from collections import deque
from urllib.parse import urlsplit

from services.bridge.partners.http import (
    BODY_BYTES,
    CONNECT_SECONDS,
    KEEP_ALIVE_SECONDS,
    NoAnswer,
    NotSent,
    Reply,
)
from services.kit.trace import HEADER, current

HEAD_BYTES = 16 * 1024
_HEAD_END = b"\r\n\r\n"
_SERVER_ERROR = 500
_TLS_PORT, _PLAIN_PORT = 443, 80


class _Connection(asyncio.Protocol):
    """One connection; `ask` writes a request and waits for its whole answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._buffer = b""
        self.is_open = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail(f"the connection was lost: {exc!r}")

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        try:
            found = read_reply(self._buffer)
        except ValueError as error:
            self._fail(str(error))
            return self.close()
        if found is None:
            return None
        reply, rest = found
        self._buffer = b""
        if rest or reply.headers.get("connection", "").lower() == "close":
            # What nobody has asked for would be taken for the next answer.
            self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reply)
        return None

    def _fail(self, problem: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(NoAnswer(problem))

    async def ask(self, request: bytes) -> Reply:
        """Raises `NoAnswer`."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._answer = None

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()


class LeanHttp:
    """A partner's HTTP API. The caller bounds how many calls there are at a time."""

    def __init__(self, base_url: str, headers: dict[str, str]) -> None:
        """`headers` go with every request. Raises ValueError where `base_url` is none."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base_url!r} is no http or https URL")
        self._host = parts.hostname
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (_TLS_PORT if self._tls else _PLAIN_PORT)
        self._path = parts.path.rstrip("/")
        lines = {"Host": parts.netloc, **headers}
        if any("\r" in text or "\n" in text for pair in lines.items() for text in pair):
            raise ValueError("a header has a line break")
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._heads: dict[str, bytes] = {}
        self._idle: deque[_Connection] = deque()

    async def post(self, path: str, body: bytes) -> Reply:
        """Raises `NotSent` and `NoAnswer`; an answer from 500 on is none."""
        connection = self._take() or await self._connect()
        trace = current()
        traced = f"\r\n{HEADER}: {trace}" if trace else ""
        end = f"{len(body)}{traced}\r\n\r\n".encode()
        reply = await connection.ask(self._head(path) + end + body)
        if connection.is_open:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        if reply.status >= _SERVER_ERROR:
            raise NoAnswer(f"status {reply.status}")
        return reply

    def _head(self, path: str) -> bytes:
        head = self._heads.get(path)
        if head is None:
            line = f"POST {self._path}/{path} HTTP/1.1\r\n"
            head = f"{line}{self._headers}Content-Length: ".encode()
            self._heads[path] = head
        return head

    def _take(self) -> _Connection | None:
        """The connection used last, so that those not needed grow old and are closed."""
        oldest = time.monotonic() - KEEP_ALIVE_SECONDS
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    _Connection, self._host, self._port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            raise NotSent(f"{self._host}:{self._port}: {error!r}") from error
        return connection

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def read_reply(data: bytes) -> tuple[Reply, bytes] | None:
    """A whole answer and what comes after it; None while it is not whole.

    Raises ValueError where it is none, or too large.
    """
    end = data.find(_HEAD_END)
    if end < 0:
        if len(data) > HEAD_BYTES:
            raise ValueError("an answer without an end of its head")
        return None
    lines = data[:end].decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
        raise ValueError("an answer that is not HTTP/1")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = data[end + len(_HEAD_END) :]
    if len(body) > BODY_BYTES:
        raise ValueError(f"an answer of more than {BODY_BYTES} bytes")
    whole = _unchunked(body) if "transfer-encoding" in headers else _counted(body, headers)
    if whole is None:
        return None
    return Reply(int(rest[:3]), whole[0], headers), whole[1]


def _counted(body: bytes, headers: dict[str, str]) -> tuple[bytes, bytes] | None:
    length = headers.get("content-length", "")
    if not length.isdigit() or int(length) > BODY_BYTES:
        raise ValueError(f"an answer of length {length!r}")
    size = int(length)
    return (body[:size], body[size:]) if len(body) >= size else None


def _unchunked(body: bytes) -> tuple[bytes, bytes] | None:
    content = b""
    while True:
        line, found, rest = body.partition(b"\r\n")
        if not found:
            return None
        size = int(line.split(b";", 1)[0], 16)
        if size < 0 or size > BODY_BYTES:
            raise ValueError("a chunk of a wrong size")
        if len(rest) < size + 2:
            return None
        content, body = content + rest[:size], rest[size + 2 :]
        if size == 0:
            return content, body
