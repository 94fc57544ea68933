"""Messages as JSON: money, times, states."""

import asyncio
from collections.abc import AsyncIterator
from typing import get_args

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.http.answers import PendingStateName, money_told, payment_told, time_told
from services.gateway.http.events import EventStream, Stream, Streams, event_id, event_text
from services.gateway.http.requests import PaymentStateName
from services.gateway.payments.model import State
from services.gateway.payments.refusals import TooManyWatchers
from services.gateway.refunds.model import State as RefundState
from services.gateway.topups.model import State as TopUpState
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2

PAYMENT = payment_pb2.Payment(
    payment_id="order-1",
    reference="01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    state=payment_pb2.PAYMENT_STATE_QUOTED,
    target=money_pb2.Money(minor_units=1200, currency_code="JPY"),
    home=money_pb2.Money(minor_units=5725, currency_code="CNY"),
    spread=money_pb2.Money(minor_units=85, currency_code="CNY"),
    mid="0.047",
    update_time=Timestamp(seconds=1793350814, nanos=500_000_000),
)


def test_names_of_states_are_those_of_the_models() -> None:
    assert set(get_args(PaymentStateName)) == {state.value for state in State}
    assert set(get_args(PendingStateName)) == {state.value for state in RefundState}
    assert set(get_args(PendingStateName)) == {state.value for state in TopUpState}


def test_an_amount_is_told_in_minor_units_and_for_people() -> None:
    told = money_told(money_pb2.Money(minor_units=5600, currency_code="CNY"))
    assert told.model_dump() == {
        "currency_code": "CNY", "minor_units": 5600, "display": "CN¥56.00"
    }  # fmt: skip


def test_times_are_rfc_3339_in_utc() -> None:
    told = payment_told(PAYMENT).model_dump(mode="json")
    assert told["update_time"] == "2026-10-30T09:00:14.500000Z"
    assert time_told(Timestamp(seconds=0, nanos=1000)).microsecond == 1


def test_what_a_message_leaves_empty_is_null() -> None:
    told = payment_told(PAYMENT)
    assert (told.refunded, told.action_url, told.reason, told.message) == (None,) * 4


def test_an_event_is_named_for_state_and_time() -> None:
    assert event_id(PAYMENT) == "quoted.1793350814500000"
    lines = event_text(PAYMENT).split("\n")
    assert lines[:2] == ["id: quoted.1793350814500000", "event: payment"]
    assert lines[2].startswith('data: {"payment_id":"order-1"')
    assert lines[3:] == ["", ""]


async def states(*payments: payment_pb2.Payment) -> AsyncIterator[payment_pb2.Payment]:
    for payment in payments:
        yield payment
    await asyncio.Event().wait()


async def told(streams: Streams, last_event_id: str | None) -> list[str]:
    """The events of a stream of one quoted payment, until the stream's time is over."""
    answer = await streams.open(Stream(states(PAYMENT), asyncio.Event(), last_event_id))
    assert isinstance(answer, EventStream)
    return [str(text) async for text in answer.body_iterator]


async def test_a_stream_ends_in_time_and_does_not_repeat_what_was_seen() -> None:
    streams = Streams(limit=1, seconds=0.01)
    assert len(await told(streams, None)) == 3
    assert await told(streams, event_id(PAYMENT)) == ["retry: 1000\n\n", ": still there\n\n"]


async def test_streams_are_bounded() -> None:
    with pytest.raises(TooManyWatchers):
        await told(Streams(limit=0), None)
