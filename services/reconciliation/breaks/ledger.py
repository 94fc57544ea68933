"""Reads the ledger's answers to corrections from the copied facts."""

from collections.abc import Sequence
from datetime import UTC

from google.protobuf.message import DecodeError

from services.core.ids import Resource
from services.kit.facts.projection import FactUnreadable, KeptFact
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.breaks.model import Break, Step
from services.reconciliation.breaks.resolving import posted, refused
from services.reconciliation.breaks.store.books import lock_links, store_steps
from services.reconciliation.breaks.store.running import ended_among

_PREFIX = f"{Resource.CORRECTION}-"


async def read_ledger(connection: Connection, facts: Sequence[KeptFact]) -> Sequence[Outgoing]:
    """Resolve or open again the breaks whose transfers the wallet has answered.

    Facts of anything else cost nothing. Returns the messages to send. Raises `FactUnreadable`.
    """
    answers = [_read(fact) for fact in facts if fact.key.startswith(_PREFIX)]
    if not answers:
        return ()
    held = await lock_links(connection, [event.link_id for event in answers])
    ended = await ended_among(connection, [item.break_id for item in held.values()])
    messages: list[Outgoing] = []
    for event in answers:
        # The ledger repeats an answer with each repeat of its command: the first is the one.
        item = held.pop(event.link_id, None)
        step = None if item is None else _answered(item, event, item.break_id in ended)
        if step is not None:
            messages += await store_steps(connection, [step], step.item.update_time)
    return messages


def _answered(item: Break, event: WalletEvent, has_ended: bool) -> Step | None:
    now = event.event_time.ToDatetime(UTC)
    match event.WhichOneof("body"):
        case "funds_posted":
            return posted(item, now, has_ended=has_ended)
        case "funds_refused":
            return refused(item, event.funds_refused.reason, event.funds_refused.message, now)
        case _:
            return None


def _read(fact: KeptFact) -> WalletEvent:
    try:
        return WalletEvent.FromString(fact.payload)
    except DecodeError as error:
        raise FactUnreadable(f"{fact.place} is no event: {error}") from error
