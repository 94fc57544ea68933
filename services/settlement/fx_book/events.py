"""What the copied facts mean for deals, and which of their commands nobody has answered."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from services.core.clock import Clock
from services.core.ids import Resource
from services.kit.facts.projection import KeptFact
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2
from services.settlement.domain.postings import parse_link
from services.settlement.fx_book import store
from services.settlement.fx_book.deals import Deal, hear_posted, hear_refused, see
from services.settlement.fx_book.messages import commands_of, deal_changed

log = structlog.get_logger()

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
    for deal in moved:
        if deal.reason and deal.reason != before[deal.reference].reason:
            log.error("deal_refused", deal_id=deal.terms.deal_id, reason=deal.reason)
    now = clock.now()
    await store.update_deals(connection, moved, now)
    return [message for deal in moved for message in (*commands_of(deal), deal_changed(deal, now))]


async def take_silent(
    connection: Connection, asked_before: datetime, now: datetime
) -> list[Outgoing]:
    """Commands that the ledger has not answered; what a `Repeater` repeats."""
    silent = await store.lock_silent_deals(connection, asked_before)
    await store.update_deals(connection, silent, now)
    return [command for deal in silent for command in commands_of(deal)]
