"""Breaks as messages: facts, commands to the ledger, answers to callers."""

from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.core.accounts import AccountKind, house
from services.core.ids import STRIPE_COUNT, stripe_of
from services.core.money import Money
from services.kit.ledger import Move, open_accounts, transfer_funds
from services.kit.outbox import Outgoing
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2 as events
from services.reconciliation.breaks.accounts import house_accounts
from services.reconciliation.breaks.model import Break

TOPIC = "reconciliation.event"
PURPOSE = "correction"
# Facts keep to the lower half of the stripes, so that who reads them sees no gaps; commands, which
# nobody counts, to the upper.
_HALF = STRIPE_COUNT // 2


def fact(key: str, name: str, event: events.ReconciliationEvent, now: datetime) -> Outgoing:
    """A fact of reconciliation; `name` is that of the message within."""
    event.event_time.CopyFrom(stamp(now))
    return Outgoing(TOPIC, key, stripe_of(key) % _HALF, name, event.SerializeToString())


def break_changed(item: Break, now: datetime) -> Outgoing:
    """The fact that a break is new or has changed."""
    changed = events.BreakChanged(
        break_id=item.break_id,
        kind=item.kind,
        state=item.state,
        partner_id=item.partner_id,
        size_minor=item.size,
        currency_code=item.currency,
    )
    event = events.ReconciliationEvent(break_changed=changed)
    return fact(item.break_id, "BreakChanged", event, now)


def correction(link_id: str, debit: str, credit: str, amount: Money, fee: Money) -> list[Outgoing]:
    """The commands to the ledger, the same however often they are sent: accounts of the house that
    may not be open yet, then the transfer, with the fee that a partner has kept."""
    stripe = _HALF + stripe_of(debit) % _HALF
    moves = [Move(debit, credit, amount, PURPOSE)]
    if fee.minor:
        expense = house(AccountKind.PARTNER_FEE_EXPENSE, fee.currency).account_id
        moves.append(Move(expense, credit, fee, PURPOSE))
    opened = house_accounts(*(m.debit_account_id for m in moves), credit)
    # Keyed as the transfer is, so that the ledger hears it before.
    opening = [replace(open_accounts(opened, stripe), key=debit)] if opened else []
    return [*opening, transfer_funds(link_id, moves, stripe)]


def money(minor: int, currency: str) -> money_pb2.Money:
    """An amount as its message."""
    return money_pb2.Money(minor_units=minor, currency_code=currency)


def stamp(instant: datetime) -> Timestamp:
    """An instant as its message."""
    made = Timestamp()
    made.FromDatetime(instant.astimezone(UTC))
    return made
