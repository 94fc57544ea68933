"""WebhookService as its callers see it, by gRPC and by HTTP: each sees only its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from services.core.clock import ManualClock
from services.core.errors import KawaseError, Malformed, NotFound, Unauthenticated
from services.gateway.access.gate import gate_of
from services.gateway.access.keys import Keys
from services.gateway.http.app import make_app
from services.gateway.reference import Participant
from services.gateway.webhooks.addresses import AddressRules
from services.gateway.webhooks.handlers import Webhooks
from services.gateway.webhooks.owners import Owners
from services.gateway.webhooks.routes import webhook_router
from services.gateway.webhooks.sending import Names
from services.gateway.webhooks.server import NAME, WebhookServer
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import webhook_service_pb2 as pb
from services.pb.kawase.gateway.v1 import webhook_service_pb2_grpc as stubs
from tests.rpc.gateway.payments_served import keys_known
from tests.store.gateway.payments_world import PANDA, SAKURA, Gateway
from tests.store.gateway.webhook_world import URL, World, opened

OPERATOR = "the-operators-key-of-the-test"
ENDPOINT = "main"


@dataclass
class Edges:
    """Both edges over one world."""

    world: World
    stub: Any
    http: httpx.AsyncClient
    keys: dict[str, str]

    async def rpc(self, method: str, by: Participant | None = PANDA, **fields: Any) -> Any:
        """By gRPC; without a participant by the operator."""
        key = OPERATOR if by is None else self.keys[by.participant_id]
        request = getattr(pb, f"{method}Request")(**fields)
        metadata = (("authorization", f"Bearer {key}"),)
        return await call(getattr(self.stub, method)(request, metadata=metadata, timeout=10.0))

    async def ask(
        self, method: str, path: str, by: Participant = PANDA, **more: Any
    ) -> httpx.Response:
        """By HTTP."""
        headers = {"authorization": f"Bearer {self.keys[by.participant_id]}"}
        return await self.http.request(method, f"/v1{path}", headers=headers, **more)

    async def put(self, **more: Any) -> Any:
        fields: dict[str, Any] = {"webhook_endpoint_id": ENDPOINT, "url": URL, "active": True}
        fields |= more
        return await self.rpc("PutWebhookEndpoint", **fields)


@pytest.fixture
async def edges(gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock) -> AsyncIterator[Edges]:
    keys = keys_known(gateway)

    async def ready() -> bool:
        return True

    async with opened(pool, clock) as world:
        owners = Owners(gateway.board)
        server = RpcServer("127.0.0.1:0")
        servicer = WebhookServer(
            Keys(gateway.board, clock, SecretStr(OPERATOR)), owners, world.webhooks
        )
        server.add(stubs.add_WebhookServiceServicer_to_server, servicer, NAME)
        await server.start()
        router = webhook_router(world.webhooks, owners)
        app = make_app(gate_of(gateway.board, clock), [router], ready, asyncio.Event())
        transport = httpx.ASGITransport(app=app)
        async with (
            open_channel(server.address) as channel,
            httpx.AsyncClient(transport=transport, base_url="http://gateway") as http,
        ):
            yield Edges(world, stubs.WebhookServiceStub(channel), http, keys)
        await server.stop()


async def test_a_secret_is_told_once(edges: Edges) -> None:
    first, again = await edges.put(), await edges.put()
    listed = await edges.rpc("ListWebhookEndpoints")

    assert first.secret.startswith("whsec_")
    assert again.secret == ""
    assert again.webhook_endpoint == first.webhook_endpoint == listed.webhook_endpoints[0]
    assert first.secret not in str(listed)


async def test_rotating_tells_another_secret(edges: Edges) -> None:
    first = await edges.put()

    rotated = await edges.rpc(
        "RotateWebhookSecret", webhook_endpoint_id=ENDPOINT, overlap_seconds=60
    )

    assert rotated.secret not in ("", first.secret)
    assert rotated.webhook_endpoint.HasField("previous_secret_expire_time")


async def test_a_delivery_shows_every_attempt(edges: Edges) -> None:
    await edges.put()
    sent = await edges.rpc("SendTestEvent", webhook_endpoint_id=ENDPOINT)
    await edges.world.send()

    shown = await edges.rpc("GetDelivery", delivery_id=sent.delivery.delivery_id)

    assert shown.delivery.state == pb.WEBHOOK_DELIVERY_STATE_DELIVERED
    assert [(one.number, one.status, one.outcome) for one in shown.attempts] == [
        (1, 204, "delivered")
    ]
    assert '"type":"webhook.test"' in shown.body


async def test_deliveries_are_listed_page_by_page(edges: Edges) -> None:
    await edges.put()
    for _ in range(5):
        await edges.world.pay("completed")
    pages, token = [], ""
    while True:
        page = await edges.rpc("ListDeliveries", page_size=2, page_token=token)
        pages.append([one.delivery_id for one in page.deliveries])
        token = page.next_page_token
        if not token:
            break

    flat = [each for page in pages for each in page]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert flat == sorted(flat, reverse=True)
    dead = await edges.rpc("ListDeliveries", state=pb.WEBHOOK_DELIVERY_STATE_DEAD)
    assert list(dead.deliveries) == []


async def test_replays_name_one_or_a_period_or_the_dead(edges: Edges) -> None:
    await edges.put()
    await edges.world.pay("completed")
    await edges.world.send()
    (delivery,) = (await edges.rpc("ListDeliveries")).deliveries

    one = await edges.rpc("ReplayDeliveries", delivery_id=delivery.delivery_id)
    dead = await edges.rpc("ReplayDeliveries", webhook_endpoint_id=ENDPOINT, all_dead=True)

    assert (one.replayed_count, dead.replayed_count) == (1, 0)
    with pytest.raises(Malformed) as refused:
        await edges.rpc("ReplayDeliveries", webhook_endpoint_id=ENDPOINT)
    assert refused.value.reason == "REPLAY_MALFORMED"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"url": "ftp://example.com/"}, "WEBHOOK_URL_REFUSED"),
        ({"webhook_endpoint_id": "no spaces"}, "ID_MALFORMED"),
        ({"event_types": ["payment.lost"]}, "EVENT_TYPE_UNKNOWN"),
    ],
)
async def test_an_endpoint_of_another_shape_is_refused(
    edges: Edges, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Malformed) as refused:
        await edges.put(**fields)

    assert refused.value.reason == reason


async def test_outside_the_sandbox_nothing_inside_can_be_registered(edges: Edges) -> None:
    world, names = edges.world, Names(AddressRules())
    webhooks = Webhooks(world.units, world.clock, world.box, names)

    for url in ("https://127.0.0.1/", "https://localhost/", "http://example.com/"):
        with pytest.raises(Malformed):
            await webhooks.put("panda", ENDPOINT, url, [], active=True)
    await names.close()


Ask = Callable[[Edges, str, Participant], Awaitable[Any]]
RPCS: dict[str, Ask] = {
    "RotateWebhookSecret": lambda e, _d, by: e.rpc(
        "RotateWebhookSecret", by, webhook_endpoint_id=ENDPOINT
    ),
    "DeleteWebhookEndpoint": lambda e, _d, by: e.rpc(
        "DeleteWebhookEndpoint", by, webhook_endpoint_id=ENDPOINT
    ),
    "GetDelivery": lambda e, delivery, by: e.rpc("GetDelivery", by, delivery_id=delivery),
    "ReplayDeliveries": lambda e, delivery, by: e.rpc("ReplayDeliveries", by, delivery_id=delivery),
    "ReplayDeliveries of an endpoint": lambda e, _d, by: e.rpc(
        "ReplayDeliveries", by, webhook_endpoint_id=ENDPOINT, all_dead=True
    ),
    "SendTestEvent": lambda e, _d, by: e.rpc("SendTestEvent", by, webhook_endpoint_id=ENDPOINT),
}


@pytest.mark.parametrize("ask", RPCS.values(), ids=RPCS.keys())
async def test_what_is_another_participants_is_not_found(edges: Edges, ask: Ask) -> None:
    await edges.put()
    await edges.world.pay("completed")
    await edges.world.send()
    (delivery,) = await edges.world.deliveries()

    with pytest.raises(NotFound):
        await ask(edges, delivery.delivery_id, SAKURA)


async def test_lists_show_nothing_of_another_participant(edges: Edges) -> None:
    await edges.put()
    await edges.world.pay("completed")

    assert list((await edges.rpc("ListWebhookEndpoints", SAKURA)).webhook_endpoints) == []
    assert list((await edges.rpc("ListDeliveries", SAKURA)).deliveries) == []
    for method in ("ListWebhookEndpoints", "ListDeliveries", "SendTestEvent"):
        with pytest.raises(NotFound) as refused:
            await edges.rpc(method, SAKURA, participant_id="panda")
        assert refused.value.reason == "PARTICIPANT_FOREIGN"


async def test_an_operator_names_the_participant(edges: Edges) -> None:
    await edges.put()

    listed = await edges.rpc("ListWebhookEndpoints", None, participant_id="panda")

    assert [one.webhook_endpoint_id for one in listed.webhook_endpoints] == [ENDPOINT]
    with pytest.raises(KawaseError) as missing:
        await edges.rpc("ListWebhookEndpoints", None)
    assert missing.value.reason == "PARTICIPANT_MISSING"
    with pytest.raises(NotFound):
        await edges.rpc("ListWebhookEndpoints", None, participant_id="nobody")


async def test_without_a_key_nothing_is_told(edges: Edges) -> None:
    with pytest.raises(Unauthenticated):
        await call(edges.stub.ListDeliveries(pb.ListDeliveriesRequest(), timeout=10.0))


async def test_http_tells_what_grpc_tells(edges: Edges) -> None:
    made = await edges.ask("PUT", "/webhook-endpoints/main", json={"url": URL})
    again = await edges.ask("PUT", "/webhook-endpoints/main", json={"url": URL})
    sent = await edges.ask("POST", "/webhook-endpoints/main/test")
    await edges.world.send()
    path = f"/deliveries/{sent.json()['delivery_id']}"
    shown = await edges.ask("GET", path)
    rotated = await edges.ask("POST", "/webhook-endpoints/main/secret", json={})
    listed = await edges.ask("GET", "/webhook-endpoints")
    page = await edges.ask("GET", "/deliveries", params={"page_size": 1})
    asked = {"delivery_id": sent.json()["delivery_id"]}
    replayed = await edges.ask("POST", "/replays", json=asked)
    gone = await edges.ask("DELETE", "/webhook-endpoints/main")

    assert [one.status_code for one in (made, again, sent, shown, rotated, listed, page)] == [
        201, 200, 201, 200, 200, 200, 200,
    ]  # fmt: skip
    assert made.json()["secret"].startswith("whsec_")
    assert again.json()["secret"] is None
    assert shown.json()["state"] == "delivered"
    assert shown.json()["attempts"][0]["status"] == 204
    assert shown.headers["etag"]
    assert page.headers["link"].endswith('rel="next"')
    assert replayed.json()["replayed_count"] == 1
    assert gone.status_code == 204


async def test_http_finds_nothing_of_another_participant(edges: Edges) -> None:
    await edges.put()
    await edges.world.pay("completed")
    (delivery,) = await edges.world.deliveries()
    asked = [
        ("POST", "/webhook-endpoints/main/secret", {}),
        ("DELETE", "/webhook-endpoints/main", None),
        ("POST", "/webhook-endpoints/main/test", None),
        ("GET", f"/deliveries/{delivery.delivery_id}", None),
        ("POST", "/replays", {"delivery_id": delivery.delivery_id}),
        ("POST", "/replays", {"webhook_endpoint_id": "main", "all_dead": True}),
        ("GET", "/deliveries?participant_id=panda", None),
    ]

    answers = [await edges.ask(m, path, SAKURA, json=body) for m, path, body in asked]

    assert [answer.status_code for answer in answers] == [404] * len(asked)
