"""A partner's report files over HTTP, where the real one has SFTP: a folder per day.

`GET <prefix>/<YYYYMMDD>/` lists the files of a day that is over, as `{"files": […]}`, and
`GET <prefix>/<YYYYMMDD>/<name>` is one of them.
"""

from collections.abc import Awaitable, Callable
from datetime import date

from aiohttp import web

from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.base import Reply, Simulator

Check = Callable[[web.Request], Awaitable[object]]
"""Refuses a request of a stranger by raising."""


class ReportFiles:
    """The files of one partner."""

    def __init__(self, simulator: Simulator, report: Report, prefix: str, check: Check) -> None:
        self._simulator = simulator
        self._report = report
        self._prefix = prefix
        self._check = check

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{self._prefix}/{{day}}/", self._list),
            web.get(f"{self._prefix}/{{day}}/{{name}}", self._file),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        await self._check(request)
        day = _day(request)
        days = self._simulator.days
        names = self._report.files(day, [])
        found = [name.rpartition("/")[2] for name in names if days.read(day, name) is not None]
        call = {"operation": "files", "id": day.isoformat()}
        return await self._simulator.serve(request, call, lambda: Reply({"files": found}))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        await self._check(request)
        day = _day(request)
        name = f"{self._report.folder(day)}/{request.match_info['name']}"
        content = self._simulator.days.read(day, name)
        if content is None:
            raise web.HTTPNotFound(text="No such file.")
        return web.Response(body=content, content_type="text/csv", charset="utf-8")


def _day(request: web.Request) -> date:
    try:
        return date.fromisoformat(request.match_info["day"])
    except ValueError as error:
        raise web.HTTPNotFound(text="No such day.") from error
