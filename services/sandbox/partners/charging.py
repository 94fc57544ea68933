"""Charging in the manner of AMS, from facts.md §3: the books of it.

A request id is paid once; a final answer repeats; the same id with another body is inconsistent. A
cancel of what is not there closes the id, so that a pay that comes later finds it closed. Cancels
end at 00:15 of the next day in GMT+8; a refund gives its share of the fee back.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from hashlib import sha256
from typing import Any

from services.core.clock import Clock
from services.sandbox.partners.ams_report import CANCEL, PAYMENT, REFUND
from services.sandbox.partners.base import Fields, Reply
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line, fee_of, fee_share

_FAILED = "FAIL"
_CANCELLED = "CANCELLED"
_SUCCESS = "SUCCESS"
PROCESSING = "PROCESSING"
CASHIER_OPEN = timedelta(minutes=14)
_CANCEL_ZONE = timezone(timedelta(hours=8))
_CANCEL_UNTIL = time(0, 15)


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


@dataclass(frozen=True, slots=True)
class Terms:
    """The limit of one payment in minor units, and the fee in basis points, rounded down."""

    payment_limit: int
    fee_basis_points: int = 60


def result(status: str, code: str, message: str = "") -> Fields:
    """AMS's result object."""
    return {"resultStatus": status, "resultCode": code, "resultMessage": message}


def success() -> Fields:
    return result("S", "SUCCESS", "success.")


