"""Reads the facts that are about payouts, and moves the payouts in the transaction that reads them.

A fact of a payout that is not on record is left: ledger and bridge may carry others' work under the
same first word.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog

from services.core.ids import Resource
from services.core.money import Money
from services.kit.facts.projection import KeptFact
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import ReconciliationEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.settlement.payouts import store
from services.settlement.payouts.messages import command_of, payout_changed
from services.settlement.payouts.model import (
    DONE_BY,
    Heard,
    Payout,
    Task,
    Word,
    hear,
    is_contradicted,
    task_of,
    wanted,
)
from services.settlement.payouts.store import JournalEntry

log = structlog.get_logger()

_PREFIX = f"{Resource.PAYOUT}-"
_ID_LENGTH = len(_PREFIX) + 26
_OF_BRIDGE = {
    "payout_submitted": Heard.SUBMITTED,
    "payout_accepted": Heard.ACCEPTED,
    "payout_executed": Heard.EXECUTED,
    "payout_rejected": Heard.REJECTED,
    "payout_returned": Heard.RETURNED,
}

Said = tuple[str, Word]
"""A payout's id, and what is said of it."""


def wallet_said(fact: KeptFact) -> Said | None:
    """What a fact of the ledger says of a payout; None where nothing. Raises DecodeError."""
    if not fact.key.startswith(_PREFIX):
        return None
    payout_id, suffix = fact.key[:_ID_LENGTH], fact.key[_ID_LENGTH + 1 :]
    task = task_of(suffix)
    if task is None:
        return None
    event = WalletEvent.FromString(fact.payload)
    match event.WhichOneof("body"):
        case "funds_posted":
            return payout_id, Word(DONE_BY[task])
        case "funds_refused":
            refused = event.funds_refused
            heard = Heard.REFUSED if task is Task.BOOK else Heard.STUCK
            said = f"{refused.message} ({refused.account_id})" if refused.account_id else ""
            return payout_id, Word(
                heard, reason=refused.reason, message=said or refused.message, suffix=suffix
            )
        case _:
            return None


def bridge_said(fact: KeptFact) -> Said | None:
    """What a fact of the bridge says of a payout; None where nothing. Raises DecodeError."""
    if not fact.key.startswith(_PREFIX):
        return None
    event = BridgeEvent.FromString(fact.payload)
    name = event.WhichOneof("body")
    heard = _OF_BRIDGE.get(name or "")
    if heard is None:
        return None
    body: Any = getattr(event, str(name))
    return event.charge_id, Word(
        heard,
        fee=_fee(body.bank_fee) if heard is Heard.EXECUTED else None,
        partner_reference=getattr(body, "partner_reference", ""),
        reason=getattr(body, "reason", ""),
        message=getattr(body, "message", ""),
    )


def _fee(fee: money_pb2.Money) -> Money | None:
    return Money(fee.minor_units, fee.currency_code) if fee.minor_units > 0 else None


def statement_said(fact: KeptFact) -> Said | None:
    """What a fact of reconciliation says of a payout; None where nothing. Raises DecodeError."""
    if not fact.key.startswith(_PREFIX):
        return None
    event = ReconciliationEvent.FromString(fact.payload)
    if event.WhichOneof("body") != "resource_on_statement":
        return None
    found = event.resource_on_statement
    return found.resource_id, Word(Heard.CAME_BACK if found.credit else Heard.LEFT)


async def hear_all(
    connection: Connection,
    facts: Sequence[KeptFact],
    read: Callable[[KeptFact], Said | None],
    now: datetime,
) -> list[Outgoing]:
    """Move the payouts that facts speak of; what is to be sent."""
    said = [(fact.place, *found) for fact in facts if (found := read(fact)) is not None]
    if not said:
        return []
    before = await store.lock_payouts(connection, {payout_id for _, payout_id, _ in said})
    after = dict(before)
    journal = []
    for place, payout_id, word in said:
        if payout_id not in after:
            log.warning("payout_unknown", payout_id=payout_id[:80], place=place)
            continue
        heard = hear(after[payout_id], word, now)
        if heard is not after[payout_id]:
            after[payout_id] = heard
            entry = JournalEntry(payout_id, word.heard, heard.state, place, word.reason, now)
            journal.append(entry)
    moved = [payout for payout_id, payout in after.items() if payout is not before[payout_id]]
    await store.update_payouts(connection, moved)
    await store.add_moves(connection, journal)
    return [each for one in moved for each in follows(before[one.payout_id], one)]


def follows(before: Payout, after: Payout) -> list[Outgoing]:
    """What is sent because a payout has heard something."""
    messages = [command_of(after, task) for task in sorted(wanted(after) - wanted(before))]
    if after.state is not before.state:
        messages.append(payout_changed(after))
        log.info("payout_moved", payout_id=after.payout_id, state=after.state)
    if after.refused - before.refused:
        log.error("payout_stuck", payout_id=after.payout_id, reason=after.reason)
    if is_contradicted(after):
        log.error("payout_contradicted", payout_id=after.payout_id)
    return messages
