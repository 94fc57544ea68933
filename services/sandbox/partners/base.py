"""The frame of a simulator: its HTTP server, its calls under faults, its process.

A simulator gives routes for its own protocol and a `Work` per call; the frame does the work under
the faults in force. Its control API, with all faults, is described in control.py.

Environment: KAWASE_LISTEN (host:port), KAWASE_CLOCK (the sandbox's clock file), KAWASE_BOOKS (the
directory of the books; without it they are in memory).
"""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.clock import Clock, SharedClock, SystemClock
from services.sandbox.partners.books import Books
from services.sandbox.partners.control import Control
from services.sandbox.partners.days import Days, Line
from services.sandbox.partners.faults import OF_CALLS, Call, Fault, FaultBook, OwnFault, Strike
from services.sandbox.partners.notices import Notices

# How long a line without an answer stays open where the rule does not say.
SILENCE_SECONDS = 60.0
STOP_SECONDS = 1.0
MOST_LATE = 100_000
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
    frame_faults: ClassVar[frozenset[Fault]] = OF_CALLS
    """A partner that signs, states amounts or sends notices has more."""
    own_faults: ClassVar[Mapping[str, OwnFault]] = {}
    utc_hours: ClassVar[int] = 9
    """The local time in which its days end."""
    body_bytes: ClassVar[int] = 64 * 1024
    """The largest request it takes."""

    def __init__(self, clock: Clock, books: Books) -> None:
        self.clock = clock
        self.books = books
        self.faults = FaultBook(self.frame_faults, self.own_faults)
        self.notices = Notices(self.faults)
        self.days = Days(books, clock, self.utc_hours, self.lines, self.write_files)
        self._control = Control(self.faults, self.days, self.accepted)

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

    def forge(self, response: web.Response) -> web.Response:
        """The sealed answer with a signature that is not the partner's."""
        raise NotImplementedError

    def misstate(self, reply: Reply) -> Reply:
        """The reply with another amount; as it is where it states none."""
        raise NotImplementedError

    def suffer(self, fault: str, call: Call, work: Work) -> Reply:
        """What a fault of its own does, where that is not a mere refusal."""
        raise NotImplementedError

    def lines(self, _day: date) -> list[Line]:
        """The movements of one of its days, for its settlement file or statement."""
        return []

    def write_files(self, _day: date, _lines: list[Line]) -> Mapping[str, bytes]:
        """The files of a day, by name, as the real partner would write them."""
        return {}

    def now(self) -> datetime:
        return self.clock.now()

    async def serve(
        self, request: web.Request, call: Call, work: Work, late: Work | None = None
    ) -> web.StreamResponse:
        """Do `work` for `call` under the faults in force, and answer.

        `call` has `operation`, `id` (who asks again gives the same) and mostly `amount`. `late` is
        the work where it was held up and comes after whatever has happened since.
        """
        strike = self.faults.take(call)
        if strike is None:
            return self.seal(request, work())
        match strike.fault:
            case Fault.DELAY:
                await asyncio.sleep(strike.seconds)
                return self.seal(request, work())
            case Fault.ERROR_BEFORE_WORK:
                return _broken()
            case Fault.ERROR_AFTER_WORK:
                work()
                return _broken()
            case Fault.WRONG_SIGNATURE:
                return self.forge(self.seal(request, work()))
            case Fault.WRONG_AMOUNT:
                return self.seal(request, self.misstate(work()))
            case Fault.NO_ANSWER_BEFORE_WORK | Fault.NO_ANSWER_AFTER_WORK | Fault.LATE_WORK:
                return await self._be_silent(request, strike, work, late or work)
            case _ if strike.code or strike.fault == Fault.REJECT:
                return self.seal(request, self.rejection(strike.code))
            case _:
                return self.seal(request, self.suffer(strike.fault, call, work))

    async def _be_silent(
        self, request: web.Request, strike: Strike, work: Work, late: Work
    ) -> web.StreamResponse:
        """Give no answer: keep the line open for a while, then cut it."""
        if strike.fault == Fault.LATE_WORK:
            self._hold_up(late, strike.late_seconds)
        else:
            if strike.fault == Fault.NO_ANSWER_AFTER_WORK:
                work()
            await asyncio.sleep(strike.seconds or SILENCE_SECONDS)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=204)

    def _hold_up(self, work: Work, seconds: float | None) -> None:
        held = self._control.late
        if len(held) >= MOST_LATE:
            raise web.HTTPServiceUnavailable(text="Too much work is held up.")
        held.append(work)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._catch_up, work)

    def _catch_up(self, work: Work) -> None:
        if work in self._control.late:
            self._control.late.remove(work)
            work()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=self.body_bytes, middlewares=[_refuse_strangers])
        app.router.add_get("/health", self._health)
        app.router.add_routes(self._control.routes())
        app.router.add_routes(self.control_routes())
        app.router.add_routes(self.routes())
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        await self.notices.close()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"partner": self.name, "status": "serving"})


def _broken() -> web.Response:
    return web.json_response({"error": "internal"}, status=500)


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
