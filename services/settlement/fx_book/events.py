"""What the copied facts mean for deals, and the repeat of commands that nobody has answered."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.core.ids import Resource
from services.kit.facts.projection import KeptFact
from services.kit.outbox import Outgoing
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2
from services.settlement.domain.postings import parse_link
from services.settlement.fx_book import store
from services.settlement.fx_book.deals import Deal, hear_posted, hear_refused, see
from services.settlement.fx_book.messages import commands_of, deal_changed

log = structlog.get_logger()

SILENCE = timedelta(seconds=30)
LOOK_SECONDS = 5.0
_KEY = f"{Resource.DEAL}-"

Hear = Callable[[Deal], Deal]


async def read_wallet_facts(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> list[Outgoing]:
    """Move deals by what the ledger has said of their transfers."""
    heard: list[tuple[str, Hear]] = []
    for fact in facts:
        if not fact.key.startswith(_KEY):
            continue
        event = wallet_message_pb2.WalletEvent.FromString(fact.payload)
        link, body = event.link_id, event.WhichOneof("body")
        if body == "funds_posted":
            heard.append((link, partial(hear_posted, link_id=link)))
        elif body == "funds_refused":
            reason = event.funds_refused.reason
            heard.append((link, partial(hear_refused, link_id=link, reason=reason)))
    return await _move(connection, heard, clock)


async def read_statement_facts(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> list[Outgoing]:
    """Note which sides of deals are on a bank's statement."""
    heard: list[tuple[str, Hear]] = []
    for fact in facts:
        event = reconciliation_event_pb2.ReconciliationEvent.FromString(fact.payload)
        told = event.resource_on_statement
        if told.resource_id.startswith(_KEY):
            witness = f"{told.partner_id}/{told.entry_reference}"
            heard.append((told.resource_id, partial(see, credit=told.credit, witness=witness)))
    return await _move(connection, heard, clock)


async def _move(
    connection: Connection, heard: Sequence[tuple[str, Hear]], clock: Clock
) -> list[Outgoing]:
    if not heard:
        return []
    named = [(parse_link(link)[1], hear) for link, hear in heard]
    before = await store.lock_deals(connection, sorted({reference for reference, _ in named}))
    after = dict(before)
    for reference, hear in named:
        if reference in after:
            after[reference] = hear(after[reference])
    moved = [deal for reference, deal in after.items() if deal != before[reference]]
    now = clock.now()
    await store.update_deals(connection, moved, now)
    return [message for deal in moved for message in (*commands_of(deal), deal_changed(deal, now))]


class DealRepeater:
    """Gives commands of deals again that the ledger has not answered."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def run(self) -> None:
        """Look for them, for ever."""
        while True:
            try:
                await self.step()
            except (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("deals_wait", problem=str(error) or repr(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def step(self) -> None:
        """Repeat what has been silent for the time of grace."""

        async def work(connection: Connection) -> Decided[None]:
            now = self._clock.now()
            silent = await store.lock_silent_deals(connection, now - SILENCE)
            await store.update_deals(connection, silent, now)
            return Decided(None, [command for deal in silent for command in commands_of(deal)])

        await self._units.write(work)
