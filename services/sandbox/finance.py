"""The sandbox's finance people: their calls to settlement, bridge and reconciliation."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from services.kit.rpc import call, remote_error
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge_pb
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc as bridge_stubs
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as break_pb
from services.pb.kawase.reconciliation.v1 import break_service_pb2_grpc as break_stubs
from services.pb.kawase.reconciliation.v1 import day_service_pb2 as day_pb
from services.pb.kawase.reconciliation.v1 import day_service_pb2_grpc as day_stubs
from services.pb.kawase.reconciliation.v1 import file_service_pb2 as file_pb
from services.pb.kawase.reconciliation.v1 import file_service_pb2_grpc as file_stubs
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2 as recon_pb
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2_grpc as recon_stubs
from services.pb.kawase.settlement.v1 import payout_service_pb2 as payout_pb
from services.pb.kawase.settlement.v1 import payout_service_pb2_grpc as payout_stubs
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement_pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc as settlement_stubs

CALL_SECONDS = 60.0
# A day of a hundred thousand payments is fetched, taken in, matched.
BULK_SECONDS = 600.0
PIECE_BYTES = 256 << 10
# Two people: who proposes never approves.
MEI, KENJI = "mei", "kenji"


@dataclass(frozen=True, slots=True)
class Finance:
    """Stubs of what finance people use."""

    settlement: Any
    payouts: Any
    bridge: Any
    reconciliation: Any
    files: Any
    days: Any
    breaks: Any

    @classmethod
    def of(
        cls,
        settlement: grpc.aio.Channel,
        bridge: grpc.aio.Channel,
        reconciliation: grpc.aio.Channel,
    ) -> "Finance":
        """Over open channels."""
        return cls(
            settlement_stubs.SettlementServiceStub(settlement),
            payout_stubs.PayoutServiceStub(settlement),
            bridge_stubs.BridgeServiceStub(bridge),
            recon_stubs.ReconciliationServiceStub(reconciliation),
            file_stubs.FileServiceStub(reconciliation),
            day_stubs.DayServiceStub(reconciliation),
            break_stubs.BreakServiceStub(reconciliation),
        )

    async def are_copies_even(self) -> bool:
        """Whether reconciliation's copy reaches as far as settlement's, of what both copy."""
        copies = []
        for stub, module in ((self.settlement, settlement_pb), (self.reconciliation, recon_pb)):
            answer = await call(stub.GetProgress(module.GetProgressRequest(), timeout=CALL_SECONDS))
            copies.append({each.topic: each.fact_count for each in answer.sources})
        ours, theirs = copies
        return all(ours[topic] == theirs[topic] for topic in ours.keys() & theirs.keys())

    async def windows(self) -> Sequence[settlement_pb.Window]:
        """Windows that hold something and are not open any more."""
        request = settlement_pb.ListWindowsRequest(page_size=100)
        answer = await call(self.settlement.ListWindows(request, timeout=CALL_SECONDS))
        return [
            window
            for window in reversed(answer.windows)
            if window.state != settlement_pb.WINDOW_STATE_OPEN
        ]

    async def window(self, window_id: str) -> settlement_pb.GetWindowResponse:
        """One with its accounts and positions."""
        request = settlement_pb.GetWindowRequest(window_id=window_id)
        answer: settlement_pb.GetWindowResponse = await call(
            self.settlement.GetWindow(request, timeout=CALL_SECONDS)
        )
        return answer

    async def paid(self, participant_id: str) -> Sequence[payout_pb.Payout]:
        """Payouts to a participant, newest first."""
        request = payout_pb.ListPayoutsRequest(participant_id=participant_id)
        answer = await call(self.payouts.ListPayouts(request, timeout=CALL_SECONDS))
        found: Sequence[payout_pb.Payout] = answer.payouts
        return found

    async def fetch(self, partner_id: str, kind: str, day: str) -> dict[str, bytes]:
        """A partner's files of a day, by name, through the bridge."""
        request = bridge_pb.FetchPartnerFileRequest(partner_id=partner_id, kind=kind, day=day)
        found: dict[str, bytearray] = {}
        try:
            async for piece in self.bridge.FetchPartnerFile(request, timeout=BULK_SECONDS):
                if piece.file_name:
                    found.setdefault(piece.file_name, bytearray())
                found[next(reversed(found))].extend(piece.data)
        except grpc.aio.AioRpcError as error:
            raise remote_error(error) from error
        return {name: bytes(data) for name, data in found.items()}

    async def take_in(self, partner_id: str, name: str, data: bytes) -> file_pb.ImportFileResponse:
        """Import a file."""

        async def pieces() -> AsyncIterator[file_pb.ImportFileRequest]:
            header = file_pb.ImportHeader(file_name=name, partner_id=partner_id, operator=MEI)
            yield file_pb.ImportFileRequest(header=header)
            for first in range(0, len(data), PIECE_BYTES):
                yield file_pb.ImportFileRequest(data=data[first : first + PIECE_BYTES])

        answer: file_pb.ImportFileResponse = await call(
            self.files.ImportFile(pieces(), timeout=BULK_SECONDS)
        )
        return answer

    async def run(self, partner_id: str, day: str) -> day_pb.DaySummary:
        """Match a day."""
        request = day_pb.RunDayRequest(partner_id=partner_id, day=day)
        summary: day_pb.DaySummary = (
            await call(self.days.RunDay(request, timeout=BULK_SECONDS))
        ).summary
        return summary

    async def open_breaks(self, partner_id: str) -> Sequence[break_pb.Break]:
        """Breaks of a partner that are not resolved, all of them."""
        found: list[break_pb.Break] = []
        request = break_pb.ListBreaksRequest(partner_id=partner_id, page_size=500)
        while True:
            answer = await call(self.breaks.ListBreaks(request, timeout=CALL_SECONDS))
            found += [each for each in answer.breaks if each.state != "resolved"]
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token

    async def resolve(self, found: break_pb.Break, resolution: break_pb.Resolution) -> None:
        """One proposes, another approves."""
        await call(
            self.breaks.ProposeResolution(
                break_pb.ProposeResolutionRequest(
                    break_id=found.break_id, resolution=resolution, operator=MEI
                ),
                timeout=CALL_SECONDS,
            )
        )
        request = break_pb.ApproveResolutionRequest(break_id=found.break_id, operator=KENJI)
        await call(self.breaks.ApproveResolution(request, timeout=CALL_SECONDS))

    async def close(self, partner_id: str, day: str) -> day_pb.DaySummary:
        """Close a day."""
        request = day_pb.CloseDayRequest(partner_id=partner_id, day=day, operator=KENJI)
        summary: day_pb.DaySummary = (
            await call(self.days.CloseDay(request, timeout=CALL_SECONDS))
        ).summary
        return summary

    async def report(self, partner_id: str, day: str, format_: str) -> tuple[str, bytes]:
        """A report's name and bytes."""
        request = day_pb.GetReportRequest(partner_id=partner_id, day=day, format=format_)
        name, data = "", b""
        try:
            async for piece in self.days.GetReport(request, timeout=CALL_SECONDS):
                name = name or piece.file_name
                data += piece.data
        except grpc.aio.AioRpcError as error:
            raise remote_error(error) from error
        return name, data
