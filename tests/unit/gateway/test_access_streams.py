"""Streams of gRPC: how many a participant may have, and that they are let in like other calls."""

from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import pytest

from services.gateway.access.places import Places
from services.gateway.access.serving.guard import Guard
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from tests.unit.gateway.test_access_gate import CREDENTIALS, SERVICE, gate


class Context:
    """What a handler sees of a call."""

    def __init__(self, authorization: str = CREDENTIALS.authorization) -> None:
        self.authorization = authorization
        self.status: Any = None

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", self.authorization),)

    def peer(self) -> str:
        return CREDENTIALS.peer

    async def abort_with_status(self, status: Any) -> None:
        self.status = status
        raise grpc.aio.AbortError


async def states(_request: Any, _context: Any) -> AsyncIterator[int]:
    yield 1
    yield 2


def watching() -> Any:
    guard = Guard(gate(), cast(Any, None), places=Places(1))
    handler: Any = grpc.unary_stream_rpc_method_handler(cast(Any, states))
    return guard.wrap(f"{SERVICE}/WatchPayment", handler).unary_stream


async def test_a_stream_gives_its_place_back_however_it_ends() -> None:
    watch, request = watching(), pb.WatchPaymentRequest(payment_id="p1")
    first = watch(request, Context())
    assert await anext(first) == 1

    refused = Context()
    with pytest.raises(grpc.aio.AbortError):
        await anext(watch(request, refused))
    assert refused.status.code is grpc.StatusCode.RESOURCE_EXHAUSTED

    await first.aclose()
    assert [state async for state in watch(request, Context())] == [1, 2]
    assert [state async for state in watch(request, Context())] == [1, 2]


async def test_sessions_take_places_too() -> None:
    async def answers(requests: Any, _context: Any) -> AsyncIterator[int]:
        async for _ in requests:
            yield 1

    async def open_for_ever() -> AsyncIterator[Any]:
        while True:
            yield pb.PaySessionRequest()

    guard = Guard(gate(), cast(Any, None), places=Places(1))
    handler: Any = grpc.stream_stream_rpc_method_handler(cast(Any, answers))
    session = guard.wrap(f"{SERVICE}/PaySession", handler).stream_stream
    first = session(open_for_ever(), Context())
    assert await anext(first) == 1

    refused = Context()
    with pytest.raises(grpc.aio.AbortError):
        await anext(session(open_for_ever(), refused))
    assert refused.status.code is grpc.StatusCode.RESOURCE_EXHAUSTED

    await first.aclose()
    second = session(open_for_ever(), Context())
    assert await anext(second) == 1
    await second.aclose()


async def test_a_stream_that_is_not_let_in_takes_no_place() -> None:
    watch, request = watching(), pb.WatchPaymentRequest(payment_id="p1")
    with pytest.raises(grpc.aio.AbortError):
        await anext(watch(request, Context("Bearer kw_a_b")))

    assert await anext(watch(request, Context())) == 1
