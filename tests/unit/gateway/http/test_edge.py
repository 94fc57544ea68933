"""The edge itself: problems of every kind, bounds, documents; nothing is stored here."""

import asyncio
import json
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter, Depends

from services.core import errors
from services.gateway.http.app import make_app
from services.gateway.http.calling import caller_for
from services.gateway.http.guard import BODY_BYTES, Guard
from services.gateway.http.operations import LimitedRoute
from services.kit.http import HTTP_STATUS_OF, HttpServer
from tests.unit.gateway.http.edge import (
    Asking,
    app_of,
    asking_route,
    client_of,
    keys,
    problem,
    ready,
)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"payer_id": "li-na"}, "body.code"),
        ({"payer_id": "li na", "code": "x"}, "body.payer_id"),
        ({"payer_id": "li-na", "code": "x" * 5000}, "body.code"),
        ({"payer_id": "li-na", "code": "\x00"}, "body.code"),
        ({"payer_id": "li-na", "code": "x", "colour": "red"}, "body.colour"),
        ({"payer_id": 7, "code": "x"}, "body.payer_id"),
        (
            {"payer_id": "a", "code": "x", "amount": {"currency_code": "JPY", "minor_units": "1"}},
            "body.amount.minor_units",
        ),
        (
            {"payer_id": "a", "code": "x", "amount": {"currency_code": "yen", "minor_units": 1}},
            "body.amount.currency_code",
        ),
        (["payer_id"], "body"),
    ],
)
async def test_a_malformed_request_is_told_where(http: Asking, body: object, path: str) -> None:
    answer = await http.ask("POST", "/v1/payments", json=body)
    assert problem(answer) == (400, "REQUEST_MALFORMED")
    assert path in [each["path"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b'{"payer_id": "\\ud800", "code": "x"}', b"[" * 9000]
)
async def test_a_body_that_cannot_be_read_is_malformed(http: Asking, content: bytes) -> None:
    json = {"content-type": "application/json"}
    answer = await http.ask("POST", "/v1/payments", content=content, headers=json)
    assert answer.status_code == 400
    assert problem(answer)[1] in ("REQUEST_MALFORMED", "BODY_UNREADABLE")


async def test_a_large_body_is_refused_whether_or_not_its_length_is_stated(http: Asking) -> None:
    large = b"x" * (BODY_BYTES + 1)

    async def chunks() -> object:
        yield large[:1000]
        yield large[1000:]

    for content in (large, chunks()):
        answer = await http.ask("POST", "/v1/payments", content=content)
        assert problem(answer) == (413, "BODY_TOO_LARGE")


async def test_unknown_paths_and_methods_are_problems(http: Asking) -> None:
    assert problem(await http.ask("GET", "/v2/payments")) == (404, "ROUTE_UNKNOWN")
    assert problem(await http.ask("GET", "/v1/payments/")) == (404, "ROUTE_UNKNOWN")
    wrong = await http.ask("DELETE", "/v1/payments")
    assert problem(wrong) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic bGk6bmE="])
async def test_a_call_without_a_valid_key_is_told_how_to_send_one(
    http: Asking, header: str
) -> None:
    answer = await http.client.get("/v1/payments", headers={"authorization": header})
    assert problem(answer)[0] == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_request_keeps_its_id_and_a_strange_one_is_replaced(http: Asking) -> None:
    named = await http.ask("GET", "/v1/payments", headers={"X-Request-Id": "call-7"})
    assert named.headers["x-request-id"] == "call-7"
    strange = await http.ask("GET", "/v1/payments", headers={"X-Request-Id": "<script>"})
    assert len(strange.headers["x-request-id"]) == 32


async def broken() -> bool:
    raise RuntimeError("the secret is swordfish")


async def test_what_breaks_inside_tells_nothing_of_it() -> None:
    async with asking_route(broken) as client:
        answer = await client.get("/v1/thing")
    assert problem(answer) == (500, "INTERNAL")
    assert "swordfish" not in answer.text


@pytest.mark.parametrize(("kind", "status"), HTTP_STATUS_OF.items())
async def test_every_kind_of_error_has_its_status(
    kind: type[errors.KawaseError], status: int
) -> None:
    async def refuses() -> bool:
        raise type("ThingRefused", (kind,), {})("Not this thing.", thing="7")

    async with asking_route(refuses) as client:
        answer = await client.get("/v1/thing")
    assert problem(answer) == (status, "THING_REFUSED")
    assert answer.json()["metadata"] == {"thing": "7"}


async def test_a_call_beyond_its_time_is_answered() -> None:
    async def waits() -> bool:
        await asyncio.Event().wait()
        return True

    class ShortRoute(LimitedRoute):
        seconds = 0.01

    async with asking_route(waits, ShortRoute) as client:
        assert problem(await client.get("/v1/thing")) == (503, "CALL_TOO_LONG")


