"""Breaks as messages: facts, commands to the ledger, answers to callers."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.core.ids import STRIPE_COUNT, stripe_of
from services.core.money import Money
from services.kit.outbox import Outgoing
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.reconciliation.v1 import reconciliation_event_pb2 as events
from services.pb.kawase.wallet.v1 import transfer_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
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


def correction(link_id: str, debit: str, credit: str, amount: Money) -> Outgoing:
    """The command to the ledger; the same however often it is sent."""
    leg = transfer_pb2.Leg(
        debit_account_id=debit,
        credit_account_id=credit,
        amount=money(amount.minor, amount.currency),
        purpose=PURPOSE,
    )
    transfer = wallet.TransferFunds(link_id=link_id, funding_account_id=debit, legs=[leg])
    payload = wallet.WalletCommand(transfer_funds=transfer).SerializeToString()
    stripe = _HALF + stripe_of(debit) % _HALF
    return Outgoing("wallet.command", debit, stripe, "TransferFunds", payload)


def money(minor: int, currency: str) -> money_pb2.Money:
    """An amount as its message."""
    return money_pb2.Money(minor_units=minor, currency_code=currency)


def stamp(instant: datetime) -> Timestamp:
    """An instant as its message."""
    made = Timestamp()
    made.FromDatetime(instant.astimezone(UTC))
    return made
