"""Where the bridge's protobuf messages become its own words, and back."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.bridge.domain.charge import Charge, Kind, Order, Said
from services.bridge.domain.refund import Refund, RefundOrder, RefundSaid
from services.core.errors import Malformed
from services.core.ids import checked_id
from services.core.money import LARGEST_UNITS, Money
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeEvent, RefundCharge, StartCharge
from services.pb.kawase.money.v1.money_pb2 import Money as MoneyMessage

TOPIC = "bridge.event"


class CommandMalformed(Malformed):
    """A command between services lacks a part; its sender is wrong."""


def read_order(command: StartCharge) -> Order:
    """Raises `Malformed` where a part is missing or has a wrong shape."""
    expire_time = None
    if command.HasField("expire_time"):
        expire_time = command.expire_time.ToDatetime(UTC)
    if command.kind not in _KINDS:
        raise CommandMalformed(f"A charge of kind {command.kind} is unknown.", field="kind")
    return Order(
        checked_id(command.charge_id, "charge_id"),
        _present(command.resource_id, "resource_id"),
        Kind(command.kind),
        command.partner_id,
        _read_amount(command.amount),
        command.merchant_code,
        command.payer_reference,
        command.description,
        expire_time,
    )


def read_refund_order(command: RefundCharge) -> RefundOrder:
    """Raises `Malformed` where a part is missing or has a wrong shape."""
    return RefundOrder(
        checked_id(command.refund_id, "refund_id"),
        checked_id(command.charge_id, "charge_id"),
        _present(command.resource_id, "resource_id"),
        Money(command.amount.minor_units, command.amount.currency_code),
        command.reason,
    )


_KINDS = frozenset(kind.value for kind in Kind)


def _present(value: str, field: str) -> str:
    if not value:
        raise CommandMalformed(f"{field} is missing.", field=field)
    return value


def _read_amount(amount: MoneyMessage) -> Money:
    if not 0 < amount.minor_units <= LARGEST_UNITS:
        raise CommandMalformed("A charge is more than zero.", field="amount")
    return Money(amount.minor_units, amount.currency_code)


def money_message(money: Money) -> MoneyMessage:
    return MoneyMessage(minor_units=money.minor, currency_code=money.currency)


def timestamp_message(instant: datetime) -> Timestamp:
    """An instant as its message."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


def charge_event(charge: Charge, said: Said, now: datetime) -> BridgeEvent:
    """The event that says `said` of a charge as it stands."""
    order = charge.order
    event = BridgeEvent(resource_id=order.resource_id, charge_id=order.charge_id)
    event.event_time.FromDatetime(now)
    match said:
        case Said.ACCEPTED:
            accepted = event.charge_accepted
            accepted.partner_reference = charge.partner_reference
            accepted.partner_id = order.partner_id
            accepted.kind = order.kind.value  # type: ignore[assignment]
            accepted.amount.minor_units = charge.captured_minor
            accepted.amount.currency_code = order.amount.currency
        case Said.REJECTED:
            rejected = event.charge_rejected
            rejected.reason = charge.reason
            rejected.message = charge.message
            rejected.partner_code = charge.partner_code
            rejected.partner_id = order.partner_id
        case Said.ACTION_REQUIRED:
            event.charge_action_required.action_url = charge.action_url
            if order.expire_time is not None:
                event.charge_action_required.expire_time.FromDatetime(order.expire_time)
        case Said.UNKNOWN:
            event.charge_unknown.partner_id = order.partner_id
        case Said.CANCELLED:
            event.charge_cancelled.partner_reference = charge.partner_reference
        case Said.ACCEPTED_LATE:
            late = event.charge_accepted_late
            late.partner_reference = charge.partner_reference
            late.partner_id = order.partner_id
            late.amount.CopyFrom(money_message(Money(charge.captured_minor, order.amount.currency)))
    if said is Said.CANCELLED:
        event.charge_cancelled.SetInParent()
    return event


def refund_event(refund: Refund, said: RefundSaid, now: datetime) -> BridgeEvent:
    """The event that says `said` of a refund."""
    order = refund.order
    event = BridgeEvent(resource_id=order.resource_id, charge_id=order.refund_id)
    event.event_time.FromDatetime(now)
    if said is RefundSaid.ACCEPTED:
        event.refund_accepted.partner_reference = refund.partner_reference
        event.refund_accepted.amount.CopyFrom(money_message(order.amount))
        event.refund_accepted.refunded_charge_id = order.charge_id
    else:
        event.refund_rejected.reason = refund.refusal
        event.refund_rejected.message = refund.message
        event.refund_rejected.partner_code = refund.partner_code
    return event


def _type_of(said: Said | RefundSaid) -> str:
    """The message's own name, as in every topic: `ChargeAccepted`."""
    return said.value.title().replace("_", "")


def charge_outgoing(charge: Charge, said: Said, now: datetime, lane: int) -> Outgoing:
    """The event for the outbox. `lane` is the stripe this process writes to."""
    payload = charge_event(charge, said, now).SerializeToString()
    return Outgoing(TOPIC, charge.order.resource_id, lane, _type_of(said), payload)


def refund_outgoing(refund: Refund, said: RefundSaid, now: datetime, lane: int) -> Outgoing:
    """The event for the outbox. `lane` is the stripe this process writes to."""
    payload = refund_event(refund, said, now).SerializeToString()
    return Outgoing(TOPIC, refund.order.resource_id, lane, _type_of(said), payload)
