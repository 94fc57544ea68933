"""Breaks over gRPC."""

from typing import Any

import asyncpg

from services.core.clock import Clock
from services.kit.rpc import answers
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import break_service_pb2_grpc
from services.reconciliation.breaks.codec import (
    break_message,
    note_message,
    read_filter,
    read_wish,
    row_message,
)
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.refusals import BreakNotFound
from services.reconciliation.breaks.store.lists import (
    Seen,
    get_break,
    list_breaks,
    notes_of,
    rows_of,
)

NAME = "kawase.reconciliation.v1.BreakService"
PAGE_SIZE = 100
PAGE_LIMIT = 1000


class BreakServer(break_service_pb2_grpc.BreakServiceServicer):
    """Reads from the tables; what changes a break goes over the desk."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, desk: Desk) -> None:
        self._pool = pool
        self._clock = clock
        self._desk = desk

    @answers
    async def ListBreaks(
        self, request: pb.ListBreaksRequest, _context: Any
    ) -> pb.ListBreaksResponse:
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_SIZE
        wanted = read_filter(request)
        async with self._pool.acquire() as connection:
            found = await list_breaks(connection, wanted, request.page_token, size)
        return pb.ListBreaksResponse(
            breaks=[self._message(seen) for seen in found],
            next_page_token=found[-1].item.break_id if len(found) == size else "",
        )

    @answers
    async def GetBreak(self, request: pb.GetBreakRequest, _context: Any) -> pb.GetBreakResponse:
        """The break with its rows, ours first, and all its notes."""
        async with self._pool.acquire() as connection:
            seen = await get_break(connection, request.break_id)
            if seen is None:
                raise BreakNotFound(request.break_id)
            rows = await rows_of(connection, seen.item)
            notes = await notes_of(connection, request.break_id)
        return pb.GetBreakResponse(
            item=self._message(seen),
            rows=[row_message(row) for row in rows],
            notes=[note_message(note) for note in notes],
        )

    @answers
    async def AssignBreak(
        self, request: pb.AssignBreakRequest, _context: Any
    ) -> pb.AssignBreakResponse:
        seen = await self._desk.assign(request.break_id, request.assignee, request.operator)
        return pb.AssignBreakResponse(item=self._message(seen))

    @answers
    async def CommentBreak(
        self, request: pb.CommentBreakRequest, _context: Any
    ) -> pb.CommentBreakResponse:
        seen = await self._desk.comment(request.break_id, request.operator, request.text)
        return pb.CommentBreakResponse(item=self._message(seen))

    @answers
    async def ProposeResolution(
        self, request: pb.ProposeResolutionRequest, _context: Any
    ) -> pb.ProposeResolutionResponse:
        wish = read_wish(request.resolution)
        seen = await self._desk.propose(request.break_id, wish, request.operator)
        return pb.ProposeResolutionResponse(item=self._message(seen))

    @answers
    async def ApproveResolution(
        self, request: pb.ApproveResolutionRequest, _context: Any
    ) -> pb.ApproveResolutionResponse:
        seen = await self._desk.approve(request.break_id, request.operator)
        return pb.ApproveResolutionResponse(item=self._message(seen))

    @answers
    async def RejectResolution(
        self, request: pb.RejectResolutionRequest, _context: Any
    ) -> pb.RejectResolutionResponse:
        seen = await self._desk.reject(request.break_id, request.operator, request.reason)
        return pb.RejectResolutionResponse(item=self._message(seen))

    def _message(self, seen: Seen) -> pb.Break:
        return break_message(seen, self._clock.now())
