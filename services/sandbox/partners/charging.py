"""Charging a merchant's code in the manner of AMS, from facts.md §3: the books of it.

A request id is paid once; a final answer repeats; the same id with another body is inconsistent. A
cancel of what is not there closes the id, so that a pay that comes later finds it closed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.sandbox.partners.base import Fields, Reply
from services.sandbox.partners.books import Books

_FAILED = "FAIL"
_CANCELLED = "CANCELLED"
_SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant; `codes` are all the texts under which it is known. `limit` in minor units."""

    merchant_id: str
    name: str
    city: str
    country: str
    currency: str
    codes: tuple[str, ...]
    amount: int | None = None


def result(status: str, code: str, message: str = "") -> Fields:
    """AMS's result object."""
    return {"resultStatus": status, "resultCode": code, "resultMessage": message}


def success() -> Fields:
    return result("S", "SUCCESS", "success.")


class Till:
    """Merchants by code, payments and refunds by request id."""

    def __init__(self, books: Books, shops: tuple[Shop, ...], payment_limit: int) -> None:
        self._books = books
        self._payment_limit = payment_limit
        self._shops: dict[str, Shop] = {}
        for shop in shops:
            self.add(shop)

    def add(self, shop: Shop) -> None:
        for code in (shop.merchant_id, *shop.codes):
            self._shops[code] = shop

    def find(self, code: str) -> Reply:
        """The merchant behind a code."""
        shop = self._shops.get(code)
        if shop is None:
            return Reply({"result": result("F", "MERCHANT_NOT_EXIST", "No such merchant.")})
        merchant: Fields = {
            "merchantId": shop.merchant_id,
            "name": shop.name,
            "city": shop.city,
            "country": shop.country,
            "currency": shop.currency,
        }
        if shop.amount is not None:
            merchant["amount"] = {"value": str(shop.amount), "currency": shop.currency}
        return Reply({"result": success(), "merchant": merchant})

    def pay(
        self,
        request_id: str,
        code: str,
        amount: Mapping[str, str],
        request: Fields,
        is_late: bool = False,
    ) -> Reply:
        """Charge. `is_late`: it was held up, and nobody looks whether the id was closed."""
        digest = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        known = self._books.get("payment", request_id)
        if known is not None and not (is_late and known["status"] == _CANCELLED):
            return _repeat(known, digest)
        entry: Fields = {
            "paymentId": f"{sha256(request_id.encode()).hexdigest()[:28].upper()}",
            "digest": digest,
            "value": amount["value"],
            "currency": amount["currency"],
            "merchantId": "",
            "refunded": 0,
        }
        refusal = self._refusal(code, amount)
        if refusal is not None:
            entry |= {"status": _FAILED, "code": refusal[0], "message": refusal[1]}
        else:
            entry |= {"status": _SUCCESS, "code": "SUCCESS", "message": "success."}
            entry["merchantId"] = self._shops[code].merchant_id
        self._books.put("payment", request_id, entry)
        return _payment(entry)

    def _refusal(self, code: str, amount: Mapping[str, str]) -> tuple[str, str] | None:
        shop = self._shops.get(code)
        if shop is None:
            return "MERCHANT_NOT_EXIST", "No such merchant."
        if amount["currency"] != shop.currency:
            return "CURRENCY_NOT_SUPPORT", f"The merchant takes {shop.currency}."
        if int(amount["value"]) > self._payment_limit:
            return "PAYMENT_AMOUNT_EXCEED_LIMIT", "The amount is over the limit."
        return None

    def inquire(self, request_id: str) -> Reply:
        entry = self._books.get("payment", request_id)
        if entry is None:
            return Reply({"result": result("F", "ORDER_NOT_EXIST", "No such order.")})
        fields: Fields = {
            "result": success(),
            "paymentStatus": entry["status"],
            "paymentRequestId": request_id,
            "paymentResultCode": entry["code"],
            "paymentResultMessage": entry["message"],
        }
        if entry["status"] == _SUCCESS:
            fields |= _accepted(entry)
        return Reply(fields)

    def cancel(self, request_id: str) -> Reply:
        """Close the id for good; what was paid is given back whole."""
        entry = self._books.get("payment", request_id) or {
            "digest": "",
            "value": "0",
            "currency": "",
            "refunded": 0,
            "paymentId": "",
        }
        if entry.get("status") != _FAILED:
            closed = {"status": _CANCELLED, "code": "ORDER_IS_CLOSED", "message": "Cancelled."}
            self._books.put("payment", request_id, {**entry, **closed})
        return Reply({"result": success(), "paymentRequestId": request_id})

    def refund(self, request_id: str, refund_id: str, amount: Mapping[str, str]) -> Reply:
        known = self._books.get("refund", refund_id)
        if known is not None:
            if (known["paymentRequestId"], known["value"]) != (request_id, amount["value"]):
                return Reply({"result": result("F", "REPEAT_REQ_INCONSISTENT")})
            return Reply({"result": success(), "refundId": known["refundId"]})
        entry = self._books.get("payment", request_id)
        if entry is None or entry["status"] != _SUCCESS:
            return Reply({"result": result("F", "ORDER_NOT_EXIST", "Nothing to refund.")})
        refunded = entry["refunded"] + int(amount["value"])
        if amount["currency"] != entry["currency"] or refunded > int(entry["value"]):
            return Reply({"result": result("F", "REFUND_AMOUNT_EXCEED", "More than is left.")})
        given: Fields = {
            "paymentRequestId": request_id,
            "value": amount["value"],
            "refundId": sha256(refund_id.encode()).hexdigest()[:28].upper(),
        }
        self._books.put("payment", request_id, {**entry, "refunded": refunded})
        self._books.put("refund", refund_id, given)
        return Reply({"result": success(), "refundId": given["refundId"]})

    def accepted(self) -> dict[str, Any]:
        """What was paid and is not cancelled, what was refunded, in minor units."""
        payments = {
            key: int(entry["value"])
            for key, entry in self._books.all("payment")
            if entry["status"] == _SUCCESS
        }
        refunds = {key: int(entry["value"]) for key, entry in self._books.all("refund")}
        return {"accepted": payments, "refunded": refunds}


def _repeat(entry: Fields, digest: str) -> Reply:
    if entry["status"] == _CANCELLED:
        return Reply({"result": result("F", "ORDER_IS_CLOSED", "The order is closed.")})
    if entry["digest"] != digest:
        return Reply({"result": result("F", "REPEAT_REQ_INCONSISTENT", "Not the same request.")})
    return _payment(entry)


def _payment(entry: Fields) -> Reply:
    if entry["status"] == _SUCCESS:
        return Reply({"result": success(), **_accepted(entry)})
    return Reply({"result": result("F", entry["code"], entry["message"])})


def _accepted(entry: Fields) -> Fields:
    return {
        "paymentId": entry["paymentId"],
        "paymentAmount": {"value": entry["value"], "currency": entry["currency"]},
    }