async def test_more_calls_than_the_limit_are_turned_away_but_health_is_answered() -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def waits() -> bool:
        inside.set()
        await leave.wait()
        return True

    async with asking_route(waits, call_limit=1) as client:
        first = asyncio.create_task(client.get("/v1/thing"))
        await inside.wait()
        busy = await client.get("/v1/thing")
        assert problem(busy) == (503, "EDGE_BUSY")
        assert busy.headers["retry-after"] == "1"
        assert (await client.get("/healthz")).status_code == 200
        leave.set()
        assert (await first).status_code == 200
        assert (await client.get("/v1/thing")).status_code == 200


async def test_a_participant_takes_no_more_than_its_share_and_gives_it_back() -> None:
    started, goes_on = asyncio.Event(), asyncio.Event()

    async def waits() -> bool:
        started.set()
        return await goes_on.wait()

    router = APIRouter(route_class=LimitedRoute)
    dependencies = [Depends(caller_for("GetPayment"))]
    router.add_api_route("/v1/thing", waits, operation_id="Get", dependencies=dependencies)
    app = make_app(keys(), [router], ready, asyncio.Event(), places=1)
    async with client_of(app) as client:
        http = Asking(client)
        first = asyncio.create_task(http.ask("GET", "/v1/thing"))
        await started.wait()
        many = await http.ask("GET", "/v1/thing")
        assert problem(many) == (429, "CALLS_AT_ONCE_TOO_MANY")
        assert many.headers["retry-after"] == "1"
        goes_on.set()
        assert (await first).status_code == 200
        assert (await http.ask("GET", "/v1/thing")).status_code == 200


async def test_slow_senders_of_one_address_leave_places_for_others() -> None:
    guard = Guard(answering, call_limit=9, body_seconds=0.2, senders=1)
    slow = asyncio.create_task(sent(guard, [None]))
    await asyncio.sleep(0)
    assert guard.running == 1

    assert (await sent(guard, [LAST]))[0] == 503
    assert (await sent(guard, [LAST], "192.0.2.2"))[0] == 200
    assert (await slow)[0] == 408
    assert (await sent(guard, [LAST]))[0] == 200


async def test_a_gateway_that_cannot_work_is_alive_but_not_ready() -> None:
    async def away() -> bool:
        return False

    app = make_app(keys(), [], away, asyncio.Event())
    async with client_of(app) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert problem(await client.get("/readyz")) == (503, "NOT_READY")


async def test_the_document_names_every_operation_and_the_page_loads_nothing(http: Asking) -> None:
    document = (await http.ask("GET", "/openapi.json")).json()
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert {each["x-rpc"].partition("/")[2] for each in operations} == {
        "DecodeCode", "CreatePayment", "Pay", "ConfirmPayment", "CancelPayment", "GetPayment",
        "ListPayments", "WatchPayment", "CreateRefund", "GetRefund", "LinkBankAccount",
        "CreateTopUp", "GetTopUp",
    }  # fmt: skip
    for each in operations:
        for status, answer in each["responses"].items():
            assert status in ("204", "304") or all(
                "example" in content for content in answer["content"].values()
            )
    page = (await http.ask("GET", "/docs")).text
    assert "createPayment" in page
    assert "li-na" in page
    assert "<script" not in page
    assert "src=" not in page


async def test_a_head_without_end_is_refused() -> None:
    closing = asyncio.Event()
    server = HttpServer(app_of(closing), "127.0.0.1:0", closing)
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        answer = await client.get("/healthz", headers={"x-large": "x" * 40_000})
        assert answer.status_code == 400
        assert (await client.get("/healthz")).status_code == 200
    await server.stop()


async def test_a_body_that_does_not_come_or_breaks_off_reaches_no_route() -> None:
    async def never() -> bool:
        raise AssertionError("a route was asked")

    guard = Guard(cast(Any, never), body_seconds=0.01)
    for messages in ([], [{"type": "http.request", "body": b"{", "more_body": True}]):
        status, told = await sent(guard, [*messages, None])
        assert (status, told["reason"]) == (408, "BODY_TOO_SLOW")
        status, told = await sent(guard, [*messages, {"type": "http.disconnect"}])
        assert (status, told["reason"]) == (408, "BODY_TOO_SLOW")


LAST = {"type": "http.request", "body": b"{}"}


async def answering(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def sent(
    guard: Guard, messages: list[dict[str, Any] | None], host: str = "192.0.2.1"
) -> tuple[int, Any]:
    """What `guard` answers to the messages of a POST; None is one that never comes."""
    answers: list[Any] = []
    coming = iter(messages)

    async def receive() -> Any:
        message = next(coming)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "path": "/v1/payments",
        "method": "POST",
        "client": (host, 4711),
        "headers": [(b"content-length", b"10")],
    }
    await guard(scope, receive, send)
    return answers[0]["status"], json.loads(answers[1]["body"])
