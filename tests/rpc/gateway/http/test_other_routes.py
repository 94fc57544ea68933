"""Refunds, bank links and top-ups over HTTP."""

import pytest

from services.gateway.reference.store import put_participant
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway

YEN = {"currency_code": "JPY", "minor_units": 400}
REFUND = {"refund_id": "r1", "payment_id": "p1", "amount": YEN, "reason": "A dish was missing."}
LINK = {
    "bank_link_id": "l1",
    "payer_id": "hanako",
    "partner_id": "japan-bank",
    "bank_code": "0310",
    "branch_code": "101",
    "account_type": "1",
    "account_number": "1234567",
    "holder_name": "ヤマダ ハナコ",
}
TOP_UP = {"top_up_id": "t1", "bank_link_id": "l1", "amount": YEN}
WITHDRAWAL = {"withdrawal_id": "w1", "bank_link_id": "l1", "amount": YEN}


@pytest.fixture
async def paid(gateway: Gateway, http: Http) -> str:
    """A completed payment of Panda's at Edo's shop; its reference."""
    await http.create()
    async with answered(gateway):
        reference: str = (await http.confirm()).json()["reference"]
    return reference


async def test_a_refund_is_told_as_it_is_and_found_again(http: Http, paid: str) -> None:
    made = await http.ask("POST", "/v1/refunds", json=REFUND)
    assert made.status_code == 201
    assert made.headers["location"] == "/v1/refunds/r1"
    told = made.json()
    assert (told["state"], told["target"]["display"], told["home"]["currency_code"]) == (
        "pending", "¥400", "CNY"
    )  # fmt: skip
    again = await http.ask("POST", "/v1/refunds", json=REFUND)
    found = await http.ask("GET", "/v1/refunds/r1")
    assert again.json() == found.json() == told
    tag = {"If-None-Match": found.headers["etag"]}
    assert (await http.ask("GET", "/v1/refunds/r1", headers=tag)).status_code == 304
    other = await http.ask("POST", "/v1/refunds", json={**REFUND, "reason": "Late."})
    assert problem(other) == (409, "REFUND_EXISTS_WITH_DIFFERENT_CONTENT")


async def test_an_acquirer_refunds_by_our_reference(http: Http, paid: str) -> None:
    body = {"payment_id": paid}
    key = {"Idempotency-Key": "edo-1"}
    made = await http.ask("POST", "/v1/refunds", EDO, headers=key, json=body)
    assert (made.status_code, made.json()["target"]["minor_units"]) == (201, 1000)
    found = await http.ask("GET", "/v1/refunds/edo-1", EDO)
    assert (made.json()["home"], found.json()["home"]) == (None, None)
    assert problem(await http.ask("GET", "/v1/refunds/edo-1", PANDA)) == (404, "REFUND_UNKNOWN")


async def test_a_refund_beyond_the_payment_or_of_another_s_payment_is_refused(
    http: Http, paid: str
) -> None:
    large = {**REFUND, "amount": {"currency_code": "JPY", "minor_units": 1001}}
    assert problem(await http.ask("POST", "/v1/refunds", json=large)) == (
        422, "REFUND_EXCEEDS_PAYMENT"
    )  # fmt: skip
    foreign = await http.ask("POST", "/v1/refunds", SAKURA, json=REFUND)
    assert problem(foreign) == (404, "PAYMENT_UNKNOWN")
    await http.create("p2")
    early = await http.ask("POST", "/v1/refunds", json={**REFUND, "payment_id": "p2"})
    assert problem(early) == (422, "PAYMENT_NOT_COMPLETED")


async def test_a_hosted_wallet_links_an_account_and_tops_up(gateway: Gateway, http: Http) -> None:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    unlinked = await http.ask("POST", "/v1/top-ups", SAKURA, json=TOP_UP)
    assert problem(unlinked) == (404, "BANK_LINK_UNKNOWN")
    for _ in range(2):
        linked = await http.ask("POST", "/v1/bank-links", SAKURA, json=LINK)
        assert (linked.status_code, linked.json()["display_name"]) == (201, "Bank ***567")
    made = await http.ask("POST", "/v1/top-ups", SAKURA, json=TOP_UP)
    assert (made.status_code, made.json()["amount"]["display"]) == (201, "¥400")
    found = await http.ask("GET", "/v1/top-ups/t1", SAKURA)
    assert found.json() == made.json()
    assert problem(await http.ask("GET", "/v1/top-ups/t1", PANDA)) == (404, "TOP_UP_UNKNOWN")


async def test_a_hosted_wallet_draws_to_its_linked_account_and_lists_what_it_drew(
    gateway: Gateway, http: Http
) -> None:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    unlinked = await http.ask("POST", "/v1/withdrawals", SAKURA, json=WITHDRAWAL)
    assert problem(unlinked) == (404, "BANK_LINK_UNKNOWN")
    await http.ask("POST", "/v1/bank-links", SAKURA, json=LINK)
    made = await http.ask("POST", "/v1/withdrawals", SAKURA, json=WITHDRAWAL)
    assert made.status_code == 201
    assert made.headers["location"] == "/v1/withdrawals/w1"
    told = made.json()
    assert (told["state"], told["payer_id"]) == ("pending", "hanako")
    found = await http.ask("GET", "/v1/withdrawals/w1", SAKURA)
    assert found.json() == told
    tag = {"If-None-Match": found.headers["etag"]}
    again = await http.ask("GET", "/v1/withdrawals/w1", SAKURA, headers=tag)
    assert again.status_code == 304
    more = {**WITHDRAWAL, "withdrawal_id": "w2"}
    await http.ask("POST", "/v1/withdrawals", SAKURA, json=more)
    path = "/v1/withdrawals?payer_id=hanako&page_size=1"
    page = await http.ask("GET", path, SAKURA)
    assert page.json()["withdrawals"] == [told]
    following = page.headers["link"].partition(">")[0].removeprefix("<")
    after = await http.ask("GET", following, SAKURA)
    assert [each["withdrawal_id"] for each in after.json()["withdrawals"]] == ["w2"]
    other = await http.ask("POST", "/v1/withdrawals", SAKURA, json={**more, "bank_link_id": "l2"})
    assert problem(other) == (409, "WITHDRAWAL_EXISTS_WITH_DIFFERENT_CONTENT")


async def test_bank_links_are_for_hosted_wallets(http: Http) -> None:
    for path, body in (
        ("/v1/bank-links", LINK),
        ("/v1/top-ups", TOP_UP),
        ("/v1/withdrawals", WITHDRAWAL),
    ):
        answer = await http.ask("POST", path, PANDA, json=body)
        assert problem(answer) == (403, "HOSTED_WALLET_REQUIRED")
