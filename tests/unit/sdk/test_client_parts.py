"""The client without a gateway: what it makes of messages, errors and failures."""

from datetime import UTC, datetime
from decimal import Decimal

import grpc
import pytest
from grpc_status import rpc_status

from services.core.errors import KawaseError, LimitReached, Unavailable
from services.core.money import Money
from services.kit.rpc import STATUS_OF, error_status
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2
from services.sdk import AnswerOverdue, GatewayFailed, PaymentState, Retry, WalletClient
from services.sdk.errors import error_of
from services.sdk.model import PAYMENT_STATES, payment_of, refund_of


def failed(error: KawaseError) -> grpc.aio.AioRpcError:
    """As the gateway's edge sends it."""
    status = rpc_status.to_status(error_status(error))
    trailing = grpc.aio.Metadata(*status.trailing_metadata)
    return grpc.aio.AioRpcError(status.code, grpc.aio.Metadata(), trailing, status.details)


def ended(code: grpc.StatusCode, details: str = "") -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)


class PayerTired(LimitReached):
    """A leaf of the gateway's."""


def test_a_refusal_comes_with_its_kind_reason_message_and_parts() -> None:
    told = error_of(failed(PayerTired("Pay tomorrow.", left="0")))
    assert isinstance(told, LimitReached)
    assert (told.reason, told.message, told.metadata) == (
        "PAYER_TIRED", "Pay tomorrow.", {"left": "0"}
    )  # fmt: skip


@pytest.mark.parametrize("kind", STATUS_OF)
def test_every_kind_that_the_gateway_sends_is_known(kind: type[KawaseError]) -> None:
    assert isinstance(error_of(failed(kind("No."))), kind)


def test_an_end_without_a_reason_is_told_by_its_status() -> None:
    away = error_of(ended(grpc.StatusCode.UNAVAILABLE, "connection refused"))
    assert isinstance(away, Unavailable)
    assert away.reason == "UNAVAILABLE"
    assert "connection refused" in away.message
    assert isinstance(error_of(ended(grpc.StatusCode.DEADLINE_EXCEEDED)), AnswerOverdue)
    assert isinstance(error_of(ended(grpc.StatusCode.INTERNAL)), GatewayFailed)


def test_pauses_double_up_to_the_longest() -> None:
    retry = Retry(first_seconds=0.1, longest_seconds=1.0)
    for attempt, full in ((1, 0.1), (2, 0.2), (3, 0.4), (5, 1.0), (5_000, 1.0)):
        assert full / 2 <= retry.pause(attempt) <= full


def test_a_payment_is_read_from_its_message() -> None:
    message = payment_pb2.Payment(
        payment_id="p1",
        state=payment_pb2.PAYMENT_STATE_COMPLETED,
        merchant=payment_pb2.Merchant(merchant_id="m1", name="Shop", country_code="JP"),
        target=money_pb2.Money(minor_units=1_200, currency_code="JPY"),
        home=money_pb2.Money(minor_units=5_725, currency_code="CNY"),
        mid="0.047000000000",
    )
    message.create_time.FromJsonString("2026-10-30T09:00:00.250Z")
    payment = payment_of(message)
    assert (payment.state, payment.is_final) == (PaymentState.COMPLETED, True)
    assert (payment.target, payment.home) == (Money(1_200, "JPY"), Money(5_725, "CNY"))
    assert payment.mid == Decimal("0.047")
    assert payment.refunded == Money(0, "JPY")
    assert payment.create_time == datetime(2026, 10, 30, 9, 0, 0, 250_000, UTC)


def test_a_state_that_came_after_this_client_is_another_and_not_final() -> None:
    message = payment_pb2.Payment(mid="1")
    message.ParseFromString(message.SerializeToString() + b"\x18\x63")
    assert (payment_of(message).state, payment_of(message).is_final) == (PaymentState.OTHER, False)
    assert refund_of(payment_pb2.Refund()).state == "other"


def test_every_word_for_a_state_is_one_of_the_contract() -> None:
    known = {
        PAYMENT_STATES.number(state) for state in PaymentState if state is not PaymentState.OTHER
    }
    assert known <= set(payment_pb2.PaymentState.values()) - {0}
    with pytest.raises(ValueError, match="other"):
        PAYMENT_STATES.number(PaymentState.OTHER)


async def test_a_client_that_was_not_opened_says_how() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await WalletClient("127.0.0.1:1", "key").get("p1")
