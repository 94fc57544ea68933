"""PayPay's Open Payment API, simulated from facts.md §4 and paypay_opa.json.

It answers what is documented (payment details, cancel, refund) and what is made up for foreign
wallets: `POST /v2/payments` with the shop's code, `GET /v2/codes/{token}`, disputes, and files
under `/v2/files/`. It tells of completed payments, of disputes and of files at the address of its
configuration, without a signature.

Control beside the frame's:

    POST /_control/notice_url  {"url"}: where notices go from now on
    POST /_control/complete    {"id"}: the payer confirms a payment that waits
    POST /_control/dispute     {"id", "amount", "reason"}: a payer contests it: {"dispute_id"}
    POST /_control/decide      {"dispute_id", "won"}: the case is decided, answered or not

A case is decided when it is answered: for whoever fights it with evidence. Environment beside the
frame's: KAWASE_SANDBOX_SECRET, its client's API secret; KAWASE_NOTICE_URL.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from aiohttp import web
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.clock import Clock
from services.sandbox.partners.base import (
    Fields,
    Reply,
    Simulator,
    Work,
    read_fields,
    run_simulator,
)
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line
from services.sandbox.partners.faults import OF_CALLS, OF_NOTICES, Call, Fault, OwnFault
from services.sandbox.partners.notices import Notice
from services.sandbox.partners.paypay_auth import Gate, NotAuthorized
from services.sandbox.partners.paypay_books import Shop, Till, failure
from services.sandbox.partners.paypay_report import file_name, lines_of, write_file

API_KEY = "a_sandboxKawase01"
MERCHANT = "610000000000000001"
LINK = "https://qr.paypay.ne.jp/"
RAMEN_CODE = f"{LINK}28180104kawaseRamen"
TEA_CODE = f"{LINK}28180104kawaseTea"
SHOPS = (
    Shop("28180104kawaseRamen", "JP-TK-0001", "RAMEN KAWASE SHIBUYA", "TOKYO"),
    Shop("28180104kawaseTea", "JP-KY-0001", "CHAYA KAWASE GION", "KYOTO"),
    Shop("28180104kawaseFixed", "JP-OS-0001", "TAKOYAKI KAWASE", "OSAKA", amount=600),
)
PENDING, SLOW_REFUND = "pending", "slow_refund"
# Own faults of a payment, and the code with which it has failed for good.
REFUSALS = {
    "unknown_code": "DYNAMIC_QR_NOT_FOUND",
    "user_locked": "CANCELED_USER",
    "low_balance": "NO_SUFFICIENT_FUND",
}


class KeySettings(BaseSettings):
    """What it knows its client by, and where it tells things."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    sandbox_secret: str
    notice_url: str = ""


