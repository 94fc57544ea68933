"""Kakao Pay as acquirer of Seoul's shops, simulated: printed codes are links, charges AMS-like.

How the real one charges for foreign wallets is not public; see facts.md §2 and §3. Shops can be
added: POST /_control/shops {"merchantId", "name", "city", "codes": […]}.
"""

from typing import Any

from aiohttp import web

from services.core.clock import Clock
from services.sandbox.partners.base import Fields, Reply, Simulator, read_fields, run_simulator
from services.sandbox.partners.books import Books
from services.sandbox.partners.charging import Shop, Till, result

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


class KakaoPayAcquirer(Simulator):
    """Takes any secret key, as long as there is one."""

    name = "Kakao Pay (acquirer)"

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self._till = Till(books, SHOPS, PAYMENT_LIMIT_WON)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/acquiring/v1/code", self._code),
            web.post("/acquiring/v1/pay", self._pay),
            web.post("/acquiring/v1/inquiry", self._inquiry),
            web.post("/acquiring/v1/cancel", self._cancel),
            web.post("/acquiring/v1/refund", self._refund),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        return [web.post("/_control/shops", self._add_shop)]

    def accepted(self) -> Fields:
        return self._till.accepted()

    def rejection(self, code: str) -> Reply:
        return Reply({"result": result("F", code or "RISK_REJECT", "Refused.")})

    async def _add_shop(self, request: web.Request) -> web.Response:
        fields = await read_fields(request)
        codes = tuple(fields["codes"])
        shop = Shop(fields["merchantId"], fields["name"], fields["city"], "KR", "KRW", codes)
        self._till.add(shop)
        return web.json_response({"merchantId": shop.merchant_id})

    async def _code(self, request: web.Request) -> web.StreamResponse:
        fields = await self._fields(request)
        call = {"operation": "code", "code": fields["code"]}
        return await self.serve(request, call, lambda: self._till.find(fields["code"]))

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        fields = await self._fields(request)
        request_id, code = fields["paymentRequestId"], fields["merchantCode"]
        amount = fields["amount"]
        call = {"operation": "pay", "amount": int(amount["value"]), **_ids(fields)}
        return await self.serve(
            request,
            call,
            lambda: self._till.pay(request_id, code, amount, fields),
            lambda: self._till.pay(request_id, code, amount, fields, is_late=True),
        )

    async def _inquiry(self, request: web.Request) -> web.StreamResponse:
        fields = await self._fields(request)
        call = {"operation": "inquiry", **_ids(fields)}
        return await self.serve(
            request, call, lambda: self._till.inquire(fields["paymentRequestId"])
        )

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        fields = await self._fields(request)
        call = {"operation": "cancel", **_ids(fields)}
        return await self.serve(
            request, call, lambda: self._till.cancel(fields["paymentRequestId"])
        )

    async def _refund(self, request: web.Request) -> web.StreamResponse:
        fields = await self._fields(request)
        amount = fields["refundAmount"]
        call = {"operation": "refund", "amount": int(amount["value"]), **_ids(fields)}
        return await self.serve(
            request,
            call,
            lambda: self._till.refund(
                fields["paymentRequestId"], fields["refundRequestId"], amount
            ),
        )

    async def _fields(self, request: web.Request) -> Fields:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "SECRET_KEY" or not key:
            raise web.HTTPUnauthorized(text="Authorization: SECRET_KEY <key> is missing.")
        return await read_fields(request)


def _ids(fields: Fields) -> dict[str, Any]:
    return {"id": fields.get("paymentRequestId"), "refund_id": fields.get("refundRequestId")}


if __name__ == "__main__":
    run_simulator("kakaopay_acquirer", KakaoPayAcquirer)
