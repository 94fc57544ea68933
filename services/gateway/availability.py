"""Which partners take payments now, from memory: the bridge says it on `bridge.partner`.

A payment through an unavailable partner is refused at its quote, and again at its confirmation
before anything is reserved. A partner of whom nothing is known is available, and one whose retry
time has passed is tried again, so that a lost message closes no corridor for good.
"""

from datetime import UTC, datetime

import structlog
from google.protobuf.message import DecodeError

from services.core.clock import Clock
from services.core.errors import Unavailable
from services.kit.following import follow
from services.kit.kafka import Record, Topics
from services.pb.kawase.bridge.v1.bridge_message_pb2 import (
    PartnerAvailabilityChanged,
    PartnerEvent,
)

log = structlog.get_logger()

TOPIC = "bridge.partner"
_CLOSED_HOURS = "CLOSED_HOURS"


class CorridorUnavailable(Unavailable):
    """A partner that the payment needs takes none at the moment."""

    def __init__(self, partner_id: str, reason: str, retry_time: datetime | None) -> None:
        super().__init__(
            f"{_SENTENCES.get(reason, _FAILING)} Nothing was charged.",
            partner_id=partner_id,
            partner_reason=reason,
            retry_time="" if retry_time is None else retry_time.isoformat(),
        )


_FAILING = "The partner for this payment does not answer at the moment; try again in a few minutes."
_SENTENCES = {
    _CLOSED_HOURS: "The partner for this payment is closed at this hour; try again when it opens.",
    "OPERATOR": "Payments through this partner are stopped for now; try again later.",
}


class AvailabilityBoard:
    """Follows `bridge.partner` and answers from memory."""

    def __init__(self, topics: Topics, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock
        self._changes: dict[str, PartnerAvailabilityChanged] = {}

    async def run(self) -> None:
        """Follow the topic, for ever."""
        await follow(self._topics, TOPIC, self.read)

    def read(self, records: list[Record]) -> None:
        """Take what is new. What cannot be read changes nothing: the bridge refuses by itself."""
        for record in records:
            try:
                event = PartnerEvent.FromString(record.value)
            except DecodeError as error:
                log.error("availability_unreadable", offset=record.offset, problem=str(error))
                continue
            if event.WhichOneof("body") == "partner_availability_changed":
                self._take(event.partner_id, event.partner_availability_changed)

    def _take(self, partner_id: str, change: PartnerAvailabilityChanged) -> None:
        known = self._changes.get(partner_id)
        if known is not None and change.version <= known.version:
            return
        self._changes[partner_id] = change
        log.info(
            "partner_availability_read",
            partner_id=partner_id,
            available=change.available,
            reason=change.reason,
        )

    def refusal(self, *partner_ids: str) -> CorridorUnavailable | None:
        """Why no payment through these partners is taken now, or None."""
        for partner_id in partner_ids:
            change = self._changes.get(partner_id)
            if change is None or change.available:
                continue
            retry_time = None
            if change.HasField("retry_time"):
                retry_time = change.retry_time.ToDatetime(UTC)
            if retry_time is None or self._clock.now() < retry_time:
                return CorridorUnavailable(partner_id, change.reason, retry_time)
        return None
