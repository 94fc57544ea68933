"""Webhooks over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, ConfigDict, Field

from services.gateway.http.answers import Told
from services.gateway.http.requests import ID_FORM, Asked, CallerId, ListQuery
from services.gateway.webhooks.addresses import URL_LIMIT
from services.gateway.webhooks.events import EVENT_TYPES
from services.gateway.webhooks.handlers import LONGEST_OVERLAP, Replayed
from services.gateway.webhooks.model import Attempt, Delivery, Endpoint

DeliveryStateName = Literal["pending", "delivered", "dead"]
PAGE_SIZE_MAXIMUM = 500
_EVENT_TYPES: dict[str, Any] = {"items": {"type": "string", "enum": sorted(EVENT_TYPES)}}
_PARTICIPANT = "Whose, where an operator asks; leave it out otherwise."


class WebhookEndpointInput(Asked):
    """Where you want to be told, and of what."""

    url: str = Field(
        max_length=URL_LIMIT, description="https, to a host with public addresses only."
    )
    event_types: list[str] = Field(
        default_factory=list,
        max_length=64,
        description="Such as `payment.completed`; empty: all there are and will be.",
        json_schema_extra=_EVENT_TYPES,
    )
    active: bool = Field(
        default=True, description="Events of one that is not active are kept as dead deliveries."
    )


class RotateSecretInput(Asked):
    """How the former secret ends."""

    overlap_seconds: int = Field(
        default=0,
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description="How long both secrets sign; 0: a day.",
    )


class ReplayInput(Asked):
    """What to send again: one delivery, or of an endpoint a period or all that are dead."""

    model_config = ConfigDict(strict=False)

    delivery_id: CallerId | None = None
    webhook_endpoint_id: CallerId | None = None
    start_time: AwareDatetime | None = Field(
        default=None, description="Events from then on, delivered or dead."
    )
    end_time: AwareDatetime | None = Field(default=None, description="Events before then.")
    all_dead: bool = False


class WebhookEndpoint(Told):
    """Where a participant is told."""

    webhook_endpoint_id: str
    url: str
    event_types: list[str]
    active: bool
    inactive_reason: Literal["own_wish", "gone", "failing", "deleted"] | None
    failing_since_time: datetime | None
    previous_secret_expire_time: datetime | None
    create_time: datetime
    update_time: datetime


class WebhookEndpointWithSecret(WebhookEndpoint):
    """An endpoint, and its secret where it is a fresh one: it is told this once."""

    secret: str | None = Field(description="`whsec_…`; null for an endpoint that was there.")


class WebhookEndpointList(Told):
    """All endpoints of a participant."""

    webhook_endpoints: list[WebhookEndpoint]


class WebhookDelivery(Told):
    """One event for one endpoint."""

    delivery_id: str
    webhook_endpoint_id: str
    event_id: str = Field(description="The header `webhook-id` of every attempt and replay.")
    event_type: str
    subject: str = Field(description="What the order is kept for: the payment's reference.")
    state: DeliveryStateName
    attempt_count: int = Field(description="Since it was made or replayed.")
    next_attempt_time: datetime | None
    last_status: int | None
    reason: str | None = Field(description="How the last attempt ended, or why none is made.")
    event_time: datetime
    create_time: datetime
    update_time: datetime


class WebhookAttempt(Told):
    """One try."""

    number: int
    start_time: datetime
    duration_milliseconds: int
    status: int | None
    outcome: str
    answer: str = Field(description="The first bytes of what was answered.")


class WebhookDeliveryWithAttempts(WebhookDelivery):
    """A delivery, what is sent, and every attempt so far."""

    body: str
    attempts: list[WebhookAttempt]


class WebhookDeliveryPage(Told):
    """Deliveries, newest first."""

    deliveries: list[WebhookDelivery]
    next_page_token: str | None = Field(description="Null on the last page.")


class WebhookReplay(Told):
    """What is due again."""

    replayed_count: int = Field(description="At most 10000 at once, oldest first.")
    more: bool = Field(description="There are more; of a period go on from `last_event_time`.")
    last_event_time: datetime | None


class DeliveriesQuery(ListQuery):
    """Which page of which deliveries."""

    webhook_endpoint_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    state: DeliveryStateName | None = None
    participant_id: str = Field(
        default="", pattern=r"^[A-Za-z0-9_-]{0,64}$", description=_PARTICIPANT
    )


EndpointIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the endpoint.")]
DeliveryIdPath = Annotated[str, Path(pattern=ID_FORM, description="As the list shows it.")]
Named = Annotated[
    str,
    Query(alias="participant_id", pattern=r"^[A-Za-z0-9_-]{0,64}$", description=_PARTICIPANT),
]


def endpoint_fields(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as it is shown: without its secrets."""
    return {
        "webhook_endpoint_id": endpoint.endpoint_id,
        "url": endpoint.url,
        "event_types": list(endpoint.event_types),
        "active": endpoint.active,
        "inactive_reason": endpoint.inactive_reason,
        "failing_since_time": endpoint.failing_since,
        "previous_secret_expire_time": endpoint.previous_secret_until,
        "create_time": endpoint.create_time,
        "update_time": endpoint.update_time,
    }


