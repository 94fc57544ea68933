"""How a route is declared and run: one operation per RPC, its answers documented, its time bounded.

Whatever an operation raises is answered as a problem here, as `rpc.answers` does it for gRPC.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.access.operations import method_named
from services.gateway.http.calling import note_end
from services.gateway.http.headers import WAIT_MAXIMUM, etag_of, none_match
from services.kit.http import PROBLEM_TYPE, FieldProblem, Problem, problem_of

CALL_SECONDS = 30.0
FIELD_LIMIT = 20
JSON_TYPE = "application/json"

# What any operation may answer, and what those that read a body may.
COMMON = (400, 401, 403, 429, 500, 503)
WITH_BODY = (408, 413, 415)

_EXAMPLES: dict[int, tuple[str, Problem]] = {
    400: (
        "The request can never be right as it stands.",
        Problem(
            400,
            "REQUEST_MALFORMED",
            "The request is not as the API describes it: body.payer_id: Field required.",
            fields=[FieldProblem("body.payer_id", "Field required")],
        ),
    ),
    401: (
        "No key, or not a valid one.",
        Problem(
            401,
            "KEY_INVALID",
            "This API key is not valid: check it, or ask the operator for another.",
        ),
    ),
    403: (
        "Known, but not allowed.",
        Problem(
            403,
            "WALLET_REQUIRED",
            "This call needs the key of a wallet: payments are made by the payers' wallets.",
            {"participant_id": "edo"},
        ),
    ),
    404: (
        "No such thing, or not yours.",
        Problem(
            404,
            "PAYMENT_UNKNOWN",
            "There is no payment 'order-1' of yours: check the id, or create it first.",
            {"payment_id": "order-1"},
        ),
    ),
    408: (
        "The body did not arrive in time.",
        Problem(408, "BODY_TOO_SLOW", "The body did not arrive within 10 seconds; send it again."),
    ),
    409: (
        "The id is taken by other content, or somebody else changes it now.",
        Problem(
            409,
            "PAYMENT_EXISTS_WITH_DIFFERENT_CONTENT",
            "The payment order-1 exists with another payer, code or amount: use a fresh id for a "
            "new payment.",
            {"payment_id": "order-1"},
        ),
    ),
    413: (
        "The body is too large.",
        Problem(413, "BODY_TOO_LARGE", "The body is larger than 65536 bytes: send less."),
    ),
    415: (
        "The body is of another kind.",
        Problem(
            415,
            "BODY_NOT_JSON",
            "The body has to be JSON: say so by Content-Type: application/json.",
        ),
    ),
    422: (
        "A rule or the state of things says no.",
        Problem(
            422,
            "QUOTE_EXPIRED",
            "The quote of payment order-1 has expired: create a new payment.",
            {"payment_id": "order-1"},
        ),
    ),
    429: (
        "A limit says no; later the answer may be different.",
        Problem(
            429,
            "PAYER_DAY_LIMIT_REACHED",
            "The payer's limit for today leaves CNY 12.00: pay less, or tomorrow.",
            {"left_minor_units": "1200"},
        ),
    ),
    500: (
        "Something is wrong on our side.",
        Problem(500, "INTERNAL", "Something is wrong on our side; try again or ask the operator."),
    ),
    503: (
        "A part is away for the moment: ask again.",
        Problem(
            503,
            "CORRIDOR_UNAVAILABLE",
            "The partner takes no payments at the moment: try again later.",
            {"partner_id": "kakaopay"},
        ),
    ),
}
NOT_JSON = _EXAMPLES[415][1]
TOO_LONG = Problem(
    503,
    "CALL_TOO_LONG",
    "The answer took too long; what was asked may still happen: ask again with the same id.",
)


def operation_id(rpc: str) -> str:
    """What generated clients call an operation: `createPayment`."""
    return f"{rpc[0].lower()}{rpc[1:]}"


def declared(
    rpc: str,
    summary: str,
    told: type[BaseModel] | None,
    example: Mapping[str, Any] | None,
    *,
    status: int = 200,
    headers: Sequence[str] = (),
    refusals: Sequence[int] = (),
    also: Mapping[int, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The arguments of `add_api_route` for the operation of `rpc`.

    `refusals` are the statuses of its problems beside `COMMON`; `also` are answers beside the one
    of `status`, or the only ones where nothing is `told` as JSON.
    """
    answers: dict[int, Any] = dict(also or {})
    if told is not None and example is not None:
        answers[status] = also_told("As asked.", told, example) | {
            "headers": _headers(*headers, *_RATES)
        }
    answers |= {code: _problem_answer(code) for code in sorted({*COMMON, *refusals})}
    return {
        "name": rpc,
        "operation_id": operation_id(rpc),
        "openapi_extra": {"x-rpc": method_named(rpc)},
        "summary": summary,
        "response_model": told,
        "status_code": status,
        "responses": answers,
    }


