"""Between the wire and what callers hold: money, time, states, and pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from services.core.money import Money
from services.pb.kawase.money.v1 import money_pb2

PAGE_SIZE = 100
Told = TypeVar("Told")
State = TypeVar("State", bound=StrEnum)


def money_message(money: Money | None) -> money_pb2.Money | None:
    """An amount as requests carry it."""
    if money is None:
        return None
    return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)


def money_of(message: money_pb2.Money) -> Money:
    """An amount as it came."""
    return Money(message.minor_units, message.currency_code)


def money_in(message: Any, field: str) -> Money | None:
    """The amount in a field that may be absent."""
    return money_of(getattr(message, field)) if message.HasField(field) else None


def time_of(stamp: Timestamp) -> datetime:
    """An instant, in UTC."""
    return stamp.ToDatetime(UTC)


def time_in(message: Any, field: str) -> datetime | None:
    """The instant in a field that may be absent."""
    return time_of(getattr(message, field)) if message.HasField(field) else None


def time_message(instant: datetime) -> Timestamp:
    """An instant as requests carry it. Raises ValueError for one without its offset."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC")
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


class States:
    """The states of an enum of the protos; `OTHER` for one that came after this client."""

    def __init__(self, wire: Any, prefix: str, kind: type[State]) -> None:
        self._numbers = {
            state.value: wire.Value(f"{prefix}_{state.name}")
            for state in kind
            if state.name != "OTHER"
        }
        self._states: dict[int, Any] = {
            number: kind(value) for value, number in self._numbers.items()
        }
        self._other = kind("other")

    def of(self, number: int) -> Any:
        """A state as it came."""
        return self._states.get(number, self._other)

    def number(self, state: StrEnum) -> Any:
        """A state as requests name it. Raises ValueError for OTHER."""
        if state.value not in self._numbers:
            raise ValueError(f"{state.value!r} is a state that nothing can be asked by")
        return self._numbers[state.value]


async def pages(
    ask: Callable[[Any], Awaitable[Any]], request: Any, field: str, told: Callable[[Any], Told]
) -> AsyncIterator[Told]:
    """Everything of a list, page by page as it is read."""
    request.page_size = PAGE_SIZE
    while True:
        page = await ask(request)
        for message in getattr(page, field):
            yield told(message)
        request.page_token = page.next_page_token
        if not request.page_token:
            return
