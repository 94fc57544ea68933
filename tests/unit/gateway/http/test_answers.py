"""Messages as JSON: money, times, states."""

from typing import get_args

from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.http.answers import PendingStateName, money_told, payment_told, time_told
from services.gateway.http.events import event_id, event_text
from services.gateway.http.requests import PaymentStateName
from services.gateway.payments.model import State
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
