"""Errors cross the wire with kind, reason, sentence and variable parts."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.core import errors
from services.kit import rpc
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2_grpc as stubs


class CorridorClosed(errors.Refused):
    """A leaf, as the services have them."""


class Sample(stubs.ReconciliationServiceServicer):
    """Answers with whatever error it was given."""

    def __init__(self) -> None:
        self.error: Exception = CorridorClosed("The corridor is closed.", corridor_id="a-b")

    @rpc.answers
    async def GetProgress(
        self, request: pb.GetProgressRequest, context: Any
    ) -> pb.GetProgressResponse:
        raise self.error

    @rpc.answers
    async def ListFacts(self, request: pb.ListFactsRequest, context: Any) -> pb.ListFactsResponse:
        raise self.error


@pytest.fixture
async def sample() -> AsyncIterator[tuple[Sample, "stubs.ReconciliationServiceAsyncStub"]]:
    server = rpc.RpcServer("127.0.0.1:0")
    servicer = Sample()
    server.add(
        stubs.add_ReconciliationServiceServicer_to_server,
        servicer,
        "kawase.reconciliation.v1.ReconciliationService",
    )
    await server.start()
    async with rpc.open_channel(server.address) as channel:
        yield servicer, stubs.ReconciliationServiceStub(channel)
    await server.stop()


class TooSoon(errors.LimitReached):
    """A leaf that says when to ask again."""


async def test_when_to_ask_again_is_told_as_grpc_clients_look_for_it(
    sample: tuple[Sample, "stubs.ReconciliationServiceAsyncStub"],
) -> None:
    sample[0].error = TooSoon("Wait.", retry_after_seconds="0.125")
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await sample[1].GetProgress(pb.GetProgressRequest(), timeout=5)

    status: Any = rpc_status.from_call(refusal.value)  # type: ignore[arg-type]
    _, second = status.details
    retry = error_details_pb2.RetryInfo()
    assert second.Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 125
    assert rpc.remote_error(refusal.value).reason == "TOO_SOON"


async def test_a_refusal_arrives_with_all_its_parts(
    sample: tuple[Sample, "stubs.ReconciliationServiceAsyncStub"],
) -> None:
    with pytest.raises(errors.Refused) as refusal:
        await rpc.call(sample[1].GetProgress(pb.GetProgressRequest(), timeout=5))

    assert refusal.value.reason == "CORRIDOR_CLOSED"
    assert refusal.value.message == "The corridor is closed."
    assert refusal.value.metadata == {"corridor_id": "a-b"}


async def test_an_error_of_ours_does_not_show_its_text(
    sample: tuple[Sample, "stubs.ReconciliationServiceAsyncStub"],
) -> None:
    servicer, stub = sample
    servicer.error = RuntimeError("password=hunter2")
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await stub.GetProgress(pb.GetProgressRequest(), timeout=5)

    assert failure.value.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("kind", list(rpc.STATUS_OF))
def test_every_kind_of_error_has_its_status(kind: type[errors.KawaseError]) -> None:
    assert rpc.status_code(kind("why")) is rpc.STATUS_OF[kind]
