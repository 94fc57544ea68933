"""A bridge on a real Postgres and Kafka in this process, beside simulators on free ports."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from services.bridge.callback import Callbacks, bind, serve, url_of
from services.bridge.consumer import CommandHandler
from services.bridge.directory import make_partners
from services.bridge.partner import Partner
from services.bridge.settings import Limits, PartnerConfig
from services.bridge.worker import Worker
from services.core.clock import ManualClock, SystemClock
from services.core.ids import Resource, new_reference, resource_id
from services.kit.batch import BatchConsumer
from services.kit.kafka import GroupConsumer, Publisher, Sealed, Tail, Topics
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.base import Simulator

TODAY = datetime(2026, 10, 30, 3, 0, tzinfo=UTC)
EVENT_SECONDS = 20.0


@dataclass
class World:
    """The running bridge, and what its commander sees."""

    publisher: Publisher
    tail: Tail
    worker: Worker
    units: Units
    partners: Mapping[str, Partner]
    clock: ManualClock
    events: list[pb.BridgeEvent] = field(default_factory=list)

    async def command(self, resource: str, **body: Any) -> None:
        command = pb.BridgeCommand(**body)
        kind = command.WhichOneof("body") or ""
        payload = command.SerializeToString()
        await self.publisher.publish([Sealed("bridge.command", resource, kind, payload, "")])

    async def event(self, kind: str, resource: str) -> pb.BridgeEvent:
        """The next event of this kind about `resource` that nobody has awaited yet."""
        async with asyncio.timeout(EVENT_SECONDS):
            while True:
                for position, event in enumerate(self.events):
                    if (event.WhichOneof("body"), event.resource_id) == (kind, resource):
                        return self.events.pop(position)
                records = await self.tail.take(100)
                self.events += [pb.BridgeEvent.FromString(record.value) for record in records]


def new_resource(kind: Resource = Resource.PAYMENT) -> str:
    return resource_id(kind, new_reference(TODAY))


def start(resource: str, partner_id: str, minor: int, currency: str, **more: Any) -> pb.StartCharge:
    """An order of a charge named after its resource."""
    command = pb.StartCharge(
        charge_id=f"{resource}-charge",
        resource_id=resource,
        kind=more.pop("kind", pb.CHARGE_KIND_DELIVER),
        partner_id=partner_id,
        description="Lunch",
        **more,
    )
    command.amount.minor_units = minor
    command.amount.currency_code = currency
    command.expire_time.FromDatetime(TODAY + timedelta(minutes=5))
    return command


@asynccontextmanager
async def simulated(simulator: Simulator) -> AsyncIterator["Simulated"]:
    """The simulator, served on a free port."""
    server = TestServer(simulator.application())
    await server.start_server()
    async with aiohttp.ClientSession(str(server.make_url("/"))) as session:
        yield Simulated(str(server.make_url("")), session, server)
    await server.close()


@dataclass
class Simulated:
    """A simulator as a test speaks to it."""

    url: str
    session: aiohttp.ClientSession
    server: TestServer

    async def stop(self) -> None:
        """Stop answering; the port is closed."""
        await self.server.close()

    async def fault(self, fault: str, times: int = 1, **rest: Any) -> None:
        rule = {"fault": fault, "times": times, "match": rest.pop("match", {}), **rest}
        async with self.session.post("/_control/faults", json=rule) as answer:
            assert answer.status == 200, await answer.text()

    async def books(self) -> dict[str, Any]:
        async with self.session.get("/_control/books") as answer:
            books: dict[str, Any] = json.loads(await answer.text())
            return books


@asynccontextmanager
async def bridge(
    dsn: str, topics: Topics, configs: Callable[[], list[PartnerConfig]]
) -> AsyncIterator[World]:
    """A running bridge with these partners."""
    pool = await open_pool(dsn, "bridge", 6)
    publisher = Publisher(topics)
    await publisher.start()
    tail = Tail(topics, ["bridge.event"], from_beginning=True)
    await tail.start()
    sender = OutboxSender("bridge", pool, publisher)
    units = Units(pool, sender)
    taken = bind("127.0.0.1:0")
    partners = make_partners(configs(), url_of(taken))
    clock = ManualClock(TODAY)
    worker = Worker(units, partners, clock, SystemClock(), 7)
    runner = await serve(Callbacks(units, partners, worker), taken)
    handler = CommandHandler(worker, 7)
    group = GroupConsumer(topics, "bridge", ["bridge.command"])
    consumer = BatchConsumer("bridge", group, units, handler.handle, handler.after_commit)
    parts = [asyncio.create_task(work) for work in (sender.run(), consumer.run(), worker.run())]
    try:
        yield World(publisher, tail, worker, units, partners, clock)
    finally:
        for part in parts[1:]:
            part.cancel()
        await asyncio.gather(*parts[1:], return_exceptions=True)
        # A consumer that was still joining has not left by itself.
        await group.stop()
        await worker.drain()
        parts[0].cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await runner.cleanup()
        for partner in partners.values():
            await partner.close()
        await tail.stop()
        await publisher.stop()
        await pool.close()


def quick(**changes: Any) -> Limits:
    """Schedules that fit a test: pauses of milliseconds instead of seconds."""
    return Limits.model_validate(
        {
            "call_seconds": 0.5,
            "lease_seconds": 5,
            "inquire_every_seconds": 0.05,
            "inquiries": 3,
            "approval_every_seconds": 0.1,
            "late_checks_seconds": [0.1, 0.5],
            **changes,
        }
    )
