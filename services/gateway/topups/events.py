"""Drives top-ups by what bridge and wallet say, and repeats what was not answered."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from services.core.clock import Clock
from services.gateway.incoming import Incoming
from services.gateway.payments.sweeping import STUCK_REPEATS, SWEEP_LIMIT, wait_after
from services.gateway.topups import store
from services.gateway.topups.messages import command_of, fact_of
from services.gateway.topups.model import Life, Step, TopUp
from services.gateway.topups.saga import ORDERS, decide
from services.gateway.waking import Wakers
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided

log = structlog.get_logger()


class TopUpEvents:
    """The handler of events about top-ups."""

    def __init__(self, wakers: Wakers, clock: Clock) -> None:
        self._wakers = wakers
        self._clock = clock
        self._moved: list[str] = []

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Decide a batch, event by event in order; an event of no top-up of ours is left."""
        top_ups = await store.lock_top_ups(connection, (heard.reference for heard in batch))
        now = self._clock.now()
        lives: dict[str, Life] = {}
        messages: list[Outgoing] = []
        for heard in batch:
            before = top_ups.get(heard.reference)
            if before is None:
                continue
            decision = decide(before, heard, now)
            after = before
            if decision.life is not None:
                after = top_ups[heard.reference] = replace(before, life=decision.life)
                lives[heard.reference] = decision.life
                if decision.life.state is not before.life.state:
                    messages.append(fact_of(after))
                if decision.life.step in (Step.OPERATOR, Step.GIVE_BACK):
                    log.error("top_up_astray", reference=heard.reference, step=decision.life.step)
            if decision.order is not None:
                messages.append(command_of(decision.order, after))
        if lives:
            await store.store_lives(connection, lives)
        self._moved = list(lives)
        return messages

    def committed(self) -> None:
        """Wake those who wait here."""
        self._wakers.wake(self._moved)


async def repeat_top_ups(connection: Connection) -> Decided[int]:
    """Repeat the commands of top-ups that wait too long; how many."""
    due = await store.take_due(connection, SWEEP_LIMIT)
    if due:
        await store.postpone(
            connection,
            {each.ask.reference: wait_after(each.life.repeat_count + 1) for each in due},
        )
    for top_up in due:
        _tell_repeat(top_up)
    messages = [command_of(each.life.step, each) for each in due if each.life.step in ORDERS]
    return Decided(len(due), messages)


def _tell_repeat(top_up: TopUp) -> None:
    repeats = top_up.life.repeat_count + 1
    tell = log.error if repeats >= STUCK_REPEATS else log.info
    tell(
        "top_up_command_repeated",
        reference=top_up.ask.reference,
        step=top_up.life.step,
        repeat_count=repeats,
    )
