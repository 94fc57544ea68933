"""DayService: a closed day is opened by two people, and its reports stay by version."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import grpc
import pytest

from services.core.errors import Forbidden
from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.reconciliation.v1 import day_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import day_service_pb2_grpc
from services.reconciliation.days.running import EngineChoice, Running
from services.reconciliation.days.server import NAME, DayServer
from services.reconciliation.matching.rules import standard_rules
from services.reconciliation.reports.expecting import Expected
from tests.conftest import Database
from tests.store.reconciliation.breaks.books import DAY, PARTNER, bookkeeping, matched

WHERE = {"partner_id": PARTNER, "day": DAY.isoformat()}


@pytest.fixture
async def stub(database: Database, topics: Topics) -> AsyncIterator[Any]:
    async with bookkeeping(database, topics) as books:

        async def after(_connection: Connection, _partner: str, _day: date) -> Sequence[Outgoing]:
            return ()

        units, clock = books.units, books.clock
        running = Running(units, clock, EngineChoice(standard_rules()), after)
        server = RpcServer("127.0.0.1:0")
        register = day_service_pb2_grpc.add_DayServiceServicer_to_server
        server.add(register, DayServer(units, clock, running, Expected()), NAME)
        await server.start()
        await books.run([matched(await books.ours("R1"), await books.theirs("R1"))])
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            yield day_service_pb2_grpc.DayServiceStub(channel)
        await server.stop()


async def close(stub: Any) -> Any:
    request = pb.CloseDayRequest(**WHERE, operator="mei")
    return (await call(stub.CloseDay(request, timeout=30))).summary


async def report(stub: Any, version: int = 0) -> tuple[str, bytes]:
    request = pb.GetReportRequest(**WHERE, format="json", version=version)
    pieces = [piece async for piece in stub.GetReport(request, timeout=30)]
    return pieces[0].file_name, b"".join(piece.data for piece in pieces)


async def test_a_day_opened_by_two_is_run_closed_and_reported_again(stub: Any) -> None:
    assert (await close(stub)).report_version == 1
    first = await report(stub)
    asked = pb.ProposeReopeningRequest(**WHERE, operator="mei", reason="a corrected file")
    proposed = (await call(stub.ProposeReopening(asked, timeout=30))).summary
    assert (proposed.state, proposed.reopening_proposed_by) == ("closed", "mei")
    agreed = pb.ApproveReopeningRequest(**WHERE, operator="mei")
    with pytest.raises(Forbidden, match="another person"):
        await call(stub.ApproveReopening(agreed, timeout=30))
    agreed.operator = "kenji"
    opened = (await call(stub.ApproveReopening(agreed, timeout=30))).summary
    assert (opened.state, opened.outdated, opened.reopening_proposed_by) == ("open", True, "")
    ran = (await call(stub.RunDay(pb.RunDayRequest(**WHERE), timeout=60))).summary
    assert (ran.outdated, ran.matched_count) == (False, 1)
    assert (await close(stub)).report_version == 2
    assert await report(stub, 1) == first
    name, data = await report(stub)
    assert name == f"{PARTNER}_{DAY}_v2.json"
    assert b"a corrected file" in data
    assert data != first[1]


async def test_a_version_there_is_not_is_refused(stub: Any) -> None:
    await close(stub)
    request = pb.GetReportRequest(**WHERE, format="json", version=2)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _ in stub.GetReport(request, timeout=30):
            pass
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
