"""Protobuf messages as the JSON that partners read: the same as the HTTP API answers.

Names are the protos' own. Money carries a string for people beside its whole number of minor units,
time is RFC 3339 in UTC, a state the last words of its name in lower case. What is empty is null.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message

from services.core.display import display
from services.core.money import Money

_TIME = "google.protobuf.Timestamp"
_MONEY = "kawase.money.v1.Money"


def instant_text(instant: datetime) -> str:
    """`2026-10-30T09:00:00.125000Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def money_json(money: Money) -> dict[str, Any]:
    """An amount, with its text for people."""
    return {
        "currency_code": money.currency,
        "minor_units": money.minor,
        "display": display(money),
    }


def resource_json(message: Message, only: Collection[str] | None = None) -> dict[str, Any]:
    """All fields, or those among `only`; null where there is nothing."""
    return {
        field.name: _value(field, message)
        for field in message.DESCRIPTOR.fields
        if only is None or field.name in only
    }


def _value(field: Any, message: Message) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [_single(field, each) for each in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _single(field, value)


def _single(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        return _word(field.enum_type.values_by_number[value].name, field.enum_type.name)
    if field.message_type is None:
        return None if value == "" else value
    if field.message_type.full_name == _TIME:
        return instant_text(value.ToDatetime(UTC))
    if field.message_type.full_name == _MONEY:
        return money_json(Money(value.minor_units, value.currency_code))
    return resource_json(value)


def _word(name: str, enum: str) -> str:
    """`PAYMENT_STATE_COMPLETED` of `PaymentState` → `completed`."""
    prefix = "".join(f"_{letter}" if letter.isupper() else letter for letter in enum)
    return name.removeprefix(f"{prefix.lstrip('_').upper()}_").lower()
