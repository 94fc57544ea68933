"""`POST /v1/pay`: priced and paid in one call over HTTP."""

from typing import Any

from services.sandbox.demo.codes import TOKYO_STATIC
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import EDO, PANDA, Gateway

BODY: dict[str, Any] = {
    "payment_id": "p1",
    "payer_id": "li-na",
    "code": TOKYO_STATIC,
    "amount": {"currency_code": "JPY", "minor_units": 1000},
    "maximum": {"currency_code": "CNY", "minor_units": 4771},
}


async def test_one_call_pays_and_a_repeat_is_answered_alike(gateway: Gateway, http: Http) -> None:
    async with answered(gateway):
        paid = await http.ask("POST", "/v1/pay", json=BODY)
        again = await http.ask("POST", "/v1/pay", json=BODY)
    assert (paid.status_code, paid.json()["state"]) == (200, "completed")
    assert paid.json()["home"]["display"] == "CN¥47.71"
    assert again.json() == paid.json()


async def test_a_price_above_the_maximum_is_a_problem_with_both_amounts(http: Http) -> None:
    low = BODY | {"maximum": {"currency_code": "CNY", "minor_units": 4770}}
    refused = await http.ask("POST", "/v1/pay", json=low)
    assert problem(refused) == (422, "PRICE_ABOVE_MAXIMUM")
    assert refused.json()["metadata"]["minor_units"] == "4771"
    assert (await http.ask("GET", "/v1/payments/p1")).json()["state"] == "quoted"


async def test_one_call_waits_no_longer_than_preferred(http: Http) -> None:
    body = {name: value for name, value in BODY.items() if name != "payment_id"}
    headers = {"Prefer": "wait=0", "Idempotency-Key": "p7"}
    answer = await http.ask("POST", "/v1/pay", json=body, headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (202, "confirmed")
    assert answer.json()["payment_id"] == "p7"
    assert answer.headers["preference-applied"] == "wait=0"


async def test_a_maximum_is_needed_and_a_wallet_s_key(http: Http) -> None:
    without = {name: value for name, value in BODY.items() if name != "maximum"}
    assert problem(await http.ask("POST", "/v1/pay", PANDA, json=without))[0] == 400
    assert problem(await http.ask("POST", "/v1/pay", EDO, json=BODY)) == (403, "WALLET_REQUIRED")
