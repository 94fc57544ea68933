"""Orders listed, and taken back while nobody pays them, over both edges."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.core.errors import KawaseError, NotFound, Refused
from services.gateway.acquiring.orders.messages import state_from
from services.gateway.acquiring.orders.model import OrderState, state_of
from services.gateway.acquiring.orders.store import list_orders
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from tests.rpc.gateway.access_served import CALL_SECONDS, House, house_of
from tests.rpc.gateway.acquirer_shops import SHOP, ask, open_shop
from tests.rpc.gateway.payments_served import answered
from tests.rpc.gateway.test_acquirer_selling import confirm, order_of, quote, seen
from tests.store.gateway.payments_world import Gateway


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        await made.open_shop()
        await open_shop(made)
        yield made


async def close(house: House, name: str, by: str = "edo") -> pb.Order:
    order: pb.Order = (
        await ask(house, "CloseOrder", pb.CloseOrderRequest(order_id=name), by)
    ).order
    return order


async def names_of(house: House, by: str = "edo", **given: object) -> list[str]:
    request = pb.ListOrdersRequest(**given)  # type: ignore[arg-type]
    return [each.order_id for each in (await ask(house, "ListOrders", request, by)).orders]


async def test_a_closed_order_is_not_quoted_and_an_older_quote_of_it_not_confirmed(
    house: House,
) -> None:
    order = await order_of(house)
    await quote(house, "early", order.code)
    closed = await close(house, "table-12")
    assert closed.state == pb.ORDER_STATE_CLOSED
    assert closed.HasField("close_time")
    assert await close(house, "table-12") == closed == await seen(house)
    for refused in (quote(house, "late", order.code), confirm(house, "early")):
        with pytest.raises(Refused) as refusal:
            await refused
        assert refusal.value.reason == "ORDER_CLOSED"
    assert await order_of(house) == closed


async def test_an_order_that_has_expired_can_be_closed_before_a_quote_of_it_is_confirmed(
    gateway: Gateway, house: House
) -> None:
    order = await order_of(house, valid_seconds=60)
    await quote(house, "early", order.code)
    gateway.clock.advance(timedelta(seconds=61))
    assert (await seen(house)).state == pb.ORDER_STATE_EXPIRED
    assert (await close(house, "table-12")).state == pb.ORDER_STATE_CLOSED
    with pytest.raises(Refused) as refusal:
        await confirm(house, "early")
    assert refusal.value.reason == "ORDER_CLOSED"


async def test_what_is_paid_or_being_paid_is_not_closed(gateway: Gateway, house: House) -> None:
    order = await order_of(house)
    paid = await quote(house, "p1", order.code)
    async with answered(gateway):
        await confirm(house, "p1")
    with pytest.raises(Refused) as refusal:
        await close(house, "table-12")
    assert refusal.value.reason == "ORDER_BEING_PAID"
    assert refusal.value.metadata["payment_reference"] == paid.reference
    with pytest.raises(NotFound):
        await close(house, "table-12", "kyo")


async def test_of_a_close_and_a_confirm_at_once_one_wins(gateway: Gateway, house: House) -> None:
    names = [f"o{number}" for number in range(8)]
    for name in names:
        order = await order_of(house, name)
        await quote(house, f"p-{name}", order.code)

    async def both(name: str) -> list[Any]:
        asked: list[Any] = [close(house, name), confirm(house, f"p-{name}")]
        return await asyncio.gather(*asked, return_exceptions=True)

    async with answered(gateway):
        ends = await asyncio.gather(*map(both, names))
    for name, end in zip(names, ends, strict=True):
        refused = [one.reason for one in end if isinstance(one, KawaseError)]
        assert len(refused) == 1
        state = (await seen(house, name)).state
        wanted = {"ORDER_CLOSED": pb.ORDER_STATE_CLOSED, "ORDER_BEING_PAID": pb.ORDER_STATE_PAID}
        assert state == wanted[refused[0]]


async def test_orders_are_listed_by_page_shop_and_state(gateway: Gateway, house: House) -> None:
    for name in ("a", "b", "c", "d"):
        await order_of(house, name, valid_seconds=60 if name == "d" else 600)
    await quote(house, "p1", (await seen(house, "a")).code)
    async with answered(gateway):
        await confirm(house, "p1")
    await close(house, "b")
    gateway.clock.advance(timedelta(seconds=90))
    request = pb.ListOrdersRequest(page_size=3)
    first = await ask(house, "ListOrders", request)
    request.page_token = first.next_page_token
    second = await ask(house, "ListOrders", request)
    assert [each.order_id for each in (*first.orders, *second.orders)] == ["a", "b", "c", "d"]
    assert second.next_page_token == ""
    assert await names_of(house, merchant_id=SHOP) == ["a", "b", "c", "d"]
    assert await names_of(house, merchant_id="elsewhere") == []
    assert await names_of(house, by="kyo") == []
    for state, names in (("PAID", ["a"]), ("CLOSED", ["b"]), ("OPEN", ["c"]), ("EXPIRED", ["d"])):
        number = pb.OrderState.Value(f"ORDER_STATE_{state}")
        assert await names_of(house, state=number) == names


async def test_a_page_of_a_state_holds_just_what_the_rule_says(
    gateway: Gateway, house: House
) -> None:
    for name in ("a", "b", "c"):
        await quote(house, f"p-{name}", (await order_of(house, name)).code)
    # Nobody answers for the ledger: this one stays under way.
    paying = asyncio.create_task(confirm(house, "p-a"))
    async with asyncio.timeout(CALL_SECONDS):
        while True:
            if (await seen(house, "a")).state == pb.ORDER_STATE_PAYING:
                break
    await close(house, "b")
    for now in (gateway.clock.now(), gateway.clock.now() + timedelta(hours=1)):
        async with gateway.pool.acquire() as connection:
            every, _ = await list_orders(connection, "edo", "", 10, now)
            for state in OrderState:
                page, _ = await list_orders(connection, "edo", "", 10, now, state=state)
                ruled = [found for found in every if state_of(*found, now) is state]
                assert page == ruled
    paying.cancel()
    await asyncio.gather(paying, return_exceptions=True)


def test_no_state_asks_for_any() -> None:
    assert state_from(pb.ORDER_STATE_UNSPECIFIED) is None
    assert state_from(pb.ORDER_STATE_CLOSED) is OrderState.CLOSED
