"""A bridge's gRPC API on a free port, as its callers see it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.bridge.accounts import AccountBook
from services.bridge.codes import CodeBook
from services.bridge.guard.calls import PartnerCalls
from services.bridge.operators import Operators, Queue
from services.bridge.payouts.calls import PayoutCalls
from services.bridge.payouts.operators import PayoutOperators
from services.bridge.server import BridgeServer
from services.bridge.statements import StatementCalls
from services.kit.rpc import RpcServer
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc as stubs
from tests.contract.house import LANE, World
from tests.parts import PAYEE_BOX

SERVICE = "kawase.bridge.v1.BridgeService"
SECONDS = 10.0


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Any]:
    """A stub that speaks to the world's bridge."""
    server = RpcServer("127.0.0.1:0")
    rules = {name: partner.rules for name, partner in world.partners.items()}
    servicer = BridgeServer(
        world.units,
        CodeBook(world.partners, world.clock, lambda name: world.worker.desks[name].answers),
        AccountBook(world.units, world.partners, world.clock, PAYEE_BOX),
        Operators(world.units, world.worker, LANE),
        Queue(world.units, rules, world.clock),
        PartnerCalls(world.keeper, {"kakaopay": "kakaopay_acquirer"}),
        PayoutCalls(world.units, PayoutOperators(world.units, world.payouts, LANE), world.clock),
        StatementCalls(world.partners),
    )
    server.add(stubs.add_BridgeServiceServicer_to_server, servicer, SERVICE)
    await server.start()
    async with grpc.aio.insecure_channel(server.address) as channel:
        yield stubs.BridgeServiceStub(channel)
    await server.stop()


async def refusal(call: Callable[..., Any], request: Any) -> tuple[grpc.StatusCode, str]:
    """The status and the reason with which `call` is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(request, timeout=SECONDS)
    return reason_of(caught.value)


def reason_of(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    return error.code(), info.reason
