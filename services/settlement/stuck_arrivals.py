"""ArrivalService: what could not be booked of a statement, for the operator's people."""

from dataclasses import replace
from typing import Any

import structlog

from services.core.clock import Clock
from services.core.errors import Malformed, NotFound, Refused
from services.kit.postgres import Connection
from services.kit.rpc import answers
from services.kit.unit import Decided, Units
from services.pb.kawase.settlement.v1 import arrival_service_pb2 as pb
from services.pb.kawase.settlement.v1.arrival_service_pb2_grpc import ArrivalServiceServicer
from services.settlement.arrivals import arrival_kept
from services.settlement.store import arrivals as store
from services.settlement.store.arrivals import STUCK_REPEATS, Kept

log = structlog.get_logger()

NAME = "kawase.settlement.v1.ArrivalService"
PAGE_SIZE = 50
PAGE_LIMIT = 500
TEXT_MAXIMUM = 200  # characters


class ArrivalNotFound(NotFound):
    """No statement has shown this."""


class ArrivalNotStuck(Refused):
    """It is booked, or still being asked for."""


class ArrivalRetryMalformed(Malformed):
    """An operator's word lacks a part, or is too long."""


class ArrivalServer(ArrivalServiceServicer):
    """Answers from the table of arrivals."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    @answers
    async def ListStuckArrivals(
        self, request: pb.ListStuckArrivalsRequest, _context: Any
    ) -> pb.ListStuckArrivalsResponse:
        size = min(request.page_size, PAGE_LIMIT) if request.page_size > 0 else PAGE_SIZE
        async with self._units.pool.acquire() as connection:
            found = await store.list_stuck(connection, size)
        return pb.ListStuckArrivalsResponse(arrivals=[arrival_message(each) for each in found])

    @answers
    async def RetryArrival(
        self, request: pb.RetryArrivalRequest, _context: Any
    ) -> pb.RetryArrivalResponse:
        """Under a link of its own where the ledger has refused, because it would refuse the same
        again."""
        for text in (request.operator, request.reason):
            if not text.strip() or len(text) > TEXT_MAXIMUM:
                raise ArrivalRetryMalformed(
                    "Say who has it asked for anew, and what was put right, each in at most "
                    f"{TEXT_MAXIMUM} characters.",
                    field="operator",
                )

        async def retry(connection: Connection) -> Decided[Kept]:
            kept = await store.lock_arrival(connection, request.arrival_id)
            if kept is None:
                shown = request.arrival_id[:80]
                raise ArrivalNotFound(
                    f"There is no arrival {shown!r}: see ListStuckArrivals.", arrival_id=shown
                )
            if kept.booked or not (kept.refusal or kept.repeat_count >= STUCK_REPEATS):
                state = "is booked" if kept.booked else "is being asked for"
                raise ArrivalNotStuck(
                    f"The arrival {state}: only one that is listed as stuck is asked for anew.",
                    arrival_id=kept.arrival_id,
                )
            again = replace(
                kept,
                attempt=kept.attempt + 1 if kept.refusal else kept.attempt,
                refusal="",
                repeat_count=0,
                ask_time=self._clock.now(),
                retried_by=request.operator,
                retry_reason=request.reason,
            )
            await store.store_retry(connection, again)
            log.info("arrival_retried", arrival_id=kept.arrival_id, operator=request.operator)
            return Decided(again, [arrival_kept(again).command])

        again = (await self._units.write(retry)).answer
        return pb.RetryArrivalResponse(arrival=arrival_message(again))


def arrival_message(kept: Kept) -> pb.Arrival:
    """An arrival as operators see it."""
    message = pb.Arrival(
        arrival_id=kept.arrival_id,
        resource_id=kept.resource_id,
        witness=kept.witness,
        reason=kept.refusal,
        repeat_count=kept.repeat_count,
        retried_by=kept.retried_by,
        retry_reason=kept.retry_reason,
        booked=kept.booked,
    )
    message.amount.minor_units = kept.amount.minor
    message.amount.currency_code = kept.amount.currency
    message.ask_time.FromDatetime(kept.ask_time)
    return message
