"""The bridge's commands and events over a real Kafka."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from services.bridge.consumer import CommandHandler
from services.bridge.directory import make_partners
from services.bridge.guard.desk import Desk
from services.bridge.guard.keeper import Keeper
from services.bridge.partner import Surroundings
from services.bridge.settings import PartnerConfig
from services.bridge.worker import Worker
from services.core.clock import ManualClock, SystemClock
from services.gateway.availability import AvailabilityBoard
from services.kit.batch import BatchConsumer
from services.kit.kafka import GroupConsumer, Publisher, Record, Sealed, Tail, Topics
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.kakaopay_acquirer import SHOPS, KakaoPayAcquirer
from tests.conftest import Database
from tests.contract.house import LANE, TODAY, Simulated, new_resource, quick, simulated, start
from tests.parts import PAYEE_BOX, until
from tests.store.bridge.scripted import Scripted

CHARGES = 200
TAKE_SECONDS = 30.0


@pytest.fixture
async def kakaopay() -> AsyncIterator[Simulated]:
    async with simulated(KakaoPayAcquirer(ManualClock(TODAY), Books(None))) as simulator:
        yield simulator


async def test_charges_come_over_kafka_and_their_outcomes_go_there(
    database: Database, topics: Topics, kakaopay: Simulated
) -> None:
    unhurried = quick(call_seconds=10, lease_seconds=30)
    config = PartnerConfig(
        "kakaopay", "kakaopay_acquirer", kakaopay.url, SecretStr("key"), unhurried, {}
    )
    pool = await open_pool(database.dsn("bridge"), "bridge", 4)
    publisher = Publisher(topics)
    sender = OutboxSender("bridge", pool, publisher)
    units = Units(pool, sender)
    clock = ManualClock(TODAY)
    partners = make_partners([config], Surroundings("", clock))
    worker = Worker(units, partners, clock, SystemClock(), LANE)
    handler = CommandHandler(worker, LANE, PAYEE_BOX)
    group = GroupConsumer(topics, "bridge", ["bridge.command"])
    consumer = BatchConsumer("bridge", group, units, handler.handle, handler.after_commit)
    tail = Tail(topics, ["bridge.event"], from_beginning=True)
    await tail.start()
    parts = [asyncio.create_task(work) for work in (sender.run(), consumer.run(), worker.run())]
    resources = [new_resource() for _ in range(CHARGES)]
    try:
        await publisher.publish([_command(resource) for resource in resources])
        records = await _take(tail, CHARGES)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await group.stop()
        await worker.drain()
        await partners["kakaopay"].close()
        await tail.stop()
        await publisher.stop()
        await pool.close()
    assert sorted(record.key for record in records) == sorted(resources)
    assert {record.type for record in records} == {"ChargeAccepted"}
    stripes = {record.message_id.rpartition("/")[0] for record in records}
    assert stripes == {f"bridge/{LANE}"}


async def test_a_gateway_that_begins_later_reads_which_partners_are_closed(
    database: Database, topics: Topics
) -> None:
    pool = await open_pool(database.dsn("bridge"), "bridge", 4)
    publisher = Publisher(topics)
    await topics.ensure()
    await publisher.start()
    sender = OutboxSender("bridge", pool, publisher)
    machine = SystemClock()
    desks = {name: Desk(Scripted(name), machine) for name in ("one", "two")}
    keeper = Keeper(Units(pool, sender), desks, ManualClock(TODAY), machine, "process")
    board = AvailabilityBoard(topics, ManualClock(TODAY))
    parts = [asyncio.create_task(sender.run())]
    try:
        for available in (False, True):
            await keeper.set("one", available, "mika", "maintenance")
        await keeper.set("two", False, "mika", "maintenance")
        parts.append(asyncio.create_task(board.run()))
        await until(lambda: board.refusal("two") is not None)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await publisher.stop()
        await pool.close()
    assert board.refusal("one") is None


def _command(resource: str) -> Sealed:
    order = start(resource, "kakaopay", 18_900, "KRW", merchant_code=SHOPS[0].codes[0])
    payload = pb.BridgeCommand(start_charge=order).SerializeToString()
    return Sealed("bridge.command", resource, "StartCharge", payload, "")


async def _take(tail: Tail, count: int) -> list[Record]:
    records: list[Record] = []
    async with asyncio.timeout(TAKE_SECONDS):
        while len(records) < count:
            records += await tail.take(count)
    return records
