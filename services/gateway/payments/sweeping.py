"""What moves payments that nobody moves: repeated commands, and quotes that ran out.

The sweeper counts by Postgres's clock, because a lost message has to be repeated also while the
sandbox stops the day; quotes and holds expire by the service's clock, which is the one their price
was made by. A confirmed payment is never timed out: a partner may have been asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.gateway.holding.lives import out_of_time
from services.gateway.payments.giving_back import give_back_limits
from services.gateway.payments.messages import fact_of, order_message, payment_message
from services.gateway.payments.model import Life, Payment, State
from services.gateway.payments.saga import Order, expired, order_of
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import (
    SWEEP_AFTER,
    postpone,
    read_lives,
    store_moves,
    take_due,
    take_expired,
)
from services.gateway.payments.waiters import ANSWERED, Snapshot, Waiters
from services.kit.outbox import Outgoing
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.trace import follow, made_of
from services.kit.unit import Decided, Units

log = structlog.get_logger()

EVERY_SECONDS = 1.0
SWEEP_LIMIT = 200
EXPIRE_LIMIT = 500
RELOOK_LIMIT = 1000
# Past this many records the answers are on their way: repeating commands would only add to it.
LAG_LIMIT = 5_000
LONGEST_WAIT = timedelta(hours=1)
# After some two hours of doubling waits.
STUCK_REPEATS = 8

_AWAY = (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY)


def wait_after(repeat_count: int) -> timedelta:
    """How long to wait for an answer after the repeat of this number (from 0)."""
    doublings = min(repeat_count, 20)
    return min(SWEEP_AFTER * (1 << doublings), LONGEST_WAIT)


class Sweeper:
    """Repeats commands, expires quotes, and looks up payments that waiters may have missed."""

    def __init__(
        self,
        units: Units,
        clock: Clock,
        shelf: Shelf,
        waiters: Waiters,
        lag: Callable[[], Awaitable[int]],
    ) -> None:
        self._units = units
        self._clock = clock
        self._shelf = shelf
        self._waiters = waiters
        self._lag = lag

    async def run(self) -> None:
        """A pass a second, for ever; passes over what is away."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            for sweep in (self.expire, self.repeat, self.look_again):
                try:
                    await sweep()
                except _AWAY as error:
                    log.warning("sweep_delayed", sweep=sweep.__name__, problem=repr(error))

    async def expire(self) -> int:
        """Expire quotes and holds that ran out, all there are; returns how many."""
        total = 0
        while True:
            snapshots = (await self._units.write(self._expire)).answer
            for snapshot in snapshots:
                self._waiters.tell(snapshot)
            total += len(snapshots)
            if len(snapshots) < EXPIRE_LIMIT:
                return total

    async def _expire(self, connection: Connection) -> Decided[list[Snapshot]]:
        now = self._clock.now()
        lives = await take_expired(connection, now, EXPIRE_LIMIT)
        payments = await self._shelf.payments(connection, lives)
        moved: list[tuple[str, Life]] = []
        messages: list[Outgoing] = []
        snapshots = []
        returned: list[Payment] = []
        for reference, payment in payments.items():
            follow(made_of(reference))
            held = payment.life.state is State.AUTHORISED
            life = out_of_time(payment.life, now) if held else expired(payment.life, now)
            ended = Payment(payment.terms, life)
            if held:
                returned.append(payment)
                messages.append(order_message(Order.EXPIRE, ended))
            snapshot = payment_message(ended)
            moved.append((reference, life))
            snapshots.append(snapshot)
            if (fact := fact_of(ended, snapshot)) is not None:
                messages.append(fact)
        await store_moves(connection, moved)
        await give_back_limits(connection, returned)
        return Decided(snapshots, messages)

    async def repeat(self) -> int:
        """Repeat the commands of steps that wait too long; returns how many."""
        if await self._lag() > LAG_LIMIT:
            log.info("sweep_paused")
            return 0
        return (await self._units.write(self._repeat)).answer

    async def _repeat(self, connection: Connection) -> Decided[int]:
        lives = await take_due(connection, SWEEP_LIMIT)
        payments = await self._shelf.payments(connection, lives)
        messages = []
        for payment in payments.values():
            life = payment.life
            follow(made_of(payment.terms.reference))
            if (order := order_of(life.step)) is not None:
                messages.append(order_message(order, payment))
            log.info(
                "command_repeated",
                reference=payment.terms.reference,
                step=life.step,
                repeat_count=life.repeat_count + 1,
            )
        if lives:
            await postpone(
                connection,
                {reference: wait_after(life.repeat_count + 1) for reference, life in lives.items()},
            )
        return Decided(len(lives), messages)

    async def look_again(self) -> None:
        """Tell waiters what the store says: a fact may have passed while the tail was away."""
        waiting = self._waiters.waiting()[:RELOOK_LIMIT]
        if not waiting:
            return
        async with self._units.pool.acquire() as connection:
            lives = await read_lives(connection, waiting)
            ended = {r: life for r, life in lives.items() if life.state in ANSWERED}
            payments = await self._shelf.payments(connection, ended)
        for payment in payments.values():
            self._waiters.tell(payment_message(payment))
