"""A settlement with its FX book and deposits over gRPC, whose ledger a test speaks for."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from services.core.accounts import AccountSpec
from services.core.sheet import RateSheet
from services.kit.kafka import Topics
from services.kit.repeating import Repeater
from services.kit.rpc import RpcServer, call, open_channel
from services.kit.sheets import SheetBoard
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.pb.kawase.settlement.v1 import fx_book_service_pb2_grpc as fx_grpc
from services.pb.kawase.settlement.v1 import prefunding_service_pb2_grpc as pre_grpc
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from services.pb.kawase.wallet.v1 import wallet_message_pb2
from services.settlement.fx_book.events import take_silent
from services.settlement.fx_book.server import FxBookServer
from services.settlement.ledger import Deposit, Ledger
from services.settlement.prefunding.server import PrefundingServer
from services.settlement.prefunding.watching import Prefundings
from services.settlement.server import SettlementServer
from tests.conftest import Database
from tests.store.settlement.world import NOON, World, settling


@dataclass
class OpenLedger(Ledger):
    """Opens what it is asked for, and has deposits as a test says."""

    left_minor: int = 100_000
    opened: list[str] = field(default_factory=list)

    async def open_accounts(self, specs: Sequence[AccountSpec]) -> None:
        self.opened += [spec.account_id for spec in specs]

    async def deposits(self, account_ids: Sequence[str]) -> list[Deposit]:
        return [
            Deposit(account, "panda-wallet", "CNY", self.left_minor, 0) for account in account_ids
        ]


@dataclass
class Served:
    """A settlement with its FX book and deposits, and stubs of both."""

    world: World
    ledger: OpenLedger
    prefundings: Prefundings
    repeater: Repeater
    book: Any
    deposits: Any
    address: str

    async def record(self, bought: int = 905_000, deal_id: str = "deal-1") -> Any:
        deal = fx.FxDeal(
            deal_id=deal_id,
            counterparty_id="mizuho",
            trade_date="2026-10-30",
            value_date="2026-11-02",
            operator="aiko",
        )
        deal.sold.minor_units, deal.sold.currency_code = 100_000, "JPY"
        deal.bought.minor_units, deal.bought.currency_code = bought, "KRW"
        request = fx.RecordFxDealRequest(deal=deal)
        return (await call(self.book.RecordFxDeal(request, timeout=30))).deal

    async def only(self) -> Any:
        (deal,) = (await call(self.book.ListFxDeals(fx.ListFxDealsRequest(), timeout=30))).deals
        return deal

    async def post(self, command: bytes) -> str:
        """The ledger carries a transfer out and says so."""
        asked = wallet_message_pb2.WalletCommand.FromString(command).transfer_funds
        legs = [
            (leg.debit_account_id, leg.credit_account_id, leg.amount.minor_units,
             leg.amount.currency_code, leg.purpose)
            for leg in asked.legs
        ]  # fmt: skip
        await self.world.bring([self.world.posting(asked.link_id, legs)])
        return asked.link_id

    async def refuse(self, command: bytes) -> str:
        """The ledger carries nothing out and says so."""
        link_id = wallet_message_pb2.WalletCommand.FromString(command).transfer_funds.link_id
        event = wallet_message_pb2.WalletEvent(link_id=link_id)
        event.funds_refused.reason = "ACCOUNT_UNKNOWN"
        fact = self.world.posting(link_id, [])
        await self.world.bring([replace(fact, value=event.SerializeToString())])
        return link_id

    async def see(self, resource_id: str, *, credit: bool) -> None:
        """Reconciliation finds a side on a statement."""
        event = reconciliation_event_pb2.ReconciliationEvent()
        told = event.resource_on_statement
        told.resource_id, told.credit, told.entry_reference = resource_id, credit, "17"
        record = self.world.fact("reconciliation", "reconciliation.event", resource_id, event)
        await self.world.bring([record])


@asynccontextmanager
async def serving_fx_book(database: Database, topics: Topics) -> AsyncIterator[Served]:
    """The book is empty, and a sheet of rates is valid for a day."""
    async with settling(database, topics) as world:
        ledger = OpenLedger.__new__(OpenLedger)
        ledger.left_minor, ledger.opened = 100_000, []
        board = SheetBoard(topics)
        mids = {("JPY", "KRW"): Decimal("9.1")}
        end = NOON + timedelta(days=1)
        board.offer(RateSheet("sheet-1", "test", NOON, NOON, end, mids, {}), 1)
        prefundings = Prefundings(world.units, ledger, world.clock)
        server = RpcServer("127.0.0.1:0")
        book = FxBookServer(world.units, ledger, board, world.clock)
        deposits = PrefundingServer(world.units, ledger, prefundings, world.clock)
        server.add(fx_grpc.add_FxBookServiceServicer_to_server, book, "book")
        server.add(pre_grpc.add_PrefundingServiceServicer_to_server, deposits, "deposits")
        register = settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server
        server.add(register, SettlementServer(world.units.pool, world.closing), "settlement")
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            yield Served(
                world,
                ledger,
                prefundings,
                Repeater(world.units, world.clock, "deals", take_silent),
                fx_grpc.FxBookServiceStub(channel),
                pre_grpc.PrefundingServiceStub(channel),
                f"127.0.0.1:{server.port}",
            )
        await server.stop()
