"""The real ledger beside a gateway: what refunds, top-ups, late charges and disputes book."""

from dataclasses import replace

import asyncpg

from services.core.accounts import AccountKind, house
from services.core.clock import ManualClock
from services.core.money import Money
from services.gateway import opening
from services.gateway.payments.messages import leg_message, wallet_command
from services.gateway.payments.model import Leg, Payment
from services.gateway.reference import Funding, Participant
from services.kit.kafka import Publisher, Record, Topics
from services.kit.ledger import open_accounts
from services.kit.outbox import OutboxSender, Outgoing
from services.kit.unit import Units
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from services.wallet.store.books import check_books
from services.wallet.wire import decode_command
from services.wallet.work import WalletWork
from tests.store.gateway.payments_world import (
    KAKAO,
    PANDA,
    REFERENCE,
    SHOP,
    accepted,
)
from tests.store.gateway.resources_world import World

COMMANDS = {
    *("ReserveFunds", "PostFunds", "CaptureFunds", "VoidFunds", "ExpireFunds"),
    *("TransferFunds", "OpenAccounts"),
}
PREFUND = "prefund:panda:CNY"
PAYABLE = "merchant-payable:shokudo:JPY"


class Ledger:
    """A wallet on the same database, spoken to by the commands in the gateway's outbox."""

    def __init__(self, world: World, pool: asyncpg.Pool, clock: ManualClock) -> None:
        self.world = world
        self._work = WalletWork(clock)
        nowhere = Publisher(Topics("localhost:1", "none", 1))
        self._units = Units(pool, OutboxSender("wallet", pool, nowhere))
        self.pool = pool
        self._heard: set[tuple[int, int]] = set()

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
        rows = await self.pool.fetch(
            "SELECT stripe, sequence, key, payload FROM outbox ORDER BY stripe, sequence"
        )
        fresh = [row for row in rows if (row["stripe"], row["sequence"]) not in self._heard]
        self._heard |= {(row["stripe"], row["sequence"]) for row in fresh}
        records = [
            Record("wallet.event", 0, 0, row["key"], "", "", row["payload"])
            # Events may come again.
            for row in (*fresh, *fresh)
        ]
        await self.world.gateway.hear(*records)
        await self.world.hear(*records)

    async def _ordered(self) -> list[bytes]:
        rows = await self.world.gateway.rows()
        return [row["payload"] for row in rows if row["type"] in COMMANDS]

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

    async def assert_balanced(self) -> None:
        """The books balance, and nothing is pending."""
        await self.balances()
        async with self.pool.acquire() as connection:
            assert (await check_books(connection)).balanced

    async def pay(
        self, payment_id: str, caller: Participant = PANDA, code: str = "", minor: int = 0
    ) -> Payment:
        """A payment completed and posted; by default 1,000 yen at the shop."""
        gateway = self.world.gateway
        typed = Money(minor, "JPY") if minor else None
        payment = await gateway.create(payment_id, caller, code, typed)
        await gateway.confirm(payment_id, caller)
        await self.settle()
        if caller.funding is Funding.PARTNER:
            await gateway.hear(accepted(payment, "collect"))
        if payment.terms.acceptance_partner_id:
            await gateway.hear(accepted(payment))
        await self.settle()
        assert await gateway.state(payment_id, caller) == ("completed", "done")
        return payment

    async def hear(self, *records: Record) -> None:
        """What the bridge says, and what the ledger makes of it."""
        await self.world.hear(*records)
        await self.settle()


async def open_ledger(world: World, pool: asyncpg.Pool, clock: ManualClock) -> Ledger:
    """A ledger with every account the world needs, and a deposit."""
    made = Ledger(world, pool, clock)
    specs = opening.accounts_of_participant(PANDA) + opening.accounts_of_merchant(SHOP)
    specs += opening.accounts_of_participant(replace(KAKAO, net_debit_limit=10**9))
    for corridor in REFERENCE.corridors.values():
        specs += opening.accounts_of_corridor(corridor)
    specs += [house(AccountKind.BANK, "CNY"), house(AccountKind.BANK, "JPY")]
    await made.carry_out(open_accounts(list(dict.fromkeys(specs))))
    await made.move("deposit", "bank:CNY", PREFUND, Money(100_000, "CNY"))
    return made
