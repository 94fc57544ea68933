"""What the API says of itself: its OpenAPI document, and the same as a page.

The page is one HTML file without scripts: it loads nothing from anywhere.
"""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.gateway.http.answers import Problem

_DESCRIPTION = """\
JSON over HTTP for partner wallets and merchant acquirers; the same calls as gRPC's
`kawase.gateway.v1.GatewayService`.

* Every call carries `Authorization: Bearer KEY`. A participant sees only its own; another's id is
  answered as unknown.
* Ids are chosen by the caller and are the idempotency keys: the same id and content give the same
  answer, the same id with other content is a 409. `Idempotency-Key` stands in for an id that the
  body leaves out.
* Money is a whole number of minor units: ¥1,200 is `1200` of JPY, CN¥56.00 is `5600` of CNY.
  Times are RFC 3339, in UTC.
* Refusals are problems (RFC 9457): `reason` is for programs, `detail` for people.
* GETs have an `ETag`; `If-None-Match` answers 304. Answers carry `X-Request-Id`, the one you sent
  where you sent one.
"""
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "code,pre{font:13px/1.4 ui-monospace,monospace;background:#f3f4f6;border-radius:4px}"
    "code{padding:.1em .3em}pre{padding:.8em;overflow:auto;white-space:pre-wrap}"
    "h2{margin-top:2.5em;border-top:1px solid #ddd;padding-top:1em}"
    "td,th{text-align:left;vertical-align:top;padding:.2em 1em .2em 0}"
)
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of all routes of `app`."""
    made = get_openapi(
        title="kawase gateway", version="1", description=_DESCRIPTION, routes=app.routes
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"ApiKey": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"ApiKey": []}]
    for _, _, operation in _operations(made):
        answers = operation["responses"]
        if "HTTPValidationError" in json.dumps(answers.get("422", "")):
            del answers["422"]
    return made


def _operations(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def page(made: dict[str, Any]) -> str:
    """An OpenAPI document as a page for people."""
    info = made["info"]
    operations = list(_operations(made))
    contents = "".join(
        f'<li><a href="#{escape(each["operationId"])}"><code>{method.upper()} {escape(path)}'
        f"</code></a> {escape(each['summary'])}</li>"
        for path, method, each in operations
    )
    parts = "".join(_operation(path, method, each) for path, method, each in operations)
    schemas = json.dumps(made["components"]["schemas"], indent=1, ensure_ascii=False)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}'
        f"</title><style>{_STYLE}</style><h1>{escape(info['title'])}</h1>"
        f"<pre>{escape(info['description'])}</pre>"
        f'<p><a href="openapi.json">openapi.json</a></p><ul>{contents}</ul>{parts}'
        f'<h2 id="schemas">Schemas</h2><pre>{escape(schemas)}</pre></html>'
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    name = escape(operation["operationId"])
    parts = [
        f'<h2 id="{name}">{escape(operation["summary"])}</h2>'
        f"<p><code>{method.upper()} {escape(path)}</code> ({name})</p>"
        f"<p>{escape(operation.get('description', ''))}</p>"
    ]
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{escape(each['name'])}</code><td>{escape(each['in'])}"
            f"<td>{escape(each.get('description', ''))}"
            for each in parameters
        )
        parts.append(f"<table><tr><th>parameter<th>in<th>what{rows}</table>")
    if body := operation.get("requestBody"):
        for each in body["content"].values():
            for example in each["schema"].get("examples", each.get("examples", [])):
                parts.append(f"<h4>Request</h4><pre>{_pretty(example)}</pre>")
    for status, answer in operation["responses"].items():
        parts.append(f"<h4>{escape(status)} {escape(answer['description'])}</h4>")
        for media, each in answer.get("content", {}).items():
            if "example" in each:
                parts.append(f"<pre>{escape(media)}\n{_pretty(each['example'])}</pre>")
    return "".join(parts)


def _pretty(example: Any) -> str:
    if isinstance(example, str):
        return escape(example)
    return escape(json.dumps(example, indent=1, ensure_ascii=False))
