"""A settlement beside the real ledger: merchants are paid in yen, a test speaks for the bank."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import asyncpg

from services.core.accounts import AccountKind, AccountSpec, house, merchant_payable, prefund
from services.core.clock import ManualClock
from services.core.ids import new_reference
from services.core.money import Money
from services.kit.kafka import Publisher, Record, Topics
from services.kit.ledger import Move, open_accounts, transfer_funds
from services.kit.outbox import OutboxSender
from services.kit.postgres import open_pool
from services.kit.rpc import RpcServer, open_channel
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2 as reconciliation
from services.pb.kawase.settlement.v1 import settlement_event_pb2 as events
from services.settlement.closing import Closing
from services.settlement.domain.agreements import Agreement, Payee
from services.settlement.domain.windows import Schedule
from services.settlement.ledger import Ledger
from services.settlement.payouts import store
from services.settlement.payouts.model import Payout
from services.settlement.payouts.operators import PayoutOperators
from services.settlement.payouts.payees import Payees
from services.settlement.payouts.paying import Paying
from services.settlement.store.windows import Window
from services.wallet.server import WalletServer
from services.wallet.store.books import check_books
from services.wallet.wire import decode_command
from services.wallet.work import WalletWork
from tests.conftest import Database
from tests.parts import PAYEE_BOX, opened_order
from tests.store.settlement.world import CORRIDOR, World, next_days, settling

WALLET = "panda-wallet"
SHOP = "merchant-payable:shokudo:JPY"
CAFE = "merchant-payable:kissaten:JPY"
PREFUND = f"prefund:{WALLET}:JPY"
FEES, BANK, CLEARING = "fee-income:JPY", "bank:JPY", "bank-clearing-out:JPY"
BANK_FEES = "bank-fee-expense:JPY"
PAYEE = Payee("0005", "001", "1", "1234567", "ショクドウ")
OTHER_PAYEE = Payee("0005", "002", "1", "7654321", "ショクドウ")
AGREEMENT = Agreement(
    "shokudo", "shokudo", (SHOP,), "JPY", "JPY", bank_partner="japan-bank", payee=PAYEE
)
YEN = Schedule("jpy", CORRIDOR, "JPY", "18:00", "Asia/Tokyo", "JP", 0)
MID = Decimal("0.05")


@dataclass
class PayingWorld:
    """What a test drives. Nothing runs by itself: `settle` carries out what was ordered."""

    world: World
    closing: Closing
    paying: Paying
    operators: PayoutOperators
    wallet: Units
    work: WalletWork
    orders: list[bridge.SubmitPayout] = field(default_factory=list)
    facts: list[events.SettlementEvent] = field(default_factory=list)
    _seen: set[tuple[str, int, int]] = field(default_factory=set)

    @property
    def clock(self) -> ManualClock:
        return self.world.clock

    async def open(self, specs: Sequence[AccountSpec]) -> None:
        """Open accounts in the ledger."""
        await self.carry_out([open_accounts(specs).payload])

    async def pay(self, minor: int = 10_000, account: str = SHOP, acquirer_id: str = "") -> str:
        """A payment in yen of which the merchant gets all but 1 %, completed and posted."""
        reference = new_reference(self.clock.now())
        await self.world.tell_payment(reference, account.split(":")[1], acquirer_id)
        fee = minor // 100
        moves = [Move(PREFUND, account, Money(minor - fee, "JPY"), "payable")]
        moves += [Move(PREFUND, FEES, Money(fee, "JPY"), "fee")] if fee else []
        await self.carry_out([transfer_funds(f"payment-{reference}", moves).payload])
        return reference

    async def owe(self, minor: int, account: str = SHOP) -> None:
        """The merchant owes us: work of an operator that belongs to no payment."""
        moves = [Move(account, "loss:JPY", Money(minor, "JPY"), "test")]
        link = f"work-{new_reference(self.clock.now())}"
        await self.carry_out([transfer_funds(link, moves).payload])

    async def close(self, corridor_id: str = CORRIDOR) -> Window:
        """Close the open yen window now."""
        window = await self.closing.close(corridor_id, "JPY", "hanako")
        assert window.state == "closed"
        return window

    async def settle(self) -> None:
        """Carry out what settlement has ordered, and let it hear, until all rests."""
        while payloads := await self._ordered():
            await self.carry_out(payloads)

    async def carry_out(self, payloads: Sequence[bytes]) -> None:
        """The ledger carries out commands, and settlement reads its facts, each of them twice."""
        commands = [decode_command(payload) for payload in payloads]
        await self.wallet.write(lambda c: self.work.handle(c, commands))
        rows = await self._fresh("wallet", self.wallet.pool)
        records = [
            Record(
                "wallet.event",
                0,
                0,
                row["key"],
                row["type"],
                f"wallet/{row['stripe']}/{row['sequence']}",
                row["payload"],
            )
            for row in rows
        ]
        await self.world.bring([*records, *records])

    async def pay_due(self) -> list[Payout]:
        """Pay what is due now, and carry it out; all payouts, oldest first."""
        await self.paying.pay()
        await self.settle()
        return await self.payouts()

    async def payouts(self) -> list[Payout]:
        """All payouts, oldest first."""
        async with self.world.units.pool.acquire() as connection:
            return (await store.list_payouts(connection, "", "", "", 1000))[::-1]

    async def bank_says(self, payout_id: str, kind: str, **fields: Any) -> None:
        """A fact of the bridge, such as `payout_executed`; then all that follows."""
        event = bridge.BridgeEvent(resource_id=payout_id, charge_id=payout_id)
        body = getattr(event, kind)
        body.SetInParent()
        for name, value in fields.items():
            if isinstance(value, int):
                getattr(body, name).minor_units = value
                getattr(body, name).currency_code = "JPY"
            else:
                setattr(body, name, value)
        await self.world.bring([self.world.fact("bridge", "bridge.event", payout_id, event)])
        await self.settle()

    async def statement_says(self, payout_id: str, *, credit: bool = False) -> None:
        """The bank's statement shows the money of a payout; then all that follows."""
        event = reconciliation.ReconciliationEvent()
        event.resource_on_statement.resource_id = payout_id
        event.resource_on_statement.credit = credit
        fact = self.world.fact("reconciliation", "reconciliation.event", payout_id, event)
        await self.world.bring([fact])
        await self.settle()

    async def balances(self) -> dict[str, int]:
        """Posted credits less debits of each account that has any; the books balance."""
        async with self.wallet.pool.acquire() as connection:
            assert (await check_books(connection)).balanced
        rows = await self.wallet.pool.fetch("SELECT * FROM balances")
        found = {r["account_id"]: int(r["credits_posted"] - r["debits_posted"]) for r in rows}
        return {account: minor for account, minor in found.items() if minor}

    async def journal(self, payout_id: str) -> list[str]:
        """The words in a payout's journal."""
        rows = await self.world.units.pool.fetch(
            "SELECT word FROM payout_moves WHERE payout_id = $1 ORDER BY move_id", payout_id
        )
        return [row["word"] for row in rows]

    async def _ordered(self) -> list[bytes]:
        payloads = []
        for row in await self._fresh("settlement", self.world.units.pool):
            match row["topic"]:
                case "wallet.command":
                    payloads.append(row["payload"])
                case "bridge.command":
                    command = bridge.BridgeCommand.FromString(row["payload"])
                    self.orders.append(opened_order(command.submit_payout))
                case "settlement.event":
                    self.facts.append(events.SettlementEvent.FromString(row["payload"]))
        return payloads

    async def _fresh(self, name: str, pool: asyncpg.Pool) -> list[Mapping[str, Any]]:
        rows = await pool.fetch("SELECT * FROM outbox ORDER BY create_time, stripe, sequence")
        fresh = [row for row in rows if (name, row["stripe"], row["sequence"]) not in self._seen]
        self._seen |= {(name, row["stripe"], row["sequence"]) for row in fresh}
        return fresh


