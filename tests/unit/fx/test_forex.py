"""forex-python against a real server, one that answers and one that never does."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from services.fx.domain import SourceFailed, day_start
from services.fx.sources import forex
from services.fx.sources.forex import ForexSource, read_answer
from tests.unit.fx.builders import NOON

Handler = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The base address of a server that answers by `handler`."""
    app = web.Application()
    app.router.add_get("/api/{day}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/api"
    finally:
        await runner.cleanup()


def source(url: str, call_seconds: int = 20) -> ForexSource:
    return ForexSource(url, timedelta(days=6), call_seconds)


async def test_rates_are_asked_for_the_clocks_day_and_read_exactly() -> None:
    asked: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request)
        text = '{"base": "EUR", "date": "2026-10-29", "rates": {"JPY": 175.680, "KRW": 1491.76}}'
        return web.Response(text=text, content_type="application/json")

    async with serving(handler) as url:
        rates = await source(url).fetch(NOON, ["JPY", "KRW"])

    assert asked[0].match_info["day"] == "2026-10-30"
    assert dict(asked[0].query) == {"base": "EUR", "rtype": "fpy"}
    assert rates.source == "forex-python"
    assert rates.source_time == day_start(date(2026, 10, 29))
    assert {name: str(rate) for name, rate in rates.per_euro.items()} == {
        "JPY": "175.680",
        "KRW": "1491.76",
        "EUR": "1",
    }


async def test_a_server_that_is_out_of_order_makes_the_source_fail() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=504)

    async with serving(handler) as url:
        with pytest.raises(SourceFailed, match="Currency Rates Source Not Ready"):
            await source(url).fetch(NOON, ["JPY"])


async def test_an_answer_that_is_no_json_makes_the_source_fail() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text="<html>for sale</html>")

    async with serving(handler) as url:
        with pytest.raises(SourceFailed, match="gave no rates"):
            await source(url).fetch(NOON, ["JPY"])


async def test_a_server_that_is_not_there_makes_the_source_fail() -> None:
    with pytest.raises(SourceFailed, match="Connection refused"):
        await source("http://127.0.0.1:9/").fetch(NOON, ["JPY"])


class Silence:
    """Takes calls and never answers; knows when it was called and when the caller hung up."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.called.set()
        with suppress(OSError):
            await reader.read()
        writer.close()
        self.left.set()


@asynccontextmanager
async def silent() -> AsyncIterator[tuple[Silence, str]]:
    """A server that never answers, and its address."""
    silence = Silence()
    server = await asyncio.start_server(silence.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield silence, f"http://127.0.0.1:{port}/"


async def test_a_server_that_never_answers_is_given_up_and_its_call_ended() -> None:
    async with silent() as (silence, url), asyncio.timeout(30):
        with pytest.raises(SourceFailed, match=f"did not answer in {forex.START_SECONDS + 1} s"):
            await source(url, call_seconds=1).fetch(NOON, ["JPY"])
        if silence.called.is_set():
            await silence.left.wait()


async def test_a_call_under_way_refuses_a_second_and_ends_when_fx_stops() -> None:
    async with silent() as (silence, url), asyncio.timeout(30):
        slow = source(url, call_seconds=25)
        first = asyncio.create_task(slow.fetch(NOON, ["JPY"]))
        await silence.called.wait()

        with pytest.raises(SourceFailed, match="under way"):
            await slow.fetch(NOON, ["JPY"])
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        await silence.left.wait()


async def test_a_call_ends_by_itself_when_fx_is_gone() -> None:
    async with silent() as (silence, url), asyncio.timeout(30):
        orphan = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "services.fx.sources.forex_call"),
            *(url, "2026-10-30", "2"),
        )
        returned = await orphan.wait()
        assert returned < 0
        if silence.called.is_set():
            await silence.left.wait()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"date": "", "rates": {}}, "cannot be read"),
        ({"rates": {}}, "cannot be read"),
        ({"date": "2026-10-30", "rates": {"JPY": "many"}}, "cannot be read"),
        ({"date": "2026-10-31", "rates": {"JPY": "175"}}, "answered for 2026-10-31"),
    ],
)
def test_an_answer_without_sense_makes_the_source_fail(
    answer: dict[str, object], problem: str
) -> None:
    with pytest.raises(SourceFailed, match=problem):
        read_answer(json.dumps(answer).encode(), date(2026, 10, 30))


def test_a_euro_is_one_euro_whatever_the_server_says() -> None:
    answer = json.dumps({"date": "2026-10-30", "rates": {"EUR": "2"}}).encode()

    assert read_answer(answer, date(2026, 10, 30)).per_euro == {"EUR": Decimal(1)}


async def test_an_answer_without_end_makes_the_source_fail() -> None:
    async def handler(_request: web.Request) -> web.Response:
        rates = {f"X{n}": 1 for n in range(1001)}
        return web.json_response({"date": "2026-10-30", "rates": rates})

    async with serving(handler) as url:
        with pytest.raises(SourceFailed, match="more than there are currencies"):
            await source(url).fetch(NOON, ["JPY"])
