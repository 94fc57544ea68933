"""Answers of PayPay's OPA, read: resultInfo's code, payments in their seven states, refunds.

Source: facts.md §4 and paypay_opa.json. Readers raise KeyError, TypeError or ValueError on an
answer that lacks a part. The states of a refund are not in our source; they are taken to be those
of a payment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.bridge.disputes.domain import DisputeStanding
from services.bridge.domain.answer import Answer, Outcome
from services.bridge.notices.notice import DisputeStage
from services.bridge.partner import ResolvedMerchant
from services.core.money import Money

Fields = dict[str, Any]

SUCCESS = "SUCCESS"
CURRENCY = "JPY"
LARGEST_YEN = 99_999_999_999
"""An amount has at most eleven digits."""

# Their codes → ours. What is not here is PARTNER_REFUSED.
REASONS = {
    "NO_SUFFICIENT_FUND": "PAYER_FUNDS",
    "CANCELED_USER": "PAYER_LOCKED",
    "LIMIT_EXCEEDED": "PARTNER_LIMIT",
    "DYNAMIC_QR_NOT_FOUND": "MERCHANT_UNKNOWN",
    "DYNAMIC_QR_BAD_REQUEST": "MERCHANT_UNKNOWN",
    "ORDER_NO_LONGER_AVAILABLE": "ORDER_CLOSED",
    "REFUND_LIMIT_EXCEEDED": "REFUND_EXCEEDS_CHARGE",
    "REFUND_WINDOW_EXCEED": "REFUND_TOO_LATE",
}
NOT_REVERSIBLE = "ORDER_NOT_REVERSIBLE"
# Nothing was done, for no reason that lies in the payment.
_NOT_TAKEN = frozenset({"UNAUTHORIZED", "OP_OUT_OF_SCOPE", "RATE_LIMIT"})
# Another request about the same thing is at work.
_BUSY = frozenset({"DUPLICATE_DYNAMIC_QR_REQUEST", "THROTTLED_MULTIPLE_REFUND_REJECTED"})
_NOTHING_THERE = frozenset(
    {"RESOURCE_NOT_FOUND", "DYNAMIC_QR_PAYMENT_NOT_FOUND", "NO_SUCH_REFUND_ORDER"}
)


@dataclass(frozen=True, slots=True)
class Result:
    """An answer with its code, and the bodies for the journal."""

    status: int
    code: str
    message: str
    data: Fields
    request: str
    response: str

    @property
    def is_success(self) -> bool:
        return self.code == SUCCESS

    @property
    def is_nothing_there(self) -> bool:
        return self.code in _NOTHING_THERE

    def answer(self, outcome: Outcome, **more: Any) -> Answer:
        return Answer(outcome, request=self.request, response=self.response, **more)

    def open(self, detail: str = "") -> Answer:
        """No word on what was asked about; none at all where the question was not taken."""
        outcome = Outcome.UNSENT if self.code in _NOT_TAKEN else Outcome.UNKNOWN
        return self.answer(outcome, detail=detail or self.code)

    def refused(self) -> Answer:
        """What a code other than success means for what was asked for."""
        if self.code in _NOT_TAKEN:
            return self.answer(Outcome.UNSENT, detail=self.code)
        if self.code in _BUSY or self.is_nothing_there:
            return self.open()
        return self.answer(
            Outcome.REJECTED,
            reason=REASONS.get(self.code, "PARTNER_REFUSED"),
            message=self.message,
            partner_code=self.code,
        )


def read_result(status: int, fields: Fields, request: str, response: str) -> Result:
    info = fields["resultInfo"]
    data = fields.get("data") or {}
    return Result(status, str(info["code"]), str(info.get("message", "")), data, request, response)


def read_payment(result: Result) -> Answer:
    """A payment's state. A payment that is only authorized has moved nothing yet, and we never ask
    for that: it stays open until it is cancelled or runs out."""
    if not result.is_success:
        return result.refused()
    data = result.data
    reference = str(data.get("paymentId", ""))
    match data["status"]:
        case "COMPLETED":
            return _accepted(result, reference)
        case "REFUNDED" if _refunded(data) < int(data["amount"]["amount"]):
            return _accepted(result, reference)
        case "REFUNDED" | "CANCELED":
            return result.answer(
                Outcome.CANCELLED,
                partner_reference=reference,
                reason="ORDER_CLOSED",
                partner_code=data["status"],
            )
        case "FAILED" | "EXPIRED" as state:
            return result.answer(
                Outcome.REJECTED,
                partner_reference=reference,
                reason="NOT_APPROVED" if state == "EXPIRED" else "PARTNER_REFUSED",
                message="PayPay has not made the payment.",
                partner_code=state,
            )
        case "CREATED" | "AUTHORIZED" as state:
            return result.answer(Outcome.UNKNOWN, partner_reference=reference, detail=state)
        case other:
            return result.open(f"unknown state {other}")


def _accepted(result: Result, reference: str) -> Answer:
    amount = read_amount(result.data["amount"])
    return result.answer(Outcome.ACCEPTED, partner_reference=reference, amount=amount)


def _refunded(data: Fields) -> int:
    """Yen given back so far; all of it where the answer does not list refunds."""
    refunds = (data.get("refunds") or {}).get("data")
    if refunds is None:
        return int(data["amount"]["amount"])
    return sum(int(refund["amount"]["amount"]) for refund in refunds)


def read_refund(result: Result) -> Answer:
    if not result.is_success:
        return result.refused()
    match result.data["status"]:
        case "REFUNDED":
            reference = str(result.data.get("refundId", ""))
            return result.answer(Outcome.ACCEPTED, partner_reference=reference)
        case "FAILED":
            return result.answer(
                Outcome.REJECTED,
                reason="PARTNER_REFUSED",
                message="PayPay has not made the refund.",
                partner_code="FAILED",
            )
        case other:
            return result.open(str(other))


def read_merchant(fields: Fields) -> ResolvedMerchant:
    amount = fields.get("amount")
    return ResolvedMerchant(
        fields["merchantId"],
        fields["storeName"],
        fields["city"],
        "JP",
        CURRENCY,
        None if amount is None else read_amount(amount),
    )


_STAGES = {
    "OPENED": DisputeStage.OPENED,
    "ANSWERED": DisputeStage.OPENED,
    "WON": DisputeStage.WON,
    "LOST": DisputeStage.LOST,
}


def read_standing(result: Result, charge_id: str) -> DisputeStanding:
    """How a dispute about our charge stands; no word on a case about another."""
    data = result.data
    if not result.is_success or data["merchantPaymentId"] != charge_id:
        return DisputeStanding(None, detail=result.code)
    return DisputeStanding(
        _STAGES[data["status"]],
        answered=bool(data["answered"]),
        detail=str(data.get("message", "")),
        amount=read_amount(data["amount"]),
        reason=str(data["reason"]),
        answer_until_time=datetime.fromtimestamp(data["answerUntil"], UTC),
    )


def write_amount(money: Money) -> Fields:
    """Whole yen. Raises ValueError for what PayPay does not take."""
    if money.currency != CURRENCY or not 0 < money.minor <= LARGEST_YEN:
        raise ValueError(f"PayPay takes 1 to {LARGEST_YEN} yen, not {money}")
    return {"amount": money.minor, "currency": CURRENCY}


def read_amount(fields: Fields) -> Money:
    return Money(int(fields["amount"]), fields["currency"])
