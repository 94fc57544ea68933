"""Answers in the manner of Alipay+'s AMS: result S, F, U, A; read for the adapters that speak it.

Source: facts.md §3. U is not failure. An inquiry's own result tells only that the inquiry worked;
paymentStatus tells what became of the payment. Where a wallet is charged in another currency than
the merchant gets, paymentAmount is the wallet's and payToAmount the merchant's; the latter is what
a charge asked for, and the quote between them is kept in the answer's detail. Readers raise
KeyError, TypeError or ValueError on an answer that lacks a part.
"""

from collections.abc import Callable
from typing import Any

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.partner import ResolvedMerchant
from services.core.money import Money

# Their codes → ours. What is not here is PARTNER_REFUSED.
REASONS = {
    "USER_BALANCE_NOT_ENOUGH": "PAYER_FUNDS",
    "USER_STATUS_ABNORMAL": "PAYER_LOCKED",
    "MERCHANT_NOT_EXIST": "MERCHANT_UNKNOWN",
    "ORDER_IS_CLOSED": "ORDER_CLOSED",
    "RISK_REJECT": "PARTNER_RISK",
    "PAYMENT_AMOUNT_EXCEED_LIMIT": "PARTNER_LIMIT",
    "CURRENCY_NOT_SUPPORT": "CURRENCY_NOT_TAKEN",
    "REFUND_AMOUNT_EXCEED": "REFUND_EXCEEDS_CHARGE",
    "REPEAT_REQ_INCONSISTENT": "REQUEST_INCONSISTENT",
}
# A cancel finds nothing to undo.
_NOTHING_THERE = frozenset({"ORDER_NOT_EXIST", "ORDER_IS_CLOSED"})
_PAYMENT_STATES = {
    "SUCCESS": Outcome.ACCEPTED,
    "FAIL": Outcome.REJECTED,
    "CANCELLED": Outcome.CANCELLED,
}
# F about the request itself, not about the payment: the payment it repeats may well be done.
_NOT_ABOUT_THE_PAYMENT = frozenset({"REPEAT_REQ_INCONSISTENT", "PAYMENT_IN_PROCESS"})

Fields = dict[str, Any]
Read = Callable[[Fields, str, str], Answer]


def read_pay(fields: Fields, request: str, response: str) -> Answer:
    result = fields["result"]
    status = result["resultStatus"]
    if status == "S":
        return Answer(
            Outcome.ACCEPTED,
            partner_reference=fields["paymentId"],
            amount=_charged(fields),
            detail=_quote(fields),
            request=request,
            response=response,
        )
    if status == "F" and result["resultCode"] not in _NOT_ABOUT_THE_PAYMENT:
        return _rejected(result, request, response)
    if url := fields.get("normalUrl"):
        # The payer has to approve in their wallet.
        return Answer(
            Outcome.ACTION_REQUIRED,
            partner_reference=fields.get("paymentId", ""),
            action_url=url,
            request=request,
            response=response,
        )
    return _open(result["resultCode"], request, response)


def read_inquiry(fields: Fields, request: str, response: str) -> Answer:
    result = fields["result"]
    if result["resultStatus"] != "S":
        return _open(result["resultCode"], request, response)
    outcome = _PAYMENT_STATES.get(fields["paymentStatus"])
    if outcome is None:
        return _open(fields["paymentStatus"], request, response)
    code = fields.get("paymentResultCode", "")
    return Answer(
        outcome,
        partner_reference=fields.get("paymentId", ""),
        amount=_charged(fields),
        detail=_quote(fields),
        reason="" if outcome is Outcome.ACCEPTED else _reason(code),
        message=fields.get("paymentResultMessage", ""),
        partner_code=code,
        request=request,
        response=response,
    )


def read_cancel(fields: Fields, request: str, response: str) -> Answer:
    result = fields["result"]
    status = result["resultStatus"]
    if status == "S" or (status == "F" and result["resultCode"] in _NOTHING_THERE):
        return Answer(
            Outcome.CANCELLED,
            partner_code=result["resultCode"],
            request=request,
            response=response,
        )
    if status == "F":
        return _rejected(result, request, response)
    return _open(result["resultCode"], request, response)


def read_refund(fields: Fields, request: str, response: str) -> Answer:
    result = fields["result"]
    status = result["resultStatus"]
    if status == "S":
        return Answer(
            Outcome.ACCEPTED,
            partner_reference=fields.get("refundId", ""),
            amount=read_amount(fields.get("refundAmount")),
            request=request,
            response=response,
        )
    if status == "F" and result["resultCode"] not in _NOT_ABOUT_THE_PAYMENT:
        return _rejected(result, request, response)
    return _open(result["resultCode"], request, response)


def read_merchant(fields: Fields) -> ResolvedMerchant:
    return ResolvedMerchant(
        fields["merchantId"],
        fields["name"],
        fields["city"],
        fields["country"],
        fields["currency"],
        read_amount(fields.get("amount")),
    )


def write_amount(money: Money) -> Fields:
    """Strings only; the value in minor units."""
    return {"value": str(money.minor), "currency": money.currency}


def read_refund_inquiry(fields: Fields, request: str, response: str) -> Answer:
    """A refund that is not there is unknown: it may be sent."""
    result = fields["result"]
    if result["resultStatus"] == "S" and fields["refundStatus"] == "SUCCESS":
        return Answer(
            Outcome.ACCEPTED,
            partner_reference=fields.get("refundId", ""),
            amount=read_amount(fields.get("refundAmount")),
            request=request,
            response=response,
        )
    return _open(result["resultCode"], request, response)


def read_notice_of_payment(fields: Fields, text: str) -> Answer:
    """What a verified notice of type PAYMENT_RESULT says; it reads like the answer to a pay."""
    return read_pay(fields, "", text)


def _charged(fields: Fields) -> Money | None:
    """What the merchant's side gets, or what was paid where that is the same."""
    return read_amount(fields.get("payToAmount") or fields.get("paymentAmount"))


def _quote(fields: Fields) -> str:
    quote = fields.get("quote")
    if not quote:
        return ""
    return f"quote {quote['quoteId']}: {quote['quoteCurrencyPair']} {quote['quotePrice']}"


def read_amount(fields: Fields | None) -> Money | None:
    return None if fields is None else Money(int(fields["value"]), fields["currency"])


def _rejected(result: Fields, request: str, response: str) -> Answer:
    code = result["resultCode"]
    return Answer(
        Outcome.REJECTED,
        reason=_reason(code),
        message=result.get("resultMessage", ""),
        partner_code=code,
        request=request,
        response=response,
    )


def _open(detail: str, request: str, response: str) -> Answer:
    return Answer(Outcome.UNKNOWN, detail=detail, request=request, response=response)


def _reason(code: str) -> str:
    return REASONS.get(code, "PARTNER_REFUSED")