def mid(_base: str, _quote: str) -> Decimal:
    """The rate of every pair."""
    return MID


@asynccontextmanager
async def paying_world(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    """A settlement and a wallet; one merchant's agreement is put, another has none."""
    async with settling(database, topics) as world:
        pool = await open_pool(database.dsn("wallet"), "wallet", 4)
        nowhere = Publisher(Topics("localhost:1", "none", 1))
        wallet = Units(pool, OutboxSender("wallet", pool, nowhere))
        work = WalletWork(world.clock)
        server = RpcServer("127.0.0.1:0")
        WalletServer(pool, wallet, work).register(server)
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            ledger = Ledger(channel)
            made = PayingWorld(
                world,
                Closing(world.units, ledger, world.clock, next_days),
                Paying(world.units, world.clock, mid, Payees(PAYEE_BOX)),
                PayoutOperators(world.units, ledger, world.clock, Payees(PAYEE_BOX)),
                wallet,
                work,
            )
            await made.open(
                [
                    prefund(WALLET, "JPY", 10**9),
                    merchant_payable("shokudo", "JPY", 10**6),
                    merchant_payable("kissaten", "JPY", 10**6),
                    house(AccountKind.FEE_INCOME, "JPY"),
                    house(AccountKind.LOSS, "JPY"),
                ]
            )
            await made.closing.put_schedule(YEN)
            await made.operators.put(AGREEMENT)
            await made.settle()
            yield made
        await server.stop()
        await pool.close()
