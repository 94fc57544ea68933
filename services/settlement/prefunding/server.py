"""PrefundingService: deposits and their thresholds, for the operator's people."""

from typing import Any

from services.core.clock import Clock
from services.core.errors import Malformed
from services.core.money import LARGEST_UNITS
from services.kit.rpc import answers
from services.kit.unit import Units
from services.pb.kawase.settlement.v1 import prefunding_service_pb2 as pb
from services.pb.kawase.settlement.v1.prefunding_service_pb2_grpc import PrefundingServiceServicer
from services.settlement.ledger import Ledger
from services.settlement.prefunding import store
from services.settlement.prefunding.watching import Prefundings, prefunding_message

NAME = "kawase.settlement.v1.PrefundingService"


class ThresholdMalformed(Malformed):
    """A threshold lacks something, or is of no deposit."""


class PrefundingServer(PrefundingServiceServicer):
    """Answers from the tables and the ledger."""

    def __init__(
        self, units: Units, ledger: Ledger, prefundings: Prefundings, clock: Clock
    ) -> None:
        self._units = units
        self._ledger = ledger
        self._prefundings = prefundings
        self._clock = clock

    @answers
    async def GetPrefunding(
        self, request: pb.GetPrefundingRequest, _context: Any
    ) -> pb.GetPrefundingResponse:
        found = await self._prefundings.read(request.participant_id)
        return pb.GetPrefundingResponse(prefundings=[prefunding_message(each) for each in found])

    @answers
    async def PutPrefundingThreshold(
        self, request: pb.PutPrefundingThresholdRequest, _context: Any
    ) -> pb.PutPrefundingThresholdResponse:
        """Zero: nobody is told."""
        if not request.account_id.startswith(store.PREFIX):
            raise ThresholdMalformed(
                f"{request.account_id[:80]!r} is no deposit: they are named "
                f"{store.PREFIX}<participant>:<currency>.",
                field="account_id",
            )
        if not 0 <= request.threshold_minor <= LARGEST_UNITS:
            raise ThresholdMalformed(
                "A threshold is zero or more minor units.", field="threshold_minor"
            )
        if not request.operator:
            raise ThresholdMalformed("Name the operator who sets it.", field="operator")
        # Raises where the ledger has no such account: a threshold of a slip would never tell.
        await self._ledger.deposits([request.account_id])
        async with self._units.pool.acquire() as connection:
            await store.put_threshold(
                connection,
                request.account_id,
                request.threshold_minor,
                request.operator,
                self._clock.now(),
            )
        return pb.PutPrefundingThresholdResponse()
