"""Books what banks' statements show of top-ups and withdrawals: from clearing to the bank (§6).

A top-up is credited when the bank has said yes to it; its money lies in clearing until it is on the
statement, and a top-up that was given back goes the same way. A withdrawal lies in the clearing of
what goes out, and so does the fee that the bank says it took for it, against expense: the entry of
the fee is booked like that of the money. Each entry of a statement is booked once, under a link
made of its resource and its place there.
"""

import hashlib
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
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import (
    ReconciliationEvent,
    ResourceOnStatement,
)
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.settlement.lanes import command_stripe
from services.settlement.store import arrivals as store

log = structlog.get_logger()

MARK = "-arrival-"
_CLEARING = {
    Resource.TOP_UP: AccountKind.BANK_CLEARING_IN,
    Resource.WITHDRAWAL: AccountKind.BANK_CLEARING_OUT,
}
_FEE = "fee"
_DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Arrival:
    """One entry, or a bank's word of its fee. Money that came in is more than zero."""

    resource_id: str
    witness: str
    amount: Money

    @property
    def link_id(self) -> str:
        """The same for the same entry, however often it is told."""
        digest = hashlib.sha256(self.witness.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{self.resource_id}{MARK}{digest}"

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
    return [arrival.command for arrival in found if arrival.link_id in fresh]


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
    return [arrival.command for arrival in found if arrival.link_id in fresh]


async def read_booked(connection: Connection, facts: Sequence[KeptFact]) -> None:
    """Note what the ledger has booked; a refusal is left for a person. Raises DecodeError."""
    booked = []
    for fact in facts:
        if MARK not in fact.key:
            continue
        event = WalletEvent.FromString(fact.payload)
        if event.WhichOneof("body") == "funds_posted":
            booked.append(event.link_id)
        else:
            reason = event.funds_refused.reason
            log.error("arrival_refused", link_id=event.link_id, reason=reason)
    await store.mark_booked(connection, booked)


async def take_silent(
    connection: Connection, asked_before: datetime, now: datetime
) -> list[Outgoing]:
    """Commands that the ledger has not answered; what a `Repeater` repeats."""
    silent = await store.take_silent(connection, asked_before, now)
    return [Arrival(*each).command for each in silent]
