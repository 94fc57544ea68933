"""The bench's partner: Kakao Pay's acquirer protocol with next to no cost of its own.

It accepts every charge, keeps ids and amounts in memory, and answers from a bare asyncio protocol:
no framework, no disk, no checks, no faults. For measuring the bridge, not for correctness.

    GET /_control/books   a line {"reference", "amount"} per accepted charge, streamed
    GET /health

Environment: KAWASE_LISTEN (host:port).
"""

import asyncio
import json
from collections.abc import Iterator

from services.sandbox.partners.base import SimulatorSettings

_HEADER_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
BODY_BYTES = 64 * 1024
LINES_PER_CHUNK = 10_000
_MERCHANT = {
    "merchantId": "KP-BENCH-0001",
    "name": "Bench Shop",
    "city": "Seoul",
    "country": "KR",
    "currency": "KRW",
}
_SUCCESS = {"resultStatus": "S", "resultCode": "SUCCESS", "resultMessage": "success."}
_UNKNOWN_ORDER = {"resultStatus": "F", "resultCode": "ORDER_NOT_EXIST", "resultMessage": ""}


class LightBooks:
    """Accepted amounts by request id, in minor units."""

    def __init__(self) -> None:
        self.accepted: dict[str, int] = {}

    def lines(self) -> Iterator[bytes]:
        """JSON lines, many to a piece. The reference is the 26 characters within the request id."""
        rows = [
            f'{{"reference":"{_reference(key)}","amount":{amount}}}\n'
            for key, amount in self.accepted.items()
        ]
        for start in range(0, len(rows), LINES_PER_CHUNK):
            yield "".join(rows[start : start + LINES_PER_CHUNK]).encode()


class LightProtocol(asyncio.Protocol):
    """One connection: requests are answered in the order they come."""

    def __init__(self, books: LightBooks) -> None:
        self._books = books
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(_HEADER_END)) >= 0:
            head = buffer[:end]
            start = end + len(_HEADER_END)
            length = _content_length(head)
            if length > BODY_BYTES:
                return self._close()
            if len(buffer) < start + length:
                break
            self._answer(head, buffer[start : start + length])
            buffer = buffer[start + length :]
        if len(buffer) > 2 * BODY_BYTES:
            return self._close()
        self._buffer = buffer
        return None

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, head: bytes, body: bytes) -> None:
        assert self._transport is not None
        path = head.split(b" ", 2)[1]
        if path == b"/_control/books":
            self._transport.writelines(_chunked(self._books))
            return
        self._transport.write(_response(self._reply(path, body)))

    def _reply(self, path: bytes, body: bytes) -> bytes:
        if path == b"/acquiring/v1/pay":
            return self._pay(json.loads(body))
        if path == b"/acquiring/v1/inquiry":
            return self._inquire(json.loads(body)["paymentRequestId"])
        if path == b"/acquiring/v1/cancel":
            self._books.accepted.pop(json.loads(body)["paymentRequestId"], None)
            return json.dumps({"result": _SUCCESS}).encode()
        if path == b"/acquiring/v1/code":
            return json.dumps({"result": _SUCCESS, "merchant": _MERCHANT}).encode()
        return json.dumps({"result": _SUCCESS, "refundId": "light"}).encode()

    def _pay(self, request: dict[str, dict[str, str]]) -> bytes:
        request_id, amount = str(request["paymentRequestId"]), request["amount"]
        value = amount["value"]
        self._books.accepted[request_id] = int(value)
        return (
            '{"result":{"resultStatus":"S","resultCode":"SUCCESS"},'
            f'"paymentId":"L{len(self._books.accepted)}",'
            f'"paymentAmount":{{"value":"{value}","currency":"{amount["currency"]}"}}}}'
        ).encode()

    def _inquire(self, request_id: str) -> bytes:
        if request_id not in self._books.accepted:
            return json.dumps({"result": _UNKNOWN_ORDER}).encode()
        fields = {"result": _SUCCESS, "paymentStatus": "SUCCESS", "paymentId": request_id}
        return json.dumps(fields).encode()


def _reference(request_id: str) -> str:
    """`payment-01ARZ3NDEKTSV4RRFFQ69G5FAV-deliver` → the payment's own reference."""
    parts = request_id.split("-")
    return parts[1] if len(parts) > 1 else request_id


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    if at < 0:
        return 0
    return int(lowered[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


def _response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def _chunked(books: LightBooks) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    for piece in books.lines():
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


async def serve(listen: str) -> asyncio.Server:
    """Listen on `host:port`."""
    host, _, port = listen.rpartition(":")
    books = LightBooks()
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: LightProtocol(books), host, int(port), backlog=1024)


async def main() -> None:
    server = await serve(SimulatorSettings().listen)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"light partner listens: http://{host}:{port}", flush=True)  # noqa: T201
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
