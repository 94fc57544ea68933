"""Kakao Pay's open API for online payments, simulated from facts.md §2: the payer's wallet.

The phone is a page at `next_redirect_mobile_url`: opening it approves and sends the browser back
to the shop's `approval_url` with a `pg_token`; `?answer=quit` sends it to `cancel_url`. What a
user has is set with POST /_control/balance {"user", "won", "locked"}; others have enough. With
POST /_control/phone {"tid", "answer"} the simulator opens the page itself.
"""

import secrets
from hashlib import sha256
from typing import Any

import aiohttp
from aiohttp import web

from services.sandbox.partners.base import (
    Fields,
    Reply,
    Simulator,
    Work,
    read_fields,
    run_simulator,
)

PATH = "/online/v1/payment"
PAYMENT_LIMIT_WON = 2_000_000
PAYMENT_MINIMUM_WON = 50
PHONE_SECONDS = 5.0
_DONE = ("SUCCESS_PAYMENT", "PART_CANCEL_PAYMENT")


class KakaoPayWallet(Simulator):
    """Takes any secret key and any cid."""

    name = "Kakao Pay (wallet)"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PATH}/ready", self._ready),
            web.post(f"{PATH}/approve", self._approve),
            web.post(f"{PATH}/order", self._order),
            web.post(f"{PATH}/cancel", self._cancel),
            web.get("/mobile/{tid}", self._phone),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/balance", self._set_balance),
            web.post("/_control/phone", self._use_phone),
        ]

    def accepted(self) -> Fields:
        """Paid orders with what is left of them; refunds by the payload they carried."""
        orders = [entry for _, entry in self.books.all("order")]
        return {
            "accepted": {o["order_id"]: o["total"] for o in orders if o["status"] in _DONE},
            "refunded": {
                action["payload"]: action["amount"]
                for o in orders
                for action in o["actions"]
                if action["payment_action_type"] == "CANCEL"
            },
        }

    def rejection(self, code: str) -> Reply:
        return _refusal(-780, "approval failed", code or "USER_LOCKED")

    async def _set_balance(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        user = {"won": int(fields["won"]), "locked": bool(fields.get("locked", False))}
        self.books.put("user", fields["user"], user)
        return web.json_response(user)

    async def _use_phone(self, request: web.Request) -> web.Response:
        """Open the payer's page and follow where it leads, as the phone's browser would."""
        fields = await read_fields(request)
        target = self._answer_phone(fields["tid"], fields.get("answer", "approve"))
        timeout = aiohttp.ClientTimeout(total=PHONE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(target) as page:
            return web.json_response({"status": page.status})

    async def _phone(self, request: web.Request) -> web.Response:
        target = self._answer_phone(
            request.match_info["tid"], request.query.get("answer", "approve")
        )
        raise web.HTTPFound(target)

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
        fields = await _authorised(request)

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
        fields = await _authorised(request)
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
        if user is not None and (user["locked"] or user["won"] < entry["total"]):
            self.books.put("order", fields["tid"], {**entry, "status": "FAIL_PAYMENT"})
            code = "USER_LOCKED" if user["locked"] else "LACK_BALANCE"
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

    async def _order(self, request: web.Request) -> web.StreamResponse:
        fields = await _authorised(request)

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
        fields = await _authorised(request)
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
        amount = fields.get("cancel_amount", fields.get("total_amount"))
        call: dict[str, Any] = {"operation": operation, "amount": amount, "tid": fields.get("tid")}
        return await self.serve(request, call, work)


async def _authorised(request: web.Request) -> Fields:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "SECRET_KEY" or not key:
        raise web.HTTPUnauthorized(text="Authorization: SECRET_KEY <key> is missing.")
    return await read_fields(request)


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
