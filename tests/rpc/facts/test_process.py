"""settlement and reconciliation as processes: all facts are copied, with Kafka or without."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from services.kit.kafka import Topics
from services.kit.rpc import open_channel
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2 as reconciliation
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2_grpc
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from tests.conftest import Database
from tests.parts import SEAL
from tests.store.facts.parts import STRIPE, serving_owners

STUBS: dict[str, tuple[Any, Any]] = {
    "settlement": (
        settlement_service_pb2_grpc.SettlementServiceStub,
        settlement.GetProgressRequest,
    ),
    "reconciliation": (
        reconciliation_service_pb2_grpc.ReconciliationServiceStub,
        reconciliation.GetProgressRequest,
    ),
}


@asynccontextmanager
async def running(
    service: str, database: Database, topics: Topics, owners: str
) -> AsyncIterator[tuple[grpc.aio.Channel, asyncio.subprocess.Process]]:
    """The process, and a channel to it."""
    settings = {
        "KAWASE_POSTGRES": database.dsn(service),
        "KAWASE_KAFKA": topics.bootstrap,
        "KAWASE_TOPIC_PREFIX": topics.prefix,
        "KAWASE_WALLET_ADDRESS": owners,
        "KAWASE_BRIDGE_ADDRESS": owners,
        "KAWASE_GATEWAY_ADDRESS": owners,
        "KAWASE_RECONCILIATION_ADDRESS": owners,
        "KAWASE_SETTLEMENT_ADDRESS": owners,
        "KAWASE_OPERATOR_KEY": "an-operator-of-tests-alone",
        "KAWASE_PAYEE_KEY": SEAL,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", f"services.{service}"),
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with open_channel(await listening_address(process)) as channel:
            yield channel, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def listening_address(process: asyncio.subprocess.Process) -> str:
    """Where its log says that it listens."""
    assert process.stdout is not None
    async for line in process.stdout:
        entry = json.loads(line)
        if entry["event"] == "rpc_listening":
            return str(entry["address"])
    raise AssertionError("the process ended before it listened")


async def until_copied(service: str, channel: grpc.aio.Channel, wanted: dict[str, int]) -> Any:
    """Ask for progress until each topic has as many facts as wanted."""
    make_stub, make_request = STUBS[service]
    stub = make_stub(channel)
    while True:
        answer = await stub.GetProgress(make_request(), timeout=30)
        copied = {one.topic: one.fact_count for one in answer.sources if one.topic in wanted}
        if copied == wanted:
            return answer
        await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("service", sorted(STUBS))
async def test_facts_of_all_owners_are_copied_from_kafka_and_from_before_it(
    database: Database, topics: Topics, service: str
) -> None:
    nowhere = Topics(topics.bootstrap, f"{topics.prefix}.wiped", partitions=1)
    await nowhere.ensure()
    async with asyncio.timeout(90):
        async with serving_owners(database, nowhere) as (wallet, bridge, gateway, address):
            await wallet.write(*["wallet.event"] * 3)
            await bridge.write(*["bridge.event"] * 2)
            await gateway.write("payment.event", "wallet.command", "payment.event")
            async with running(service, database, topics, address) as (channel, process):
                wanted = {"wallet.event": 3, "bridge.event": 2, "payment.event": 2}
                await until_copied(service, channel, wanted)
                async with serving_owners(database, topics) as (now_wallet, _, now_gateway, _):
                    await now_wallet.write(*["wallet.event"] * 2)
                    await now_gateway.write("wallet.command", "payment.event")
                wanted = {"wallet.event": 5, "bridge.event": 2, "payment.event": 3}
                answer = await until_copied(service, channel, wanted)
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0

    assert {one.topic: one.sequences[STRIPE] for one in answer.sources}["wallet.event"] == 5
    assert gateway.keys == {"Bearer an-operator-of-tests-alone"}
    assert wallet.keys == {""}
