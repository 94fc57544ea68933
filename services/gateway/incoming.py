"""What wallet and bridge say, as one flat value that rules can be written over.

Protobuf ends here: `read_event` turns a record into an `Incoming`, or None where it is not about
anything of the gateway's (a payout, an operator's transfer).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from google.protobuf.timestamp_pb2 import Timestamp

from services.core.ids import Resource, parse_resource_id
from services.core.money import Money
from services.kit.batch import UnknownMessage
from services.kit.kafka import Record
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet

REFERENCE_LENGTH = 26
# Payouts and deals are settlement's, corrections reconciliation's.
FOREIGN = frozenset({Resource.PAYOUT, Resource.DEAL, Resource.CORRECTION})


class What(StrEnum):
    """The member of the event's `oneof`."""

    FUNDS_RESERVED = "funds_reserved"
    FUNDS_REFUSED = "funds_refused"
    FUNDS_POSTED = "funds_posted"
    FUNDS_VOIDED = "funds_voided"
    FUNDS_EXPIRED = "funds_expired"
    ACCOUNTS_OPENED = "accounts_opened"
    CHARGE_ACCEPTED = "charge_accepted"
    CHARGE_REJECTED = "charge_rejected"
    CHARGE_ACTION_REQUIRED = "charge_action_required"
    CHARGE_UNKNOWN = "charge_unknown"
    CHARGE_CANCELLED = "charge_cancelled"
    REFUND_ACCEPTED = "refund_accepted"
    REFUND_REJECTED = "refund_rejected"
    CHARGE_ACCEPTED_LATE = "charge_accepted_late"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_ENDED = "dispute_ended"
    PAYOUT_SUBMITTED = "payout_submitted"
    PAYOUT_ACCEPTED = "payout_accepted"
    PAYOUT_EXECUTED = "payout_executed"
    PAYOUT_REJECTED = "payout_rejected"
    PAYOUT_RETURNED = "payout_returned"


OF_DISPUTES = frozenset({What.DISPUTE_OPENED, What.DISPUTE_ENDED})


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event about `resource` with our `reference`. Fields an event does not have are empty.

    `link_id` is the wallet's link, or the resource id the bridge keyed its event by; it may go on
    after the reference (`late-…-back`). `charge_id` is the bridge's charge, refund or payout.
    `command` is what the wallet refused. What a partner says of a dispute is about
    `Resource.DISPUTE`, with the reference of the payment and the `dispute_id` of the bridge.
    """

    resource: Resource
    reference: str
    what: What
    link_id: str = ""
    charge_id: str = ""
    command: str = ""
    reason: str = ""
    message: str = ""
    account_id: str = ""
    action_url: str = ""
    partner_id: str = ""
    partner_reference: str = ""
    amount: Money | None = None
    dispute_id: str = ""
    won: bool = False
    answer_until: datetime | None = None
    trace: str = ""


def read_event(record: Record) -> Incoming | None:
    """The event in a record of `wallet.event` or `bridge.event`.

    Raises `UnknownMessage` for a member of the `oneof` we do not know, `DecodeError` for bytes that
    are no event.
    """
    try:
        resource, rest = parse_resource_id(record.key)
    except ValueError:
        return None
    if resource in FOREIGN:
        return None
    read = _READERS[record.topic]
    return read(resource, rest[:REFERENCE_LENGTH], record)


def _read_wallet(resource: Resource, reference: str, record: Record) -> Incoming:
    event = wallet.WalletEvent.FromString(record.value)
    what = _what(event.WhichOneof("body"), record)
    if what is not What.FUNDS_REFUSED:
        return Incoming(resource, reference, what, event.link_id, trace=record.trace)
    refused = event.funds_refused
    return Incoming(
        resource,
        reference,
        what,
        event.link_id,
        command=refused.command,
        reason=refused.reason,
        message=refused.message,
        account_id=refused.account_id,
        trace=record.trace,
    )


def _read_bridge(resource: Resource, reference: str, record: Record) -> Incoming:
    event = bridge.BridgeEvent.FromString(record.value)
    name = event.WhichOneof("body")
    what = _what(name, record)
    said = getattr(event, str(name))
    return Incoming(
        Resource.DISPUTE if what in OF_DISPUTES else resource,
        reference,
        what,
        event.resource_id,
        event.charge_id,
        reason=getattr(said, "reason", ""),
        message=getattr(said, "message", ""),
        action_url=getattr(said, "action_url", ""),
        partner_id=getattr(said, "partner_id", ""),
        partner_reference=getattr(said, "partner_reference", ""),
        amount=_money(getattr(said, "amount", None)),
        dispute_id=getattr(said, "dispute_id", ""),
        won=getattr(said, "won", False),
        answer_until=_time(getattr(said, "answer_until_time", None)),
        trace=record.trace,
    )


def _what(name: str | None, record: Record) -> What:
    try:
        return What(name or "")
    except ValueError:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        raise UnknownMessage(f"{place}: an event of kind {name or record.type!r}") from None


def _money(money: money_pb2.Money | None) -> Money | None:
    """None for what is absent, which protobuf gives as an amount without a currency."""
    if money is None or not money.currency_code:
        return None
    return Money(money.minor_units, money.currency_code)


def _time(stamp: Timestamp | None) -> datetime | None:
    return stamp.ToDatetime(UTC) if stamp is not None and stamp.seconds else None


_READERS: dict[str, Callable[[Resource, str, Record], Incoming]] = {
    "wallet.event": _read_wallet,
    "bridge.event": _read_bridge,
}
