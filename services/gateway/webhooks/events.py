"""Which facts participants are told of, under which name, and what each of them reads.

The payer's wallet reads everything of its own. The acquirer of the shop reads the merchant's side:
nothing of the payer, of home money or of the house's margin.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from google.protobuf.message import Message

from services.gateway.webhooks.encoding import instant_text, resource_json
from services.gateway.webhooks.model import TEST_EVENT, Order
from services.pb.kawase.gateway.v1 import escrow_pb2, payment_pb2
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent


@dataclass(frozen=True, slots=True)
class EventKind:
    """A name under which is told, and the place of such events in a payment's life.

    `rank` goes before time: clocks of two gateways may differ, lives do not.
    """

    event_type: str
    rank: int
    resource: str
    acquirer_reads: frozenset[str] = frozenset()
    """Fields the acquirer of the shop is told; empty: it is not told at all."""


_PAYMENT = frozenset(
    {
        *("reference", "state", "merchant", "target", "authorised_target", "refunded"),
        *("bill_reference", "in_escrow", "create_time", "update_time"),
    }
)
_REFUND = frozenset({"reference", "state", "target", "from_escrow", "create_time", "update_time"})
_RELEASE = frozenset({"reference", "cause", "amount", "left", "create_time"})
_ESCROW = frozenset(
    {
        *("reference", "state", "merchant_id", "total", "held", "released", "returned"),
        *("release_time", "dispute_time", "dispute_reason", "create_time", "update_time"),
    }
)
_DISPUTE = frozenset(
    {"reference", "state", "reason", "answer_until_time", "create_time", "update_time"}
)

KINDS: Mapping[str, EventKind] = {
    "payment_action_required": EventKind("payment.action_required", 0, "payment"),
    "payment_authorised": EventKind("payment.authorised", 0, "payment", _PAYMENT),
    "payment_completed": EventKind("payment.completed", 1, "payment", _PAYMENT),
    "payment_declined": EventKind("payment.declined", 1, "payment", _PAYMENT),
    "payment_cancelled": EventKind("payment.cancelled", 1, "payment", _PAYMENT),
    "payment_expired": EventKind("payment.expired", 1, "payment", _PAYMENT),
    "refund_completed": EventKind("refund.completed", 2, "refund", _REFUND),
    "refund_declined": EventKind("refund.refused", 2, "refund", _REFUND),
    "top_up_completed": EventKind("top_up.completed", 2, "top_up"),
    "top_up_declined": EventKind("top_up.refused", 2, "top_up"),
    "withdrawal_completed": EventKind("withdrawal.completed", 2, "withdrawal"),
    "withdrawal_declined": EventKind("withdrawal.refused", 2, "withdrawal"),
    "withdrawal_returned": EventKind("withdrawal.returned", 3, "withdrawal"),
    "escrow_released": EventKind("escrow.released", 2, "release", _RELEASE),
    "payout_account_changed": EventKind("merchant.payout_account_changed", 0, "shop_account"),
}
_OPENED = EventKind("dispute.opened", 2, "dispute", _DISPUTE)
_ENDED = EventKind("dispute.ended", 2, "dispute", _DISPUTE)
_DISPUTES: Mapping[int, EventKind] = {
    payment_pb2.DISPUTE_STATE_OPEN: _OPENED,
    payment_pb2.DISPUTE_STATE_WON: _ENDED,
    payment_pb2.DISPUTE_STATE_LOST: _ENDED,
}
_DISPUTED = EventKind("escrow.disputed", 2, "escrow", _ESCROW)
_UNDISPUTED = EventKind("escrow.dispute_ended", 2, "escrow", _ESCROW)
# Members of the fact's `oneof` that are told by their state, or not at all.
BY_STATE = frozenset({"dispute_changed", "escrow_dispute_changed"})
UNTOLD: frozenset[str] = frozenset()

# What the wallet of a person who is paid is told, by what the payer's is told. Of quotes that came
# to nothing it hears nothing.
_RECEIPTS: Mapping[str, str] = {
    "payment.completed": "personal_receipt.completed",
    "refund.completed": "personal_receipt.refunded",
}
_RECEIPT = frozenset({"target", "create_time", "update_time"})

EVENT_TYPES = frozenset(
    {kind.event_type for kind in (*KINDS.values(), _OPENED, _ENDED, _DISPUTED, _UNDISPUTED)}
    | {*_RECEIPTS.values(), TEST_EVENT}
)


class UnknownFact(Exception):
    """A fact of a kind this version does not know: a newer gateway has written it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the outbox."""

    stripe: int
    sequence: int
    key: str
    payload: bytes
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact somebody may be told of. `reference` is that of the resource itself."""

    kind: EventKind
    participant_id: str
    reference: str
    order: Order
    snapshot: Message
    trace: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """A person who is paid: wallet, its id of them, and its id of the code."""

    participant_id: str
    payer_id: str
    code_id: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The payment that a resource belongs to, and the acquirer of the shop, empty for others, or
    the person who is paid."""

    payment_reference: str
    acquirer_id: str
    receiver: Receiver | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """One event for one reader; `text` is its body."""

    participant_id: str
    event_type: str
    event_id: str
    text: str


def hear(fact: Fact) -> Heard | None:
    """What there is to be told of a fact; None for nothing. Raises `UnknownFact`, DecodeError."""
    event = PaymentEvent.FromString(fact.payload)
    body = event.WhichOneof("body")
    if body is None:
        raise UnknownFact(f"the fact {fact.stripe}/{fact.sequence} is of a kind not known here")
    kind = KINDS.get(body)
    if body == "dispute_changed":
        kind = _DISPUTES.get(event.dispute_changed.dispute.state)
    elif body == "escrow_dispute_changed":
        disputed = event.escrow_dispute_changed.escrow.state == escrow_pb2.ESCROW_STATE_DISPUTED
        kind = _DISPUTED if disputed else _UNDISPUTED
    if kind is None:
        return None
    return Heard(
        kind,
        event.participant_id,
        fact.key,
        Order(kind.rank, event.event_time.ToDatetime(UTC), fact.stripe, fact.sequence),
        getattr(getattr(event, body), kind.resource),
        fact.trace,
    )


def tellings_of(heard: Heard, subject: Subject | None) -> list[Telling]:
    """All that is told of a fact: to payer's wallet and acquirer, and to the wallet of a person
    who is paid, where that may be the payer's, too."""
    event_type = heard.kind.event_type
    told = [
        Telling(reader, event_type, event_id_of(heard.order, reader), text)
        for reader, text in readers_of(heard, subject)
    ]
    if subject is not None and subject.receiver is not None and event_type in _RECEIPTS:
        told.append(_receipt(heard, subject.payment_reference, subject.receiver))
    return told


