"""Kakao Pay's open API for online payments, simulated from facts.md §2: the payer's wallet.

The phone is a page at `next_redirect_mobile_url`: opening it approves and sends the browser back
to the shop's `approval_url` with a `pg_token`; `?answer=quit` sends it to `cancel_url`. What a
user has is set with POST /_control/balance {"user", "won", "locked"}; others have enough. With
POST /_control/phone {"tid", "answer"} the simulator opens the page itself; faults of notices befall
the payer's way back: lost (the browser never comes back), twice, or first by way of `fail_url`.

What the real one reports of a day is not public: its file is modelled after AMS (Kakao Pay abroad
runs on Alipay+), listed at `/online/v1/settlements/<YYYYMMDD>/` and read below it.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, ClassVar

import aiohttp
from aiohttp import web

from services.core.clock import Clock
from services.sandbox.partners.ams_report import PAYMENT, REFUND, Report
from services.sandbox.partners.base import (
    Fields,
    Reply,
    Simulator,
    Work,
    read_fields,
    run_simulator,
)
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line, fee_of, fee_share
from services.sandbox.partners.faults import (
    NOTICE,
    OF_CALLS,
    OF_NOTICES,
    Call,
    Fault,
    OwnFault,
    Strike,
)
from services.sandbox.partners.kakaopay_key import authorised, check_key
from services.sandbox.partners.report_files import ReportFiles

PATH = "/online/v1/payment"
PAYMENT_LIMIT_WON = 2_000_000
PAYMENT_MINIMUM_WON = 50
PHONE_SECONDS = 5.0
FEE_BASIS_POINTS = 100
REPORT = Report("KAWASE0001", "KakaoPay", "kakaopay", "KRW")
REFUSALS = {"user_locked": "USER_LOCKED", "low_balance": "LACK_BALANCE"}
_DONE = ("SUCCESS_PAYMENT", "PART_CANCEL_PAYMENT")


class KakaoPayWallet(Simulator):
    """Takes any secret key and any cid."""

    name = "Kakao Pay (wallet)"
    frame_faults = OF_CALLS | OF_NOTICES | {Fault.WRONG_AMOUNT}
    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        "user_locked": OwnFault(("approve",)),
        "low_balance": OwnFault(("approve",)),
    }

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self._doomed: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PATH}/ready", self._ready),
            web.post(f"{PATH}/approve", self._approve),
            web.post(f"{PATH}/order", self._order),
            web.post(f"{PATH}/cancel", self._cancel),
            web.get("/mobile/{tid}", self._phone),
            *ReportFiles(self, REPORT, "/online/v1/settlements", check_key).routes(),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/balance", self._set_balance),
            web.post("/_control/phone", self._use_phone),
        ]

    def accepted(self) -> Fields:
        """What was paid and not cancelled, summed over all orders of an id, so that a second one
        shows; refunds by the payload they carried. A cancel of all carries the order's own id."""
        accepted: Counter[str] = Counter()
        refunded: Counter[str] = Counter()
        for _, order in self.books.all("order"):
            for action in order["actions"]:
                if action["payment_action_type"] == "PAYMENT":
                    accepted[order["order_id"]] += action["amount"]
                elif action["payload"] == order["order_id"]:
                    accepted[order["order_id"]] -= action["amount"]
                else:
                    refunded[action["payload"]] += action["amount"]
        return {
            "accepted": {key: minor for key, minor in accepted.items() if minor},
            "refunded": dict(refunded),
        }

    def rejection(self, code: str) -> Reply:
        return _refusal(-780, "approval failed", code or "USER_LOCKED")

    def misstate(self, reply: Reply) -> Reply:
        fields = dict(reply.fields)
        for name in ("amount", "approved_cancel_amount"):
            if name in fields:
                fields[name] = {**fields[name], "total": fields[name]["total"] + 1}
        return Reply(fields, reply.status)

    def suffer(self, fault: str, call: Call, work: Work) -> Reply:
        self._doomed[call["id"]] = REFUSALS[fault]
        return work()

    def lines(self, day: date) -> list[Line]:
        moved = [line for _, entry in self.books.all("order") for line in _lines(entry)]
        todays = [line for line in moved if self.days.day_of(line.time) == day]
        return sorted(todays, key=lambda line: (line.time, line.line_id))

    def write_files(self, day: date, lines: list[Line]) -> Mapping[str, bytes]:
        return REPORT.files(day, lines)

    async def _set_balance(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        user = {"won": int(fields["won"]), "locked": bool(fields.get("locked", False))}
        self.books.put("user", fields["user"], user)
        return web.json_response(user)

    async def _use_phone(self, request: web.Request) -> web.Response:
        """Open the payer's page and follow where it leads, as the phone's browser would."""
        fields = await read_fields(request)
        targets = self._way_back(fields["tid"], fields.get("answer", "approve"))
        status = 200
        timeout = aiohttp.ClientTimeout(total=PHONE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for target in targets:
                async with session.get(target) as page:
                    status = page.status
        return web.json_response({"status": status})

    async def _phone(self, request: web.Request) -> web.Response:
        tid = request.match_info["tid"]
        targets = self._way_back(tid, request.query.get("answer", "approve"))
        if not targets:
            return web.Response(text="The browser was closed.")
        if len(targets) > 1:
            # What a page can do with two addresses: open one in a frame, then go to the other.
            await self._open_first(targets[0])
        raise web.HTTPFound(targets[-1])

    async def _open_first(self, target: str) -> None:
        timeout = aiohttp.ClientTimeout(total=PHONE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(target) as page:
            await page.read()

    def _way_back(self, tid: str, answer: str) -> list[str]:
        """The addresses that the payer's browser opens after the answer, in order."""
        target = self._answer_phone(tid, answer)
        entry = self.books.get("order", tid) or {}
        strike = self.faults.take({"operation": NOTICE, "id": entry.get("order_id")})
        match (strike or Strike("")).fault:
            case Fault.LOST_NOTICE:
                return []
            case Fault.DUPLICATE_NOTICE:
                return [target, target]
            case Fault.REORDERED_NOTICE:
                return [str(entry["fail_url"]), target]
            case _:
                return [target]

    def _answer_phone(self, tid: str, answer: str) -> str:
        """The payer's answer on the phone; where the browser goes next."""
        entry = self.books.get("order", tid)
        if entry is None:
            raise web.HTTPNotFound(text="No such payment.")
        if entry["status"] not in ("READY", "OPEN_PAYMENT", "AUTH_PASSWORD"):
            return str(entry["fail_url"])
        if answer == "quit":
            self.books.put("order", tid, {**entry, "status": "QUIT_PAYMENT"})
            return str(entry["cancel_url"])
        token = entry.get("pg_token") or secrets.token_hex(10)
        self.books.put("order", tid, {**entry, "status": "AUTH_PASSWORD", "pg_token": token})
        return f"{entry['approval_url']}?pg_token={token}"

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)

        def work() -> Reply:
            if not PAYMENT_MINIMUM_WON <= fields["total_amount"] <= PAYMENT_LIMIT_WON:
                return _refusal(-785, "amount out of range")
            tid = f"T{secrets.token_hex(10)[:19]}"
            self.books.put("order", tid, _new_order(fields))
            page = f"{request.url.origin()}/mobile/{tid}"
            return Reply(
                {
                    "tid": tid,
                    "next_redirect_app_url": page,
                    "next_redirect_mobile_url": page,
                    "next_redirect_pc_url": page,
                    "created_at": self.now().isoformat(timespec="seconds"),
                }
            )

        return await self._serve(request, "ready", fields, work)

    async def _approve(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        return await self._serve(request, "approve", fields, lambda: self._pay(fields))

    def _pay(self, fields: Fields) -> Reply:
        entry = self.books.get("order", fields["tid"])
        if entry is None:
            return _refusal(-721, "no such tid")
        if entry["status"] in _DONE:
            return _refusal(-702, "the payment is complete already")
        if entry["status"] != "AUTH_PASSWORD" or fields["pg_token"] != entry["pg_token"]:
            return _refusal(-701, "the payer has not approved")
        if fields["partner_order_id"] != entry["order_id"]:
            return _refusal(-722, "another order")
        if fields.get("total_amount", entry["total"]) != entry["total"]:
            return _refusal(-723, "another amount")
        user = self.books.get("user", entry["user_id"])
        if code := self._obstacle(entry, user):
            self.books.put("order", fields["tid"], {**entry, "status": "FAIL_PAYMENT"})
            return _refusal(-780, "approval failed", code)
        if user is not None:
            left = {**user, "won": user["won"] - entry["total"]}
            self.books.put("user", entry["user_id"], left)
        aid = _aid(fields["tid"], len(entry["actions"]))
        action = self._action(aid, "PAYMENT", entry["total"], fields.get("payload", ""))
        paid = {**entry, "status": "SUCCESS_PAYMENT", "actions": [action]}
        self.books.put("order", fields["tid"], paid)
        return Reply(
            {
                "aid": aid,
                "tid": fields["tid"],
                "cid": fields["cid"],
                "partner_order_id": entry["order_id"],
                "partner_user_id": entry["user_id"],
                "payment_method_type": "MONEY",
                "amount": _amount(entry["total"]),
                "approved_at": action["approved_at"],
            }
        )

    def _obstacle(self, entry: Fields, user: Fields | None) -> str:
        if doom := self._doomed.pop(entry["order_id"], ""):
            return doom
        if user is not None and user["locked"]:
            return "USER_LOCKED"
        return "LACK_BALANCE" if user is not None and user["won"] < entry["total"] else ""

    async def _order(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)

        def work() -> Reply:
            entry = self.books.get("order", fields["tid"])
            if entry is None:
                return _refusal(-721, "no such tid")
            return Reply(
                {
                    "tid": fields["tid"],
                    "status": entry["status"],
                    "partner_order_id": entry["order_id"],
                    "payment_action_details": entry["actions"],
                    **_totals(entry),
                }
            )

        return await self._serve(request, "order", fields, work)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        return await self._serve(request, "cancel", fields, lambda: self._give_back(fields))

    def _give_back(self, fields: Fields) -> Reply:
        entry = self.books.get("order", fields["tid"])
        if entry is None or entry["status"] not in _DONE:
            return _refusal(-705, "nothing to cancel")
        left = entry["total"] - entry["cancelled"]
        amount = fields["cancel_amount"]
        if fields.get("cancel_available_amount", left) != left or not 0 < amount <= left:
            return _refusal(-706, "not the amount that can be cancelled")
        aid = _aid(fields["tid"], len(entry["actions"]))
        action = self._action(aid, "CANCEL", amount, fields.get("payload", ""))
        entry = {
            **entry,
            "cancelled": entry["cancelled"] + amount,
            "status": "CANCEL_PAYMENT" if amount == left else "PART_CANCEL_PAYMENT",
            "actions": [*entry["actions"], action],
        }
        self.books.put("order", fields["tid"], entry)
        return Reply(
            {
                "aid": aid,
                "tid": fields["tid"],
                "status": entry["status"],
                "approved_cancel_amount": _amount(amount),
                "canceled_at": action["approved_at"],
                **_totals(entry),
            }
        )

    def _action(self, aid: str, kind: str, amount: int, payload: str) -> Fields:
        return {
            "aid": aid,
            "approved_at": self.now().isoformat(timespec="seconds"),
            "amount": amount,
            "point_amount": 0,
            "discount_amount": 0,
            "payment_action_type": kind,
            "payload": payload,
        }

    async def _serve(
        self, request: web.Request, operation: str, fields: Fields, work: Work
    ) -> web.StreamResponse:
        tid = fields.get("tid")
        order_id = fields.get("partner_order_id")
        if order_id is None and (entry := self.books.get("order", str(tid))) is not None:
            order_id = entry["order_id"]
        call: dict[str, Any] = {
            "operation": operation,
            "id": fields.get("payload") or order_id if operation == "cancel" else order_id,
            "amount": fields.get("cancel_amount", fields.get("total_amount")),
            "tid": tid,
        }
        return await self.serve(request, call, work)


def _lines(entry: Fields) -> list[Line]:
    """A payment and its cancels; each cancel gives its share of the fee back."""
    fee, so_far, lines = fee_of(entry["total"], FEE_BASIS_POINTS), 0, []
    for action in entry["actions"]:
        minor, time = action["amount"], datetime.fromisoformat(action["approved_at"])
        fields = {"transaction_id": action["aid"], "product_code": "ONLINE_PAYMENT"}
        if action["payment_action_type"] == "PAYMENT":
            line_id = entry["order_id"]
            lines.append(Line(line_id, PAYMENT, minor, "KRW", time, fee, fields))
            continue
        before, so_far = so_far, so_far + minor
        back = fee_share(fee, so_far, entry["total"]) - fee_share(fee, before, entry["total"])
        fields["original_id"] = entry["order_id"]
        line_id = action["payload"] or action["aid"]
        lines.append(Line(line_id, REFUND, minor, "KRW", time, back, fields))
    return lines


def _new_order(fields: Fields) -> Fields:
    return {
        "status": "READY",
        "order_id": fields["partner_order_id"],
        "user_id": fields["partner_user_id"],
        "total": fields["total_amount"],
        "cancelled": 0,
        "actions": [],
        "approval_url": fields["approval_url"],
        "cancel_url": fields["cancel_url"],
        "fail_url": fields["fail_url"],
    }


def _amount(won: int) -> Fields:
    return {"total": won, "tax_free": 0, "vat": 0, "point": 0, "discount": 0, "green_deposit": 0}


def _totals(entry: Fields) -> Fields:
    return {
        "amount": _amount(entry["total"]),
        "canceled_amount": _amount(entry["cancelled"]),
        "cancel_available_amount": _amount(entry["total"] - entry["cancelled"]),
    }


def _refusal(code: int, message: str, method_code: str = "") -> Reply:
    fields: Fields = {"error_code": code, "error_message": message}
    if method_code:
        fields["extras"] = {
            "method_result_code": method_code,
            "method_result_message": method_code.lower(),
        }
    return Reply(fields, 400)


def _aid(tid: str, number: int) -> str:
    return f"A{sha256(f'{tid}/{number}'.encode()).hexdigest()[:19]}"


if __name__ == "__main__":
    run_simulator("kakaopay_wallet", KakaoPayWallet)
