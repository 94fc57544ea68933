"""Bills over HTTP: put, find, check and pay, and whose business they are not."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx

from services.gateway.access.gate import gate_of
from services.gateway.bills.serving import examples
from services.gateway.bills.serving.routes import bill_router
from services.gateway.http.app import make_app
from tests.rpc.gateway.http.asking import BASE, Http, problem
from tests.rpc.gateway.payments_served import answered, keys_known
from tests.store.gateway.bills_world import BILL, open_bills
from tests.store.gateway.payments_world import EDO, SAKURA, Gateway

YEN = {"currency_code": "JPY", "minor_units": 4_980}
PAY: dict[str, Any] = {
    "payment_id": "p1",
    "payer_id": "li-na",
    "biller_id": "tokyo-light",
    "reference": "7992 739-8713",
    "amount": YEN,
}


async def test_a_bill_goes_from_its_biller_to_its_payment(gateway: Gateway) -> None:
    async def ready() -> bool:
        return True

    bills = await open_bills(gateway)
    known = gateway.board.current
    participants = {**known.participants, SAKURA.participant_id: SAKURA}
    gateway.board.current = replace(known, participants=participants)
    keys = keys_known(gateway)
    router = bill_router(bills.billers, bills.paying)
    gate = gate_of(gateway.board, gateway.clock)
    app = make_app(gate, [router], ready, asyncio.Event())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client, answered(gateway):
        http = Http(client, keys)
        put = await http.ask("PUT", "/v1/billers/gas", EDO, json=examples.PUT_BILLER)
        assert (put.status_code, put.json()["open"]) == (200, False)
        again = await http.ask("PUT", "/v1/billers/gas", json=examples.PUT_BILLER)
        assert problem(again) == (403, "KIND_FORBIDDEN")

        found = await http.ask("GET", "/v1/billers?query=電灯")
        assert [one["biller_id"] for one in found.json()["billers"]] == ["tokyo-light"]
        assert found.json()["billers"][0]["fee_plan_id"] is None
        same = {"if-none-match": found.headers["etag"]}
        unchanged = await http.ask("GET", "/v1/billers?query=電灯", headers=same)
        assert unchanged.status_code == 304

        checked = await http.ask("POST", "/v1/bills/check", json=examples.CHECK_BILL)
        assert (checked.json()["payable"], checked.json()["reference"]) == (True, BILL)
        wrong = examples.CHECK_BILL | {"reference": "79927398712"}
        told = (await http.ask("POST", "/v1/bills/check", json=wrong)).json()
        assert [each["code"] for each in told["findings"]] == ["CHECK_DIGIT_WRONG"]

        quoted = await http.ask("POST", "/v1/bills/pay", json=PAY)
        assert (quoted.status_code, quoted.json()["state"]) == (200, "quoted")
        assert quoted.json()["home"] == checked.json()["price"]["home"]
        maximum = {"currency_code": "CNY", "minor_units": 30_000}
        paid = await http.ask("POST", "/v1/bills/pay", json=PAY | {"maximum": maximum})
        assert (paid.json()["state"], paid.json()["bill_reference"]) == ("completed", BILL)
        twice = await http.ask("POST", "/v1/bills/pay", json=PAY | {"payment_id": "p2"})
        assert problem(twice) == (422, "BILL_PAID")

        path = "/v1/billers/tokyo-light/payments"
        listed = (await http.ask("GET", path, EDO)).json()["bill_payments"]
        assert [one["payment_reference"] for one in listed] == [paid.json()["reference"]]
        assert problem(await http.ask("GET", path, SAKURA)) == (403, "KIND_FORBIDDEN")
        assert problem(await http.ask("GET", "/v1/billers/none/payments", EDO))[0] == 404
