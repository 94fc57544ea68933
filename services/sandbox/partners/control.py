"""The control API of every simulator: on its own port under `/_control`, for loopback only.

    POST   /_control/faults   add a rule:
           {"fault": "delay", "match": {"operation": "pay"}, "times": 1, "rate": 1, "seed": 7,
            "delay": {"distribution": "lognormal", "ms": 80, "sigma": 1}, "code": ""}
    GET    /_control/faults   the faults it has, the rules, how often which fault has struck
    DELETE /_control/faults   forget all rules, and faults at random
    POST   /_control/random   {"seed": 7, "rates": {"delay": 0.05, "no_answer_after_work": 0.02},
            "operations": [], "attempts": 0, "delay": {…}, "late": {…}, "silence_ms": 0,
            "named_by": "id"}
    DELETE /_control/random   end them
    POST   /_control/late     do the work now that rules have held up: {"works": n}
    GET    /_control/books    what it has accepted: {"accepted": {id: minor units}, …}
    POST   /_control/discrepancies  {"seed", "day", "counts": {"missing", "extra", "wrong_amount",
            "wrong_fee", "late_day"}}: to be planted when the day's file is written
    POST   /_control/day      {"day": "2026-10-30"}: write its file now: {"day", "files", "lines"}
    GET    /_control/file?name=…    a file as it was written, whole
    GET    /_control/planted  {"planted": [{"day", "kind", "id", "true", "shown", …}, …]}

A rule fits a call whose fields equal all of `match` (every simulator has `operation`, `id` and
`amount`); it is used up after `times` calls (0: never) and, below a `rate` of 1, passes calls by
`seed`. The first rule that fits is used. What no rule befalls is left to chance: each of `rates` is
the probability of a fault per call, decided by seed, operation, id and how often that call came, so
a run with the same ids repeats; with `named_by` "amount" the first amount that came with an id
stands for it, so a run with other ids and the same amounts does. `operations` (empty: all) and
`attempts` (the first n of each call; 0: all) bound it. A fault that does not fit an operation
leaves it as it is.

    delay                   the work is done and answered after a time drawn from `delay`
                            (fixed: ms; uniform: ms to to_ms; lognormal: median ms, sigma; all at
                            most most_ms), or after `delay_ms`
    no_answer_before_work   no answer, nothing done; the line is cut after the delay, or a minute
    no_answer_after_work    the work is done, and nobody is told
    late_work               no answer; the work is done at POST /_control/late or, at random, after
                            a time drawn from `late`, even where it was cancelled meanwhile
    error_before_work       status 500, nothing done
    error_after_work        status 500, and yet it is done
    reject                  a refusal with the partner's own `code`
    wrong_signature         the answer (or notice) is signed by somebody else
    wrong_amount            the answer states another amount than the books
    lost_notice, duplicate_notice, reordered_notice   befall the operation `notice`

and what the partner's own business has (`GET /_control/faults` lists all of a simulator), such as
unknown_code, user_locked, low_balance, name_mismatch, closed_hours, returned_transfer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aiohttp import web

from services.sandbox.partners.days import Days
from services.sandbox.partners.faults import FaultBook

_PROBLEMS = (ValueError, TypeError, KeyError)


@dataclass
class Control:
    """What may be told to a simulator, and asked of it."""

    faults: FaultBook
    days: Days
    accepted: Callable[[], dict[str, Any]]
    late: list[Callable[[], Any]] = field(default_factory=list)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/faults", self._add_fault),
            web.get("/_control/faults", self._show_faults),
            web.delete("/_control/faults", self._forget_faults),
            web.post("/_control/random", self._set_random),
            web.delete("/_control/random", self._end_random),
            web.post("/_control/late", self._work_late),
            web.get("/_control/books", self._show_books),
            web.post("/_control/discrepancies", self._plan),
            web.post("/_control/day", self._close_day),
            web.get("/_control/file", self._show_file),
            web.get("/_control/planted", self._show_planted),
        ]

    async def _add_fault(self, request: web.Request) -> web.Response:
        return await _try(request, self.faults.add, lambda: {"rules": len(self.faults.rules)})

    async def _show_faults(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "faults": self.faults.names(),
                "rules": [rule.model_dump() for rule in self.faults.rules],
                "struck": dict(self.faults.struck),
            }
        )

    async def _forget_faults(self, _request: web.Request) -> web.Response:
        self.faults.forget()
        return web.json_response({"rules": 0})

    async def _set_random(self, request: web.Request) -> web.Response:
        return await _try(request, self.faults.set_random, lambda: {"random": True})

    async def _end_random(self, _request: web.Request) -> web.Response:
        self.faults.set_random(None)
        return web.json_response({"random": False})

    async def _work_late(self, _request: web.Request) -> web.Response:
        works = self.late[:]
        self.late.clear()
        for work in works:
            work()
        return web.json_response({"works": len(works)})

    async def _show_books(self, _request: web.Request) -> web.Response:
        return web.json_response(self.accepted())

    async def _plan(self, request: web.Request) -> web.Response:
        return await _try(request, self.days.plan, lambda: {"planned": True})

    async def _close_day(self, request: web.Request) -> web.Response:
        try:
            day = date.fromisoformat((await request.json())["day"])
        except _PROBLEMS as error:
            return _refused(error)
        return web.json_response(self.days.close(day))

    async def _show_file(self, request: web.Request) -> web.Response:
        content = self.days.written(request.query.get("name", ""))
        if content is None:
            return web.json_response({"error": "no such file was written"}, status=404)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _show_planted(self, _request: web.Request) -> web.Response:
        return web.json_response({"planted": self.days.planted()})


async def _try(
    request: web.Request, do: Callable[[dict[str, Any]], Any], say: Callable[[], Any]
) -> web.Response:
    try:
        do(await request.json())
    except _PROBLEMS as error:
        return _refused(error)
    return web.json_response(say())


def _refused(error: Exception) -> web.Response:
    return web.json_response({"error": str(error)}, status=400)
