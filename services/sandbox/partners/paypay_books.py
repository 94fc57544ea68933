"""PayPay's books: shops by code, payments and refunds by the client's ids, disputes by case.

Source: facts.md §4 and paypay_opa.json. The same merchantPaymentId gives the earlier result. A
cancel is accepted first and done later, here when the payment is next looked at; it is taken until
00:14:59 JST of the day after the payment, then only a refund is. What foreign wallets do, disputes
and the states of refunds are not public and made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from hashlib import sha256
from typing import Any

from services.core.clock import Clock
from services.sandbox.partners.base import Fields, Reply
from services.sandbox.partners.books import Books

JST = timezone(timedelta(hours=9))
CANCEL_UNTIL = time(0, 15)
PAYMENT_LIMIT_YEN = 500_000
ANSWER_DAYS = timedelta(days=7)
_PAYMENT, _REFUND, _DISPUTE, _NUMBER = "payment", "refund", "dispute", "payment_number"
_CREATED, _OK, _LATER, _NOT_FOUND, _BAD = 201, 200, 202, 404, 400


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant with a code: `token` is the end of its link, `amount` what the code states."""

    token: str
    merchant_id: str
    store_name: str
    city: str
    amount: int | None = None


def success(data: Fields, status: int = _OK) -> Reply:
    info = {"code": "SUCCESS", "message": "Success", "codeId": "08100001"}
    return Reply({"resultInfo": info, "data": data}, status)


def failure(code: str, status: int = _BAD) -> Reply:
    info = {
        "code": code,
        "message": f"{code.replace('_', ' ').capitalize()}.",
        "codeId": "08100006",
    }
    return Reply({"resultInfo": info, "data": None}, status)


