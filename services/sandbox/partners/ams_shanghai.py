"""An acceptor of CNY codes in Shanghai, simulated from facts.md §3: AMS with RSA256 both ways.

It answers pay, inquiryPayment, cancel, refund, inquiryRefund and (made up, since the specification
for codes is not public) inquiryCode; it tells the result of a payment at the `paymentNotifyUrl` of
its request; and it hands out its settlement files over HTTP where the real one has SFTP: a folder
`/v1/settlements/<customerId>/<YYYYMMDD>/` lists them, as `{"files": […]}`.

With the productCode CASHIER_PAYMENT it charges a Chinese user's wallet instead: the phone is a page
at `normalUrl`, where opening it approves and sends the browser to `paymentRedirectUrl`;
`?answer=quit` refuses. The cashier closes after 14 minutes.

Control beside the frame's: POST /_control/quote {"currency": "JPY", "price": "20.5"} has it charge
the wallet in its own currency from now on and state both amounts.

Disputes, with their control, are told in ams_cases.py.

Environment beside the frame's: KAWASE_NOTICE_URL, where notices of disputes go; KAWASE_AMS_KEY, the
PEM file of its own private key, and KAWASE_AMS_CLIENT_KEY, that of its client's public key. A
request's time may be five minutes off.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import ClassVar

from aiohttp import web
from pydantic_settings import BaseSettings, SettingsConfigDict
from yarl import URL

from services.core.clock import Clock
from services.sandbox.partners.ams_cases import Cases
from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.ams_signing import Seal, read_object
from services.sandbox.partners.base import (
    Fields,
    Reply,
    Simulator,
    Work,
    read_fields,
    run_simulator,
)
from services.sandbox.partners.books import Books
from services.sandbox.partners.charging import (
    PROCESSING,
    Shop,
    Terms,
    Till,
    bounds,
    misstated,
    result,
)
from services.sandbox.partners.days import Line
from services.sandbox.partners.faults import OF_CALLS, OF_NOTICES, Call, Fault, OwnFault
from services.sandbox.partners.notices import Notice
from services.sandbox.partners.report_files import ReportFiles

PATH = "/ams/api/v1/payments"
PAYMENT_LIMIT_FEN = 5_000_000
CUSTOMER_ID = "KAWASE0001"
REPORT = Report(CUSTOMER_ID, "Alipay+", "kawase", "CNY")
IN_PROCESS = "in_process"
CASHIER = "CASHIER_PAYMENT"
CASHIER_CURRENCIES = ("JPY", "KRW", "CNY")
OPEN = "open"
"""The operation that opens a payment at the cashier."""
# The EMVCo specification's sample merchant, as in the golden vector mpm-001.
TAXI_CODE = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678"
    "520441115303156540523.725502015802CN5914BEST TRANSPORT6007BEIJING"
    "6233030412340603***0708A60086670902ME64200002ZH0104最佳运输0202北京6304CDE7"
)
TEA_LINK = "https://qr.alipay.com/fkx12345kawase0tea"
SHOPS = (
    Shop("CN-BJ-0001", "BEST TRANSPORT", "BEIJING", "CN", "CNY", (TAXI_CODE, "A93FO3230Q")),
    Shop("CN-SH-0001", "Yuyuan Tea House", "Shanghai", "CN", "CNY", (TEA_LINK,)),
)


class KeySettings(BaseSettings):
    """Where the keys are."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    ams_key: Path
    ams_client_key: Path
    notice_url: str = ""


