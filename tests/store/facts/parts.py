"""An owner of facts over real gRPC, and a copy of them on real Postgres."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import asyncpg

from services.core.errors import Unavailable
from services.kit.facts.keeper import Fetcher, handle
from services.kit.facts.owners import wallet_owner
from services.kit.facts.serving import fill_facts
from services.kit.kafka import Record, Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.rpc import RpcServer, answers, open_channel
from services.kit.unit import Decided, Units
from services.pb.kawase.bridge.v1 import bridge_message_pb2, bridge_service_pb2
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc as bridge_grpc
from services.pb.kawase.gateway.v1 import admin_service_pb2, payment_event_pb2
from services.pb.kawase.gateway.v1 import admin_service_pb2_grpc as admin_grpc
from services.pb.kawase.wallet.v1 import wallet_message_pb2, wallet_service_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_grpc
from tests.conftest import Database
from tests.parts import running_units

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)
STRIPE = 5


def event(link: str) -> bytes:
    """A wallet's event."""
    message = wallet_message_pb2.WalletEvent(
        link_id=link, funds_reserved=wallet_message_pb2.FundsReserved()
    )
    message.event_time.FromDatetime(NOON)
    return message.SerializeToString()


def event_of(topic: str, link: str) -> bytes:
    """An event as the topic has them."""
    if topic == "wallet.event":
        return event(link)
    message: Any = (
        payment_event_pb2.PaymentEvent()
        if topic == "payment.event"
        else bridge_message_pb2.BridgeEvent(resource_id=link)
    )
    message.event_time.FromDatetime(NOON)
    payload: bytes = message.SerializeToString()
    return payload


def record(sequence: int, stripe: int = STRIPE, payload: bytes | None = None) -> Record:
    """The record by which Kafka brings the wallet's fact of this sequence."""
    return Record(
        topic="wallet.event",
        partition=0,
        offset=sequence,
        key=f"link-{sequence}",
        type="FundsReserved",
        message_id=f"wallet/{stripe}/{sequence}",
        value=event(f"link-{sequence}") if payload is None else payload,
    )


@dataclass
class FactsOwner:
    """A service that has facts and nothing else; it may be away, and limits its pages."""

    units: Units
    topic: str
    pb: ModuleType
    """Where its `Fact` and `ListFactsResponse` are."""
    page_limit: int = 500
    away: bool = False
    asked: list[tuple[int, int]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def write(self, *topics: str, stripe: int = STRIPE) -> None:
        """One message per topic, in order, into the outbox; those of its own topic are facts."""

        async def work(_connection: Connection) -> Decided[None]:
            messages = [
                Outgoing(topic, name, stripe, "FundsReserved", event_of(topic, name))
                for number, topic in enumerate(topics, 1)
                for name in [f"link-{number}"]
            ]
            return Decided(None, messages)

        committed = await self.units.write(work)
        assert committed.acknowledged is not None
        await committed.acknowledged

    @answers
    async def ListFacts(self, request: Any, context: Any) -> Any:
        self.asked.append((request.stripe, request.after_sequence))
        self.keys.add(dict(context.invocation_metadata()).get("authorization", ""))
        if self.away:
            raise Unavailable("It is away.")
        request.page_size = min(request.page_size, self.page_limit)
        answer = self.pb.ListFactsResponse()
        return await fill_facts(self.units.pool, self.topic, request, answer)


class WalletFacts(FactsOwner, wallet_grpc.WalletServiceServicer):
    """The wallet's."""


class BridgeFacts(FactsOwner, bridge_grpc.BridgeServiceServicer):
    """The bridge's."""


class GatewayFacts(FactsOwner, admin_grpc.AdminServiceServicer):
    """The gateway's."""


@asynccontextmanager
async def serving_owners(
    database: Database, topics: Topics
) -> AsyncIterator[tuple[WalletFacts, BridgeFacts, GatewayFacts, str]]:
    """The three owners, and the address at which all of them are served."""
    async with (
        running_units("wallet", database, topics) as wallet_units,
        running_units("bridge", database, topics) as bridge_units,
        running_units("gateway", database, topics) as gateway_units,
    ):
        wallet = WalletFacts(wallet_units, "wallet.event", wallet_service_pb2)  # type: ignore[abstract]
        bridge = BridgeFacts(bridge_units, "bridge.event", bridge_service_pb2)  # type: ignore[abstract]
        gateway = GatewayFacts(gateway_units, "payment.event", admin_service_pb2)  # type: ignore[abstract]
        server = RpcServer("127.0.0.1:0")
        server.add(
            wallet_grpc.add_WalletServiceServicer_to_server,
            wallet,
            "kawase.wallet.v1.WalletService",
        )
        server.add(
            bridge_grpc.add_BridgeServiceServicer_to_server,
            bridge,
            "kawase.bridge.v1.BridgeService",
        )
        server.add(
            admin_grpc.add_AdminServiceServicer_to_server, gateway, "kawase.gateway.v1.AdminService"
        )
        await server.start()
        yield wallet, bridge, gateway, f"127.0.0.1:{server.port}"
        await server.stop()


@dataclass
class Copy:
    """Settlement's copy of the wallet's facts."""

    units: Units
    wallet: WalletFacts
    fetcher: Fetcher

    async def bring(self, records: Iterable[Record]) -> None:
        """Kafka brings a batch."""
        batch = list(records)
        await self.units.write(lambda connection: handle(connection, batch))

    async def sequences(self, stripe: int = STRIPE) -> list[int]:
        """What is kept of a stripe."""
        rows = await self.units.pool.fetch(
            "SELECT sequence FROM facts WHERE source = 'wallet' AND stripe = $1 ORDER BY sequence",
            stripe,
        )
        return [row["sequence"] for row in rows]

    async def gaps(self) -> list[tuple[int, int]]:
        """Gaps that are open."""
        rows = await self.units.pool.fetch("SELECT * FROM fact_gaps ORDER BY first_sequence")
        return [(row["first_sequence"], row["last_sequence"]) for row in rows]

    async def progress(self, stripe: int = STRIPE) -> asyncpg.Record:
        """The row of a stripe."""
        return await self.units.pool.fetchrow(
            "SELECT * FROM fact_progress WHERE source = 'wallet' AND stripe = $1", stripe
        )


@asynccontextmanager
async def copying(
    database: Database,
    topics: Topics,
    grace: timedelta = timedelta(),
    silent_seconds: float = 3600.0,
) -> AsyncIterator[Copy]:
    """A copy whose fetcher has had its first round, when the wallet had no facts yet."""
    async with (
        serving_owners(database, topics) as (wallet, _, _, address),
        running_units("settlement", database, topics) as units,
        open_channel(address) as channel,
    ):
        fetcher = Fetcher(wallet_owner(channel), units, grace, silent_seconds)
        await fetcher.step()
        wallet.asked.clear()
        yield Copy(units, wallet, fetcher)
