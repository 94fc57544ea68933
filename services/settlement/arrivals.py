"""Books what banks' statements show of top-ups and withdrawals: from clearing to the bank (§6).

A top-up is credited when the bank has said yes to it; its money lies in clearing until it is on the
statement, and a top-up that was given back goes the same way. A withdrawal lies in the clearing of
what goes out, and so does the fee that the bank says it took for it, against expense: the entry of
the fee is booked like that of the money. Each entry of a statement is booked once, under a link
made of its resource and its place there.

What the ledger does not answer is asked again, ever more seldom. What it refuses is not: it would
refuse the same link again. Both wait for a person in the end.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from services.core.accounts import AccountKind, house
from services.core.clock import Clock
from services.core.ids import Resource
from services.core.money import Money
from services.kit.facts.projection import KeptFact
from services.kit.ledger import Move, transfer_funds
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.repeating import SILENCE
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import (
    ReconciliationEvent,
    ResourceOnStatement,
)
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.settlement.lanes import command_stripe
from services.settlement.store import arrivals as store
from services.settlement.store.arrivals import STUCK_REPEATS, Kept

log = structlog.get_logger()

MARK = "-arrival-"
_CLEARING = {
    Resource.TOP_UP: AccountKind.BANK_CLEARING_IN,
    Resource.WITHDRAWAL: AccountKind.BANK_CLEARING_OUT,
}
_FEE = "fee"
_DIGEST_LENGTH = 12
_LINK = re.compile(f"(.+{MARK}[0-9a-f]{{{_DIGEST_LENGTH}}})(?:-([0-9]{{1,6}}))?")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One entry, or a bank's word of its fee. Money that came in is more than zero.

    `attempt` counts how often a person had it asked anew.
    """

    resource_id: str
    witness: str
    amount: Money
    attempt: int = 0

    @property
    def arrival_id(self) -> str:
        """The same for the same entry, however often it is told."""
        digest = hashlib.sha256(self.witness.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{self.resource_id}{MARK}{digest}"

    @property
    def link_id(self) -> str:
        """The ledger's link of the present attempt."""
        return f"{self.arrival_id}-{self.attempt}" if self.attempt else self.arrival_id

    @property
    def command(self) -> Outgoing:
        """Have the ledger book it; a repeat changes nothing."""
        kind = _CLEARING[Resource(self.resource_id.partition("-")[0])]
        clearing = house(kind, self.amount.currency).account_id
        other = AccountKind.BANK_FEE_EXPENSE if self.witness == _FEE else AccountKind.BANK
        bank = house(other, self.amount.currency).account_id
        amount = Money(abs(self.amount.minor), self.amount.currency)
        move = Move(bank, clearing, amount, "arrival")
        moves = [move if self.amount.minor > 0 else move.reverse]
        return transfer_funds(self.link_id, moves, command_stripe(self.resource_id))


def arrival_kept(kept: Kept) -> Arrival:
    """The entry that is kept, as it is to be asked for now."""
    return Arrival(kept.resource_id, kept.witness, kept.amount, kept.attempt)


def parse_attempt(link_id: str) -> tuple[str, int] | None:
    """The arrival and the attempt of a link; None where it is of something else."""
    found = _LINK.fullmatch(link_id)
    return None if found is None else (found[1], int(found[2] or 0))


def arrival_of(told: ResourceOnStatement) -> Arrival | None:
    """What a statement's entry has brought of a top-up; None where it is of something else."""
    kind = told.resource_id.partition("-")[0]
    if kind not in _CLEARING or told.amount.minor_units <= 0:
        return None
    minor = told.amount.minor_units if told.credit else -told.amount.minor_units
    witness = f"{told.partner_id}/{told.entry_reference}"
    return Arrival(told.resource_id, witness, Money(minor, told.amount.currency_code))


async def read_arrivals(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> list[Outgoing]:
    """Have booked what statements show for the first time. Raises DecodeError."""
    told = [ReconciliationEvent.FromString(fact.payload).resource_on_statement for fact in facts]
    found = [arrival for each in told if (arrival := arrival_of(each)) is not None]
    fresh = await store.add_arrivals(connection, found, clock.now())
    return [arrival.command for arrival in found if arrival.arrival_id in fresh]


async def read_fees(
    connection: Connection, facts: Sequence[KeptFact], clock: Clock
) -> list[Outgoing]:
    """Have booked what banks took for withdrawals. Raises DecodeError."""
    found = []
    for fact in facts:
        if fact.key.startswith(f"{Resource.WITHDRAWAL}-"):
            event = BridgeEvent.FromString(fact.payload)
            fee = event.payout_executed.bank_fee
            if fee.minor_units > 0:
                amount = Money(fee.minor_units, fee.currency_code)
                found.append(Arrival(event.resource_id, _FEE, amount))
    fresh = await store.add_arrivals(connection, found, clock.now())
    return [arrival.command for arrival in found if arrival.arrival_id in fresh]


async def read_booked(connection: Connection, facts: Sequence[KeptFact]) -> None:
    """Note what the ledger has booked; a refusal is left for a person. Raises DecodeError."""
    booked = []
    refused: list[tuple[str, int, str]] = []
    for fact in facts:
        if MARK not in fact.key:
            continue
        event = WalletEvent.FromString(fact.payload)
        attempt = parse_attempt(event.link_id)
        if attempt is None:
            continue
        if event.WhichOneof("body") == "funds_posted":
            booked.append(attempt[0])
        else:
            reason = event.funds_refused.reason or "REFUSED"
            refused.append((*attempt, reason))
    await store.mark_booked(connection, booked)
    for arrival_id in await store.mark_refused(connection, refused):
        log.error("arrival_refused", arrival_id=arrival_id)


async def take_silent(
    connection: Connection, asked_before: datetime, now: datetime
) -> list[Outgoing]:
    """Commands that the ledger has not answered; what a `Repeater` repeats, after twice the time
    with each repeat, up to an hour."""
    silent = await store.take_silent(connection, asked_before, now, SILENCE)
    for each in silent:
        if each.repeat_count == STUCK_REPEATS:
            log.error("arrival_stuck", arrival_id=each.arrival_id)
    return [arrival_kept(each).command for each in silent]