class AmsShanghai(Simulator):
    """Knows one client: who has the private key to the public key given."""

    name = "Shanghai acceptor (AMS)"
    utc_hours = 8
    frame_faults = OF_CALLS | OF_NOTICES | {Fault.WRONG_SIGNATURE, Fault.WRONG_AMOUNT}
    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        "unknown_code": OwnFault(("code", "pay")),
        "user_locked": OwnFault(("pay", OPEN)),
        "low_balance": OwnFault(("pay", OPEN)),
        "risk_reject": OwnFault(("pay",)),
        # Answered with U; the result comes with a notice, or by inquiry.
        IN_PROCESS: OwnFault(("pay",)),
    }

    def __init__(
        self, clock: Clock, books: Books, key: bytes, client_key: bytes, notice_url: str = ""
    ) -> None:
        super().__init__(clock, books)
        self._cases = Cases(books, clock, self._tell_case, notice_url)
        self._client = ""
        self._seal = Seal(key, client_key)
        self._till = Till(books, clock, SHOPS, Terms(PAYMENT_LIMIT_FEN))
        self._quote: tuple[str, Decimal] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PATH}/inquiryCode", self._code),
            web.post(f"{PATH}/pay", self._pay),
            web.get("/cashier/{request_id}", self._cashier),
            web.post(f"{PATH}/inquiryPayment", self._inquiry),
            web.post(f"{PATH}/cancel", self._cancel),
            web.post(f"{PATH}/refund", self._refund),
            web.post(f"{PATH}/inquiryRefund", self._refund_inquiry),
            web.post(f"{PATH}/acceptDispute", self._answer),
            web.post(f"{PATH}/supplyDefenseDocument", self._answer),
            web.post(f"{PATH}/inquiryDispute", self._dispute),
            *ReportFiles(self, REPORT, f"/v1/settlements/{CUSTOMER_ID}", self._check).routes(),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [web.post("/_control/quote", self._set_quote), *self._cases.control_routes()]

    def accepted(self) -> Fields:
        return {**self._till.accepted(), "lost": self._cases.lost()}

    def rejection(self, code: str) -> Reply:
        return Reply({"result": result("F", code or "RISK_REJECT", "Refused.")})

    def misstate(self, reply: Reply) -> Reply:
        return misstated(reply)

    def suffer(self, fault: str, call: Call, work: Work) -> Reply:
        if fault == IN_PROCESS:
            work()
            return Reply({"result": result("U", "PAYMENT_IN_PROCESS", "Please wait.")})
        code = REFUSALS[fault]
        if call["operation"] == "code":
            return self.rejection(code)
        self._till.doom(call["id"], code)
        return work()

    def seal(self, request: web.Request, reply: Reply) -> web.Response:
        """Sign the answer over its own time and body."""
        body = json.dumps(reply.fields, ensure_ascii=False, separators=(",", ":"))
        client = request.headers["Client-Id"]
        time = self.now().isoformat(timespec="seconds")
        signature = self._seal.signature(request.method, request.path_qs, client, time, body)
        headers = {"Client-Id": client, "Response-Time": time, "Signature": signature}
        return web.Response(
            body=body.encode(), headers=headers, content_type="application/json", charset="utf-8"
        )

    def forge(self, response: web.Response) -> web.Response:
        response.headers["Signature"] = self._seal.forged(str(response.text))
        return response

    def lines(self, day: date) -> list[Line]:
        return self._till.lines(*bounds(day, self.days.zone))

    def write_files(self, day: date, lines: list[Line]) -> Mapping[str, bytes]:
        return REPORT.files(day, lines)

    async def _check(self, request: web.Request) -> None:
        await self._seal.read(request, self.now())

    async def _read(self, request: web.Request) -> Fields:
        fields = read_object(await self._seal.read(request, self.now()))
        self._client = request.headers["Client-Id"]
        return fields

    async def _code(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        code = fields["codeValue"]
        call = {"operation": "code", "id": code}
        return await self.serve(request, call, lambda: self._till.find(code))

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        client = request.headers["Client-Id"]
        if fields.get("productCode") == CASHIER:
            origin = str(request.url.origin())
            call = _call(OPEN, fields, "paymentAmount")
            return await self.serve(request, call, lambda: self._open(client, origin, fields))

        def work(is_late: bool = False) -> Reply:
            reply = self._till.pay(
                fields["paymentRequestId"],
                fields["paymentMethod"]["paymentMethodId"],
                fields["paymentAmount"],
                fields,
                is_late,
            )
            self._tell(client, fields, reply)
            return self._quoted(reply)

        call = _call("pay", fields, "paymentAmount")
        return await self.serve(request, call, work, lambda: work(is_late=True))

    def _open(self, client: str, origin: str, fields: Fields) -> Reply:
        request_id = fields["paymentRequestId"]
        if fields["paymentAmount"]["currency"] not in CASHIER_CURRENCIES:
            return self.rejection("CURRENCY_NOT_SUPPORT")
        entry = self._till.open(request_id, fields["paymentAmount"], fields)
        if entry["status"] != PROCESSING:
            return self._till.inquire(request_id)
        self.books.put("cashier", request_id, {"client": client, "request": fields})
        return Reply(
            {
                "result": result("U", "PAYMENT_IN_PROCESS", "The payer decides."),
                "paymentId": entry["paymentId"],
                "normalUrl": f"{origin}/cashier/{request_id}",
            }
        )

    async def _cashier(self, request: web.Request) -> web.Response:
        """The payer's page."""
        request_id = request.match_info["request_id"]
        opened = self.books.get("cashier", request_id)
        if opened is None:
            raise web.HTTPNotFound(text="No such payment.")
        reply = self._till.decide(request_id, request.query.get("answer") != "quit")
        self._tell(opened["client"], opened["request"], reply)
        raise web.HTTPFound(opened["request"]["paymentRedirectUrl"])

    def _tell(self, client: str, fields: Fields, reply: Reply) -> None:
        """Tell the result of a payment where the client wants to be told."""
        if not (url := fields.get("paymentNotifyUrl")):
            return
        request_id = fields["paymentRequestId"]
        content = {
            "notifyType": "PAYMENT_RESULT",
            "paymentRequestId": request_id,
            "paymentTime": self.now().isoformat(timespec="seconds"),
            **self._quoted(reply).fields,
        }
        self._send(url, client, request_id, content)

    def _tell_case(self, url: str, content: Fields) -> None:
        self._send(url, self._client, content["disputeId"], content)

    def _send(self, url: str, client: str, key: str, content: Fields) -> None:
        """Send a notice about what `key` names, signed over its own time and body."""
        body = json.dumps(content, separators=(",", ":"))

        def headers(is_forged: bool) -> Mapping[str, str]:
            time = self.now().isoformat(timespec="seconds")
            path = URL(url).path_qs
            signature = self._seal.signature("POST", path, client, time, body)
            return {
                "Content-Type": "application/json; charset=UTF-8",
                "Client-Id": client,
                "Request-Time": time,
                "Signature": self._seal.forged(body) if is_forged else signature,
            }

        self.notices.send({"id": key}, Notice(url, body.encode(), headers))

    async def _inquiry(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        request_id = fields["paymentRequestId"]
        return await self.serve(
            request,
            _call("inquiry", fields),
            lambda: self._quoted(self._till.inquire(request_id)),
        )

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        request_id = fields["paymentRequestId"]
        return await self.serve(
            request, _call("cancel", fields), lambda: self._till.cancel(request_id)
        )

    async def _refund(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        return await self.serve(
            request,
            _call("refund", fields, "refundAmount"),
            lambda: self._till.refund(
                fields["paymentRequestId"], fields["refundRequestId"], fields["refundAmount"]
            ),
        )

    async def _refund_inquiry(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        refund_id = fields["refundRequestId"]
        call = {"operation": "refund_inquiry", "id": refund_id}
        return await self.serve(request, call, lambda: self._till.inquire_refund(refund_id))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        case, evidence = fields["disputeId"], fields.get("disputeEvidence")
        call = {"operation": "dispute_answer", "id": case}
        return await self.serve(request, call, lambda: self._cases.answer(case, evidence))

    async def _dispute(self, request: web.Request) -> web.StreamResponse:
        case = (await self._read(request))["disputeId"]
        call = {"operation": "dispute_inquiry", "id": case}
        return await self.serve(request, call, lambda: self._cases.find(case))

    async def _set_quote(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        self._quote = (fields["currency"], Decimal(fields["price"]))
        return web.json_response({"currency": fields["currency"]})

    def _quoted(self, reply: Reply) -> Reply:
        """Both amounts and the quote, where the wallet is charged in its own currency."""
        paid = reply.fields.get("paymentAmount")
        if self._quote is None or paid is None:
            return reply
        currency, price = self._quote
        home = (Decimal(paid["value"]) / 100 * price).to_integral_value(ROUND_CEILING)
        quote = {
            "quoteId": f"Q{currency}{price}",
            "quoteCurrencyPair": f"{paid['currency']}/{currency}",
            "quotePrice": str(price),
            "guaranteed": True,
        }
        amounts = {
            "paymentAmount": {"value": str(home), "currency": currency},
            "payToAmount": paid,
            "quote": quote,
        }
        return Reply({**reply.fields, **amounts}, reply.status)


REFUSALS = {
    "unknown_code": "MERCHANT_NOT_EXIST",
    "user_locked": "USER_STATUS_ABNORMAL",
    "low_balance": "USER_BALANCE_NOT_ENOUGH",
    "risk_reject": "RISK_REJECT",
}


def _call(operation: str, fields: Fields, amount: str = "") -> Fields:
    call: Fields = {"operation": operation, "id": fields.get("paymentRequestId")}
    if amount:
        call["amount"] = int(fields[amount]["value"])
    if refund_id := fields.get("refundRequestId"):
        call |= {"id": refund_id, "refund_id": refund_id}
    return call


def make(clock: Clock, books: Books) -> AmsShanghai:
    """The simulator with the keys that the environment names."""
    keys = KeySettings()  # type: ignore[call-arg]
    ours, clients = keys.ams_key.read_bytes(), keys.ams_client_key.read_bytes()
    return AmsShanghai(clock, books, ours, clients, keys.notice_url)


if __name__ == "__main__":
    run_simulator("ams_shanghai", make)
