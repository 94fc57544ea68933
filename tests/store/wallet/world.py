"""A wallet that tests speak to directly."""

from dataclasses import dataclass, replace

from services.core.accounts import AccountSpec
from services.core.clock import ManualClock
from services.kit.unit import Units
from services.wallet.domain.model import Answer, Opened
from services.wallet.domain.opening import Opening
from services.wallet.store.books import Books, check_books
from services.wallet.work import Command, WalletWork
from tests.unit.wallet.builders import BANK, PANDA, WORLD, account_of, leg, told, transfer


@dataclass
class Wallet:
    """A wallet process as its consumer and server use it."""

    units: Units
    work: WalletWork
    clock: ManualClock

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