def drawing(
    rpc: str, summary: str, media_types: Sequence[str], *, refusals: Sequence[int] = ()
) -> dict[str, Any]:
    """The same of an operation that answers with a picture, of one of these media types."""
    picture = {"schema": {"type": "string", "format": "binary"}}
    content = dict.fromkeys(media_types, picture)
    told = {200: {"description": "The picture.", "content": content}}
    told_apart = declared(rpc, summary, None, None, refusals=refusals, also=told)
    # The framework documents JSON beside it otherwise.
    return told_apart | {"response_class": Response}


def also_told(
    description: str, told: type[BaseModel], example: Mapping[str, Any]
) -> dict[str, Any]:
    """The documentation of one answer."""
    content = {JSON_TYPE: {"example": example}}
    return {"description": description, "model": told, "content": content}


def _problem_answer(status: int) -> dict[str, Any]:
    description, example = _EXAMPLES[status]
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {PROBLEM_TYPE: {"schema": schema, "example": example.members()}}
    headers = _headers(*_PROBLEM_HEADERS.get(status, ()))
    return {"description": description, "content": content, "headers": headers}


_HEADERS = {
    "X-Request-Id": "The id you sent, or one of ours: name it when you ask us about a call.",
    "ETag": "For If-None-Match.",
    "Link": "The page after this one (RFC 8288), where there is one.",
    "Location": "The path of what was made.",
    "WWW-Authenticate": "How to send a key.",
    "Retry-After": "Seconds after which to ask again.",
    "Preference-Applied": "The wait that was granted, where you asked for one.",
    "RateLimit-Limit": "How many calls of this class may come at once.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until all of them are left again.",
}
_RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_PROBLEM_HEADERS = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", *_RATES),
    503: ("Retry-After",),
}


def _headers(*names: str) -> dict[str, Any]:
    """The documentation of an answer's headers."""
    return {
        name: {"description": _HEADERS[name], "schema": {"type": "string"}}
        for name in ("X-Request-Id", *names)
    }


UNCHANGED: dict[int, Any] = {304: {"description": "You have it as it is."}}


class LimitedRoute(APIRoute):
    """A route whose call ends in time, with an answer or a problem."""

    seconds = CALL_SECONDS

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            limit = asyncio.timeout(self.seconds)
            try:
                async with limit:
                    told = await answer(request)
            except TimeoutError as error:
                problem = TOO_LONG if limit.expired() else problem_of(error)
            except Exception as error:
                problem = NOT_JSON if _is_of_another_kind(request, error) else edge_problem(error)
            else:
                await note_end(request)
                return told
            await note_end(request, problem.reason)
            return problem_answer(problem)

        return handle


def _is_of_another_kind(request: Request, error: Exception) -> bool:
    """Whether a body was not looked at because its sender says that it is no JSON, or nothing."""
    if not isinstance(error, RequestValidationError) or error.body in (None, b""):
        return False
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    return kind != JSON_TYPE and not kind.endswith("+json")


class WaitingRoute(LimitedRoute):
    """A route whose caller says how long it may wait."""

    seconds = WAIT_MAXIMUM + CALL_SECONDS


def edge_problem(error: Exception) -> Problem:
    """What is told of an error of ours or of the framework's."""
    if isinstance(error, RequestValidationError):
        return _malformed(error)
    if not isinstance(error, HTTPException):
        return problem_of(error)
    if error.status_code == 404:
        return Problem(404, "ROUTE_UNKNOWN", "There is nothing at this path: see /docs.")
    if error.status_code == 405:
        text = "This path does not take this method: the Allow header names those it takes."
        return Problem(405, "METHOD_NOT_ALLOWED", text, headers=dict(error.headers or {}))
    return Problem(400, "BODY_UNREADABLE", "The body is not JSON in UTF-8.")


def _malformed(error: RequestValidationError) -> Problem:
    fields = [
        FieldProblem(".".join(map(str, each["loc"]))[:200], str(each["msg"])[:300])
        for each in error.errors()[:FIELD_LIMIT]
    ]
    first = fields[0]
    return Problem(
        400,
        "REQUEST_MALFORMED",
        f"The request is not as the API describes it: {first.path}: {first.message}.",
        fields=fields,
    )


def problem_answer(problem: Problem) -> Response:
    """A problem as a response."""
    return Response(problem.body(), problem.status, dict(problem.headers), PROBLEM_TYPE)


def answered(
    told: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A model as a response."""
    return Response(told.model_dump_json().encode(), status, headers, JSON_TYPE)


def answered_tagged(
    told: BaseModel, if_none_match: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """A model as the response to a GET, with its ETag; 304 where the caller has it."""
    body = told.model_dump_json().encode()
    tagged = {"etag": etag_of(body), **(headers or {})}
    if none_match(if_none_match, tagged["etag"]):
        return Response(status_code=304, headers=tagged)
    return Response(body, 200, tagged, JSON_TYPE)
