"""The frame of a simulator: its HTTP server, its faults, its control API, its process.

A simulator gives routes for its own protocol and a `Work` per call. The frame does the work under
the faults in force. The control API is on the same port under `/_control`, for loopback only:

    POST /_control/faults    a rule (see faults.py); DELETE forgets all rules
    POST /_control/late      do the work now that a rule has held up
    GET  /_control/books     what the partner has accepted: {"accepted": {id: minor units}, …}

Environment: KAWASE_LISTEN (host:port), KAWASE_CLOCK (the sandbox's clock file), KAWASE_BOOKS (the
directory of the books; without it they are in memory).
"""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.clock import Clock, SharedClock, SystemClock
from services.sandbox.partners.books import Books
from services.sandbox.partners.faults import Fault, FaultBook, FaultRule

BODY_BYTES = 64 * 1024
# How long a line without an answer stays open where the rule does not say.
SILENCE_SECONDS = 60.0
STOP_SECONDS = 1.0
_PROBLEMS = (ValueError, TypeError, KeyError)

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a simulator answers: a status and a JSON object."""

    fields: Fields
    status: int = 200


Work = Callable[[], Reply]


class SimulatorSettings(BaseSettings):
    """What a simulator reads from its environment."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    listen: str = "127.0.0.1:0"
    clock: Path | None = None
    books: Path | None = None


class Simulator:
    """A partner. Subclasses name themselves, give routes, and say what they have accepted."""

    name = ""

    def __init__(self, clock: Clock, books: Books) -> None:
        self.clock = clock
        self.books = books
        self.faults = FaultBook()
        self._late: list[Work] = []

    def routes(self) -> list[web.RouteDef]:
        """The partner's own protocol."""
        raise NotImplementedError

    def control_routes(self) -> list[web.RouteDef]:
        """What only this simulator can be told."""
        return []

    def accepted(self) -> Fields:
        """Its books for a comparison: maps from request ids to minor units."""
        raise NotImplementedError

    def rejection(self, code: str) -> Reply:
        """A refusal with the partner's own code."""
        raise NotImplementedError

    def seal(self, request: web.Request, reply: Reply) -> web.Response:
        """The reply on the wire; a partner that signs does it here."""
        return web.json_response(reply.fields, status=reply.status)

    def now(self) -> datetime:
        return self.clock.now()

    async def serve(
        self, request: web.Request, call: Mapping[str, Any], work: Work
    ) -> web.StreamResponse:
        """Do `work` for `call` under the faults in force, and answer."""
        rule = self.faults.take(call)
        if rule is None:
            return self.seal(request, work())
        match rule.fault:
            case Fault.DELAY:
                await asyncio.sleep(rule.delay_ms / 1000)
                return self.seal(request, work())
            case Fault.ERROR_500:
                return web.json_response({"error": "internal"}, status=500)
            case Fault.REJECT:
                return self.seal(request, self.rejection(rule.code))
            case Fault.NO_ANSWER_AFTER_WORK:
                work()
            case Fault.LATE_WORK:
                self._late.append(work)
        return await _stay_silent(request, rule)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[_refuse_strangers])
        app.router.add_get("/health", self._health)
        app.router.add_post("/_control/faults", self._add_fault)
        app.router.add_delete("/_control/faults", self._forget_faults)
        app.router.add_post("/_control/late", self._work_late)
        app.router.add_get("/_control/books", self._show_books)
        app.router.add_routes(self.control_routes())
        app.router.add_routes(self.routes())
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"partner": self.name, "status": "serving"})

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            self.faults.add(await request.json())
        except _PROBLEMS as error:
            return web.json_response({"error": f"no rule: {error}"}, status=400)
        return web.json_response({"rules": len(self.faults.rules)})

    async def _forget_faults(self, _request: web.Request) -> web.Response:
        self.faults.rules.clear()
        return web.json_response({"rules": 0})

    async def _work_late(self, _request: web.Request) -> web.Response:
        works, self._late = self._late, []
        for work in works:
            work()
        return web.json_response({"works": len(works)})

    async def _show_books(self, _request: web.Request) -> web.Response:
        return web.json_response(self.accepted())


@web.middleware
async def _refuse_strangers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The control API answers the own machine only."""
    if request.path.startswith("/_control") and not _is_near(request.remote):
        raise web.HTTPForbidden(text="The control API is for this machine only.")
    return await handler(request)


def _is_near(remote: str | None) -> bool:
    return remote is not None and ipaddress.ip_address(remote).is_loopback


async def _stay_silent(request: web.Request, rule: FaultRule) -> web.StreamResponse:
    """Give no answer: keep the line open for a while, then cut it."""
    if rule.fault in (Fault.NO_ANSWER_AFTER_WORK, Fault.NO_ANSWER_BEFORE_WORK):
        silence = rule.delay_ms / 1000 if rule.delay_ms else SILENCE_SECONDS
        await asyncio.sleep(silence)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=204)


async def read_fields(request: web.Request) -> Fields:
    """The request's JSON object. Answers 400 by itself where there is none."""
    with suppress(*_PROBLEMS):
        fields = json.loads(await request.read())
        if isinstance(fields, dict):
            return fields
    raise web.HTTPBadRequest(text="The body is no JSON object.")


def run_simulator(file_name: str, make: Callable[[Clock, Books], Simulator]) -> None:
    """Run a simulator as a process until it is told to stop; its books are in `file_name`."""
    settings = SimulatorSettings()
    clock = SystemClock() if settings.clock is None else SharedClock(settings.clock)
    books = Books(None if settings.books is None else settings.books / f"{file_name}.sqlite")
    simulator = make(clock, books)
    host, _, port = settings.listen.rpartition(":")
    web.run_app(
        simulator.application(),
        host=host,
        port=int(port),
        access_log=None,
        # A line that stays silent by a fault would otherwise hold the end up for a minute.
        shutdown_timeout=STOP_SECONDS,
        print=lambda *lines: print(simulator.name, "listens:", *lines, flush=True),  # noqa: T201
    )
