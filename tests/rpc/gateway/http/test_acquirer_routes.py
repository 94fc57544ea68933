"""Acquirers over HTTP: shops, codes as pictures, orders."""

from dataclasses import replace
from typing import Any

import pytest

from services.codes.images import read_image
from services.gateway.access.keys import BOOTSTRAP, SETTING_KEY_ID, Caller
from services.gateway.acquiring.merchants.handlers import Approval
from services.gateway.acquiring.serving.documents import (
    CREATE_CODE,
    CREATE_ORDER,
    PROPOSE_MERCHANT,
    UPDATE_MERCHANT,
)
from services.gateway.acquiring.serving.process import acquirer_calls
from services.gateway.reference import Participant, ParticipantKind
from tests.rpc.gateway.http.acquirer_things import put_acquirers
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import ACCOUNTS, EDO, PANDA, SHOP, Gateway

OPERATOR = Participant("boss", ParticipantKind.OPERATOR, "Boss")


@pytest.fixture
async def shops(gateway: Gateway, http: Http) -> Http:
    await put_acquirers(gateway, SHOP)
    return http


async def open_shop(gateway: Gateway, http: Http) -> None:
    """Proposed over HTTP, approved by an operator; the board still knows what tests put on it."""
    made = await http.ask("POST", "/v1/merchants", EDO, json=PROPOSE_MERCHANT)
    assert (made.status_code, made.json()["state"]) == (201, "pending")
    calls = acquirer_calls(gateway.units, gateway.board, gateway.clock, ACCOUNTS)
    known = gateway.board.current
    by = Caller(OPERATOR, SETTING_KEY_ID, person=BOOTSTRAP)
    await calls.merchants.approve(by, Approval("shop-7", 1))
    fresh = gateway.board.current.merchants
    by_account = {(one.scheme, one.scheme_account_id): one for one in fresh.values()}
    gateway.board.current = replace(known, merchants=fresh, merchants_by_account=by_account)


async def test_a_shop_is_proposed_read_changed_and_listed(gateway: Gateway, shops: Http) -> None:
    key = {"Idempotency-Key": "shop-7"}
    made = await shops.ask("POST", "/v1/merchants", EDO, headers=key, json=UPDATE_MERCHANT)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/merchants/shop-7")
    found = await shops.ask("GET", "/v1/merchants/shop-7", EDO)
    assert found.json() == {"merchant": made.json(), "in_force": None}
    tag = {"If-None-Match": found.headers["etag"]}
    assert (await shops.ask("GET", "/v1/merchants/shop-7", EDO, headers=tag)).status_code == 304
    changed = {**UPDATE_MERCHANT, "city": "OSAKA"}
    told = (await shops.ask("PUT", "/v1/merchants/shop-7", EDO, json=changed)).json()
    assert (told["version"], told["city"], told["state"]) == (2, "OSAKA", "pending")
    page = await shops.ask("GET", "/v1/merchants?page_size=1", EDO)
    following = await shops.ask("GET", page.links["next"]["url"], EDO)
    both = [*page.json()["merchants"], *following.json()["merchants"]]
    assert {one["merchant_id"] for one in both} == {"shokudo", "shop-7"}
    assert problem(await shops.ask("GET", "/v1/merchants/shop-7", PANDA)) == (
        403, "KIND_FORBIDDEN"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"merchant_id": "shokudo"}, 409, "MERCHANT_EXISTS_WITH_DIFFERENT_CONTENT"),
        ({"scheme_account_id": "12"}, 400, "CODE_INVALID"),
        ({"scheme_account_id": SHOP.scheme_account_id}, 409, "SCHEME_ACCOUNT_TAKEN"),
        ({"kana_name": "食堂"}, 400, "NAME_NOT_WRITABLE"),
        ({"payout_account": None}, 400, "ACCOUNT_MISSING"),
        ({"fee_plan_id": "nothing"}, 404, "FEE_PLAN_UNKNOWN"),
        ({"parent_merchant_id": "kyo-shop"}, 422, "PARENT_UNFIT"),
        ({"category_code": "58"}, 400, "REQUEST_MALFORMED"),
    ],
)
async def test_a_shop_that_cannot_be_is_refused_with_a_reason(
    shops: Http, changed: dict[str, Any], status: int, reason: str
) -> None:
    body = PROPOSE_MERCHANT | changed
    answer = await shops.ask("POST", "/v1/merchants", EDO, json=body)
    assert problem(answer) == (status, reason)


async def test_an_order_is_drawn_and_paid_by_its_code(gateway: Gateway, shops: Http) -> None:
    await open_shop(gateway, shops)
    made = await shops.ask("POST", "/v1/codes", EDO, json=CREATE_CODE)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/codes/till-1/image")
    picture = await shops.ask("GET", "/v1/codes/till-1/image", EDO)
    assert picture.headers["content-type"] == "image/png"
    assert read_image(picture.content) == (made.json()["code"],)
    for wanted, kind in (("svg", "image/svg+xml"), ("sheet", "application/pdf")):
        drawn = await shops.ask("GET", f"/v1/codes/till-1/image?format={wanted}", EDO)
        assert drawn.headers["content-type"].partition(";")[0] == kind
    order = await shops.ask("POST", "/v1/orders", EDO, json=CREATE_ORDER)
    assert (order.status_code, order.json()["state"]) == (201, "open")
    await shops.create(code=order.json()["code"], amount=None)
    async with answered(gateway):
        paid = await shops.confirm()
    assert paid.json()["state"] == "completed"
    told = (await shops.ask("GET", "/v1/orders/table-12", EDO)).json()
    assert (told["state"], told["payment_state"], told["amount"]["display"]) == (
        "paid", "completed", "¥1,200"
    )  # fmt: skip
    page = await shops.ask("GET", "/v1/orders?state=paid&merchant_id=shop-7", EDO)
    assert page.json() == {"orders": [told], "next_page_token": None}
    close = await shops.ask("POST", "/v1/orders/table-12/close", EDO)
    assert problem(close) == (422, "ORDER_BEING_PAID")
    await shops.ask("POST", "/v1/orders", EDO, json=CREATE_ORDER | {"order_id": "table-13"})
    closed = await shops.ask("POST", "/v1/orders/table-13/close", EDO)
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    first = await shops.ask("GET", "/v1/orders?page_size=1", EDO)
    following = await shops.ask("GET", first.links["next"]["url"], EDO)
    assert following.json()["orders"] == [closed.json()]
    path = f"/v1/shop-payments/{told['payment_reference']}"
    seen = await shops.ask("GET", path, EDO)
    assert (seen.json()["state"], seen.json()["target"]) == ("completed", told["amount"])
    assert "li-na" not in seen.text
    kept = {"if-none-match": seen.headers["etag"]}
    assert (await shops.ask("GET", path, EDO, kept)).status_code == 304
    refund = {"refund_id": "r1", "payment_id": told["payment_reference"]}
    refunded = await shops.ask("POST", "/v1/refunds", EDO, json=refund)
    assert (refunded.status_code, refunded.json()["target"]["minor_units"]) == (201, 1200)
