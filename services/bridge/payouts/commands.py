"""Records the payouts that a batch of bridge.command asks for; the consumer's piece.

A repeat finds its own row and its last word is said again. An id that comes with other content
never touches the first: it goes to the dead letters, and where it names another resource that one
is told that its payout is rejected.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace

import structlog

from services.bridge.domain.answer import Moment
from services.bridge.payouts.life import open_payout, said_of
from services.bridge.payouts.messages import payout_outgoing
from services.bridge.payouts.model import Payout, PayoutOrder, PayoutSaid, PayoutState
from services.bridge.payouts.payees import is_repeat, sealed
from services.bridge.payouts.store import insert_payouts, lock_payouts
from services.kit.batch import DEAD_LETTER_STRIPE
from services.kit.kafka import Record
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox

log = structlog.get_logger()

PAYOUT_CONFLICT = "PAYOUT_EXISTS_WITH_DIFFERENT_CONTENT"

Ordered = tuple[Record, PayoutOrder]


@dataclass(slots=True)
class _Saying:
    moment: Moment
    lane: int
    messages: list[Outgoing] = field(default_factory=list)

    def say(self, payout: Payout, said: Sequence[PayoutSaid]) -> None:
        today = self.moment.today
        self.messages += [payout_outgoing(payout, word, today, self.lane) for word in said]

    def bury(self, record: Record) -> None:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        log.error("command_conflicts", reason=PAYOUT_CONFLICT, place=place, key=record.key)
        kind = f"{PAYOUT_CONFLICT}:{place}"
        letter = Outgoing("dead.letter", record.key, DEAD_LETTER_STRIPE, kind, record.value)
        self.messages.append(letter)


async def record_payouts(
    connection: Connection,
    orders: Sequence[Ordered],
    partner_ids: Container[str],
    moment: Moment,
    lane: int,
    box: SecretBox,
) -> list[Outgoing]:
    """Store what is new, due at once for whichever process has room; returns what is to be said.

    Raises `SecretsKeyMissing`.
    """
    if not orders:
        return []
    saying = _Saying(moment, lane)
    fresh: dict[str, tuple[Payout, tuple[PayoutSaid, ...]]] = {}
    for _, order in orders:
        if order.payout_id not in fresh:
            is_known = order.partner_id in partner_ids
            fresh[order.payout_id] = open_payout(order, moment, is_known)
    # In id order, so that two batches do not wait for each other in a ring.
    stored = [fresh[payout_id][0] for payout_id in sorted(fresh)]
    stored = [replace(payout, order=sealed(payout.order, box)) for payout in stored]
    new = await insert_payouts(connection, stored)
    for payout_id in new:
        saying.say(*fresh[payout_id])
    known = await lock_payouts(connection, [each for each in fresh if each not in new])
    _repeat(saying, orders, {each: fresh[each][0] for each in new}, known, box)
    return saying.messages


def _repeat(
    saying: _Saying,
    orders: Sequence[Ordered],
    new: dict[str, Payout],
    known: dict[str, Payout],
    box: SecretBox,
) -> None:
    for record, order in orders:
        payout = known.get(order.payout_id) or new[order.payout_id]
        if is_repeat(payout.order, order, box):
            if order.payout_id in known:
                saying.say(payout, said_of(payout))
            continue
        saying.bury(record)
        if order.resource_id != payout.order.resource_id:
            saying.say(_conflicting(order, saying.moment), (PayoutSaid.REJECTED,))


def _conflicting(order: PayoutOrder, moment: Moment) -> Payout:
    """What the resource of a conflicting order is told."""
    return Payout(
        order,
        moment.today,
        moment.today,
        PayoutState.REJECTED,
        None,
        reason=PAYOUT_CONFLICT,
        message="Another payout has this id; send the order under an id of its own.",
    )
