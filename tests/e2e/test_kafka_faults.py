"""Kafka goes away, and Kafka forgets everything: no payment and no fact is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest
import pytest_asyncio

from services.core.errors import KawaseError
from services.core.money import Money
from services.kit.rpc import call, open_channel
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement_pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc as settlement_stubs
from services.pb.kawase.wallet.v1 import wallet_service_pb2
from services.sandbox.demo.codes import SEOUL_SHOP
from tests.e2e.houses import Lived, living, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]
OUTAGE_SECONDS = 20.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with living(tmp_path_factory.mktemp("house")) as running:
        yield running


async def pay(lived: Lived, payment_id: str) -> None:
    """Pay, whatever becomes of the answer; the payment is to complete by itself."""
    app = lived.stage.panda
    await app.create(payment_id, "li-na", SEOUL_SHOP, Money(5_000, "KRW"))
    with suppress(KawaseError):
        await app.confirm(payment_id)


async def is_completed(lived: Lived, payment_id: str) -> bool:
    found = await lived.stage.panda.get(payment_id)
    completed = found.payment.state == payment_pb2.PAYMENT_STATE_COMPLETED
    return completed and found.moves[-1].step == "done"


async def test_payments_confirmed_while_kafka_is_away_complete_when_it_is_back(
    lived: Lived,
) -> None:
    await lived.house.supervisor.kill("kafka")
    paying = [asyncio.create_task(pay(lived, f"away-{number}")) for number in range(5)]
    await asyncio.sleep(OUTAGE_SECONDS)
    await lived.house.supervisor.restart("kafka")
    await asyncio.gather(*paying)

    for number in range(5):
        await until(lambda number=number: is_completed(lived, f"away-{number}"))  # type: ignore[misc]


async def test_a_wiped_kafka_loses_no_payment_and_no_fact(lived: Lived) -> None:
    await pay(lived, "before-wipe")
    await until(lambda: is_completed(lived, "before-wipe"))
    kafka = lived.house.stack.kafka
    assert kafka is not None
    await lived.house.supervisor.kill("kafka")
    kafka.wipe()
    paying = asyncio.create_task(pay(lived, "during-wipe"))
    await lived.house.supervisor.restart("kafka")
    await paying
    await pay(lived, "after-wipe")

    for payment_id in ("during-wipe", "after-wipe"):
        await until(lambda payment_id=payment_id: is_completed(lived, payment_id))  # type: ignore[misc]
    await until(lambda: settlement_has_every_fact(lived))
    books = await call(
        lived.stage.ledger.CheckBooks(wallet_service_pb2.CheckBooksRequest(), timeout=30)
    )
    assert books.balanced


async def settlement_has_every_fact(lived: Lived) -> bool:
    """Whether settlement's copy has as many facts as their owners have written."""
    endpoints = lived.house.endpoints
    async with open_channel(endpoints.processes["settlement"]) as channel:
        stub = settlement_stubs.SettlementServiceStub(channel)
        progress = await call(stub.GetProgress(settlement_pb.GetProgressRequest(), timeout=10))
    copied = {source.topic: source.fact_count for source in progress.sources}
    connection = await asyncpg.connect(endpoints.postgres)
    try:
        written = {
            topic: await connection.fetchval(
                f"SELECT count(*) FROM {topic.split('.')[0].replace('payment', 'gateway')}.outbox"
                " WHERE topic = $1",
                topic,
            )
            for topic in copied
        }
    finally:
        await connection.close()
    return copied == written
