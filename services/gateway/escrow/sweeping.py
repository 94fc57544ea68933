"""What releases by itself: escrows whose time is over and whose clock does not stand."""

import structlog

from services.core.clock import Clock
from services.core.ids import new_reference
from services.gateway.escrow import rules, store
from services.gateway.escrow.handlers import keep_release
from services.gateway.escrow.model import Cause, Escrow
from services.gateway.payments.store.payments import read_lives, with_terms
from services.gateway.repeating import each_second
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# In one transaction; each release is a few rows.
TAKE_LIMIT = 50


class EscrowSweeper:
    """Releases what is due, `take` in a transaction."""

    def __init__(self, units: Units, clock: Clock, take: int = TAKE_LIMIT) -> None:
        self._units = units
        self._clock = clock
        self._take = take

    async def run(self) -> None:
        """A pass a second, for ever; passes over what is away."""
        await each_second(self.step, "escrow_sweep_delayed")

    async def step(self) -> int:
        """Release all that is due now; how many escrows were."""
        total = 0
        while True:
            released, closed = (await self._units.write(self._release)).answer
            total += released
            # What waits for a refund under way is left, and looked at in the next pass.
            if released + closed < self._take:
                return total

    async def _release(self, connection: Connection) -> Decided[tuple[int, int]]:
        now = self._clock.now()
        references = await store.lock_due(connection, now, self._take)
        if not references:
            return Decided((0, 0))
        # Only now is read what decides: who held the lock before may have released or disputed.
        lives = await read_lives(connection, references)
        payments = {
            payment.terms.reference: payment
            for payment in await with_terms(connection, list(lives.items()))
        }
        messages: list[Outgoing] = []
        over: list[Escrow] = []
        released = 0
        for kept in await store.read_escrows(connection, references):
            if not rules.is_due(kept, now):
                continue
            if (closed := rules.closed(kept)) is not None:
                over.append(closed)
            elif kept.held_minor:
                reference = new_reference(now)
                after, part = rules.released(kept, None, now, Cause.TIME, reference, reference)
                payment = payments[kept.reference]
                messages += await keep_release(connection, after, part, payment)
                log.info("escrow_released", reference=kept.reference, cause=Cause.TIME)
                released += 1
        if over:
            await store.store_moves(connection, over)
        return Decided((released, len(over)), messages)
