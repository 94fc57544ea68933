"""The API's document as a page: one HTML file without scripts; it loads nothing from anywhere."""

import json
from html import escape
from typing import Any

from services.gateway.http.openapi import operations_of

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "code,pre{font:13px/1.4 ui-monospace,monospace;background:#f3f4f6;border-radius:4px}"
    "code{padding:.1em .3em}pre{padding:.8em;overflow:auto;white-space:pre-wrap}"
    "h2{margin-top:2.5em;border-top:1px solid #ddd;padding-top:1em}"
    "td,th{text-align:left;vertical-align:top;padding:.2em 1em .2em 0}"
)
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def page(made: dict[str, Any]) -> str:
    """An OpenAPI document as a page for people."""
    info = made["info"]
    operations = list(operations_of(made))
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
            if "example" in each:
                parts.append(f"<h4>Request</h4><pre>{_pretty(each['example'])}</pre>")
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
