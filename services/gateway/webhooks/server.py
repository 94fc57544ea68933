"""WebhookService: decode, call, encode. A participant sees only its own."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.admin.pages import page_size
from services.gateway.pages import last_id_of, next_token
from services.gateway.webhooks.handlers import Webhooks
from services.gateway.webhooks.messages import (
    STATES,
    attempt_message,
    delivery_message,
    endpoint_message,
    optional_timestamp,
    period_of,
)
from services.gateway.webhooks.owners import Owners
from services.gateway.webhooks.refusals import ReplayMalformed
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import webhook_service_pb2 as pb
from services.pb.kawase.gateway.v1.webhook_service_pb2_grpc import WebhookServiceServicer

NAME = "kawase.gateway.v1.WebhookService"
Context = grpc.aio.ServicerContext[Any, Any]


class WebhookServer(WebhookServiceServicer):
    """The methods of `WebhookService`."""

    def __init__(self, keys: Keys, owners: Owners, webhooks: Webhooks) -> None:
        self._keys = keys
        self._owners = owners
        self._webhooks = webhooks

    def _owner(self, participant_id: str, context: Context) -> str:
        return self._owners.of(self._keys.participant_of(context), participant_id)

    @answers
    async def PutWebhookEndpoint(
        self, request: pb.PutWebhookEndpointRequest, context: Context
    ) -> pb.PutWebhookEndpointResponse:
        owner = self._owner(request.participant_id, context)
        endpoint, secret = await self._webhooks.put(
            owner,
            request.webhook_endpoint_id,
            request.url,
            request.event_types,
            active=request.active,
        )
        return pb.PutWebhookEndpointResponse(
            webhook_endpoint=endpoint_message(endpoint), secret=secret
        )

    @answers
    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, context: Context
    ) -> pb.RotateWebhookSecretResponse:
        owner = self._owner(request.participant_id, context)
        endpoint, secret = await self._webhooks.rotate(
            owner, request.webhook_endpoint_id, request.overlap_seconds
        )
        return pb.RotateWebhookSecretResponse(
            webhook_endpoint=endpoint_message(endpoint), secret=secret
        )

    @answers
    async def ListWebhookEndpoints(
        self, request: pb.ListWebhookEndpointsRequest, context: Context
    ) -> pb.ListWebhookEndpointsResponse:
        owner = self._owner(request.participant_id, context)
        endpoints = await self._webhooks.endpoints(owner)
        return pb.ListWebhookEndpointsResponse(
            webhook_endpoints=[endpoint_message(endpoint) for endpoint in endpoints]
        )

    @answers
    async def DeleteWebhookEndpoint(
        self, request: pb.DeleteWebhookEndpointRequest, context: Context
    ) -> pb.DeleteWebhookEndpointResponse:
        owner = self._owner(request.participant_id, context)
        await self._webhooks.delete(owner, request.webhook_endpoint_id)
        return pb.DeleteWebhookEndpointResponse()

    @answers
    async def ListDeliveries(
        self, request: pb.ListDeliveriesRequest, context: Context
    ) -> pb.ListDeliveriesResponse:
        owner = self._owner(request.participant_id, context)
        size = page_size(request.page_size)
        found = await self._webhooks.deliveries(
            owner,
            request.webhook_endpoint_id,
            STATES.get(request.state),
            last_id_of(request.page_token),
            size,
        )
        return pb.ListDeliveriesResponse(
            deliveries=[delivery_message(delivery) for delivery in found],
            next_page_token=next_token([one.delivery_id for one in found], size),
        )

    @answers
    async def GetDelivery(
        self, request: pb.GetDeliveryRequest, context: Context
    ) -> pb.GetDeliveryResponse:
        owner = self._owner(request.participant_id, context)
        delivery, body, attempts = await self._webhooks.delivery(owner, request.delivery_id)
        return pb.GetDeliveryResponse(
            delivery=delivery_message(delivery),
            body=body,
            attempts=[attempt_message(attempt) for attempt in attempts],
        )

    @answers
    async def ReplayDeliveries(
        self, request: pb.ReplayDeliveriesRequest, context: Context
    ) -> pb.ReplayDeliveriesResponse:
        owner = self._owner(request.participant_id, context)
        endpoint_id = request.webhook_endpoint_id
        match request.WhichOneof("which"):
            case "delivery_id":
                replayed = await self._webhooks.replay_one(owner, request.delivery_id)
            case "period":
                period = period_of(request.period)
                replayed = await self._webhooks.replay_many(owner, endpoint_id, period)
            case "all_dead" if request.all_dead:
                replayed = await self._webhooks.replay_many(owner, endpoint_id, None)
            case _:
                raise ReplayMalformed
        return pb.ReplayDeliveriesResponse(
            replayed_count=replayed.count,
            more=replayed.more,
            last_event_time=optional_timestamp(replayed.last_event_time),
        )

    @answers
    async def SendTestEvent(
        self, request: pb.SendTestEventRequest, context: Context
    ) -> pb.SendTestEventResponse:
        owner = self._owner(request.participant_id, context)
        delivery = await self._webhooks.send_test(owner, request.webhook_endpoint_id)
        return pb.SendTestEventResponse(delivery=delivery_message(delivery))
