"""PayPay's header against the golden vector, and its answers read."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.bridge.domain.answer import Outcome
from services.bridge.partners.paypay_auth import OpaKey, authorization, body_hash
from services.bridge.partners.paypay_results import (
    LARGEST_YEN,
    Result,
    read_payment,
    read_refund,
    read_result,
    write_amount,
)
from services.core.money import Money
from tests.unit.bridge.builders import TODAY

OPA = json.loads((Path(__file__).parents[2] / "golden" / "paypay_opa.json").read_text())
GOLDEN = OPA["auth"]["golden"]


def result(code: str = "SUCCESS", data: dict[str, Any] | None = None) -> Result:
    fields = {"resultInfo": {"code": code, "message": "Said."}, "data": data}
    return read_result(200 if data else 400, fields, "{}", "{}")


def payment(state: str, **more: Any) -> Result:
    amount = {"amount": 1_200, "currency": "JPY"}
    return result(data={"status": state, "amount": amount, "paymentId": "P1", **more})


def test_the_header_is_that_of_the_golden_vector_byte_for_byte() -> None:
    assert body_hash(GOLDEN["body"], GOLDEN["content_type"]) == GOLDEN["body_hash"]
    header = authorization(
        GOLDEN["api_key"],
        GOLDEN["api_secret"],
        GOLDEN["method"],
        GOLDEN["path"],
        GOLDEN["nonce"],
        GOLDEN["epoch"],
        GOLDEN["body"],
        GOLDEN["content_type"],
    )
    assert header == GOLDEN["header"]


def test_a_request_without_a_body_is_signed_with_the_word_empty() -> None:
    assert body_hash("") == "empty"
    headers = OpaKey("K", "S", "M").headers("GET", "/v2/codes/payments/1", "", TODAY)
    assert headers["Authorization"].endswith(f":{int(TODAY.timestamp())}:empty")
    assert headers["X-ASSUME-MERCHANT"] == "M"
    assert "Content-Type" not in headers


def test_a_nonce_is_never_used_twice() -> None:
    key = OpaKey("K", "S", "M")
    values = {key.headers("GET", "/", "", TODAY)["Authorization"] for _ in range(100)}
    assert len(values) == 100


STATES = {
    "CREATED": Outcome.UNKNOWN,
    "AUTHORIZED": Outcome.UNKNOWN,
    "COMPLETED": Outcome.ACCEPTED,
    "REFUNDED": Outcome.CANCELLED,
    "EXPIRED": Outcome.REJECTED,
    "CANCELED": Outcome.CANCELLED,
    "FAILED": Outcome.REJECTED,
}


@pytest.mark.parametrize(("state", "outcome"), STATES.items())
def test_every_documented_state_is_read(state: str, outcome: Outcome) -> None:
    assert read_payment(payment(state)).outcome is outcome


def test_no_documented_state_is_left_out() -> None:
    steps = [*OPA["states_instant"], *OPA["states_preauth"]]
    documented = {state for step in steps for state in step[:2] if state != "-"}
    assert documented == set(STATES)


def test_a_state_that_is_not_documented_leaves_the_payment_open() -> None:
    assert read_payment(payment("REVERSING")).outcome is Outcome.UNKNOWN


def test_a_payment_refunded_in_part_is_still_accepted() -> None:
    refunds = {"data": [{"amount": {"amount": 500, "currency": "JPY"}}]}
    answer = read_payment(payment("REFUNDED", refunds=refunds))
    assert (answer.outcome, answer.amount) == (Outcome.ACCEPTED, Money(1_200, "JPY"))


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("NO_SUFFICIENT_FUND", Outcome.REJECTED, "PAYER_FUNDS"),
        ("CANCELED_USER", Outcome.REJECTED, "PAYER_LOCKED"),
        ("UNACCEPTABLE_OP", Outcome.REJECTED, "PARTNER_REFUSED"),
        ("DUPLICATE_DYNAMIC_QR_REQUEST", Outcome.UNKNOWN, ""),
        ("UNAUTHORIZED", Outcome.UNSENT, ""),
        ("RATE_LIMIT", Outcome.UNSENT, ""),
    ],
)
def test_a_code_says_whether_the_payment_was_refused(
    code: str, outcome: Outcome, reason: str
) -> None:
    answer = read_payment(result(code))
    assert (answer.outcome, answer.reason) == (outcome, reason)


def test_a_refund_under_way_is_neither_done_nor_refused() -> None:
    assert read_refund(result(data={"status": "CREATED"})).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("minor", [0, LARGEST_YEN + 1])
def test_an_amount_has_one_to_eleven_digits(minor: int) -> None:
    with pytest.raises(ValueError, match="PayPay takes"):
        write_amount(Money(minor, "JPY"))
    with pytest.raises(ValueError, match="PayPay takes"):
        write_amount(Money(100, "CNY"))
    assert write_amount(Money(LARGEST_YEN, "JPY"))["amount"] == 99_999_999_999
