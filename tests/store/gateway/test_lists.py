"""Lists read what they show and not all that came before: by an index, from the page on."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.core.money import Money
from services.gateway.access.store import list_audit_entries
from services.gateway.acquiring.orders.model import Order, OrderState
from services.gateway.acquiring.orders.store import add_order, close_order, list_orders
from services.gateway.bills.store import list_bill_payments
from services.gateway.personal.store import list_codes, list_receipts
from services.gateway.webhooks.model import State
from services.gateway.webhooks.store.deliveries import list_deliveries
from services.gateway.withdrawals.store import list_withdrawals
from tests.rpc.gateway.http.acquirer_things import put_acquirers
from tests.store.gateway.payments_world import NOW, SHOP, Gateway
from tests.store.gateway.plans import Asked, plan_of

Listing = Callable[[Any], Awaitable[object]]
LISTS: dict[str, tuple[Listing, str, str]] = {
    "deliveries": (
        lambda c: list_deliveries(c, "panda", "", None, "", 10),
        "listed_webhook_deliveries",
        "delivery_id < $3",
    ),
    "dead deliveries": (
        lambda c: list_deliveries(c, "panda", "main", State.DEAD, "", 10),
        "dead_webhook_deliveries",
        "delivery_id < $3",
    ),
    "a payer's withdrawals": (
        lambda c: list_withdrawals(c, "sakura", "hanako", "", 10),
        "withdrawals_of_a_payer",
        "payer_id = $2",
    ),
    "a payer's codes": (
        lambda c: list_codes(c, "sakura", "hanako", "", 10),
        "personal_codes_of_a_payer",
        "payer_id = $2",
    ),
    "receipts": (
        lambda c: list_receipts(c, "customer:sakura:hanako", "", 10),
        "payments_to_persons",
        "reference < $2",
    ),
    "payments of a bill": (
        lambda c: list_bill_payments(c, "light", "123", "", 10),
        "payments_of_a_bill",
        "merchant_code = $2",
    ),
    "payments of all bills": (
        lambda c: list_bill_payments(c, "light", "", "", 10),
        "payments_of_bills",
        "reference < $3",
    ),
    "what was done about a thing": (
        lambda c: list_audit_entries(c, None, 10, "", "", "order-1"),
        "audit_entries_of_an_object",
        "entry_id < $1",
    ),
}


@pytest.mark.parametrize("name", list(LISTS))
async def test_a_page_is_found_by_its_index(pool: asyncpg.Pool, name: str) -> None:
    listing, index, condition = LISTS[name]
    asked = Asked()
    await listing(asked.connection)
    async with pool.acquire() as connection:
        plan = await plan_of(connection, asked.statements[0])
    (conditions,) = [line for line in plan.splitlines() if condition in line]
    assert f"using {index}" in plan
    assert "Index Cond" in conditions
    assert "Sort" not in plan


async def test_orders_of_a_rare_state_are_looked_for_in_parts_of_bounded_size(
    gateway: Gateway,
) -> None:
    pages: list[list[str]] = []
    after = ""
    await put_acquirers(gateway, SHOP)
    async with gateway.pool.acquire() as connection:
        for number in range(5):
            order = Order(
                "edo", f"o{number}", f"label-{number}", SHOP.merchant_id, Money(900, "JPY"), "",
                900, "a code", NOW, NOW + timedelta(minutes=15),
            )  # fmt: skip
            await add_order(connection, order)
        for name in ("o0", "o4"):
            await close_order(connection, "edo", name, NOW)
        while not pages or after:
            found, after = await list_orders(
                connection, "edo", after, 2, NOW, state=OrderState.CLOSED, look_at=2
            )
            pages.append([order.order_id for order, _ in found])
        every, last = await list_orders(connection, "edo", "", 5, NOW)
    assert pages == [["o0"], [], ["o4"]]
    assert (len(every), last) == (5, "o4")
