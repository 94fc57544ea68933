"""The HTTP edge goes through the same gate: foreign things, signatures, rates, the audit log."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from services.gateway.access.audit import Trail
from services.gateway.access.book import Algorithm, Book, Policy, Rate, RateClass, SigningKey
from services.gateway.access.gate import Gate
from services.gateway.access.keys import Keys
from services.gateway.access.proof.nonces import SharedNonces
from services.gateway.http.app import make_app, routers_of
from services.gateway.reference.store import put_participant
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.rpc.gateway.http.asking import BASE, Bridge, problem
from tests.rpc.gateway.payments_served import calls_of, keys_known
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway
from tests.unit.gateway.test_access_signatures import MADE, Message, pem_of

BODY = {
    "payment_id": "p1",
    "payer_id": "payer-of-the-victim",
    "code": TOKYO_STATIC,
    "amount": {"currency_code": "JPY", "minor_units": 1000},
}
SIGNING = SigningKey("sk-1", "panda", Algorithm.ED25519, pem_of(Algorithm.ED25519))


@dataclass
class Edge:
    """The app, who may call it, and what is kept of calls."""

    gateway: Gateway
    client: httpx.AsyncClient
    document: dict[str, Any]
    trail: Trail
    keys: dict[str, str]

    def give(self, policy: Policy) -> None:
        """The board holds this policy from now on."""
        book = Book(policies={policy.participant_id: policy}, signing_keys={"sk-1": SIGNING})
        board = self.gateway.board
        board.current = replace(board.current, access=book)

    def key(self, by: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[by]}"}

    async def create(self, headers: dict[str, str] | None = None) -> httpx.Response:
        text = json.dumps(BODY).encode()
        sent = {"content-type": "application/json", **self.key("panda"), **(headers or {})}
        return await self.client.post("/v1/payments", content=text, headers=sent)

    def signed(
        self,
        nonce: str,
        path: str = "/v1/payments",
        covered: tuple[str, ...] = ("@method", "@target-uri"),
    ) -> dict[str, str]:
        """The headers of a signed `create`."""
        private: Any = {"sk-1": MADE[Algorithm.ED25519][0]}
        signer = HTTPMessageSigner(
            signature_algorithm=algorithms.ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys=private),
        )
        message = Message("POST", f"{BASE}{path}", {})
        signer.sign(
            message,
            key_id="sk-1",
            created=self.gateway.clock.now(),
            nonce=nonce,
            covered_component_ids=covered,
            body=json.dumps(BODY).encode(),
        )
        return {name.lower(): value for name, value in message.headers.items()}


def process_of(gateway: Gateway, trail: Trail) -> httpx.AsyncClient:
    """A client of a gateway process with a gate of its own."""
    nonces = SharedNonces(gateway.pool, gateway.clock)
    gate = Gate(Keys(gateway.board, gateway.clock), gateway.board, gateway.clock, trail, nonces)

    async def ready() -> bool:
        return True

    routers = routers_of(calls_of(gateway, Bridge(), wait_seconds=0.0))
    app = make_app(gate, routers, ready, asyncio.Event())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)


@pytest.fixture
async def edge(gateway: Gateway) -> AsyncIterator[Edge]:
    async with gateway.pool.acquire() as connection:
        for participant in (PANDA, SAKURA, EDO):
            await put_participant(connection, participant)
    keys = keys_known(gateway)
    trail = Trail()
    async with process_of(gateway, trail) as client:
        document = (await client.get("/openapi.json")).json()
        yield Edge(gateway, client, document, trail, keys)


async def test_who_has_to_sign_is_served_with_a_signature_alone(edge: Edge) -> None:
    edge.give(Policy("panda", requires_signature=True))

    assert problem(await edge.create()) == (401, "SIGNATURE_REQUIRED")
    assert (await edge.create(edge.signed("n1"))).status_code == 201
    assert problem(await edge.create(edge.signed("n1"))) == (401, "NONCE_REPLAYED")
    elsewhere = edge.signed("n2", "/v1/refunds")
    assert problem(await edge.create(elsewhere)) == (401, "SIGNATURE_INVALID")


@pytest.mark.parametrize("host", ["gateway/v1/payments#", "gateway/v1/payments?", "a@b", "a b"])
async def test_a_host_that_is_none_does_not_move_the_target_that_was_signed(
    edge: Edge, host: str
) -> None:
    headers = edge.signed("n1", covered=("@method", "@path", "@query"))
    sent = edge.key("panda") | headers | {"host": host}

    answer = await edge.client.post(
        "/v1/codes/decode", content=json.dumps(BODY).encode(), headers=sent
    )

    assert problem(answer) == (401, "SIGNATURE_INVALID")
    assert "Host" in answer.json()["detail"]


async def test_a_signature_is_good_once_at_all_gateways_together(edge: Edge) -> None:
    edge.give(Policy("panda", requires_signature=True))
    headers = edge.key("panda") | edge.signed("n1") | {"content-type": "application/json"}
    async with process_of(edge.gateway, Trail()) as other:
        processes = [edge.client, other, edge.client, other]
        answers = await asyncio.gather(
            *(
                process.post("/v1/payments", content=json.dumps(BODY).encode(), headers=headers)
                for process in processes
            )
        )

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_old_nonces_are_forgotten_a_few_with_every_new_one(edge: Edge) -> None:
    edge.give(Policy("panda", requires_signature=True))
    await edge.create(edge.signed("n1"))
    edge.gateway.clock.advance(timedelta(seconds=901))

    await edge.create(edge.signed("n2"))

    async with edge.gateway.pool.acquire() as connection:
        assert await connection.fetchval("SELECT array_agg(nonce) FROM signature_nonces") == ["n2"]


@pytest.mark.parametrize("name", ["\x00", "\ud800"])
async def test_an_id_that_cannot_be_stored_does_not_hold_up_the_audit_log(
    edge: Edge, name: str
) -> None:
    refund = json.dumps({"refund_id": name, "payment_id": "p1"}).encode()
    headers = edge.key("panda") | {"content-type": "application/json"}

    answer = await edge.client.post("/v1/refunds", content=refund, headers=headers)

    assert answer.status_code == 400
    assert len(edge.trail.waiting) == 1
    await edge.trail.write(edge.gateway.pool)
    assert not edge.trail.waiting


async def test_a_refused_call_is_audited_where_the_key_is_somebodys(edge: Edge) -> None:
    edge.give(Policy("panda", requires_signature=True))
    refund = {"refund_id": "r1", "payment_id": "p1"}

    await edge.client.post("/v1/refunds", json=refund, headers=edge.key("panda"))
    await edge.client.post("/v1/refunds", json=refund, headers={"authorization": "Bearer kw_a_b"})
    await edge.create()

    async with edge.gateway.pool.acquire() as connection:
        await edge.trail.write(edge.gateway.pool)
        rows = await connection.fetch("SELECT participant_id, method, outcome FROM audit_entries")
    service = "kawase.gateway.v1.GatewayService"
    assert sorted(tuple(row) for row in rows) == [
        ("panda", f"{service}/CreatePayment", "SIGNATURE_REQUIRED"),
        ("panda", f"{service}/CreateRefund", "SIGNATURE_REQUIRED"),
    ]


async def test_answers_tell_how_much_is_left_and_when_to_come_again(edge: Edge) -> None:
    edge.give(Policy("panda", rates={RateClass.PAYMENTS: Rate(1, 1)}))

    first = await edge.create()
    second = await edge.create()

    assert first.headers["ratelimit-limit"] == "1"
    assert first.headers["ratelimit-remaining"] == "0"
    assert problem(second) == (429, "RATE_LIMITED")
    assert second.headers["retry-after"] == "1"
    rate = [second.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")]
    assert rate == ["1", "0", "1"]


async def test_changes_off_the_way_of_a_payment_are_audited_with_their_end(edge: Edge) -> None:
    await edge.create()
    refund = {"refund_id": "r1", "payment_id": "unknown"}

    answer = await edge.client.post("/v1/refunds", json=refund, headers=edge.key("panda"))

    assert answer.status_code == 404
    await edge.trail.write(edge.gateway.pool)
    rows = await edge.gateway.pool.fetch("SELECT * FROM audit_entries")
    assert [(row["method"].partition("/")[2], row["outcome"]) for row in rows] == [
        ("CreateRefund", "PAYMENT_UNKNOWN")
    ]
    assert rows[0]["participant_id"] == PANDA.participant_id
    assert rows[0]["object_id"] == "r1"


def routes(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Method, path and a body of every route that the document describes.

    Those that read come first: who has made a payment of the same id watches its own for long.
    """
    found = []
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            content = described.get("requestBody", {}).get("content", {})
            examples = content.get("application/json", {})
            body = examples.get("example")
            if body is None:
                named = examples.get("examples") or {}
                body = next((one["value"] for one in named.values()), None)
            if body is None:
                listed = examples.get("schema", {}).get("examples") or [None]
                body = listed[0]
            found.append((method.upper(), path, body))
    return sorted(found, key=lambda route: route[0] != "GET")


async def test_no_route_shows_or_changes_what_is_anothers(edge: Edge) -> None:
    made = (await edge.create()).json()
    secrets = ("payer-of-the-victim", made["reference"])
    own = f"/v1/payments/{made['payment_id']}"
    before = (await edge.client.get(own, headers=edge.key("panda"))).text
    walked = 0

    for by in ("sakura", "edo"):
        for payment_id in ("p1", made["reference"]):
            for method, path, body in routes(edge.document):
                target = path.replace("{payment_id}", payment_id)
                target = target.replace("{refund_id}", "p1").replace("{top_up_id}", "p1")
                if isinstance(body, dict):
                    body = {**body, **{name: payment_id for name in body if name == "payment_id"}}
                # Who pays for their own thing of that id would wait for wallets that never answer.
                headers = edge.key(by) | {"accept": "*/*", "prefer": "wait=0"}
                answer = await edge.client.request(method, target, json=body, headers=headers)
                told = answer.text.replace(payment_id, "")
                assert not [secret for secret in secrets if secret in told], (method, path, by)
                assert answer.status_code < 500
                walked += 1

    assert walked >= 4 * 10
    assert (await edge.client.get(own, headers=edge.key("panda"))).text == before