class PayPay(Simulator):
    """Knows one client by its secret."""

    name = "PayPay (OPA)"
    frame_faults = OF_CALLS | OF_NOTICES | {Fault.WRONG_AMOUNT}
    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        **{name: OwnFault(("pay",)) for name in REFUSALS},
        PENDING: OwnFault(("pay",)),
        SLOW_REFUND: OwnFault(("refund",)),
        "rate_limit": OwnFault(("pay", "inquiry", "cancel", "refund"), "RATE_LIMIT"),
    }

    def __init__(self, clock: Clock, books: Books, secret: str, notice_url: str = "") -> None:
        super().__init__(clock, books)
        self._gate = Gate(API_KEY, secret, MERCHANT)
        self._till = Till(books, clock, SHOPS, LINK)
        self._notice_url = notice_url

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v2/codes/payments/{id}", self._details),
            web.get("/v2/codes/{token}", self._code),
            web.post("/v2/payments", self._pay),
            web.delete("/v2/payments/{id}", self._cancel),
            web.post("/v2/refunds", self._refund),
            web.get("/v2/refunds/{id}", self._refund_details),
            web.get("/v2/disputes/{id}", self._dispute),
            web.post("/v2/disputes/{id}/answer", self._answer),
            web.get("/v2/files/{name}", self._file),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/notice_url", self._set_notice_url),
            web.post("/_control/complete", self._complete),
            web.post("/_control/dispute", self._open_dispute),
            web.post("/_control/decide", self._decide),
        ]

    def accepted(self) -> Fields:
        return self._till.accepted()

    def rejection(self, code: str) -> Reply:
        if code == "RATE_LIMIT":
            return failure(code, 429)
        return failure(code or "UNACCEPTABLE_OP")

    def misstate(self, reply: Reply) -> Reply:
        data = reply.fields.get("data")
        if not data or "amount" not in data:
            return reply
        other = {**data["amount"], "amount": data["amount"]["amount"] + 1}
        return Reply({**reply.fields, "data": {**data, "amount": other}}, reply.status)

    def suffer(self, fault: str, call: Call, work: Work) -> Reply:
        if fault in REFUSALS:
            self._till.doom(call["id"], REFUSALS[fault])
            return work()
        if fault == PENDING:
            return self._till.pay(call["request"], is_pending=True)
        return self._till.refund(call["request"], is_slow=True)

    def lines(self, day: date) -> list[Line]:
        return lines_of(self._till, day)

    def write_files(self, day: date, lines: list[Line]) -> Mapping[str, bytes]:
        name = file_name(MERCHANT, day)
        self._tell(
            name,
            {
                "notification_type": "file.created",
                "notification_id": name,
                "fileType": "transaction_recon",
                "path": f"/v2/files/{name}",
                "requestedAt": int(self.now().timestamp()),
            },
        )
        return {name: write_file(self._till, MERCHANT, lines)}

    async def _serve(
        self, request: web.Request, call: Fields, work: Work, late: Work | None = None
    ) -> web.StreamResponse:
        try:
            await self._gate.check(request, self.now())
        except NotAuthorized:
            return self.seal(request, failure("UNAUTHORIZED", 401))
        return await self.serve(request, call, work, late)

    async def _code(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        call = {"operation": "code", "id": token}
        return await self._serve(request, call, lambda: self._till.find(token))

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        fields = await read_fields(request)
        payment_id = fields["merchantPaymentId"]

        def work() -> Reply:
            reply = self._till.pay(fields)
            self._tell_payment(payment_id)
            return reply

        call = _call("pay", payment_id, fields)
        return await self._serve(request, call, work)

    async def _details(self, request: web.Request) -> web.StreamResponse:
        payment_id = request.match_info["id"]
        call = _call("inquiry", payment_id)
        return await self._serve(request, call, lambda: self._till.details(payment_id))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        payment_id = request.match_info["id"]
        call = _call("cancel", payment_id)
        return await self._serve(request, call, lambda: self._till.cancel(payment_id))

    async def _refund(self, request: web.Request) -> web.StreamResponse:
        fields = await read_fields(request)
        call = _call("refund", fields["merchantRefundId"], fields)
        return await self._serve(request, call, lambda: self._till.refund(fields))

    async def _refund_details(self, request: web.Request) -> web.StreamResponse:
        refund_id, paypay_id = request.match_info["id"], request.query.get("paymentId", "")
        call = _call("refund_inquiry", refund_id)
        return await self._serve(
            request, call, lambda: self._till.refund_details(refund_id, paypay_id)
        )

    async def _dispute(self, request: web.Request) -> web.StreamResponse:
        case = request.match_info["id"]
        call = _call("dispute_inquiry", case)
        return await self._serve(request, call, lambda: self._till.dispute(case))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        case, fields = request.match_info["id"], await read_fields(request)

        def work() -> Reply:
            accept, evidence = bool(fields["accept"]), str(fields["evidence"])
            reply = self._till.answer(case, accept, evidence)
            if reply.fields["data"] is not None:
                self._end(case, is_won=not accept and evidence != "")
            return reply

        return await self._serve(request, _call("dispute_answer", case), work)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            await self._gate.check(request, self.now())
        except NotAuthorized:
            return self.seal(request, failure("UNAUTHORIZED", 401))
        name = request.match_info["name"]
        day = _day_of(name)
        content = None if day is None else self.days.read(day, name)
        if content is None:
            return self.seal(request, failure("RESOURCE_NOT_FOUND", 404))
        return web.Response(body=content, content_type="text/csv", charset="Shift_JIS")

    def _tell_payment(self, payment_id: str) -> None:
        """Tell that a payment is completed; of refunds and cancels nothing is told."""
        entry = self._till.payment(payment_id)
        if entry is None or entry["status"] != "COMPLETED":
            return
        self._tell(
            payment_id,
            {
                "notification_type": "Transaction",
                "merchant_id": MERCHANT,
                "store_id": self._till.shop(entry["shop"]).merchant_id,
                "order_id": entry["paymentId"],
                "merchant_order_id": payment_id,
                "paid_at": int(entry["time"]),
                "order_amount": entry["minor"],
                "state": "COMPLETED",
            },
        )

    def _tell_dispute(self, case: str) -> None:
        data = self._till.dispute(case).fields["data"]
        self._tell(
            case,
            {
                "notification_type": "Dispute",
                "merchant_id": MERCHANT,
                "dispute_id": case,
                "merchant_order_id": data["merchantPaymentId"],
                "state": data["status"],
            },
        )

    def _tell(self, key: str, content: Fields) -> None:
        if not self._notice_url:
            return
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        self.notices.send({"id": key}, Notice(self._notice_url, body, lambda _forged: headers))

    def _end(self, case: str, is_won: bool) -> bool:
        if self._till.decide(case, is_won) is None:
            return False
        self._tell_dispute(case)
        return True

    async def _set_notice_url(self, request: web.Request) -> web.Response:
        self._notice_url = str((await read_fields(request))["url"])
        return web.json_response({"url": self._notice_url})

    async def _complete(self, request: web.Request) -> web.Response:
        payment_id = (await read_fields(request))["id"]
        if self._till.complete(payment_id) is None:
            return web.json_response({"error": "no payment waits under this id"}, status=409)
        self._tell_payment(payment_id)
        return web.json_response({"id": payment_id})

    async def _open_dispute(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        case = self._till.open_dispute(
            fields["id"], int(fields.get("amount", 0)), str(fields.get("reason", "FRAUD"))
        )
        if case is None:
            return web.json_response({"error": "nothing was paid under this id"}, status=409)
        self._tell_dispute(case)
        return web.json_response({"dispute_id": case})

    async def _decide(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        if not self._end(fields["dispute_id"], bool(fields["won"])):
            return web.json_response({"error": "no such case is open"}, status=409)
        return web.json_response({"dispute_id": fields["dispute_id"]})


def _call(operation: str, call_id: str, request: Fields | None = None) -> dict[str, Any]:
    call: dict[str, Any] = {"operation": operation, "id": call_id}
    if request is not None:
        call |= {"amount": int(request["amount"]["amount"]), "request": request}
    return call


def _day_of(name: str) -> date | None:
    """The day whose file has this name."""
    parts = name.split("_")
    try:
        day = date.fromisoformat(parts[2][:8])
    except (IndexError, ValueError):
        return None
    return day if name == file_name(MERCHANT, day) else None


def make(clock: Clock, books: Books) -> PayPay:
    """The simulator with the secret that the environment holds."""
    keys = KeySettings()  # type: ignore[call-arg]
    return PayPay(clock, books, keys.sandbox_secret, keys.notice_url)


if __name__ == "__main__":
    run_simulator("paypay", make)
