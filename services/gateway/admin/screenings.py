"""ListScreenings: what the screening decided, for the operator alone."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.admin.pages import number_of, page_size
from services.gateway.payments.messages import timestamp
from services.gateway.screening.store import Kept, list_screenings
from services.kit.rpc import answers
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import AdminServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]


class ScreeningMethods(AdminServiceServicer):
    """The method of `AdminServer` about screenings."""

    _keys: Keys
    _units: Units

    @answers
    async def ListScreenings(
        self, request: pb.ListScreeningsRequest, context: Context
    ) -> pb.ListScreeningsResponse:
        """A page, newest first. Raises `PageTokenMalformed`."""
        self._keys.require_operator(context)
        size = page_size(request.page_size)
        before = number_of(request.page_token)
        async with self._units.pool.acquire() as connection:
            kept = await list_screenings(
                connection, before, size, refused_only=request.refused_only
            )
        return pb.ListScreeningsResponse(
            screenings=[_message(one) for one in kept],
            next_page_token=str(kept[-1].screening_id) if len(kept) == size else "",
        )


def _message(kept: Kept) -> pb.Screening:
    return pb.Screening(
        reference=kept.reference,
        payment_id=kept.payment_id,
        participant_id=kept.participant_id,
        payer_id=kept.payer_id,
        refused=kept.refused,
        rule=kept.rule,
        detail=kept.detail,
        list_digest=kept.list_digest,
        decide_time=timestamp(kept.decide_time),
    )