class Till:
    """All of it; times are of `clock`."""

    def __init__(self, books: Books, clock: Clock, shops: tuple[Shop, ...], link: str) -> None:
        self._books = books
        self._clock = clock
        self._link = link
        self._shops = {shop.token: shop for shop in shops}
        self._doomed: dict[str, str] = {}

    def doom(self, payment_id: str, code: str) -> None:
        """Have the next payment under this id fail with `code`."""
        self._doomed[payment_id] = code

    def find(self, token: str) -> Reply:
        shop = self._shops.get(token)
        if shop is None:
            return failure("DYNAMIC_QR_NOT_FOUND", _NOT_FOUND)
        data = {"merchantId": shop.merchant_id, "storeName": shop.store_name, "city": shop.city}
        if shop.amount is not None:
            return success(data | {"amount": _yen(shop.amount)})
        return success(data)

    def pay(self, request: Fields, *, is_pending: bool = False) -> Reply:
        """Make a payment, or tell the earlier result; a payment that waits stays CREATED."""
        payment_id = request["merchantPaymentId"]
        known = self._books.get(_PAYMENT, payment_id)
        if known is not None:
            return self._told(payment_id, known, _CREATED)
        minor = int(request["amount"]["amount"])
        token = request["merchantCode"].removeprefix(self._link)
        code = self._doomed.pop(payment_id, "") or self._refusal(token, minor, request["amount"])
        entry: Fields = {
            "paymentId": str(int(sha256(payment_id.encode()).hexdigest()[:15], 16)).zfill(20),
            "minor": minor,
            "shop": token,
            "status": "FAILED" if code else "CREATED" if is_pending else "COMPLETED",
            "code": code,
            "cancelling": False,
            "refunded": 0,
            "refunds": [],
            "time": self._clock.now().timestamp(),
        }
        self._books.put(_NUMBER, entry["paymentId"], {"id": payment_id})
        self._books.put(_PAYMENT, payment_id, entry)
        return self._told(payment_id, entry, _CREATED)

    def _refusal(self, token: str, minor: int, amount: Fields) -> str:
        if token not in self._shops:
            return "DYNAMIC_QR_NOT_FOUND"
        if amount["currency"] != "JPY" or minor <= 0:
            return "INVALID_PARAMS"
        return "LIMIT_EXCEEDED" if minor > PAYMENT_LIMIT_YEN else ""

    def complete(self, payment_id: str) -> Fields | None:
        """The payer confirms a payment that waits; None where none does."""
        entry = self._books.get(_PAYMENT, payment_id)
        if entry is None or entry["status"] != "CREATED" or entry["cancelling"]:
            return None
        return self._change(payment_id, entry, {"status": "COMPLETED"})

    def payment(self, payment_id: str) -> Fields | None:
        return self._books.get(_PAYMENT, payment_id)

    def details(self, payment_id: str) -> Reply:
        """A payment as it stands; a cancel that was accepted is done now."""
        entry = self._books.get(_PAYMENT, payment_id)
        if entry is None:
            return failure("DYNAMIC_QR_PAYMENT_NOT_FOUND", _NOT_FOUND)
        if not entry["cancelling"]:
            return success(self._data(payment_id, entry))
        shown = success(self._data(payment_id, entry))
        state = "FAILED" if entry["status"] == "COMPLETED" else "CANCELED"
        cancelled = {"cancelling": False, "status": state, "cancelled": True}
        self._change(payment_id, entry, cancelled)
        return shown

    def cancel(self, payment_id: str) -> Reply:
        entry = self._books.get(_PAYMENT, payment_id)
        if entry is None:
            return failure("RESOURCE_NOT_FOUND", _NOT_FOUND)
        if entry["cancelling"] or entry["status"] in ("FAILED", "CANCELED"):
            return success({}, _LATER)
        if entry["refunded"] or self._clock.now() >= cancel_end(entry["time"]):
            return failure("ORDER_NOT_REVERSIBLE")
        self._change(payment_id, entry, {"cancelling": True, "end": self._clock.now().timestamp()})
        return success({}, _LATER)

    def refund(self, request: Fields, *, is_slow: bool = False) -> Reply:
        """Refund part; the same merchantRefundId gives the earlier result."""
        refund_id, minor = request["merchantRefundId"], int(request["amount"]["amount"])
        known = self._books.get(_REFUND, refund_id)
        if known is not None:
            return success(_refund_data(refund_id, known), _CREATED)
        found = self._by_payment_id(request["paymentId"])
        if found is None:
            return failure("RESOURCE_NOT_FOUND", _NOT_FOUND)
        payment_id, entry = found
        if entry["status"] != "COMPLETED" or entry["cancelling"]:
            return failure("UNACCEPTABLE_OP")
        if minor <= 0 or entry["refunded"] + minor > entry["minor"]:
            return failure("REFUND_LIMIT_EXCEEDED")
        given: Fields = {
            "refundId": str(int(sha256(refund_id.encode()).hexdigest()[:15], 16)).zfill(20),
            "paymentId": entry["paymentId"],
            "payment": payment_id,
            "minor": minor,
            "status": "CREATED" if is_slow else "REFUNDED",
            "time": self._clock.now().timestamp(),
        }
        self._books.put(_REFUND, refund_id, given)
        ids = [*entry["refunds"], refund_id]
        self._change(payment_id, entry, {"refunded": entry["refunded"] + minor, "refunds": ids})
        return success(_refund_data(refund_id, given), _CREATED)

    def refund_details(self, refund_id: str, paypay_id: str) -> Reply:
        """A refund as it stands; one that was accepted only is done now."""
        known = self._books.get(_REFUND, refund_id)
        if known is None or known["paymentId"] != paypay_id:
            return failure("NO_SUCH_REFUND_ORDER", _NOT_FOUND)
        if known["status"] == "CREATED":
            known = {**known, "status": "REFUNDED"}
            self._books.put(_REFUND, refund_id, known)
        return success(_refund_data(refund_id, known))

    def open_dispute(self, payment_id: str, minor: int, reason: str) -> str | None:
        """A payer contests a payment; the number of the case, None where nothing was paid."""
        entry = self._books.get(_PAYMENT, payment_id)
        if entry is None or entry["status"] != "COMPLETED":
            return None
        case = f"CB{self._books.count(_DISPUTE) + 1:08d}"
        dispute = {
            "merchantPaymentId": payment_id,
            "minor": minor or entry["minor"],
            "reason": reason,
            "status": "OPENED",
            "answered": False,
            "answerUntil": (self._clock.now() + ANSWER_DAYS).timestamp(),
        }
        self._books.put(_DISPUTE, case, dispute)
        return case

    def dispute(self, case: str) -> Reply:
        known = self._books.get(_DISPUTE, case)
        if known is None:
            return failure("RESOURCE_NOT_FOUND", _NOT_FOUND)
        shown = {name: value for name, value in known.items() if name != "minor"}
        return success({"disputeId": case, "amount": _yen(known["minor"]), **shown})

    def answer(self, case: str, accept: bool, evidence: str) -> Reply:
        """The client's answer, once; a case that is over takes no other."""
        known = self._books.get(_DISPUTE, case)
        if known is None:
            return failure("RESOURCE_NOT_FOUND", _NOT_FOUND)
        said = {"accept": accept, "evidence": evidence}
        if known["answered"] and known["said"] != said:
            return failure("UNACCEPTABLE_OP")
        if not known["answered"] and self._clock.now().timestamp() > known["answerUntil"]:
            return failure("UNACCEPTABLE_OP")
        if not known["answered"]:
            answered = {"answered": True, "said": said, "status": "ANSWERED"}
            self._books.put(_DISPUTE, case, {**known, **answered})
        return success({"disputeId": case}, _OK)

    def decide(self, case: str, is_won: bool) -> Fields | None:
        """Decide a case that is open; None where none is."""
        known = self._books.get(_DISPUTE, case)
        if known is None or known["status"] in ("WON", "LOST"):
            return None
        decided = {**known, "status": "WON" if is_won else "LOST"}
        self._books.put(_DISPUTE, case, decided)
        return decided

    def accepted(self) -> Fields:
        """What was paid and is not cancelled, what was refunded, what was lost in disputes; yen."""
        return {
            "accepted": {
                key: entry["minor"]
                for key, entry in self._books.all(_PAYMENT)
                if entry["status"] == "COMPLETED" and not entry["cancelling"]
            },
            "refunded": {key: entry["minor"] for key, entry in self._books.all(_REFUND)},
            "lost": {
                entry["merchantPaymentId"]: entry["minor"]
                for _, entry in self._books.all(_DISPUTE)
                if entry["status"] == "LOST"
            },
        }

    def payments(self) -> Iterator[tuple[str, Fields]]:
        return self._books.all(_PAYMENT)

    def refunds(self) -> Iterator[tuple[str, Fields]]:
        return self._books.all(_REFUND)

    def shop(self, token: str) -> Shop:
        return self._shops[token]

    def _by_payment_id(self, paypay_id: str) -> tuple[str, Fields] | None:
        known = self._books.get(_NUMBER, paypay_id)
        entry = known and self._books.get(_PAYMENT, known["id"])
        return (known["id"], entry) if known and entry else None

    def _change(self, payment_id: str, entry: Fields, changes: Fields) -> Fields:
        changed = {**entry, **changes}
        self._books.put(_PAYMENT, payment_id, changed)
        return changed

    def _told(self, payment_id: str, entry: Fields, status: int) -> Reply:
        if entry["code"]:
            missing = entry["code"] == "DYNAMIC_QR_NOT_FOUND"
            return failure(entry["code"], _NOT_FOUND if missing else _BAD)
        return success(self._data(payment_id, entry), status)

    def _data(self, payment_id: str, entry: Fields) -> Fields:
        state = entry["status"]
        if state == "COMPLETED" and entry["refunded"] == entry["minor"]:
            state = "REFUNDED"
        data: Fields = {
            "paymentId": entry["paymentId"],
            "merchantPaymentId": payment_id,
            "status": state,
            "amount": _yen(entry["minor"]),
            "requestedAt": int(entry["time"]),
        }
        given = [(key, self._books.get(_REFUND, key)) for key in entry["refunds"]]
        shown = [_refund_data(key, one) for key, one in given if one is not None]
        return data | ({"refunds": {"data": shown}} if shown else {})


def cancel_end(timestamp: float) -> datetime:
    """Until when a payment of this time can be cancelled: 00:15 of the next day in Japan."""
    paid = datetime.fromtimestamp(timestamp, UTC).astimezone(JST)
    return datetime.combine(paid.date() + timedelta(days=1), CANCEL_UNTIL, JST)


def _refund_data(refund_id: str, entry: Fields) -> Fields:
    return {
        "status": entry["status"],
        "merchantRefundId": refund_id,
        "refundId": entry["refundId"],
        "paymentId": entry["paymentId"],
        "amount": _yen(entry["minor"]),
    }


def _yen(minor: int) -> dict[str, Any]:
    return {"amount": minor, "currency": "JPY"}
