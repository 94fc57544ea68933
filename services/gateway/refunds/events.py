"""Drives refunds by what wallet and bridge say, and repeats what was not answered."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from services.core.clock import Clock
from services.gateway.incoming import Incoming
from services.gateway.payments.store.payments import add_refunded
from services.gateway.payments.sweeping import STUCK_REPEATS, SWEEP_LIMIT, wait_after
from services.gateway.refunds import store
from services.gateway.refunds.messages import command_of, fact_of
from services.gateway.refunds.model import Life, Refund, State, Step
from services.gateway.refunds.saga import ORDERS, decide
from services.gateway.waking import Wakers
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided

log = structlog.get_logger()


class RefundEvents:
    """The handler of events about refunds."""

    def __init__(self, wakers: Wakers, clock: Clock) -> None:
        self._wakers = wakers
        self._clock = clock
        self._moved: list[str] = []

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Decide a batch, event by event in order; an event of no refund of ours is left."""
        refunds = await store.lock_refunds(connection, (heard.reference for heard in batch))
        now = self._clock.now()
        lives: dict[str, Life] = {}
        messages: list[Outgoing] = []
        completed: list[Refund] = []
        for heard in batch:
            before = refunds.get(heard.reference)
            if before is None:
                continue
            decision = decide(before, heard, now)
            after = before
            if decision.life is not None:
                after = refunds[heard.reference] = replace(before, life=decision.life)
                lives[heard.reference] = decision.life
                if decision.life.state is not before.life.state:
                    messages.append(fact_of(after))
                    if decision.life.state is State.COMPLETED:
                        completed.append(after)
                if decision.life.step is Step.OPERATOR:
                    log.error("refund_stranded", reference=heard.reference, reason=heard.reason)
            if decision.order is not None:
                messages.append(command_of(decision.order, after))
        if lives:
            await store.store_lives(connection, lives)
        for refund in sorted(completed, key=lambda each: each.ask.payment_reference):
            await add_refunded(connection, refund.ask.payment_reference, refund.ask.target_minor)
        self._moved = list(lives)
        return messages

    def committed(self) -> None:
        """Wake those who wait here."""
        self._wakers.wake(self._moved)


async def repeat_refunds(connection: Connection) -> Decided[int]:
    """Repeat the commands of refunds that wait too long; how many."""
    due = await store.take_due(connection, SWEEP_LIMIT)
    if due:
        await store.postpone(
            connection,
            {each.ask.reference: wait_after(each.life.repeat_count + 1) for each in due},
        )
    for refund in due:
        _tell_repeat(refund)
    messages = [command_of(each.life.step, each) for each in due if each.life.step in ORDERS]
    return Decided(len(due), messages)


def _tell_repeat(refund: Refund) -> None:
    repeats = refund.life.repeat_count + 1
    tell = log.error if repeats >= STUCK_REPEATS else log.info
    tell(
        "refund_command_repeated",
        reference=refund.ask.reference,
        step=refund.life.step,
        repeat_count=repeats,
    )
