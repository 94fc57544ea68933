"""DayService: a partner's day, run, closed, reported, for the operator's people."""

from collections.abc import AsyncIterator
from typing import Any

from services.core.clock import Clock
from services.kit.rpc import answers
from services.kit.unit import Units
from services.pb.kawase.reconciliation.v1 import day_service_pb2 as pb
from services.pb.kawase.reconciliation.v1.day_service_pb2_grpc import DayServiceServicer
from services.reconciliation.breaks.codec import read_day, row_message
from services.reconciliation.days.running import Ran, Running
from services.reconciliation.reports.closing import close_day
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.listing import list_rows
from services.reconciliation.reports.reading import read_report
from services.reconciliation.reports.reopening import approve_reopening, propose_reopening

NAME = "kawase.reconciliation.v1.DayService"


class DayServer(DayServiceServicer):
    """Days are run by `running`; the rest is answered from the tables."""

    def __init__(self, units: Units, clock: Clock, running: Running, expected: Expected) -> None:
        self._units = units
        self._clock = clock
        self._running = running
        self._expected = expected

    @answers
    async def RunDay(self, request: pb.RunDayRequest, _context: Any) -> pb.RunDayResponse:
        ran = await self._running.run(request.partner_id, read_day(request.day))
        return pb.RunDayResponse(summary=_summary(ran))

    @answers
    async def GetDay(self, request: pb.GetDayRequest, _context: Any) -> pb.GetDayResponse:
        ran = await self._running.read(request.partner_id, read_day(request.day))
        return pb.GetDayResponse(summary=_summary(ran))

    @answers
    async def CloseDay(self, request: pb.CloseDayRequest, _context: Any) -> pb.CloseDayResponse:
        day = read_day(request.day)
        await close_day(
            self._units, self._clock, request.partner_id, day, request.operator, self._expected
        )
        ran = await self._running.read(request.partner_id, day)
        return pb.CloseDayResponse(summary=_summary(ran))

    @answers
    async def ProposeReopening(
        self, request: pb.ProposeReopeningRequest, _context: Any
    ) -> pb.ProposeReopeningResponse:
        day = read_day(request.day)
        await propose_reopening(
            self._units, self._clock, request.partner_id, day, request.operator, request.reason
        )
        ran = await self._running.read(request.partner_id, day)
        return pb.ProposeReopeningResponse(summary=_summary(ran))

    @answers
    async def ApproveReopening(
        self, request: pb.ApproveReopeningRequest, _context: Any
    ) -> pb.ApproveReopeningResponse:
        day = read_day(request.day)
        await approve_reopening(self._units, self._clock, request.partner_id, day, request.operator)
        ran = await self._running.read(request.partner_id, day)
        return pb.ApproveReopeningResponse(summary=_summary(ran))

    @answers
    async def GetReport(
        self, request: pb.GetReportRequest, _context: Any
    ) -> AsyncIterator[pb.GetReportResponse]:
        day = read_day(request.day)
        pieces = read_report(
            self._units.pool,
            self._clock,
            request.partner_id,
            day,
            request.format,
            request.version,
            self._expected,
        )
        async for piece in pieces:
            yield pb.GetReportResponse(
                file_name=piece.file_name, digest=piece.digest, data=piece.data
            )

    @answers
    async def ListRows(self, request: pb.ListRowsRequest, _context: Any) -> pb.ListRowsResponse:
        page = await list_rows(
            self._units.pool,
            self._clock,
            request.partner_id,
            read_day(request.day),
            request.figure,
            request.page_size,
            request.page_token,
            self._expected,
        )
        return pb.ListRowsResponse(
            rows=[row_message(row) for row in page.rows], next_page_token=page.next_page_token
        )


def _summary(ran: Ran) -> pb.DaySummary:
    counts = ran.counts
    return pb.DaySummary(
        partner_id=ran.day.partner_id,
        day=ran.day.day.isoformat(),
        state=ran.day.state,
        our_row_count=counts.our_rows,
        their_row_count=counts.their_rows,
        matched_count=sum(counts.matches_by_rule.values()),
        matches_by_rule=counts.matches_by_rule,
        breaks_by_kind=counts.breaks_by_kind,
        open_break_count=counts.open_breaks,
        engine=ran.day.engine,
        report_version=ran.day.report_version,
        outdated=ran.day.outdated,
        reopening_proposed_by=ran.day.reopening_proposed_by,
    )
