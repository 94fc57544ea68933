"""Refunds and top-ups against the real ledger: what was paid and given back leaves no trace."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.core.accounts import AccountKind, house
from services.core.clock import ManualClock
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway import opening
from services.gateway.outgoing import open_accounts
from services.gateway.payments.messages import leg_message, wallet_command
from services.gateway.payments.model import Leg
from services.gateway.reference.store import put_participant
from services.kit.kafka import Publisher, Record, Topics
from services.kit.outbox import OutboxSender, Outgoing
from services.kit.postgres import open_pool
from services.kit.unit import Units
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from services.wallet.store.books import check_books
from services.wallet.wire import decode_command
from services.wallet.work import WalletWork
from tests.conftest import Database
from tests.store.gateway.payments_world import PANDA, REFERENCE, SAKURA, SHOP, Gateway, bridge_says
from tests.store.gateway.resources_world import COMPLETED, DECLINED, World

PREFUND = "prefund:panda:CNY"
PAYABLE = "merchant-payable:shokudo:JPY"


class Ledger:
    """A wallet on the same database, spoken to by the commands in the gateway's outbox."""

    def __init__(self, world: World, pool: asyncpg.Pool, clock: ManualClock) -> None:
        self._world = world
        self._work = WalletWork(clock)
        nowhere = Publisher(Topics("localhost:1", "none", 1))
        self._units = Units(pool, OutboxSender("wallet", pool, nowhere))
        self.pool = pool

    async def carry_out(self, *commands: Outgoing) -> None:
        """Carry out `commands`, then what the gateway orders by their answers, until it rests."""
        payloads = [command.payload for command in commands]
        while payloads:
            told = await self._units.write(
                lambda c, batch=payloads: self._work.handle(  # type: ignore[misc]
                    c, [decode_command(payload) for payload in batch]
                )
            )
            assert told.answer
            await self._hear()
            payloads = await self._ordered()

    async def settle(self) -> None:
        """Carry out what the gateway has ordered by now."""
        payloads = await self._ordered()
        await self.carry_out(*(Outgoing("wallet.command", "", 0, "", each) for each in payloads))

    async def _hear(self) -> None:
        rows = await self.pool.fetch("SELECT key, payload FROM outbox ORDER BY stripe, sequence")
        records = [Record("wallet.event", 0, 0, row[0], "", "", row[1]) for row in rows]
        # All of them each time: events may come again.
        await self._world.gateway.hear(*records)
        await self._world.hear(*records)

    async def _ordered(self) -> list[bytes]:
        rows = await self._world.gateway.rows()
        kinds = ("ReserveFunds", "PostFunds", "VoidFunds", "TransferFunds", "OpenAccounts")
        return [row["payload"] for row in rows if row["type"] in kinds]

    async def move(self, link_id: str, debit: str, credit: str, amount: Money) -> None:
        """What an operator books."""
        legs = [leg_message(Leg(debit, credit, amount, "test"))]
        transfer = wallet.TransferFunds(link_id=link_id, funding_account_id=debit, legs=legs)
        command = wallet.WalletCommand(transfer_funds=transfer)
        await self.carry_out(wallet_command(debit, "TransferFunds", command))

    async def balances(self) -> dict[str, int]:
        """Posted credits less debits of every account that has any; nothing may be pending."""
        rows = await self.pool.fetch("SELECT * FROM balances")
        assert all(row["debits_pending"] == row["credits_pending"] == 0 for row in rows)
        found = {r["account_id"]: int(r["credits_posted"] - r["debits_posted"]) for r in rows}
        return {account_id: balance for account_id, balance in found.items() if balance}


@pytest.fixture
async def ledger(database: Database, gateway: Gateway, clock: ManualClock) -> AsyncIterator[Ledger]:
    pool = await open_pool(database.dsn("wallet"), "wallet", 3)
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    made = Ledger(World(gateway), pool, clock)
    specs = opening.accounts_of_participant(PANDA) + opening.accounts_of_merchant(SHOP)
    for corridor in REFERENCE.corridors.values():
        specs += opening.accounts_of_corridor(corridor)
    await made.carry_out(
        open_accounts([*specs, house(AccountKind.BANK, "CNY"), house(AccountKind.BANK, "JPY")])
    )
    await made.move("deposit", "bank:CNY", PREFUND, Money(100_000, "CNY"))
    yield made
    await pool.close()


@pytest.fixture
def world(ledger: Ledger) -> World:
    return ledger._world


async def pay(world: World, ledger: Ledger) -> None:
    """1,000 yen at the shop, down to the posting."""
    await world.gateway.create("p1")
    await world.gateway.confirm("p1")
    await ledger.settle()
    assert await world.gateway.state("p1") == ("completed", "done")


async def test_refunds_of_the_whole_leave_the_books_as_before(world: World, ledger: Ledger) -> None:
    before = await ledger.balances()
    await pay(world, ledger)
    assert (await ledger.balances())[PAYABLE] > 0

    for number, minor in enumerate((333, 333, None)):
        await world.refund(f"r{number}", "p1", minor)
        await ledger.settle()
        assert (await world.look(f"r{number}")).state == COMPLETED

    assert await ledger.balances() == before
    async with ledger.pool.acquire() as connection:
        assert (await check_books(connection)).balanced


async def test_a_merchant_who_was_paid_out_cannot_be_refunded_from(
    world: World, ledger: Ledger
) -> None:
    await pay(world, ledger)
    owed = (await ledger.balances())[PAYABLE]
    await ledger.move("payout", PAYABLE, "bank:JPY", Money(owed, "JPY"))
    before = await ledger.balances()

    await world.refund("r1", "p1", 300)
    await ledger.settle()

    refund = await world.look("r1")
    assert (refund.state, refund.reason) == (DECLINED, "MERCHANT_LIMIT_REACHED")
    assert await ledger.balances() == before


async def test_a_top_up_is_on_the_payer_s_account_and_can_be_paid_with(
    world: World, ledger: Ledger
) -> None:
    link = pb.LinkBankAccountRequest(
        bank_link_id="l1", payer_id="hanako", partner_id="bank", bank_code="0310",
        branch_code="101", account_type="1", account_number="1234567", holder_name="ヤマダ",
    )  # fmt: skip
    await world.links.link(SAKURA, link)
    amount = money_pb2.Money(minor_units=30_000, currency_code="JPY")
    request = pb.CreateTopUpRequest(top_up_id="t1", bank_link_id="l1", amount=amount)
    made = await world.top_ups.create(SAKURA, request)
    resource = resource_id(Resource.TOP_UP, made.reference)
    await ledger.settle()
    await world.hear(
        bridge_says(resource, f"{resource}-draw", charge_accepted=bridge.ChargeAccepted())
    )
    await ledger.settle()
    account = "customer:sakura/hanako:JPY"
    assert (await ledger.balances())[account] == 30_000

    await world.gateway.create("p2", SAKURA, payer="hanako")
    await world.gateway.confirm("p2", SAKURA)
    await ledger.settle()
    await world.refund("r2", "p2", 400, SAKURA)
    await ledger.settle()

    assert (await ledger.balances())[account] == 29_400
