"""Who calls a route: the one place where every operation finds its caller."""

import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from starlette.requests import Request

from services.gateway.access.gate import OK, Allowed, Credentials, Gate
from services.gateway.access.keys import Caller
from services.gateway.access.operations import OPERATIONS, method_named
from services.gateway.access.places import CallsAtOnceTooMany, Places
from services.gateway.access.proof.signatures import HttpRequest
from services.gateway.access.refusals import RateLimited, SignatureInvalid
from services.gateway.http.guard import at_end, say_header
from services.kit.http import RETRY_SECONDS

AUTHORIZATION = "authorization"
_ALLOWED = "kawase_allowed"
OBJECT_CHARACTERS = 100
_HOST_FORM = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


def caller_for(rpc: str) -> Callable[[Request], Awaitable[Caller]]:
    """The dependency of the operation `rpc`, by whose name its rights are kept.

    It runs before the body is looked at. Raises leaves of `Unauthenticated` and `Forbidden`, and
    `RateLimited`. What is audited is noted once the route has ended.
    """
    method = method_named(rpc)
    if OPERATIONS[method].four_eyes:
        raise ValueError(f"{rpc} may need a second person, and HTTP asks none: leave it to gRPC")

    async def caller(request: Request) -> Caller:
        return (await _let_in(request, method)).caller

    caller.__name__ = f"caller_for_{rpc}"
    return caller


async def note_end(request: Request, outcome: str = OK) -> None:
    """Write the end of a call down, where one was let in that is audited."""
    allowed: Allowed | None = getattr(request.state, _ALLOWED, None)
    if allowed is not None:
        gate: Gate = request.app.state.gate
        gate.note(allowed, await _object_of(request), outcome)


async def _let_in(request: Request, method: str) -> Allowed:
    gate: Gate = request.app.state.gate
    credentials = Credentials(
        request.headers.get(AUTHORIZATION, ""),
        request.client.host if request.client else "",
        request=await _as_it_came(request),
    )
    try:
        allowed = await gate.admit(method, credentials)
    except RateLimited as error:
        seconds = float(error.metadata["retry_after_seconds"])
        say_header(request, "retry-after", str(math.ceil(seconds)))
        _say_rate(request, error.headers)
        raise
    places: Places = request.app.state.places
    participant_id = allowed.participant.participant_id
    try:
        places.take(participant_id)
    except CallsAtOnceTooMany:
        say_header(request, "retry-after", RETRY_SECONDS)
        raise
    at_end(request, partial(places.give_back, participant_id))
    if allowed.is_audited:
        setattr(request.state, _ALLOWED, allowed)
    if allowed.rate is not None:
        _say_rate(request, allowed.rate.headers())
    return allowed


def _say_rate(request: Request, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        say_header(request, name.lower(), value)


async def _as_it_came(request: Request) -> HttpRequest:
    """The request as a signature covers it; its body only where there is a signature."""
    if not any(name.startswith(b"signature") for name, _ in request.scope["headers"]):
        return HttpRequest(request.method, "", ())
    scope = request.scope
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    target = (path + query).decode("latin-1")
    url = f"{scope['scheme']}://{_host_of(headers)}{target}"
    return HttpRequest(request.method, url, headers, await request.body())


def _host_of(headers: Sequence[tuple[str, str]]) -> str:
    """The authority that a signature is checked with. Raises `SignatureInvalid`: one with a path in
    it would make a URL of another target than the one that is called."""
    hosts = [value for name, value in headers if name == "host"]
    if len(hosts) != 1 or not _HOST_FORM.fullmatch(hosts[0]):
        raise SignatureInvalid("the Host field has to be there once, as a name and a port.")
    return hosts[0]


async def _object_of(request: Request) -> str:
    """What the call is about: an id of its path, else the first of its body."""
    for value in request.path_params.values():
        return str(value)[:OBJECT_CHARACTERS]
    try:
        told = json.loads(await request.body() or b"{}")
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    ids = [str(value) for name, value in told.items() if name.endswith("_id")]
    return ids[0][:OBJECT_CHARACTERS] if ids else ""