class Till:
    """Merchants by code, payments and refunds by request id."""

    def __init__(self, books: Books, clock: Clock, shops: tuple[Shop, ...], terms: Terms) -> None:
        self._books = books
        self._clock = clock
        self._terms = terms
        self._shops: dict[str, Shop] = {}
        self._doomed: dict[str, str] = {}
        for shop in shops:
            self.add(shop)

    def add(self, shop: Shop) -> None:
        for code in (shop.merchant_id, *shop.codes):
            self._shops[code] = shop

    def doom(self, request_id: str, code: str) -> None:
        """Have the next payment under this id fail with `code`."""
        self._doomed[request_id] = code

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
        digest = _digest(request)
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
            "time": self._now(),
        }
        refusal = self._refusal(request_id, code, amount)
        if refusal is not None:
            entry |= {"status": _FAILED, "code": refusal[0], "message": refusal[1]}
        else:
            entry |= {"status": _SUCCESS, "code": "SUCCESS", "message": "success."}
            entry["merchantId"] = self._shops[code].merchant_id
        self._books.put("payment", request_id, entry)
        return _payment(entry)

    def open(self, request_id: str, amount: Mapping[str, str], request: Fields) -> Fields:
        """A payment that waits for its payer at the cashier; a repeat finds the first."""
        known = self._books.get("payment", request_id)
        if known is not None:
            return known
        entry: Fields = {
            "paymentId": f"{sha256(request_id.encode()).hexdigest()[:28].upper()}",
            "digest": _digest(request),
            "value": amount["value"],
            "currency": amount["currency"],
            "merchantId": "",
            "refunded": 0,
            "time": self._now(),
            "status": PROCESSING,
            "code": "PAYMENT_IN_PROCESS",
            "message": "The payer has not decided.",
        }
        self._books.put("payment", request_id, entry)
        return entry

    def decide(self, request_id: str, is_paid: bool) -> Reply:
        """The payer's answer at the cashier, once; too late after 14 minutes."""
        entry = self._books.get("payment", request_id)
        if entry is None:
            raise KeyError(request_id)
        if entry["status"] == PROCESSING and not self._is_closed(entry):
            refusal = self._doomed.pop(request_id, "") or ("" if is_paid else "USER_CANCELED")
            entry |= {"time": self._now(), "code": refusal or "SUCCESS"}
            entry |= {"status": _FAILED if refusal else _SUCCESS, "message": "decided."}
            self._books.put("payment", request_id, entry)
        return _payment(entry)

    def _is_closed(self, entry: Fields) -> bool:
        return self._clock.now() > _time(entry["time"]) + CASHIER_OPEN

    def _refusal(
        self, request_id: str, code: str, amount: Mapping[str, str]
    ) -> tuple[str, str] | None:
        if doom := self._doomed.pop(request_id, ""):
            return doom, "Refused."
        shop = self._shops.get(code)
        if shop is None:
            return "MERCHANT_NOT_EXIST", "No such merchant."
        if amount["currency"] != shop.currency:
            return "CURRENCY_NOT_SUPPORT", f"The merchant takes {shop.currency}."
        if int(amount["value"]) > self._terms.payment_limit:
            return "PAYMENT_AMOUNT_EXCEED_LIMIT", "The amount is over the limit."
        return None

    def inquire(self, request_id: str) -> Reply:
        entry = self._books.get("payment", request_id)
        if entry is None:
            return Reply({"result": result("F", "ORDER_NOT_EXIST", "No such order.")})
        if entry["status"] == PROCESSING and self._is_closed(entry):
            entry |= {"status": _FAILED, "code": "ORDER_IS_CLOSED", "message": "Too late."}
            self._books.put("payment", request_id, entry)
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
        if entry.get("status") == _SUCCESS and self._is_too_late(entry):
            return Reply({"result": result("F", "CANCEL_WINDOW_EXCEED", "Refund it instead.")})
        if entry.get("status") != _FAILED:
            closed = {"status": _CANCELLED, "code": "ORDER_IS_CLOSED", "message": "Cancelled."}
            if entry.get("status") == _SUCCESS:
                closed["cancel_time"] = self._now()
            self._books.put("payment", request_id, {**entry, **closed})
        return Reply({"result": success(), "paymentRequestId": request_id})

    def _is_too_late(self, entry: Fields) -> bool:
        paid = datetime.fromisoformat(entry["time"]).astimezone(_CANCEL_ZONE)
        next_day = paid.date() + timedelta(days=1)
        return self._clock.now() > datetime.combine(next_day, _CANCEL_UNTIL, _CANCEL_ZONE)

    def refund(self, request_id: str, refund_id: str, amount: Mapping[str, str]) -> Reply:
        known = self._books.get("refund", refund_id)
        if known is not None:
            if (known["paymentRequestId"], known["value"]) != (request_id, amount["value"]):
                return Reply({"result": result("F", "REPEAT_REQ_INCONSISTENT")})
            return _refunded(refund_id, known)
        entry = self._books.get("payment", request_id)
        if entry is None or entry["status"] != _SUCCESS:
            return Reply({"result": result("F", "ORDER_NOT_EXIST", "Nothing to refund.")})
        refunded = entry["refunded"] + int(amount["value"])
        if amount["currency"] != entry["currency"] or refunded > int(entry["value"]):
            return Reply({"result": result("F", "REFUND_AMOUNT_EXCEED", "More than is left.")})
        given: Fields = {
            "paymentRequestId": request_id,
            "value": amount["value"],
            "currency": amount["currency"],
            "refundId": sha256(refund_id.encode()).hexdigest()[:28].upper(),
            "before": entry["refunded"],
            "time": self._now(),
        }
        self._books.put("payment", request_id, {**entry, "refunded": refunded})
        self._books.put("refund", refund_id, given)
        return _refunded(refund_id, given)

    def inquire_refund(self, refund_id: str) -> Reply:
        entry = self._books.get("refund", refund_id)
        if entry is None:
            return Reply({"result": result("F", "REFUND_NOT_EXIST", "No such refund.")})
        reply = _refunded(refund_id, entry)
        return Reply({**reply.fields, "refundStatus": _SUCCESS})

    def accepted(self) -> dict[str, Any]:
        """What was paid and is not cancelled, what was refunded, in minor units."""
        payments = {
            key: int(entry["value"])
            for key, entry in self._books.all("payment")
            if entry["status"] == _SUCCESS
        }
        refunds = {key: int(entry["value"]) for key, entry in self._books.all("refund")}
        return {"accepted": payments, "refunded": refunds}

    def lines(self, first: datetime, end: datetime) -> list[Line]:
        """What moved from `first` until before `end`, in the order of time."""
        moved = [line for line in self._moved(first, end) if first <= line.time < end]
        return sorted(moved, key=lambda line: (line.time, line.line_id))

    def _moved(self, first: datetime, end: datetime) -> Iterator[Line]:
        for key, entry in self._books.all("payment"):
            if not entry["paymentId"] or entry["status"] in (_FAILED, PROCESSING):
                continue
            paid = self._payment_line(key, entry)
            cancelled = entry.get("cancel_time")
            if cancelled is None and entry["status"] == _CANCELLED:
                continue
            if cancelled is None:
                yield paid
            elif not first <= paid.time < end or not first <= _time(cancelled) < end:
                yield paid
                yield Line(
                    f"{key}/{CANCEL}",
                    CANCEL,
                    paid.minor,
                    paid.currency,
                    _time(cancelled),
                    paid.fee_minor,
                    {**paid.fields, "original_id": key},
                )
        for key, entry in self._books.all("refund"):
            yield self._refund_line(key, entry)

    def _payment_line(self, key: str, entry: Fields) -> Line:
        minor = int(entry["value"])
        fields = {"transaction_id": entry["paymentId"], "merchant_id": entry["merchantId"]}
        fee = fee_of(minor, self._terms.fee_basis_points)
        return Line(key, PAYMENT, minor, entry["currency"], _time(entry["time"]), fee, fields)

    def _refund_line(self, key: str, entry: Fields) -> Line:
        original = self._books.get("payment", entry["paymentRequestId"]) or {}
        minor, whole, before = int(entry["value"]), int(original["value"]), entry["before"]
        fee = fee_of(whole, self._terms.fee_basis_points)
        given_back = fee_share(fee, before + minor, whole) - fee_share(fee, before, whole)
        fields = {
            "transaction_id": entry["refundId"],
            "merchant_id": original["merchantId"],
            "original_id": entry["paymentRequestId"],
        }
        time = _time(entry["time"])
        return Line(key, REFUND, minor, entry["currency"], time, given_back, fields)

    def _now(self) -> str:
        return self._clock.now().astimezone(UTC).isoformat(timespec="seconds")


def bounds(day: date, zone: timezone) -> tuple[datetime, datetime]:
    """The instants between which a partner's day lies."""
    return (
        datetime.combine(day, time(), zone),
        datetime.combine(day + timedelta(days=1), time(), zone),
    )


def _digest(request: Fields) -> str:
    return sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


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


def _refunded(refund_id: str, entry: Fields) -> Reply:
    return Reply(
        {
            "result": success(),
            "refundRequestId": refund_id,
            "refundId": entry["refundId"],
            "refundAmount": {"value": entry["value"], "currency": entry["currency"]},
        }
    )


def _accepted(entry: Fields) -> Fields:
    return {
        "paymentId": entry["paymentId"],
        "paymentAmount": {"value": entry["value"], "currency": entry["currency"]},
    }


def misstated(reply: Reply) -> Reply:
    """The reply with one minor unit more in the amount it states."""
    fields = dict(reply.fields)
    for name in ("paymentAmount", "refundAmount"):
        if name in fields:
            more = str(int(fields[name]["value"]) + 1)
            fields[name] = {**fields[name], "value": more}
    return Reply(fields, reply.status)
