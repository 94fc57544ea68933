"""What a connection may take before its request is known: bytes, time, and places."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.kit.http import HEAD_BYTES, ConnectionLimits, HttpServer

SECONDS = 10.0
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def told(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the names of the headers, once the body is there."""
    while (await receive()).get("more_body"):
        continue
    text = b" ".join(name for name, _ in scope["headers"])
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@asynccontextmanager
async def served(limits: ConnectionLimits = ConnectionLimits()) -> AsyncIterator[Connect]:
    server = HttpServer(told, "127.0.0.1:0", asyncio.Event(), limits=limits)
    await server.start()
    host, _, port = server.address.rpartition(":")
    opened = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(host, int(port))
        opened.append(writer)
        return reader, writer

    try:
        yield connect
    finally:
        for writer in opened:
            writer.close()
        await server.stop()


async def test_a_header_without_end_is_not_kept() -> None:
    async with served() as connect, asyncio.timeout(SECONDS):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nx: ")
        for _ in range(HEAD_BYTES // 1024 + 1):
            writer.write(b"a" * 1024)
            await writer.drain()

        assert b" 400 " in await reader.readline()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nhost: a\r\n", b"\r\n"])
async def test_who_does_not_end_its_headers_in_time_is_cut_off(begun: bytes) -> None:
    async with served(ConnectionLimits(head_seconds=0.05)) as connect, asyncio.timeout(SECONDS):
        reader, writer = await connect()
        writer.write(begun)

        assert await reader.read() == b""


async def test_a_second_request_has_its_own_time() -> None:
    async with served(ConnectionLimits(head_seconds=0.05)) as connect, asyncio.timeout(SECONDS):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET / HTTP/1.1\r\n")

        assert await reader.read() == b""


async def test_connections_past_the_limit_are_closed() -> None:
    async with served(ConnectionLimits(connections=1)) as connect, asyncio.timeout(SECONDS):
        first, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await first.readline()
        second, _ = await connect()

        assert await second.read() == b""


async def test_a_trailer_is_no_header() -> None:
    async with served() as connect, asyncio.timeout(SECONDS):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
        writer.write(b"1\r\na\r\n0\r\nauthorization: Bearer x\r\n\r\n")

        answer = await reader.read()
        assert b"transfer-encoding" in answer
        assert b"authorization" not in answer
