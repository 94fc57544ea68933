"""The lean client: answers read whole, bounded, and never mixed up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from services.bridge.partners.http import BODY_BYTES, NoAnswer, NotSent, with_trace
from services.bridge.partners.lean_http import LeanHttp, read_reply
from services.kit.trace import follow

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = (
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n"
)
SECONDS = 5.0


@pytest.mark.parametrize(("data", "status"), [(WHOLE, 200), (CHUNKED, 404)])
def test_an_answer_is_read_when_it_is_whole(data: bytes, status: int) -> None:
    for length in range(len(data)):
        assert read_reply(data[:length]) is None
    found = read_reply(data + b"rest")
    assert found is not None
    reply, rest = found
    assert (reply.status, reply.body, rest) == (status, b"{}", b"rest")


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"x" * 20_000,
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"answer|chunk|literal"):
        read_reply(data)


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[LeanHttp]:
    """A client of a server that answers each connection with `answer`."""
    ended = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.get_running_loop().create_future()
        ended.append(done)
        try:
            await answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            done.set_result(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    http = LeanHttp(f"http://{host}:{port}/base", {"Authorization": "SECRET_KEY k"})
    async with server:
        yield http
        await http.close()
        await asyncio.gather(*ended)


async def test_a_connection_is_used_again() -> None:
    heads: list[bytes] = []
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while head := await _head(reader):
            heads.append(head)
            await reader.readexactly(4)
            writer.write(WHOLE)

    async with serving(answer) as http:
        for _ in range(3):
            assert (await http.post("pay", b'{"a"')).body == b"{}"
        await http.close()
    assert connections == 1
    assert heads[0].startswith(b"POST /base/pay HTTP/1.1\r\n")
    assert b"Authorization: SECRET_KEY k\r\n" in heads[0]
    assert b"Content-Length: 4\r\n" in heads[0]


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"]
)
async def test_a_cut_or_failed_answer_is_no_answer(said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        writer.write(said)

    async with serving(answer) as http:
        with pytest.raises(NoAnswer):
            await http.post("pay", b"")


async def test_a_call_given_up_leaves_no_answer_to_the_next() -> None:
    late = asyncio.Event()
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await _head(reader)
        if connections == 1:
            await late.wait()
        writer.write(WHOLE)
        await _head(reader)

    async with serving(answer) as http:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await http.post("pay", b"")
        late.set()
        async with asyncio.timeout(SECONDS):
            assert (await http.post("pay", b"")).status == 200
        await http.close()
    assert connections == 2


async def test_a_closed_port_is_told_from_silence() -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    server.close()
    await server.wait_closed()
    with pytest.raises(NotSent):
        await LeanHttp(f"http://{host}:{port}", {}).post("pay", b"")


def test_an_address_or_header_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="URL"):
        LeanHttp("ftp://x", {})
    with pytest.raises(ValueError, match="line break"):
        LeanHttp("http://x", {"A": "b\r\nC: d"})


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def test_a_request_carries_the_trace_that_is_followed() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            await reader.readexactly(2)
            writer.write(WHOLE)

    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with serving(answer) as client:
        follow(trace)
        await client.post("pay", b"{}")
        follow("")
        await client.post("pay", b"{}")

    assert f"\r\nContent-Length: 2\r\ntraceparent: {trace}\r\n\r\n".encode() in heads[0]
    assert b"traceparent" not in heads[1]
    follow(trace)
    assert with_trace({"a": "b"}) == {"a": "b", "traceparent": trace}
