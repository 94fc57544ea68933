"""Endpoints, deliveries and attempts as messages."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.payments.messages import timestamp
from services.gateway.webhooks.model import Attempt, Delivery, Endpoint, State
from services.gateway.webhooks.refusals import ReplayMalformed
from services.pb.kawase.gateway.v1 import webhook_service_pb2 as pb

_STATE_NUMBERS = {
    state: pb.WebhookDeliveryState.Value(f"WEBHOOK_DELIVERY_STATE_{state.name}") for state in State
}
STATES = {number: state for state, number in _STATE_NUMBERS.items()}


def optional_timestamp(instant: datetime | None) -> Timestamp | None:
    """An instant as its message, where there is one."""
    return None if instant is None else timestamp(instant)


def endpoint_message(endpoint: Endpoint) -> pb.WebhookEndpoint:
    """An endpoint as it is shown: without its secrets."""
    return pb.WebhookEndpoint(
        webhook_endpoint_id=endpoint.endpoint_id,
        participant_id=endpoint.participant_id,
        url=endpoint.url,
        event_types=endpoint.event_types,
        active=endpoint.active,
        inactive_reason=endpoint.inactive_reason or "",
        failing_since_time=optional_timestamp(endpoint.failing_since),
        previous_secret_expire_time=optional_timestamp(endpoint.previous_secret_until),
        create_time=timestamp(endpoint.create_time),
        update_time=timestamp(endpoint.update_time),
    )


def delivery_message(delivery: Delivery) -> pb.WebhookDelivery:
    """A delivery as it is shown."""
    return pb.WebhookDelivery(
        delivery_id=delivery.delivery_id,
        participant_id=delivery.participant_id,
        webhook_endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        state=_STATE_NUMBERS[delivery.state],
        attempt_count=delivery.attempt_count,
        next_attempt_time=optional_timestamp(delivery.next_attempt_time),
        last_status=delivery.last_status,
        reason=delivery.reason,
        subject=delivery.subject,
        event_time=timestamp(delivery.event_time),
        create_time=timestamp(delivery.create_time),
        update_time=timestamp(delivery.update_time),
    )


def attempt_message(attempt: Attempt) -> pb.WebhookAttempt:
    """An attempt as it is shown."""
    return pb.WebhookAttempt(
        number=attempt.number,
        start_time=timestamp(attempt.start_time),
        duration_milliseconds=attempt.milliseconds,
        status=attempt.status,
        outcome=attempt.outcome,
        answer=attempt.answer,
    )


def period_of(message: pb.WebhookReplayPeriod) -> tuple[datetime, datetime]:
    """The two instants. Raises `ReplayMalformed`."""
    try:
        return _instant(message.start_time), _instant(message.end_time)
    except (ValueError, OverflowError):
        raise ReplayMalformed from None


def _instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