def _receipt(heard: Heard, payment_reference: str, receiver: Receiver) -> Telling:
    """What the receiver's wallet reads: nothing of who paid."""
    read = resource_json(heard.snapshot, _RECEIPT)
    data = {
        "reference": payment_reference,
        "code_id": receiver.code_id,
        "payer_id": receiver.payer_id,
        "amount": read["target"],
        "create_time": read["create_time"],
        "update_time": read["update_time"],
    }
    event_type = _RECEIPTS[heard.kind.event_type]
    return Telling(
        receiver.participant_id,
        event_type,
        event_id_of(heard.order, f"{receiver.participant_id}/receipt"),
        event_text(event_type, heard.order.event_time, data),
    )


def readers_of(heard: Heard, subject: Subject | None) -> Sequence[tuple[str, str]]:
    """Who is told, and the text each reads: participant id and JSON."""
    told = [(heard.participant_id, _text(heard, subject, None))]
    acquirer_id = subject.acquirer_id if subject else ""
    if acquirer_id not in ("", heard.participant_id) and heard.kind.acquirer_reads:
        told.append((acquirer_id, _text(heard, subject, heard.kind.acquirer_reads)))
    return told


def _text(heard: Heard, subject: Subject | None, only: frozenset[str] | None) -> str:
    data = resource_json(heard.snapshot, only)
    if subject is not None and heard.kind.resource != "payment":
        data["payment_reference"] = subject.payment_reference
    return event_text(heard.kind.event_type, heard.order.event_time, data)


def event_text(event_type: str, event_time: datetime, data: Mapping[str, object]) -> str:
    """The body of an event. It is stored: every attempt sends the same bytes."""
    content = {"type": event_type, "timestamp": instant_text(event_time), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def event_id_of(order: Order, participant_id: str) -> str:
    """The same for the same fact and reader, and no count of what we do for others."""
    named = f"{order.stripe}/{order.sequence}/{participant_id}"
    return f"evt_{hashlib.sha256(named.encode()).hexdigest()[:32]}"
