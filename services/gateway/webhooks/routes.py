"""The routes of `WebhookService`, as those of payments are made."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query
from starlette.responses import Response

from services.gateway.access.keys import Caller
from services.gateway.http.calling import caller_for
from services.gateway.http.operations import (
    UNCHANGED,
    WITH_BODY,
    LimitedRoute,
    also_told,
    answered,
    answered_tagged,
    declared,
)
from services.gateway.http.requests import IfNoneMatch
from services.gateway.pages import last_id_of, next_token
from services.gateway.webhooks import documents as docs
from services.gateway.webhooks.handlers import Replayed, Webhooks
from services.gateway.webhooks.model import State
from services.gateway.webhooks.owners import Owners
from services.gateway.webhooks.refusals import ReplayMalformed

ENDPOINTS = "/v1/webhook-endpoints"
ENDPOINT = f"{ENDPOINTS}/{{webhook_endpoint_id}}"
DELIVERIES = "/v1/deliveries"


class WebhookRoutes:
    """What the routes do."""

    def __init__(self, webhooks: Webhooks, owners: Owners) -> None:
        self._webhooks = webhooks
        self._owners = owners

    def _owner(self, caller: Caller, named: str) -> str:
        return self._owners.of(caller.participant, named)

    async def put(
        self,
        caller: Annotated[Caller, Depends(caller_for("PutWebhookEndpoint"))],
        webhook_endpoint_id: docs.EndpointIdPath,
        body: Annotated[docs.WebhookEndpointInput, Body(examples=[docs.PUT_ENDPOINT])],
        named: docs.Named = "",
    ) -> Response:
        """Make or change an endpoint. The secret of a fresh one (201) is in this answer alone: keep
        it, or rotate it later."""
        endpoint, secret = await self._webhooks.put(
            self._owner(caller, named),
            webhook_endpoint_id,
            body.url,
            body.event_types,
            active=body.active,
        )
        fields = docs.endpoint_fields(endpoint) | {"secret": secret or None}
        told = docs.WebhookEndpointWithSecret.model_validate(fields)
        return answered(told, 201 if secret else 200)

    async def rotate(
        self,
        caller: Annotated[Caller, Depends(caller_for("RotateWebhookSecret"))],
        webhook_endpoint_id: docs.EndpointIdPath,
        body: Annotated[docs.RotateSecretInput, Body(examples=[{"overlap_seconds": 3600}])],
        named: docs.Named = "",
    ) -> Response:
        """Another secret. The one before signs too until its time is over; of three the oldest
        ends at once."""
        endpoint, secret = await self._webhooks.rotate(
            self._owner(caller, named), webhook_endpoint_id, body.overlap_seconds
        )
        fields = docs.endpoint_fields(endpoint) | {"secret": secret}
        return answered(docs.WebhookEndpointWithSecret.model_validate(fields))

    async def endpoints(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListWebhookEndpoints"))],
        named: docs.Named = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """All your endpoints."""
        found = await self._webhooks.endpoints(self._owner(caller, named))
        told = [docs.WebhookEndpoint.model_validate(docs.endpoint_fields(one)) for one in found]
        return answered_tagged(docs.WebhookEndpointList(webhook_endpoints=told), if_none_match)

    async def delete(
        self,
        caller: Annotated[Caller, Depends(caller_for("DeleteWebhookEndpoint"))],
        webhook_endpoint_id: docs.EndpointIdPath,
        named: docs.Named = "",
    ) -> Response:
        """Be told no more there. What was not delivered is dead, and can still be read."""
        await self._webhooks.delete(self._owner(caller, named), webhook_endpoint_id)
        return Response(status_code=204)

    async def test(
        self,
        caller: Annotated[Caller, Depends(caller_for("SendTestEvent"))],
        webhook_endpoint_id: docs.EndpointIdPath,
        named: docs.Named = "",
    ) -> Response:
        """Send a `webhook.test`, whatever the endpoint's event types."""
        delivery = await self._webhooks.send_test(self._owner(caller, named), webhook_endpoint_id)
        told = docs.WebhookDelivery.model_validate(docs.delivery_fields(delivery))
        location = f"{DELIVERIES}/{delivery.delivery_id}"
        return answered(told, 201, {"location": location})

    async def page(
        self,
        caller: Annotated[Caller, Depends(caller_for("ListDeliveries"))],
        query: Annotated[docs.DeliveriesQuery, Query()],
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Your deliveries, newest first, a page at a time."""
        found = await self._webhooks.deliveries(
            self._owner(caller, query.participant_id),
            query.webhook_endpoint_id,
            State(query.state) if query.state else None,
            last_id_of(query.page_token),
            query.page_size,
        )
        token = next_token([one.delivery_id for one in found], query.page_size) or None
        told = [docs.WebhookDelivery.model_validate(docs.delivery_fields(one)) for one in found]
        page = docs.WebhookDeliveryPage(deliveries=told, next_page_token=token)
        return answered_tagged(page, if_none_match, query.link(DELIVERIES, token))

    async def get(
        self,
        caller: Annotated[Caller, Depends(caller_for("GetDelivery"))],
        delivery_id: docs.DeliveryIdPath,
        named: docs.Named = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """A delivery, what is sent, and every attempt so far."""
        delivery, body, attempts = await self._webhooks.delivery(
            self._owner(caller, named), delivery_id
        )
        fields = docs.delivery_fields(delivery) | {
            "body": body,
            "attempts": [docs.attempt_told(attempt) for attempt in attempts],
        }
        told = docs.WebhookDeliveryWithAttempts.model_validate(fields)
        return answered_tagged(told, if_none_match)

    async def replay(
        self,
        caller: Annotated[Caller, Depends(caller_for("ReplayDeliveries"))],
        body: Annotated[docs.ReplayInput, Body(examples=[docs.REPLAY_ASKED])],
        named: docs.Named = "",
    ) -> Response:
        """Send again, under the same event ids: one delivery, or of an endpoint those of a period
        or all that are dead."""
        replayed = await self._replay(self._owner(caller, named), body)
        return answered(docs.replay_told(replayed))

    async def _replay(self, owner: str, asked: docs.ReplayInput) -> Replayed:
        match asked:
            case docs.ReplayInput(
                delivery_id=str(delivery_id),
                webhook_endpoint_id=None,
                start_time=None,
                end_time=None,
                all_dead=False,
            ):
                return await self._webhooks.replay_one(owner, delivery_id)
            case docs.ReplayInput(
                delivery_id=None,
                webhook_endpoint_id=str(endpoint_id),
                start_time=None,
                end_time=None,
                all_dead=True,
            ):
                return await self._webhooks.replay_many(owner, endpoint_id, None)
        times = asked.start_time, asked.end_time
        named = asked.webhook_endpoint_id
        if asked.delivery_id or asked.all_dead or named is None:
            raise ReplayMalformed
        if times[0] is None or times[1] is None:
            raise ReplayMalformed
        return await self._webhooks.replay_many(owner, named, (times[0], times[1]))


def webhook_router(webhooks: Webhooks, owners: Owners) -> APIRouter:
    """The routes of webhooks, for `app.make_app`."""
    routes = WebhookRoutes(webhooks, owners)
    router = APIRouter(route_class=LimitedRoute, tags=["Webhooks"])
    add = router.add_api_route
    add(ENDPOINT, routes.put, methods=["PUT"], **_PUT)
    add(f"{ENDPOINT}/secret", routes.rotate, methods=["POST"], **_ROTATE)
    add(ENDPOINTS, routes.endpoints, methods=["GET"], **_LIST)
    add(ENDPOINT, routes.delete, methods=["DELETE"], **_DELETE)
    add(f"{ENDPOINT}/test", routes.test, methods=["POST"], **_TEST)
    add(DELIVERIES, routes.page, methods=["GET"], **_PAGE)
    add(f"{DELIVERIES}/{{delivery_id}}", routes.get, methods=["GET"], **_GET)
    add("/v1/replays", routes.replay, methods=["POST"], **_REPLAY)
    return router


_PUT = declared(
    "PutWebhookEndpoint",
    "Make or change a webhook endpoint",
    docs.WebhookEndpointWithSecret,
    docs.KNOWN_ENDPOINT,
    refusals=(404, *WITH_BODY),
    also={201: also_told("Made.", docs.WebhookEndpointWithSecret, docs.FRESH_ENDPOINT)},
)
_ROTATE = declared(
    "RotateWebhookSecret",
    "Rotate an endpoint's secret",
    docs.WebhookEndpointWithSecret,
    docs.FRESH_ENDPOINT,
    refusals=(404, *WITH_BODY),
)
_LIST = declared(
    "ListWebhookEndpoints",
    "List webhook endpoints",
    docs.WebhookEndpointList,
    docs.ENDPOINTS,
    refusals=(404,),
    also=UNCHANGED,
)
_DELETE = declared(
    "DeleteWebhookEndpoint",
    "Delete a webhook endpoint",
    None,
    None,
    status=204,
    refusals=(404,),
    also={204: {"description": "No more is sent there."}},
)
_TEST = declared(
    "SendTestEvent",
    "Send a test event",
    docs.WebhookDelivery,
    docs.DELIVERY,
    status=201,
    refusals=(404, 422),
)
_PAGE = declared(
    "ListDeliveries",
    "List deliveries",
    docs.WebhookDeliveryPage,
    docs.DELIVERIES,
    refusals=(404,),
    also=UNCHANGED,
)
_GET = declared(
    "GetDelivery",
    "Get a delivery",
    docs.WebhookDeliveryWithAttempts,
    docs.DELIVERY_WITH_ATTEMPTS,
    refusals=(404,),
    also=UNCHANGED,
)
_REPLAY = declared(
    "ReplayDeliveries",
    "Replay deliveries",
    docs.WebhookReplay,
    docs.REPLAY,
    refusals=(404, 422, *WITH_BODY),
)
