"""Settlement's questions over gRPC: progress, schedules, windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import asyncpg

from services.core.errors import Malformed
from services.kit.facts.owners import KINDS, RECONCILIATION
from services.kit.facts.serving import fill_facts, fill_progress
from services.kit.rpc import answers
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from services.settlement.closing import Closing
from services.settlement.domain.windows import Movement
from services.settlement.messages import (
    EVENTS,
    movement_message,
    read_schedule,
    schedule_message,
    window_message,
)
from services.settlement.rechecking import RecheckMalformed, WindowNotFound
from services.settlement.store import agreements, cuts, windows

NAME = "kawase.settlement.v1.SettlementService"
PAGE_SIZE = 50
PAGE_LIMIT = 500
# Movements and positions in one answer, which is to stay under the size of a message.
PARTS_LIMIT = 5_000


class WindowPageUnknown(Malformed):
    """A page of a window begins nowhere."""


class Part(StrEnum):
    """What a window is shown by page of."""

    MOVEMENTS = "movements"
    POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class Page:
    """A page begins after an account or an agreement; empty: from the first."""

    part: Part = Part.MOVEMENTS
    after: str = ""


class OperatorMissing(Malformed):
    """Who does this has to be named."""


class WindowStateUnknown(Malformed):
    """The state to list by is none that this service knows."""


class SettlementServer(settlement_service_pb2_grpc.SettlementServiceServicer):
    """Answers from the tables; windows are closed by `closing`."""

    def __init__(self, pool: asyncpg.Pool, closing: Closing) -> None:
        self._pool = pool
        self._closing = closing

    @answers
    async def GetProgress(
        self, _request: pb.GetProgressRequest, _context: Any
    ) -> pb.GetProgressResponse:
        """One entry per topic of facts."""
        return await fill_progress(self._pool, (*KINDS, RECONCILIATION), pb.GetProgressResponse())

    @answers
    async def PutSchedule(
        self, request: pb.PutScheduleRequest, _context: Any
    ) -> pb.PutScheduleResponse:
        schedule = read_schedule(request.schedule)
        await self._closing.put_schedule(schedule)
        return pb.PutScheduleResponse(schedule=schedule_message(schedule))

    @answers
    async def ListSchedules(
        self, _request: pb.ListSchedulesRequest, _context: Any
    ) -> pb.ListSchedulesResponse:
        async with self._pool.acquire() as connection:
            found = await windows.list_schedules(connection)
        return pb.ListSchedulesResponse(schedules=[schedule_message(each) for each in found])

    @answers
    async def ListWindows(
        self, request: pb.ListWindowsRequest, _context: Any
    ) -> pb.ListWindowsResponse:
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_SIZE
        async with self._pool.acquire() as connection:
            found = await windows.list_windows(
                connection,
                request.corridor_id,
                request.currency_code,
                _state(request.state),
                request.page_token,
                size,
            )
        return pb.ListWindowsResponse(
            windows=[window_message(each) for each in found],
            next_page_token=found[-1].window_id if len(found) == size else "",
        )

    @answers
    async def GetWindow(self, request: pb.GetWindowRequest, _context: Any) -> pb.GetWindowResponse:
        """The window with a page of its movements, then positions, and its cut."""
        size = min(request.page_size, PARTS_LIMIT) if request.page_size > 0 else PARTS_LIMIT
        page = read_page(request.page_token)
        async with self._pool.acquire() as connection:
            window = await windows.get_window(connection, request.window_id)
            if window is None:
                raise WindowNotFound(request.window_id)
            movements, positions = [], []
            if page.part is Part.MOVEMENTS:
                movements = await windows.movements_of(
                    connection, window.window_id, page.after, size
                )
            if len(movements) < size:
                after = page.after if page.part is Part.POSITIONS else ""
                positions = await agreements.positions_in(
                    connection, window.window_id, after, size - len(movements)
                )
            cut, difference = None, ""
            if window.to_cut_id is not None:
                span = (window.from_cut_id, window.to_cut_id)
                cut = await cuts.get_cut(connection, window.to_cut_id)
                difference = await cuts.difference_between(connection, *span)
        message = window_message(window)
        message.movements.extend(movement_message(each) for each in movements)
        if cut:
            message.cut_time.FromDatetime(cut.cut_time)
            message.difference = difference
        return pb.GetWindowResponse(
            window=message,
            cut=dict(enumerate(cut.sequences)) if cut else {},
            positions=[
                pb.Position(
                    agreement_id=agreement,
                    participant_id=participant,
                    net_minor=net,
                    reserve_minor=reserve,
                    payout_id=payout,
                    account_count=count,
                )
                for agreement, participant, net, reserve, payout, count in positions
            ],
            next_page_token=_next(movements, positions, size),
        )

    @answers
    async def CloseWindow(
        self, request: pb.CloseWindowRequest, _context: Any
    ) -> pb.CloseWindowResponse:
        if not request.operator:
            raise OperatorMissing("Name the operator who closes the window.", field="operator")
        closed = await self._closing.close(
            request.corridor_id, request.currency_code, request.operator
        )
        return pb.CloseWindowResponse(window=window_message(closed))

    @answers
    async def RecheckWindow(
        self, request: pb.RecheckWindowRequest, _context: Any
    ) -> pb.RecheckWindowResponse:
        """The window as it is after that; where it differs still, nothing has changed."""
        if request.accept_difference and not request.reason.strip():
            raise RecheckMalformed("Say why the difference is accepted.", field="reason")
        reason = request.reason if request.accept_difference else ""
        window = await self._closing.recheck(request.window_id, request.operator, reason)
        return pb.RecheckWindowResponse(window=window_message(window))

    @answers
    async def ListFacts(self, request: pb.ListFactsRequest, _context: Any) -> pb.ListFactsResponse:
        return await fill_facts(self._pool, EVENTS, request, pb.ListFactsResponse())


def read_page(token: str) -> Page:
    """Where a page of a window begins. Raises `WindowPageUnknown`."""
    part, dot, after = token.partition(".")
    if token and (part not in set(Part) or not dot):
        raise WindowPageUnknown("page_token is none that GetWindow has given.", field="page_token")
    return Page(Part(part), after) if token else Page()


def _next(movements: Sequence[Movement], positions: Sequence[Any], size: int) -> str:
    """The token of what follows a page; empty where it was not full."""
    if len(movements) + len(positions) < size:
        return ""
    if positions:
        return f"{Part.POSITIONS}.{positions[-1][0]}"
    return f"{Part.MOVEMENTS}.{movements[-1].account_id}"


def _state(state: int) -> str:
    """A window's state as the tables name it; empty for any."""
    if not state:
        return ""
    try:
        name = pb.WindowState.Name(state)  # type: ignore[arg-type]
    except ValueError:
        raise WindowStateUnknown(f"{state} is no state of a window.", field="state") from None
    return name.removeprefix("WINDOW_STATE_").lower()
