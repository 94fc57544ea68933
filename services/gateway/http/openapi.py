"""What the API says of itself: its OpenAPI document, precise enough to make a client from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.gateway.http.answers import Problem
from services.gateway.webhooks.described import WEBHOOKS

VERSION = "1.0.0"
_DESCRIPTION = """\
JSON over HTTP for partner wallets and merchant acquirers: the same calls as over gRPC, where each
operation is the RPC that its `x-rpc` names.

* Every call carries `Authorization: Bearer KEY`. A participant sees only its own; another's id is
  answered as unknown.
* Ids are chosen by the caller and are the idempotency keys: the same id and content give the same
  answer, the same id with other content is a 409. `Idempotency-Key` stands in for an id that the
  body leaves out.
* Money is a whole number of minor units: ¥1,200 is `1200` of JPY, CN¥56.00 is `5600` of CNY.
  Times are RFC 3339, in UTC.
* Refusals are problems (RFC 9457): `reason` is for programs, `detail` for people.
* Lists are told a page at a time: `next_page_token`, and a `Link` to the next page.
* How many calls you have left is told by `RateLimit-Limit`, `RateLimit-Remaining` and
  `RateLimit-Reset`; past it, and while a part is away, `Retry-After` says when to come again.
* What happens is posted to your webhook endpoints, as `webhooks` of this document says.
* GETs have an `ETag`; `If-None-Match` answers 304. Answers carry `X-Request-Id`, the one you sent
  where you sent one.
"""

TAGS = {
    "Payments": "A scanned code is decoded, priced, paid and watched.",
    "Authorisations": "Money is held now, and captured or given free later.",
    "Presented payments": "A payer shows a code, and the shop's acquirer charges it.",
    "Refunds": "Money goes back to a payer, whole or in part.",
    "Top-ups": "Hosted wallets draw money from their users' bank accounts.",
    "Withdrawals": "Hosted wallets send money to their users' bank accounts.",
    "Bills": "Billers are found, and their bills paid by the reference printed on them.",
    "Prepaid orders": "Orders are paid before arrival and picked up with a code.",
    "Persons": "Persons are paid by codes of their own.",
    "Escrow": "What was paid is kept until its buyer has what was bought.",
    "Acquirers": "Shops, the codes they show, orders that are paid by them, and their payments.",
    "Webhooks": "What happens is sent to addresses of yours, signed, in order and again.",
}
# Ids in paths, as the examples of bodies have them.
PATH_EXAMPLES = {
    "payment_id": "order-1",
    "refund_id": "refund-1",
    "top_up_id": "top-up-1",
    "withdrawal_id": "withdrawal-1",
    "merchant_id": "shop-7",
    "order_id": "table-12",
    "reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "webhook_endpoint_id": "orders",
    "biller_id": "light",
    "offline_key_id": "phone-1",
}
_LARGEST_INT32 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Published:
    """Where the API is found, and whom to ask about it; empty where nothing was set."""

    url: str = ""
    contact: str = ""


def document(app: FastAPI, published: Published = Published()) -> dict[str, Any]:
    """The OpenAPI document of all routes of `app`."""
    contact = {"name": "The operator of this gateway"}
    if published.contact:
        contact["email" if "@" in published.contact else "url"] = published.contact
    made = get_openapi(
        title="kawase gateway",
        version=VERSION,
        description=_DESCRIPTION,
        routes=app.routes,
        contact=contact,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": published.url or "/", "description": "This gateway."}],
    )
    _add_components(made)
    used = {tag for _, _, operation in operations_of(made) for tag in operation.get("tags", ())}
    made["tags"] = [
        {"name": name, "description": told} for name, told in TAGS.items() if name in used
    ]
    for _, _, operation in operations_of(made):
        _complete(operation)
    for route in app.state.routes:
        _give_examples(route, made)
    _name_integers(made)
    made["webhooks"] = WEBHOOKS
    return made


def operations_of(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of each route of a document."""
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _add_components(made: dict[str, Any]) -> None:
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    # Only a malformed request has its parts told.
    problem["required"].remove("errors")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    components["securitySchemes"] = {
        "ApiKey": {"type": "http", "scheme": "bearer", "description": "Your API key."}
    }
    made["security"] = [{"ApiKey": []}]


def _complete(operation: dict[str, Any]) -> None:
    """What the framework leaves out or says of itself."""
    answers = operation["responses"]
    if "HTTPValidationError" in json.dumps(answers.get("422", "")):
        del answers["422"]
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in PATH_EXAMPLES:
            parameter.setdefault("example", PATH_EXAMPLES[parameter["name"]])
    for media in operation.get("requestBody", {}).get("content", {}).values():
        examples = media["schema"].pop("examples", None) or media.pop("examples", None)
        if examples:
            media["example"] = examples[0]


def _give_examples(route: APIRoute, made: dict[str, Any]) -> None:
    """The examples of answers as they were declared: the framework drops what is null in them."""
    for method in route.methods or ():
        answers = made["paths"][route.path_format][method.lower()]["responses"]
        for status, declared in route.responses.items():
            for media, content in declared.get("content", {}).items():
                if "example" in content:
                    answers[str(status)]["content"][media]["example"] = content["example"]


def _name_integers(part: Any) -> None:
    """Say of each integer how wide it is, for languages that have to know."""
    if isinstance(part, list):
        for each in part:
            _name_integers(each)
    elif isinstance(part, dict):
        if part.get("type") == "integer" and "format" not in part:
            small = part.get("maximum", _LARGEST_INT32 + 1) <= _LARGEST_INT32
            part["format"] = "int32" if small else "int64"
        for name, each in part.items():
            if name not in ("example", "examples", "default", "enum"):
                _name_integers(each)
