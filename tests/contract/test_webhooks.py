"""Webhooks to real receivers: nothing is lost, order is kept, and nothing leads inside."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from services.core.clock import ManualClock, SystemClock
from services.gateway.webhooks.addresses import (
    AddressRules,
    WebhookAddressRefused,
    WebhookUrlRefused,
)
from services.gateway.webhooks.model import State
from services.gateway.webhooks.schedule import Ending
from services.gateway.webhooks.sending import ANSWER_BYTES, Names, Sender
from services.gateway.webhooks.worker import ENDPOINT_LIMIT, Worker
from services.kit.postgres import open_pool
from tests.conftest import Database
from tests.contract.webhook_receivers import Receiver, receiving
from tests.store.gateway.payments_world import NOW, SAKURA
from tests.store.gateway.webhook_world import World, opened

INSIDE = AddressRules(inside=True)
PATIENCE_SECONDS = 0.3


@dataclass
class House:
    """A gateway that sends in earnest, to one receiver that may fail and one that does not."""

    world: World
    weak: Receiver
    sound: Receiver
    secret: str

    async def send_until(self, end: datetime) -> None:
        """Send what is due, again and again, until the clock has reached `end`."""
        clock = self.world.clock
        while True:
            while await self.world.worker.step():
                await self.world.worker.idle()
            due = [
                one.next_attempt_time
                for one in await self.world.deliveries()
                if one.next_attempt_time is not None
            ]
            following = min(due, default=end)
            if following >= end:
                return clock.set(max(clock.now(), end))
            # What is due and not sent waits for its turn, or the whole endpoint rests.
            clock.set(max(clock.now() + timedelta(minutes=1), following))


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    pool: asyncpg.Pool = await open_pool(database.dsn("gateway"), "gateway", 4)
    async with (
        receiving() as weak,
        receiving() as sound,
        opened(pool, ManualClock(NOW)) as world,
    ):
        sender = Sender(INSIDE, world.names, 16, PATIENCE_SECONDS)
        world.worker = Worker(world.units, world.clock, SystemClock(), sender, world.box)
        secret = await world.endpoint(url=weak.url)
        await weak.know(secret)
        await sound.know(await world.endpoint(url=sound.url, by=SAKURA))
        yield House(world, weak, sound, secret)
        await sender.close()
    await pool.close()


async def test_nothing_is_lost_and_order_is_kept_whatever_a_receiver_does(house: House) -> None:
    world, weak = house.world, house.weak
    hour = timedelta(hours=1)
    for mode, more in (
        ("down", {}),
        ("slow", {"seconds": 30}),
        ("status", {"status": 500}),
        ("redirect", {"to": house.sound.url}),
        ("status", {"status": 503, "headers": {"Retry-After": "600"}}),
        ("well", {}),
    ):
        await weak.become(mode, **more)
        for _ in range(3):
            await world.pay("asked", "completed")
        await house.send_until(world.clock.now() + hour)
    await house.send_until(world.clock.now() + timedelta(days=3))

    deliveries = await world.deliveries()
    assert {one.state for one in deliveries} == {State.DELIVERED}
    came = [one for one in await weak.received() if one["answered"] == 204]
    for one in came:
        assert one["verified"]
        Webhook(house.secret).verify(one["body"], one["headers"])
    firsts = list(dict.fromkeys(one["id"] for one in came))
    assert sorted(firsts) == sorted(one.event_id for one in deliveries)
    by_payment: dict[str, list[str]] = {}
    told = {one["id"]: json.loads(one["body"]) for one in came}
    for event_id in firsts:
        event = told[event_id]
        by_payment.setdefault(event["data"]["reference"], []).append(event["type"])
    assert len(by_payment) == 18
    assert {tuple(types) for types in by_payment.values()} == {
        ("payment.action_required", "payment.completed")
    }
    assert await house.sound.received() == []
    outcomes = {
        attempt.outcome
        for one in deliveries
        for attempt in (await world.webhooks.delivery("panda", one.delivery_id))[2]
    }
    assert outcomes == {
        Ending.NOT_CONNECTED, Ending.TIMED_OUT, Ending.REFUSED_STATUS, Ending.REDIRECTED,
        Ending.DELIVERED,
    }  # fmt: skip


async def test_a_receiver_that_is_slow_slows_no_other(house: House) -> None:
    world = house.world
    await house.weak.become("slow", seconds=30)
    for _ in range(20):
        await world.pay("completed")
        await world.pay("completed", by=SAKURA)
    working = asyncio.create_task(world.worker.run())

    async with asyncio.timeout(20):
        while {one.state for one in await world.deliveries(SAKURA)} != {State.DELIVERED}:
            await house.sound.received()

    assert State.DELIVERED not in await world.states()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


@dataclass
class Served:
    """A server in this process that answers as told."""

    port: int
    asked: list[str]
    answer: Any


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    state = Served(0, [], None)

    async def receive(request: web.Request) -> web.StreamResponse:
        state.asked.append(request.path)
        response: web.StreamResponse = await state.answer(request)
        return response

    app = web.Application()
    app.router.add_post("/{path:.*}", receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    state.port = runner.addresses[0][1]
    yield state
    await runner.cleanup()


async def test_of_a_long_answer_only_the_beginning_is_read(served: Served) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x00x" * (1 << 20))

    served.answer = answer
    names = Names(INSIDE)
    sender = Sender(INSIDE, names, 4)

    outcome = await sender.send(f"http://127.0.0.1:{served.port}/", "{}", {}, datetime.now(UTC))

    assert (outcome.ending, len(outcome.answer)) == (Ending.DELIVERED, ANSWER_BYTES)
    assert "\x00" not in outcome.answer
    await sender.close()
    await names.close()


async def test_an_answer_without_end_is_cut_off(served: Served) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    served.answer = answer
    names = Names(INSIDE)
    sender = Sender(INSIDE, names, 4, total_seconds=0.5)

    outcome = await sender.send(f"http://127.0.0.1:{served.port}/", "{}", {}, datetime.now(UTC))

    assert outcome.ending is Ending.DELIVERED
    await sender.close()
    await names.close()


async def test_a_name_that_turns_inside_after_it_was_registered_is_not_called(
    served: Served,
) -> None:
    addresses = iter(["8.8.8.8", "127.0.0.1"])

    def lookup(_host: str, port: int, *_more: object) -> list[tuple[Any, ...]]:
        place = (next(addresses), port)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]

    rules = AddressRules(ports=frozenset({served.port}))
    names = Names(rules, lookup)
    sender = Sender(rules, names, 4)
    url = f"https://hooks.example.com:{served.port}/"

    await names.check(url)
    outcome = await sender.send(url, "{}", {}, datetime.now(UTC))

    assert outcome.ending is Ending.ADDRESS_REFUSED
    assert served.asked == []
    await sender.close()
    await names.close()


async def test_a_name_that_does_not_resolve_keeps_no_other_waiting() -> None:
    answered = threading.Event()

    def lookup(host: str, port: int, *_more: object) -> list[tuple[Any, ...]]:
        if host.startswith("slow"):
            answered.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("8.8.8.8", port))]

    names = Names(AddressRules(), lookup)
    checks = [names.check(f"https://slow-{number}.example.com/") for number in range(20)]
    sendings = [names.resolve(f"slow-{n % 4}.example.com", 443) for n in range(ENDPOINT_LIMIT * 4)]
    waiting = [asyncio.ensure_future(one) for one in (*checks, *sendings)]
    await asyncio.wait(waiting, timeout=0.1)

    (found,) = await names.resolve("hooks.example.com", 443)

    assert found["host"] == "8.8.8.8"
    assert not any(task.done() for task in waiting)
    answered.set()
    await asyncio.gather(*waiting)
    await names.close()


async def test_a_name_with_one_address_inside_is_refused_whole() -> None:
    def lookup(_host: str, port: int, *_more: object) -> list[tuple[Any, ...]]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
            for address in ("8.8.8.8", "10.0.0.1")
        ]

    names = Names(AddressRules(), lookup)

    with pytest.raises(WebhookUrlRefused):
        await names.check("https://hooks.example.com/")
    await names.close()


@pytest.mark.parametrize(
    "host", ["localhost", "0x7f.1", "0x7f000001", "2130706433", "127.1", "127.0.0.1.", "[::1]"]
)
async def test_no_way_of_writing_this_machine_is_called(served: Served, host: str) -> None:
    rules = AddressRules(ports=frozenset({served.port}))
    names = Names(rules)
    sender = Sender(rules, names, 4)
    url = f"https://{host}:{served.port}/"

    with pytest.raises((WebhookUrlRefused, WebhookAddressRefused)):
        await names.check(url)
    outcome = await sender.send(url, "{}", {}, datetime.now(UTC))

    assert outcome.ending is Ending.ADDRESS_REFUSED
    await sender.close()
    await names.close()
