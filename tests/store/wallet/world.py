"""The accounts and commands of the wallet's tests, and a wallet that is spoken to directly."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.core.accounts import (
    AccountKind,
    AccountSpec,
    customer,
    house,
    partner_payable,
    prefund,
)
from services.kit.unit import Units
from services.wallet.domain.model import (
    Answer,
    Begin,
    CommandName,
    Leg,
    Moved,
    Opened,
    Refused,
    Resolve,
    begin,
    resolve,
)
from services.wallet.domain.opening import Account, Opening
from services.wallet.store.books import Books, check_books
from services.wallet.work import Command, WalletWork

START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)

PANDA = prefund("panda", "CNY")
CAPPED = prefund("capped", "CNY", 5_000)
BANK = house(AccountKind.BANK, "CNY")
POSITION = house(AccountKind.POSITION, "CNY")
INCOME = house(AccountKind.FX_INCOME, "CNY")
POSITION_KRW = house(AccountKind.POSITION, "KRW")
PAYABLE_KRW = partner_payable("kakaopay", "KRW")
FEES_KRW = house(AccountKind.FEE_INCOME, "KRW")
AOI = customer("hosted", "aoi", "CNY")
WORLD = (
    PANDA,
    CAPPED,
    BANK,
    POSITION,
    INCOME,
    POSITION_KRW,
    PAYABLE_KRW,
    FEES_KRW,
    AOI,
)


def account_of(spec: AccountSpec) -> Account:
    """The account a spec asks for."""
    return Account(
        spec.account_id, spec.currency, spec.kind, spec.owner, spec.striped, spec.net_debit_limit
    )


def leg(debit: AccountSpec, credit: AccountSpec, amount: int, purpose: str = "") -> Leg:
    return Leg(debit.account_id, credit.account_id, amount, debit.currency, purpose)


def payment_legs(mid: int = 9_800, spread: int = 200, payer: AccountSpec = PANDA) -> list[Leg]:
    """The four legs of a payment at a partner's shop in Seoul."""
    return [
        leg(payer, POSITION, mid, "mid"),
        leg(payer, INCOME, spread, "spread"),
        leg(POSITION_KRW, PAYABLE_KRW, 18_700, "payable"),
        leg(POSITION_KRW, FEES_KRW, 200, "fee"),
    ]


def reserve(link_id: str, *legs: Leg, funding: AccountSpec = PANDA) -> Begin:
    return begin(
        CommandName.RESERVE, link_id, funding.account_id, legs or tuple(payment_legs(payer=funding))
    )


def transfer(link_id: str, *legs: Leg, funding: AccountSpec = PANDA) -> Begin:
    return begin(CommandName.TRANSFER, link_id, funding.account_id, legs)


def post(link_id: str, funding: AccountSpec = PANDA) -> Resolve:
    return resolve(CommandName.POST, link_id, funding.account_id)


def void(link_id: str, funding: AccountSpec = PANDA) -> Resolve:
    return resolve(CommandName.VOID, link_id, funding.account_id)


def expire(link_id: str, funding: AccountSpec = PANDA) -> Resolve:
    return resolve(CommandName.EXPIRE, link_id, funding.account_id)


def told(answer: Answer | Opened) -> str:
    """An answer in one word: `reserved`, `posted`, …, or the clause it was refused by."""
    if isinstance(answer, Refused):
        return answer.fault.clause.name
    if isinstance(answer, Moved):
        return answer.outcome or "reserved"
    return "opened"


@dataclass
class Wallet:
    """A wallet process as its consumer and server use it."""

    units: Units
    work: WalletWork

    async def send(self, *commands: Command) -> list[Answer | Opened]:
        """Handle the commands as one batch; the answers, committed."""
        committed = await self.units.write(lambda c: self.work.handle(c, commands))
        return committed.answer

    async def told(self, *commands: Command) -> list[str]:
        """As `send`, each answer in one word."""
        return [told(answer) for answer in await self.send(*commands)]

    async def open_world(self, funds: int = 100_000) -> None:
        opening = Opening("world", tuple(account_of(spec) for spec in WORLD))
        top_up = transfer("top-up", leg(BANK, PANDA, funds), funding=BANK)
        assert await self.told(opening, top_up) == ["opened", "posted"]

    async def books(self) -> Books:
        async with (
            self.units.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await check_books(connection)

    async def totals(self, spec: AccountSpec) -> tuple[int, int, int, int]:
        """Debits pending and posted, credits pending and posted, over all rows."""
        row = await self.units.pool.fetchrow(
            "SELECT debits_pending, debits_posted, credits_pending, credits_posted"
            " FROM balances WHERE account_id = $1",
            spec.account_id,
        )
        return tuple(map(int, row))  # type: ignore[return-value]

    async def facts(self) -> list[tuple[str, str]]:
        """(key, type) of every event, stripe by stripe in their order."""
        rows = await self.units.pool.fetch("SELECT key, type FROM outbox ORDER BY stripe, sequence")
        return [(row["key"], row["type"]) for row in rows]

    def crashing_at(self, point: str) -> "Wallet":
        """The same wallet, whose process dies at `point`."""

        def crash(reached: str) -> None:
            if reached == point:
                raise Crash(point)

        return replace(self, units=Units(self.units.pool, self.units.sender, crash))


class Crash(Exception):
    """The process died here."""
