"""Kakao Pay as acquirer of Seoul's shops, simulated: printed codes are links, charges AMS-like.

How the real one charges for foreign wallets, and what it reports, is not public; both are modelled
after AMS (facts.md §2 and §3). A day's files are listed at `/acquiring/v1/settlements/<YYYYMMDD>/`
and read below it. Disputes, with their control, are told in ams_cases.py; its notices of them carry
the key that its client last called with and go to KAWASE_NOTICE_URL. Shops can be added: POST
/_control/shops {"merchantId", "name", "city", "codes"}.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from aiohttp import web
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.core.clock import Clock
from services.sandbox.partners.ams_cases import Cases
from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.base import (
    Fields,
    Reply,
    Simulator,
    Work,
    read_fields,
    run_simulator,
)
from services.sandbox.partners.books import Books
from services.sandbox.partners.charging import Shop, Terms, Till, bounds, misstated, result
from services.sandbox.partners.days import Line
from services.sandbox.partners.faults import OF_CALLS, Call, Fault, OwnFault
from services.sandbox.partners.kakaopay_key import authorised, check_key
from services.sandbox.partners.notices import Notice
from services.sandbox.partners.report_files import ReportFiles

LINK = "https://qr.kakaopay.com/"
SHOPS = (
    Shop(
        "KP-SEOUL-0001",
        "Bukchon Kalguksu",
        "Seoul",
        "KR",
        "KRW",
        (f"{LINK}281006011000000070000999",),
    ),
    Shop(
        "KP-SEOUL-0002", "Ikseon Books", "Seoul", "KR", "KRW", (f"{LINK}281006011000000070000777",)
    ),
)
PAYMENT_LIMIT_WON = 2_000_000
REPORT = Report("KAWASE0001", "KakaoPay", "kawase", "KRW")
REFUSALS = {
    "unknown_code": "MERCHANT_NOT_EXIST",
    "user_locked": "USER_STATUS_ABNORMAL",
    "low_balance": "USER_BALANCE_NOT_ENOUGH",
}


class NoticeSettings(BaseSettings):
    """Where notices go."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    notice_url: str = ""


class KakaoPayAcquirer(Simulator):
    """Takes any secret key, as long as there is one."""

    name = "Kakao Pay (acquirer)"
    frame_faults = OF_CALLS | {Fault.WRONG_AMOUNT}
    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        "unknown_code": OwnFault(("code", "pay")),
        "user_locked": OwnFault(("pay",)),
        "low_balance": OwnFault(("pay",)),
    }

    def __init__(self, clock: Clock, books: Books, notice_url: str = "") -> None:
        super().__init__(clock, books)
        self._cases = Cases(books, clock, self._tell_case, notice_url)
        self._key = ""
        self._till = Till(books, clock, SHOPS, Terms(PAYMENT_LIMIT_WON))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/acquiring/v1/code", self._code),
            web.post("/acquiring/v1/pay", self._pay),
            web.post("/acquiring/v1/inquiry", self._inquiry),
            web.post("/acquiring/v1/cancel", self._cancel),
            web.post("/acquiring/v1/refund", self._refund),
            web.post("/acquiring/v1/acceptDispute", self._answer),
            web.post("/acquiring/v1/supplyDefenseDocument", self._answer),
            web.post("/acquiring/v1/inquiryDispute", self._dispute),
            *ReportFiles(self, REPORT, "/acquiring/v1/settlements", check_key).routes(),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [web.post("/_control/shops", self._add_shop), *self._cases.control_routes()]

    def accepted(self) -> Fields:
        return {**self._till.accepted(), "lost": self._cases.lost()}

    def rejection(self, code: str) -> Reply:
        return Reply({"result": result("F", code or "RISK_REJECT", "Refused.")})

    def misstate(self, reply: Reply) -> Reply:
        return misstated(reply)

    def suffer(self, fault: str, call: Call, work: Work) -> Reply:
        if call["operation"] != "pay":
            return self.rejection(REFUSALS[fault])
        self._till.doom(call["id"], REFUSALS[fault])
        return work()

    def lines(self, day: date) -> list[Line]:
        return self._till.lines(*bounds(day, self.days.zone))

    def write_files(self, day: date, lines: list[Line]) -> Mapping[str, bytes]:
        return REPORT.files(day, lines)

    def _tell_case(self, url: str, content: Fields) -> None:
        body = json.dumps(content).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._key}
        self.notices.send({"id": content["disputeId"]}, Notice(url, body, lambda _forged: headers))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        case, evidence = fields["disputeId"], fields.get("disputeEvidence")
        call = {"operation": "dispute_answer", "id": case}
        return await self.serve(request, call, lambda: self._cases.answer(case, evidence))

    async def _dispute(self, request: web.Request) -> web.StreamResponse:
        case = (await authorised(request))["disputeId"]
        call = {"operation": "dispute_inquiry", "id": case}
        return await self.serve(request, call, lambda: self._cases.find(case))

    async def _add_shop(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        codes = tuple(fields["codes"])
        shop = Shop(fields["merchantId"], fields["name"], fields["city"], "KR", "KRW", codes)
        self._till.add(shop)
        return web.json_response({"merchantId": shop.merchant_id})

    async def _code(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        call = {"operation": "code", "id": fields["code"]}
        return await self.serve(request, call, lambda: self._till.find(fields["code"]))

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        self._key = request.headers["Authorization"]
        request_id, code = fields["paymentRequestId"], fields["merchantCode"]
        amount = fields["amount"]
        call = {"operation": "pay", "amount": int(amount["value"]), "id": request_id}
        return await self.serve(
            request,
            call,
            lambda: self._till.pay(request_id, code, amount, fields),
            lambda: self._till.pay(request_id, code, amount, fields, is_late=True),
        )

    async def _inquiry(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        request_id = fields["paymentRequestId"]
        call = {"operation": "inquiry", "id": request_id}
        return await self.serve(request, call, lambda: self._till.inquire(request_id))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        request_id = fields["paymentRequestId"]
        call = {"operation": "cancel", "id": request_id}
        return await self.serve(request, call, lambda: self._till.cancel(request_id))

    async def _refund(self, request: web.Request) -> web.StreamResponse:
        fields = await authorised(request)
        amount, refund_id = fields["refundAmount"], fields["refundRequestId"]
        call = {"operation": "refund", "amount": int(amount["value"]), "id": refund_id}
        return await self.serve(
            request,
            call,
            lambda: self._till.refund(fields["paymentRequestId"], refund_id, amount),
        )


if __name__ == "__main__":
    url = NoticeSettings().notice_url
    run_simulator("kakaopay_acquirer", lambda clock, books: KakaoPayAcquirer(clock, books, url))
