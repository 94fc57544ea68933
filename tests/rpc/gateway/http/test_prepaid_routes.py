"""Prepaid orders over HTTP: ordered, accepted, picked up; the code is the payer's alone."""

import asyncio
from datetime import timedelta

import httpx

from services.gateway.access.gate import gate_of
from services.gateway.http.app import make_app
from services.gateway.prepaid.serving import documents as docs
from services.gateway.prepaid.serving.routes import prepaid_router
from services.gateway.reference.store import (
    put_fee_plan,
    put_merchant,
    put_participant,
    put_scheme,
)
from tests.rpc.gateway.http.asking import BASE, Http, problem
from tests.rpc.gateway.payments_served import answered, keys_known
from tests.store.gateway.payments_world import (
    EDO,
    NOW,
    PANDA,
    REFERENCE,
    SAKURA,
    SHOP,
    Gateway,
)
from tests.store.gateway.prepaid_world import Counter

ORDER = "/v1/prepaid-orders/order-1"


async def test_an_order_goes_from_the_phone_to_the_counter(gateway: Gateway) -> None:
    async def ready() -> bool:
        return True

    async with gateway.pool.acquire() as connection:
        for participant in (PANDA, EDO):
            await put_participant(connection, participant)
        await put_scheme(connection, REFERENCE.schemes[SHOP.scheme])
        await put_fee_plan(connection, REFERENCE.fee_plans[SHOP.fee_plan_id])
        await put_merchant(connection, SHOP)
    keys = keys_known(gateway)
    router = prepaid_router(Counter(gateway).orders)
    app = make_app(gate_of(gateway.board, gateway.clock), [router], ready, asyncio.Event())
    until = (NOW + timedelta(hours=2)).isoformat()
    place = docs.PLACE | {"pick_up_until_time": until}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client, answered(gateway):
        http = Http(client, keys)
        placed = await http.ask("POST", "/v1/prepaid-orders", json=place)
        assert (placed.status_code, placed.headers["location"]) == (201, ORDER)
        told = placed.json()
        assert (told["payment"]["state"], told["order"]["state"]) == ("completed", "placed")
        code, reference = told["order"]["pick_up_code"], told["order"]["payment_reference"]

        (waiting,) = (await http.ask("GET", "/v1/prepaid-orders", EDO)).json()["orders"]
        assert (waiting["payment_reference"], waiting["pick_up_code"]) == (reference, None)
        at_the_shop = f"/v1/prepaid-orders/{reference}"
        assert (await http.ask("POST", f"{at_the_shop}/accept", EDO)).json()["state"] == "accepted"
        late = await http.ask("POST", f"{ORDER}/cancel")
        assert problem(late) == (422, "ORDER_ACCEPTED")
        assert problem(await http.ask("GET", ORDER, SAKURA))[0] == 404
        assert problem(await http.ask("POST", f"{at_the_shop}/accept")) == (403, "KIND_FORBIDDEN")

        redeem = {"pick_up_code": code.lower(), "redemption_id": "till-1"}
        handed = await http.ask("POST", "/v1/pick-ups", EDO, json=redeem)
        assert (handed.status_code, handed.json()["state"]) == (200, "picked_up")
        twice = await http.ask("POST", "/v1/pick-ups", EDO, json=redeem | {"redemption_id": "2"})
        assert problem(twice) == (422, "ORDER_PICKED_UP")
        assert (await http.ask("GET", ORDER)).json()["state"] == "picked_up"