def delivery_fields(delivery: Delivery) -> dict[str, Any]:
    """A delivery as it is shown."""
    return {
        "delivery_id": delivery.delivery_id,
        "webhook_endpoint_id": delivery.endpoint_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "subject": delivery.subject,
        "state": delivery.state.value,
        "attempt_count": delivery.attempt_count,
        "next_attempt_time": delivery.next_attempt_time,
        "last_status": delivery.last_status or None,
        "reason": delivery.reason or None,
        "event_time": delivery.event_time,
        "create_time": delivery.create_time,
        "update_time": delivery.update_time,
    }


def attempt_told(attempt: Attempt) -> WebhookAttempt:
    """An attempt as it is shown."""
    return WebhookAttempt(
        number=attempt.number,
        start_time=attempt.start_time,
        duration_milliseconds=attempt.milliseconds,
        status=attempt.status or None,
        outcome=attempt.outcome,
        answer=attempt.answer,
    )


def replay_told(replayed: Replayed) -> WebhookReplay:
    """What came of a replay."""
    return WebhookReplay(
        replayed_count=replayed.count,
        more=replayed.more,
        last_event_time=replayed.last_event_time,
    )


PUT_ENDPOINT = {
    "url": "https://wallet.example/webhooks",
    "event_types": ["payment.completed", "refund.completed"],
    "active": True,
}
ENDPOINT = {
    "webhook_endpoint_id": "main",
    "url": "https://wallet.example/webhooks",
    "event_types": ["payment.completed", "refund.completed"],
    "active": True,
    "inactive_reason": None,
    "failing_since_time": None,
    "previous_secret_expire_time": None,
    "create_time": "2026-10-30T09:00:00Z",
    "update_time": "2026-10-30T09:00:00Z",
}
FRESH_ENDPOINT = {**ENDPOINT, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
KNOWN_ENDPOINT = {**ENDPOINT, "secret": None}
ENDPOINTS = {"webhook_endpoints": [ENDPOINT]}
DELIVERY = {
    "delivery_id": "01K8TB4F9Q0A5V1Q2W3E4R5T6Y",
    "webhook_endpoint_id": "main",
    "event_id": "evt_7b52009b64fd0a2a49e6d8a939753077",
    "event_type": "payment.completed",
    "subject": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "state": "delivered",
    "attempt_count": 1,
    "next_attempt_time": None,
    "last_status": 204,
    "reason": "delivered",
    "event_time": "2026-10-30T09:00:07.250000Z",
    "create_time": "2026-10-30T09:00:07.400000Z",
    "update_time": "2026-10-30T09:00:07.700000Z",
}
DELIVERY_WITH_ATTEMPTS = {
    **DELIVERY,
    "body": '{"type":"payment.completed","timestamp":"2026-10-30T09:00:07.250000Z","data":{}}',
    "attempts": [
        {
            "number": 1,
            "start_time": "2026-10-30T09:00:07.500000Z",
            "duration_milliseconds": 180,
            "status": 204,
            "outcome": "delivered",
            "answer": "",
        }
    ],
}
DELIVERIES = {"deliveries": [DELIVERY], "next_page_token": None}
REPLAY_ASKED = {"webhook_endpoint_id": "main", "all_dead": True}
REPLAY = {"replayed_count": 3, "more": False, "last_event_time": "2026-10-30T09:00:07.250000Z"}
