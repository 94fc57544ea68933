"""What goes along with a call that is passed on, and what comes back when nobody answers it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from services.core.errors import Unavailable
from services.gateway.desk.forwarding import UNARY_SECONDS
from services.kit.rpc import RpcServer, answers, call
from services.pb.kawase.reconciliation.v1 import day_service_pb2 as days
from services.pb.kawase.reconciliation.v1 import day_service_pb2_grpc, file_service_pb2_grpc
from services.pb.kawase.reconciliation.v1 import file_service_pb2 as files
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from tests.parts import until
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.gateway.desk.desk_served import bearer, gateway_before
from tests.store.gateway.payments_world import Gateway

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LISTING = pb.ListWindowsRequest()


@dataclass
class Behind:
    """A settlement and reconciliation that do as a test says, and keep what comes."""

    metadata: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    hangs: asyncio.Event = field(default_factory=asyncio.Event)
    ended: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """What no test calls."""
        if not name[0].isupper():
            raise AttributeError(name)
        return self.GetWindow

    @answers
    async def ListWindows(self, _request: pb.ListWindowsRequest, context: Any) -> Any:
        """What came along."""
        self.metadata = {name: str(value) for name, value in context.invocation_metadata()}
        self.seconds = context.time_remaining()
        return pb.ListWindowsResponse(next_page_token="x" * (1 << 20))

    @answers
    async def GetWindow(self, _request: pb.GetWindowRequest, _context: Any) -> Any:
        """A fault."""
        raise RuntimeError("of its own")

    async def CloseWindow(self, _request: pb.CloseWindowRequest, _context: Any) -> Any:
        """No answer."""
        return await self._hang("CloseWindow")

    async def GetReport(
        self, _request: days.GetReportRequest, _context: Any
    ) -> AsyncIterator[days.GetReportResponse]:
        """The first piece, and no other."""
        yield days.GetReportResponse(file_name="a.csv")
        await self._hang("GetReport")

    async def ImportFile(
        self, requests: AsyncIterator[files.ImportFileRequest], _context: Any
    ) -> Any:
        """One piece, and no answer."""
        await anext(aiter(requests))
        return await self._hang("ImportFile")

    async def _hang(self, method: str) -> Any:
        self.hangs.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append(method)


@asynccontextmanager
async def before(gateway: Gateway, behind: Behind) -> AsyncIterator[tuple[House, RpcServer]]:
    """A gateway before both."""
    server = RpcServer("127.0.0.1:0")
    settlement = settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server
    server.add(settlement, behind, "kawase.settlement.v1.SettlementService")
    reports = day_service_pb2_grpc.add_DayServiceServicer_to_server
    server.add(reports, behind, "kawase.reconciliation.v1.DayService")
    imports = file_service_pb2_grpc.add_FileServiceServicer_to_server
    server.add(imports, behind, "kawase.reconciliation.v1.FileService")
    await server.start()
    places = {"settlement": server.address, "reconciliation": server.address}
    try:
        async with gateway_before(gateway, places) as house:
            yield house, server
    finally:
        await server.stop()


def listing(house: House, timeout: float | None = 30, *more: tuple[str, str]) -> Any:
    stub = house.stubs["SettlementService"]
    return call(stub.ListWindows(LISTING, metadata=(*bearer(house, "mei"), *more), timeout=timeout))


async def test_the_trace_and_the_deadline_go_along_and_the_key_does_not(gateway: Gateway) -> None:
    behind = Behind()
    async with before(gateway, behind) as (house, _):
        answer = await listing(house, 30, ("traceparent", TRACE))
        assert len(answer.next_page_token) == 1 << 20
        assert behind.metadata["traceparent"] == TRACE
        assert "authorization" not in behind.metadata
        assert 20 < behind.seconds < 30

        await listing(house, None)
        assert "traceparent" not in behind.metadata
        assert UNARY_SECONDS - 10 < behind.seconds < UNARY_SECONDS + 10


async def test_a_service_that_is_silent_or_away_is_unavailable_to_people(gateway: Gateway) -> None:
    behind = Behind()
    async with before(gateway, behind) as (house, server):
        stub = house.stubs["SettlementService"]
        closing = stub.CloseWindow(
            pb.CloseWindowRequest(), metadata=bearer(house, "mei"), timeout=1.5
        )
        with pytest.raises(Unavailable) as silent:
            await call(closing)
        await until(lambda: behind.ended == ["CloseWindow"])
        await server.stop()
        with pytest.raises(Unavailable) as away:
            await listing(house, 10)
    for refused in (silent.value, away.value):
        assert (refused.reason, refused.metadata) == ("BACKEND_SILENT", {"service": "settlement"})


async def test_a_fault_of_the_service_is_a_fault_of_ours_without_its_text(gateway: Gateway) -> None:
    async with before(gateway, Behind()) as (house, _):
        asked = house.stubs["SettlementService"].GetWindow(
            pb.GetWindowRequest(), metadata=bearer(house, "mei"), timeout=10
        )
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await asked
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert "of its own" not in (failed.value.details() or "")


async def test_what_its_caller_gives_up_is_given_up_behind_the_gateway(gateway: Gateway) -> None:
    behind = Behind()
    async with before(gateway, behind) as (house, _):
        metadata = bearer(house, "mei")

        async def pieces() -> AsyncIterator[files.ImportFileRequest]:
            yield files.ImportFileRequest(header=files.ImportHeader(file_name="a"))
            await asyncio.Event().wait()

        report = house.stubs["DayService"].GetReport(
            days.GetReportRequest(), metadata=metadata, timeout=30
        )
        assert (await report.read()).file_name == "a.csv"
        report.cancel()
        await until(lambda: behind.ended == ["GetReport"])
        behind.hangs.clear()
        bringing = house.stubs["FileService"].ImportFile(pieces(), metadata=metadata, timeout=30)
        await behind.hangs.wait()
        bringing.cancel()
        await until(lambda: behind.ended == ["GetReport", "ImportFile"])


async def test_a_gateway_that_is_not_told_where_they_are_says_so(gateway: Gateway) -> None:
    async with house_of(gateway) as house:
        await house.open_up()
        with pytest.raises(Unavailable) as closed:
            await listing(house)
    assert closed.value.reason == "DESK_CLOSED"
    assert closed.value.metadata["setting"] == "KAWASE_SETTLEMENT_ADDRESS"
