"""The gRPC calls about partners: how each is doing, and an operator's word on taking payments."""

from collections.abc import Mapping
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.bridge.domain.availability import Availability
from services.bridge.guard.desk import Desk
from services.bridge.guard.keeper import Keeper
from services.bridge.messages import timestamp_message
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb


class PartnerCalls:
    """Answers what the bridge's server is asked about partners. `adapters`: name per partner."""

    def __init__(self, keeper: Keeper, adapters: Mapping[str, str]) -> None:
        self._keeper = keeper
        self._adapters = adapters

    async def list(self, _request: pb.ListPartnersRequest) -> pb.ListPartnersResponse:
        """All partners of this process, by id."""
        await self._keeper.refresh()
        return pb.ListPartnersResponse(
            partners=[self._health(partner_id) for partner_id in sorted(self._keeper.desks)]
        )

    async def set(
        self, request: pb.SetPartnerAvailabilityRequest
    ) -> pb.SetPartnerAvailabilityResponse:
        """Raises `PartnerUnknown`, `OperatorMissing`."""
        await self._keeper.set(
            request.partner_id, request.available, request.operator, request.reason
        )
        return pb.SetPartnerAvailabilityResponse(partner=self._health(request.partner_id))

    def _health(self, partner_id: str) -> pb.PartnerHealth:
        desk, row = self._keeper.desks[partner_id], self._keeper.row(partner_id)
        return _message(desk, row, self._adapters.get(partner_id, ""))


def _message(desk: Desk, row: Availability, adapter: str) -> pb.PartnerHealth:
    return pb.PartnerHealth(
        partner_id=row.partner_id,
        adapter=adapter,
        available=row.available,
        reason=row.reason.value,
        change_time=_timestamp(row.change_time),
        retry_time=_timestamp(row.retry_time),
        in_flight_count=desk.calls,
        waiting_count=desk.held - desk.calls,
    )


def _timestamp(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else timestamp_message(instant)
