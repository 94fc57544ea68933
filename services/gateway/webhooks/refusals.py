"""Why a call about webhooks is refused."""

from services.core.errors import LimitReached, Malformed, NotFound, Refused


class WebhookEndpointUnknown(NotFound):
    """No such endpoint of this participant. Another's is not told apart."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            f"There is no webhook endpoint {endpoint_id[:64]!r} of yours: put it first.",
            webhook_endpoint_id=endpoint_id[:64],
        )


class DeliveryUnknown(NotFound):
    """No such delivery of this participant. Another's is not told apart."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(
            f"There is no delivery {delivery_id[:64]!r} of yours: take an id from the list; "
            "deliveries are kept for 30 days, dead ones for 90.",
            delivery_id=delivery_id[:64],
        )


class TooManyWebhookEndpoints(LimitReached):
    """A participant has as many endpoints as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You have {limit} webhook endpoints, which is the limit: delete one first.",
            limit=str(limit),
        )


class EventTypeUnknown(Malformed):
    """An event type that is never sent."""

    def __init__(self, event_type: str, known: str) -> None:
        super().__init__(
            f"The event type {event_type[:64]!r} is not known; there are {known}.",
            field="event_types",
        )


class WebhookEndpointInactive(Refused):
    """Nothing is sent to an endpoint that is not active."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            f"The webhook endpoint {endpoint_id} is not active: put it as active first.",
            webhook_endpoint_id=endpoint_id,
        )


class DeliveryPending(Refused):
    """What has not ended cannot be replayed."""

    def __init__(self, delivery_id: str) -> None:
        super().__init__(
            f"The delivery {delivery_id} is still to be sent: it needs no replay.",
            delivery_id=delivery_id,
        )


class OverlapMalformed(Malformed):
    """Two secrets may sign for a bounded time."""

    def __init__(self, longest: int) -> None:
        super().__init__(
            f"overlap_seconds must be from 0, which stands for a day, to {longest}.",
            field="overlap_seconds",
        )


class ReplayMalformed(Malformed):
    """What is to be replayed is not said, or cannot be."""

    def __init__(self) -> None:
        super().__init__(
            "Say what to replay: a delivery_id, or for a webhook_endpoint_id either a period with "
            "start_time before end_time, or all_dead.",
        )


class ParticipantMissing(Malformed):
    """An operator has to say whose webhooks are meant."""

    def __init__(self) -> None:
        super().__init__(
            "An operator names the participant: give participant_id.", field="participant_id"
        )
