"""A bridge on a real Postgres in this process, beside simulators on free ports.

Commands are handed to its consumer and events are taken from its outbox as they are sent; that both
travel over Kafka is tested in test_over_kafka.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp.test_utils import TestServer

from services.bridge.callback import Callbacks, bind, serve, url_of
from services.bridge.consumer import CommandHandler
from services.bridge.directory import make_partners, moving
from services.bridge.disputes.worker import DisputeWorker
from services.bridge.guard.keeper import Keeper
from services.bridge.notices.endpoint import Notices
from services.bridge.notices.taking import NoticeBook
from services.bridge.notices.unsent import UnsentDeposits
from services.bridge.partner import Partner, Surroundings
from services.bridge.payouts.worker import PayoutWorker
from services.bridge.settings import Limits, PartnerConfig
from services.bridge.worker import Worker
from services.core.clock import Clock, ManualClock, SystemClock
from services.core.ids import Resource, new_reference, resource_id
from services.kit.kafka import Publisher, Record, Sealed, Topics
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.base import Simulator
from tests.parts import PAYEE_BOX

TODAY = datetime(2026, 10, 30, 3, 0, tzinfo=UTC)
# Past the expiry of every order of `start`.
LATER = timedelta(minutes=6)
# Of a machine that does much else: whatever a test waits for takes so much longer.
SLOWNESS = float(os.environ.get("KAWASE_TEST_SLOWNESS", "1"))
EVENT_SECONDS = 90.0 * SLOWNESS
LANE = 7


class Sent(Publisher):
    """What the bridge has sent, instead of Kafka."""

    def __init__(self) -> None:
        super().__init__(Topics("", "none", 1))
        self._messages: list[Sealed] = []
        self._more = asyncio.Condition()

    async def publish(self, messages: Sequence[Sealed]) -> None:
        async with self._more:
            self._messages += messages
            self._more.notify_all()

    async def take(self, topic: str, kind: str, key: str) -> Sealed:
        """The next message of this kind and key that nobody has taken yet; waits for it."""
        async with asyncio.timeout(EVENT_SECONDS), self._more:
            while True:
                for position, message in enumerate(self._messages):
                    if (message.topic, message.type, message.key) == (topic, kind, key):
                        return self._messages.pop(position)
                await self._more.wait()

    def kinds(self, key: str) -> list[str]:
        """The kinds of the messages of this key that nobody has taken."""
        return [message.type for message in self._messages if message.key == key]


@dataclass
class World:
    """The running bridge, and what its commander sees."""

    sent: Sent
    handler: CommandHandler
    worker: Worker
    units: Units
    partners: Mapping[str, Partner]
    clock: ManualClock
    callback_url: str
    keeper: Keeper
    disputes: DisputeWorker
    """Runs only when a test has it take what is due."""
    payouts: PayoutWorker
    deposits: UnsentDeposits
    """Looks only when a test has it look."""
    batches: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def command(self, resource: str, **body: Any) -> None:
        """Have the consumer handle one command."""
        await self.batch([pb.BridgeCommand(**body)], resource)

    async def batch(self, commands: Sequence[pb.BridgeCommand], key: str) -> None:
        """Have the consumer handle commands as one batch."""
        records = [record_of(command, key, number) for number, command in enumerate(commands)]
        # A consumer handles one batch after the other.
        async with self.batches:
            committed = await self.units.write(lambda c: self.handler.handle(c, records))
            self.handler.after_commit(committed.answer)

    async def event(self, kind: str, resource: str) -> pb.BridgeEvent:
        """The next event of this kind about `resource` that nobody has awaited yet."""
        message = await self.sent.take("bridge.event", kind, resource)
        return pb.BridgeEvent.FromString(message.payload)


def record_of(command: pb.BridgeCommand, key: str, offset: int = 0) -> Record:
    """The command as the consumer gets it."""
    return Record("bridge.command", 0, offset, key, "", "", command.SerializeToString())


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


def refund(resource: str, wish: str, minor: int, currency: str) -> pb.RefundCharge:
    """A refund of part of the charge that `start` named after `resource`."""
    command = pb.RefundCharge(refund_id=wish, charge_id=f"{resource}-charge", resource_id=wish)
    command.amount.minor_units = minor
    command.amount.currency_code = currency
    return command


def cancel(resource: str) -> pb.CancelCharge:
    """A cancel of the charge that `start` named after `resource`."""
    return pb.CancelCharge(charge_id=f"{resource}-charge", resource_id=resource)


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

    async def control(self, path: str, fields: dict[str, Any]) -> None:
        async with self.session.post(f"/_control/{path}", json=fields) as answer:
            assert answer.status == 200, await answer.text()

    async def books(self) -> dict[str, Any]:
        async with self.session.get("/_control/books") as answer:
            books: dict[str, Any] = json.loads(await answer.text())
            return books


@asynccontextmanager
async def bridge(
    dsn: str,
    configs: Sequence[PartnerConfig] = (),
    *,
    partners: Mapping[str, Partner] | None = None,
    machine: Clock | None = None,
    polls: bool = True,
    moves_files: bool = True,
) -> AsyncIterator[World]:
    """A running bridge with these partners. Without `polls` only `take_due` looks at the table;
    without `moves_files` partners do nothing by themselves."""
    pool = await open_pool(dsn, "bridge", 6)
    sent = Sent()
    sender = OutboxSender("bridge", pool, sent)
    units = Units(pool, sender)
    taken = bind("127.0.0.1:0")
    clock = ManualClock(TODAY)
    made = make_partners(configs, Surroundings(url_of(taken), clock, pool, PAYEE_BOX)) | dict(
        partners or {}
    )
    worker = Worker(units, made, clock, machine or SystemClock(), LANE)
    disputes = DisputeWorker(units, worker.desks, worker.moment, LANE)
    payouts = PayoutWorker(units, worker.desks, worker.moment, LANE, PAYEE_BOX)
    book = NoticeBook(units, worker, LANE, PAYEE_BOX, payouts.hear_notices)
    notices = Notices(made, book, clock, SystemClock())
    routes = [*Callbacks(units, made, worker).routes(), *notices.routes()]
    runner = await serve(routes, taken)
    handler = CommandHandler(worker, LANE, PAYEE_BOX)
    keeper = Keeper(units, worker.desks, clock, machine or SystemClock(), uuid4().hex)
    await keeper.refresh()
    parts = [asyncio.create_task(sender.run())]
    if polls:
        running = (worker.run(), keeper.run(), payouts.run())
        parts += [asyncio.create_task(part) for part in running]
        alone = moving(made) if moves_files else []
        parts += [asyncio.create_task(made[name].run()) for name in alone]
    try:
        yield World(
            sent,
            handler,
            worker,
            units,
            made,
            clock,
            url_of(taken),
            keeper,
            disputes,
            payouts,
            UnsentDeposits(made, book),
        )
    finally:
        for part in parts[1:]:
            part.cancel()
        for each in (worker, disputes, payouts):
            await each.drain()
        parts[0].cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await runner.cleanup()
        for partner in made.values():
            await partner.close()
        await pool.close()


def quick(**changes: Any) -> Limits:
    """Schedules that fit a test: pauses of milliseconds instead of seconds.

    The patience of a call is far from what a busy machine takes for one, all the same.
    """
    return Limits.model_validate(
        {
            "call_seconds": 1.5 * SLOWNESS,
            "lease_seconds": 10 * SLOWNESS,
            "inquire_every_seconds": 0.05,
            "inquiries": 3,
            "approval_every_seconds": 0.1,
            "late_checks_seconds": [0.1] * 50,
            **changes,
        }
    )
