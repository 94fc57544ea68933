"""The edge behind a real socket: streams, and how it stops."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
import pytest

from services.kit.http import HttpServer
from tests.rpc.gateway.http.asking import Http, app_of, problem
from tests.rpc.gateway.payments_served import answered, keys_known
from tests.store.gateway.payments_world import PANDA, SAKURA, Gateway


async def lines_of(stream: httpx.Response) -> AsyncGenerator[str, None]:
    async for line in stream.aiter_lines():
        yield line


async def test_events_over_a_socket_end_with_the_payment_and_are_not_told_twice(
    gateway: Gateway,
) -> None:
    keys, closing = keys_known(gateway), asyncio.Event()
    server = HttpServer(app_of(gateway, closing), "127.0.0.1:0", closing)
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        http = Http(client, keys)
        await http.create()
        path = "/v1/payments/p1/events"
        seen = []
        async with client.stream("GET", path, headers=http.credentials(PANDA)) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            async with answered(gateway), aclosing(lines_of(stream)) as lines:
                confirming = asyncio.create_task(http.confirm())
                async for line in lines:
                    if line.startswith("id: "):
                        seen.append(line.removeprefix("id: "))
                await confirming
        states = [each.partition(".")[0] for each in seen]
        assert (states[0], states[-1]) == ("quoted", "completed")
        again = {"Last-Event-ID": seen[-1]}
        assert (await http.ask("GET", path, headers=again)).status_code == 204
        assert problem(await http.ask("GET", path, SAKURA)) == (404, "PAYMENT_UNKNOWN")
    await server.stop()


async def test_a_server_that_stops_ends_its_streams_and_answers_running_calls(
    gateway: Gateway,
) -> None:
    keys, closing = keys_known(gateway), asyncio.Event()
    server = HttpServer(app_of(gateway, closing), "127.0.0.1:0", closing)
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        http = Http(client, keys)
        await http.create()
        headers = http.credentials(PANDA)
        path = "/v1/payments/p1/events"
        async with (
            client.stream("GET", path, headers=headers) as stream,
            aclosing(lines_of(stream)) as lines,
        ):
            assert await anext(lines) == "retry: 1000"
            async with asyncio.timeout(4):
                await server.stop()
            rest = [line async for line in lines]
        assert any(line.startswith("event: payment") for line in rest)
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")
    assert gateway.waiters.waiting() == []


async def test_an_answer_s_body_does_not_wait_for_its_head_to_be_acknowledged(
    gateway: Gateway,
) -> None:
    server = HttpServer(app_of(gateway, closing := asyncio.Event()), "127.0.0.1:0", closing)
    await server.start()
    loop, times = asyncio.get_running_loop(), []
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        for _ in range(40):
            began = loop.time()
            await client.get("/healthz")
            times.append(loop.time() - began)
    await server.stop()
    # A connection's first answers are acknowledged at once, all others after 40 ms.
    assert min(times[20:]) < 0.03
