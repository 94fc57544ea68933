"""A gateway whose people work at a real settlement and a real reconciliation behind it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.rpc import RpcServer, open_channel
from services.pb.kawase.reconciliation.v1 import (
    break_service_pb2_grpc,
    day_service_pb2_grpc,
    file_service_pb2_grpc,
)
from services.reconciliation.breaks.desk import Desk as BreakDesk
from services.reconciliation.breaks.resolving import Policy
from services.reconciliation.breaks.server import NAME as BREAKS
from services.reconciliation.breaks.server import BreakServer
from services.reconciliation.days.running import EngineChoice, Running
from services.reconciliation.days.server import NAME as DAYS
from services.reconciliation.days.server import DayServer
from services.reconciliation.files.server import NAME as FILES
from services.reconciliation.files.server import FileServer
from services.reconciliation.matching.rules import standard_rules
from services.reconciliation.reports.expecting import Expected
from tests.conftest import Database
from tests.parts import PAYEE_BOX
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.settlement.test_payouts_served import serving
from tests.store.gateway.payments_world import Gateway
from tests.store.reconciliation.breaks.books import Books, bookkeeping
from tests.store.reconciliation.importing import PARTNERS
from tests.store.settlement.paying_world import PayingWorld, paying_world

FILE_LIMIT = 1 << 20


@dataclass
class Desk:
    """The people's house, and what is behind it."""

    house: House
    settlement: PayingWorld
    books: Books

    async def audited(self) -> list[tuple[str, str, str, str]]:
        """Who has called what at the desk, about what, and how that ended; oldest first."""
        return [
            (each.person_id, each.method.rpartition("/")[2], each.object_id, each.outcome)
            for each in await self.house.audited()
            if not each.method.startswith("kawase.gateway.")
        ]


@asynccontextmanager
async def reconciling(books: Books) -> AsyncIterator[str]:
    """Breaks, files and days of a reconciliation, at an address."""

    async def after(_connection: Connection, _partner: str, _day: date) -> Sequence[Outgoing]:
        return ()

    units, clock = books.units, books.clock
    server = RpcServer("127.0.0.1:0")
    breaks = BreakServer(units.pool, clock, BreakDesk(units, clock, Policy({})))
    server.add(break_service_pb2_grpc.add_BreakServiceServicer_to_server, breaks, BREAKS)
    files = FileServer(units.pool, clock, PARTNERS, FILE_LIMIT, PAYEE_BOX)
    server.add(file_service_pb2_grpc.add_FileServiceServicer_to_server, files, FILES)
    running = Running(units, clock, EngineChoice(standard_rules()), after)
    days = DayServer(units, clock, running, Expected())
    server.add(day_service_pb2_grpc.add_DayServiceServicer_to_server, days, DAYS)
    await server.start()
    yield server.address
    await server.stop()


@asynccontextmanager
async def gateway_before(gateway: Gateway, addresses: Mapping[str, str]) -> AsyncIterator[House]:
    """A gateway before services at `addresses`, by name, and people with keys."""
    channels = {name: open_channel(address) for name, address in addresses.items()}
    try:
        async with house_of(gateway, desk=channels) as house:
            await house.open_up()
            yield house
    finally:
        for channel in channels.values():
            await channel.close()


@asynccontextmanager
async def desk_of(gateway: Gateway, database: Database, topics: Topics) -> AsyncIterator[Desk]:
    """All of it."""
    async with (
        paying_world(database, topics) as settlement,
        serving(settlement) as at_settlement,
        bookkeeping(database, topics) as books,
        reconciling(books) as at_books,
        gateway_before(gateway, {"settlement": at_settlement, "reconciliation": at_books}) as house,
    ):
        yield Desk(house, settlement, books)


def bearer(house: House, by: str) -> Any:
    """The metadata of a call."""
    return (("authorization", f"Bearer {house.keys[by]}"),)
