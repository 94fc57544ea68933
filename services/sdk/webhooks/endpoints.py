"""Endpoints of webhooks, and what was and is to be sent to them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.pb.kawase.gateway.v1 import webhook_service_pb2 as pb
from services.pb.kawase.gateway.v1.webhook_service_pb2_grpc import WebhookServiceStub
from services.sdk.line import Line
from services.sdk.values import States, pages, time_in, time_message, time_of


class DeliveryState(StrEnum):
    """Where a delivery is in its life."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where you are told. Empty `event_types`: of everything. `secret` (`whsec_…`) is told once,
    for a fresh endpoint or after `rotate_secret`; keep it."""

    endpoint_id: str
    url: str
    event_types: tuple[str, ...]
    is_active: bool
    inactive_reason: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. `event_id` is what the header `webhook-id` says; `reason` how the
    last attempt ended."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    attempt_count: int
    next_attempt_time: datetime | None
    last_status: int
    reason: str
    subject: str
    event_time: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver. `status` is 0 where there was no answer; `outcome` is `delivered` or what
    went wrong, `answer` the beginning of what your endpoint said."""

    number: int
    start_time: datetime
    milliseconds: int
    status: int
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryHistory:
    """A delivery, the JSON that is sent, and every attempt so far."""

    delivery: Delivery
    body: str
    attempts: tuple[Attempt, ...]


_STATES = States(pb.WebhookDeliveryState, "WEBHOOK_DELIVERY_STATE", DeliveryState)


class Webhooks:
    """`kawase.webhooks`: endpoints and deliveries of your own."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def put(
        self,
        endpoint_id: str,
        url: str,
        event_types: Sequence[str] = (),
        *,
        is_active: bool = True,
    ) -> Endpoint:
        """Make or change an endpoint; a fresh one's answer has its secret."""
        request = pb.PutWebhookEndpointRequest(
            webhook_endpoint_id=endpoint_id, url=url, event_types=event_types, active=is_active
        )
        answer = await self._ask("PutWebhookEndpoint", request)
        return _endpoint_of(answer.webhook_endpoint, answer.secret)

    async def rotate_secret(self, endpoint_id: str, overlap_seconds: int = 0) -> Endpoint:
        """Another secret. The one before signs too for `overlap_seconds`; 0: a day."""
        request = pb.RotateWebhookSecretRequest(
            webhook_endpoint_id=endpoint_id, overlap_seconds=overlap_seconds
        )
        answer = await self._ask("RotateWebhookSecret", request, once=True)
        return _endpoint_of(answer.webhook_endpoint, answer.secret)

    async def endpoints(self) -> list[Endpoint]:
        """All of yours."""
        answer = await self._ask("ListWebhookEndpoints", pb.ListWebhookEndpointsRequest())
        return [_endpoint_of(each) for each in answer.webhook_endpoints]

    async def delete(self, endpoint_id: str) -> None:
        """No more events go there."""
        request = pb.DeleteWebhookEndpointRequest(webhook_endpoint_id=endpoint_id)
        await self._ask("DeleteWebhookEndpoint", request)

    async def test(self, endpoint_id: str) -> Delivery:
        """Have a `webhook.test` sent."""
        request = pb.SendTestEventRequest(webhook_endpoint_id=endpoint_id)
        return _delivery_of((await self._ask("SendTestEvent", request, once=True)).delivery)

    def deliveries(
        self, endpoint_id: str = "", state: DeliveryState | None = None
    ) -> AsyncIterator[Delivery]:
        """What was and is to be sent, newest first; pages come as needed."""
        request = pb.ListDeliveriesRequest(webhook_endpoint_id=endpoint_id)
        if state is not None:
            request.state = _STATES.number(state)
        return pages(lambda asked: self._ask("ListDeliveries", asked), request, "deliveries",
                     _delivery_of)  # fmt: skip

    async def history(self, delivery_id: str) -> DeliveryHistory:
        """What one is, and how each attempt at it ended."""
        found = await self._ask("GetDelivery", pb.GetDeliveryRequest(delivery_id=delivery_id))
        attempts = tuple(_attempt_of(each) for each in found.attempts)
        return DeliveryHistory(_delivery_of(found.delivery), found.body, attempts)

    async def replay(self, delivery_id: str) -> int:
        """Send one again, under the same event id; how many are due."""
        return await self._replay(pb.ReplayDeliveriesRequest(delivery_id=delivery_id))

    async def replay_dead(self, endpoint_id: str) -> int:
        """Send all dead ones of an endpoint again, at most 10,000 a call."""
        request = pb.ReplayDeliveriesRequest(webhook_endpoint_id=endpoint_id, all_dead=True)
        return await self._replay(request)

    async def replay_period(self, endpoint_id: str, start: datetime, end: datetime) -> int:
        """Send what happened from `start` until before `end` again, at most 10,000 a call."""
        period = pb.WebhookReplayPeriod(start_time=time_message(start), end_time=time_message(end))
        request = pb.ReplayDeliveriesRequest(webhook_endpoint_id=endpoint_id, period=period)
        return await self._replay(request)

    async def _replay(self, request: pb.ReplayDeliveriesRequest) -> int:
        return int((await self._ask("ReplayDeliveries", request)).replayed_count)

    async def _ask(self, method: str, request: Any, *, once: bool = False) -> Any:
        return await self._line.ask(WebhookServiceStub, method, request, once=once)


def _endpoint_of(message: pb.WebhookEndpoint, secret: str = "") -> Endpoint:
    return Endpoint(
        endpoint_id=message.webhook_endpoint_id,
        url=message.url,
        event_types=tuple(message.event_types),
        is_active=message.active,
        inactive_reason=message.inactive_reason,
        secret=secret,
    )


def _attempt_of(message: pb.WebhookAttempt) -> Attempt:
    return Attempt(
        number=message.number,
        start_time=time_of(message.start_time),
        milliseconds=message.duration_milliseconds,
        status=message.status,
        outcome=message.outcome,
        answer=message.answer,
    )


def _delivery_of(message: pb.WebhookDelivery) -> Delivery:
    return Delivery(
        delivery_id=message.delivery_id,
        endpoint_id=message.webhook_endpoint_id,
        event_id=message.event_id,
        event_type=message.event_type,
        state=_STATES.of(message.state),
        attempt_count=message.attempt_count,
        next_attempt_time=time_in(message, "next_attempt_time"),
        last_status=message.last_status,
        reason=message.reason,
        subject=message.subject,
        event_time=time_of(message.event_time),
    )
