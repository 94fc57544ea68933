"""Payments over HTTP: each route as a wallet meets it."""

import asyncio

import pytest

from services.sandbox.demo.codes import TOKYO_DYNAMIC, WRONG_CHECKSUM
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import EDO, SAKURA, Gateway


async def test_a_payment_is_quoted_and_told_with_money_for_people(http: Http) -> None:
    made = await http.create()
    assert made.status_code == 201
    assert made.headers["location"] == "/v1/payments/p1"
    told = made.json()
    assert told["state"] == "quoted"
    assert told["target"] == {
        "currency_code": "JPY", "minor_units": 1000, "display": "¥1,000"
    }  # fmt: skip
    assert told["home"] == {
        "currency_code": "CNY", "minor_units": 4771, "display": "CN¥47.71"
    }  # fmt: skip
    assert told["create_time"] == "2026-10-30T09:00:00Z"
    assert told["refunded"] is None


async def test_a_confirm_answers_with_the_end_of_the_payment(gateway: Gateway, http: Http) -> None:
    made = (await http.create()).json()
    async with answered(gateway):
        paid = await http.confirm()
    assert paid.status_code == 200
    assert (paid.json()["state"], paid.json()["reference"]) == ("completed", made["reference"])
    again = await http.confirm()
    assert (again.status_code, again.json()["state"]) == (200, "completed")
    found = (await http.ask("GET", "/v1/payments/p1")).json()
    assert [move["step"] for move in found["moves"]][:3] == ["quote", "reserve", "post"]


async def test_a_confirm_waits_no_longer_than_preferred_and_answers_202(http: Http) -> None:
    await http.create()
    path = "/v1/payments/p1/confirm"
    answer = await http.ask("POST", path, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.json()["state"]) == (202, "confirmed")
    assert answer.headers["preference-applied"] == "wait=0"


async def test_a_quote_can_be_given_up_once_and_again_but_not_after_it_was_confirmed(
    http: Http,
) -> None:
    await http.create()
    for _ in range(2):
        answer = await http.ask("POST", "/v1/payments/p1/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert problem(await http.confirm()) == (422, "PAYMENT_CANCELLED")
    await http.create("p2")
    await http.ask("POST", "/v1/payments/p2/confirm", headers={"Prefer": "wait=0"})
    refused = await http.ask("POST", "/v1/payments/p2/cancel")
    assert problem(refused) == (422, "PAYMENT_CONFIRMED")


async def test_the_same_id_and_content_is_the_same_payment_and_other_content_is_refused(
    http: Http,
) -> None:
    first = await http.create()
    assert (await http.create()).json() == first.json()
    other = await http.create(payer_id="wang-wei")
    assert problem(other) == (409, "PAYMENT_EXISTS_WITH_DIFFERENT_CONTENT")


async def test_an_idempotency_key_is_the_id_that_the_body_leaves_out(http: Http) -> None:
    body = {"payer_id": "li-na", "code": TOKYO_DYNAMIC}
    key = {"Idempotency-Key": '"order-7"'}
    made = await http.ask("POST", "/v1/payments", json=body, headers=key)
    assert (made.status_code, made.json()["payment_id"]) == (201, "order-7")
    repeated = await http.ask(
        "POST", "/v1/payments", json={**body, "payment_id": "order-7"}, headers=key
    )
    assert repeated.json() == made.json()
    differs = await http.ask(
        "POST", "/v1/payments", json={**body, "payment_id": "order-8"}, headers=key
    )
    assert problem(differs) == (400, "IDEMPOTENCY_KEY_DIFFERS")
    missing = await http.ask("POST", "/v1/payments", json=body)
    assert problem(missing) == (400, "IDEMPOTENCY_KEY_MISSING")


async def test_what_is_unchanged_is_not_sent_again(gateway: Gateway, http: Http) -> None:
    await http.create()
    for path in ("/v1/payments/p1", "/v1/payments"):
        first = await http.ask("GET", path)
        tag = {"If-None-Match": first.headers["etag"]}
        second = await http.ask("GET", path, headers=tag)
        assert (second.status_code, second.content) == (304, b"")
        assert second.headers["etag"] == first.headers["etag"]
    await http.ask("POST", "/v1/payments/p1/cancel")
    assert (await http.ask("GET", "/v1/payments/p1", headers=tag)).status_code == 200


async def test_pages_lead_on_by_token_and_by_link(http: Http) -> None:
    for number in range(5):
        await http.create(f"p{number}")
    await http.ask("POST", "/v1/payments/p3/cancel")
    path, ids = "/v1/payments?page_size=2", []
    while path:
        page = await http.ask("GET", path)
        ids.append([each["payment_id"] for each in page.json()["payments"]])
        following = page.links.get("next", {}).get("url", "")
        assert (page.json()["next_page_token"] is None) == (not following)
        path = following
    assert ids == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    found = (await http.ask("GET", "/v1/payments?state=cancelled")).json()
    assert [each["payment_id"] for each in found["payments"]] == ["p3"]
    wrong = await http.ask("GET", "/v1/payments?page_token=AAAA")
    assert problem(wrong) == (400, "PAGE_TOKEN_MALFORMED")


async def test_decode_tells_what_a_code_says(http: Http) -> None:
    said = (await http.ask("POST", "/v1/codes/decode", json={"code": TOKYO_DYNAMIC})).json()
    assert (said["valid"], said["scheme"], said["amount"]["display"]) == (True, "jpqr", "¥1,200")
    wrong = (await http.ask("POST", "/v1/codes/decode", json={"code": WRONG_CHECKSUM})).json()
    assert (wrong["valid"], [each["code"] for each in wrong["findings"]]) == (
        False,
        ["CRC_MISMATCH"],
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/payments/p1"),
        ("GET", "/v1/payments/p1/events"),
        ("POST", "/v1/payments/p1/confirm"),
        ("POST", "/v1/payments/p1/cancel"),
    ],
)
async def test_another_participant_s_payment_is_unknown(http: Http, method: str, path: str) -> None:
    await http.create()
    assert problem(await http.ask(method, path, SAKURA)) == (404, "PAYMENT_UNKNOWN")
    assert (await http.ask("GET", "/v1/payments", SAKURA)).json()["payments"] == []


async def test_an_acquirer_pays_nothing(http: Http) -> None:
    assert problem(await http.create(by=EDO)) == (403, "WALLET_REQUIRED")


async def test_calls_that_come_together_are_all_answered(http: Http) -> None:
    made = await asyncio.gather(*(http.create(f"p{number}") for number in range(50)))
    assert {answer.status_code for answer in made} == {201}
    assert len({answer.json()["reference"] for answer in made}) == 50
