"""What the API says of itself is complete, and precise enough to make a client from."""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any, cast

import jsonschema_rs
import pytest

from services.gateway.acquiring.serving.routes import acquirer_router
from services.gateway.bills.serving.routes import bill_router
from services.gateway.calls import Calls
from services.gateway.escrow.serving.routes import escrow_router
from services.gateway.holding.routes import holding_router
from services.gateway.http.app import make_app, routers_of
from services.gateway.http.openapi import Published, operations_of
from services.gateway.personal.serving.routes import personal_router
from services.gateway.prepaid.serving.routes import prepaid_router
from services.gateway.presenting.routes import presented_router
from services.gateway.webhooks.events import event_text
from services.gateway.webhooks.routes import webhook_router
from services.gateway.webhooks.signing import new_secret, signed_headers
from services.gateway.withdrawals.routes import withdrawal_router
from tests.unit.gateway.http.edge import client_of, keys, ready

NOTHING = cast(Any, None)
NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
PICTURES = ("image/png", "image/svg+xml", "application/pdf")


async def told(published: Published = Published()) -> dict[str, Any]:
    """The document of every route, with nothing behind them."""
    calls = Calls(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    routers = [
        *routers_of(calls),
        holding_router(calls, NOTHING),
        webhook_router(NOTHING, NOTHING),
        acquirer_router(NOTHING),
        presented_router(NOTHING, NOTHING, NOTHING),
        withdrawal_router(NOTHING),
        bill_router(NOTHING, NOTHING),
        prepaid_router(NOTHING),
        personal_router(NOTHING),
        escrow_router(calls, NOTHING),
    ]
    app = make_app(keys(), routers, ready, asyncio.Event(), published=published)
    async with client_of(app) as client:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


@pytest.fixture
async def document() -> dict[str, Any]:
    return await told()


def shown(document: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Of every body that is sent or answered: where, its schema, its example or None."""
    found = []
    for _, _, each in operations_of(document):
        name = each["operationId"]
        bodies = [("request", each.get("requestBody", {})), *sorted(each["responses"].items())]
        for where, body in bodies:
            for media, content in body.get("content", {}).items():
                if media not in PICTURES:
                    place = f"{name} {where} {media}"
                    found.append((place, content["schema"], content.get("example")))
    return found


def schemas_in(part: Any) -> list[dict[str, Any]]:
    """Every schema of a document that names a type."""
    if isinstance(part, list):
        return [found for each in part for found in schemas_in(each)]
    if not isinstance(part, dict):
        return []
    here = [part] if isinstance(part.get("type"), str) else []
    inner = (each for name, each in part.items() if name not in ("example", "examples"))
    return here + [found for each in inner for found in schemas_in(each)]


async def test_it_says_where_the_api_is_which_version_and_whom_to_ask() -> None:
    info = (await told())["info"]
    assert (info["version"], info["license"]["identifier"]) == ("1.0.0", "Apache-2.0")
    assert (await told())["servers"][0]["url"] == "/"
    there = await told(Published("https://api.example.com", "pay@example.com"))
    assert there["servers"][0]["url"] == "https://api.example.com"
    assert there["info"]["contact"]["email"] == "pay@example.com"
    page = await told(Published(contact="https://example.com/help"))
    assert page["info"]["contact"]["url"] == "https://example.com/help"


async def test_it_says_what_webhooks_hold(document: dict[str, Any]) -> None:
    told = document["webhooks"]["event"]["post"]
    body = told["requestBody"]["content"]["application/json"]
    assert jsonschema_rs.is_valid(body["schema"], body["example"])
    sent = json.loads(event_text("payment.completed", NOW, {"reference": "1"}))
    assert jsonschema_rs.is_valid(body["schema"], sent)
    headers = signed_headers("evt_1", "{}", [new_secret()], NOW)
    assert {each["name"] for each in told["parameters"]} <= set(headers)


async def test_every_operation_says_what_it_is(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    names = [each["operationId"] for _, _, each in operations_of(document)]
    assert len(set(names)) == len(names) > 50
    for path, method, each in operations_of(document):
        place = f"{method} {path}"
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+|pay", each["operationId"]), place
        assert each["x-rpc"].partition("/")[2].lower() == each["operationId"].lower()
        assert each["summary"], place
        assert each["description"].endswith("."), place
        assert len(each["tags"]) == 1, place
        assert set(each["tags"]) <= tags, place
        assert {"400", "401", "403", "429", "500", "503"} <= set(each["responses"]), place
        for parameter in each.get("parameters", ()):
            assert parameter["schema"], place
    assert all(tag["description"].endswith(".") for tag in document["tags"])


async def test_every_body_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    unfit = []
    for place, schema, example in shown(document):
        if example is None:
            unfit.append(f"{place}: no example")
        elif "event-stream" not in place:
            whole = {**schema, "components": document["components"]}
            checked = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            unfit += [f"{place}: {error.message}" for error in checked.iter_errors(example)]
    assert unfit == []


async def test_types_are_as_narrow_as_they_can_be_said(document: dict[str, Any]) -> None:
    for schema in schemas_in(document):
        if schema["type"] == "integer":
            assert schema["format"] in ("int32", "int64")
    for name, schema in document["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            options = said.get("anyOf", [said])
            if field.endswith("_time"):
                assert any(one.get("format") == "date-time" for one in options), (name, field)
            if field in ("state", "payment_state"):
                assert any("enum" in one or "$ref" in one for one in options), (name, field)
            if field in ("currency_code", "country_code"):
                assert any("pattern" in one or "enum" in one for one in options), (name, field)


async def test_what_is_always_told_is_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    answers = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _, _, each in operations_of(document)
        for status, answer in each["responses"].items()
        if status.startswith("2")
        for content in answer.get("content", {}).values()
        if "$ref" in content["schema"]
    }
    assert {"Payment", "Refund", "Order"} <= answers
    for name in answers:
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
