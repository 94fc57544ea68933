"""A shop of an acquirer who asks for nothing, with a code and an order of it."""

from dataclasses import replace
from datetime import timedelta

from services.core.money import Money
from services.gateway.acquiring.codes.model import GivenCode
from services.gateway.acquiring.codes.store import add_code
from services.gateway.acquiring.orders.labels import label_of
from services.gateway.acquiring.orders.model import Order
from services.gateway.acquiring.orders.store import add_order
from services.gateway.reference import Merchant
from services.gateway.reference.store import (
    put_fee_plan,
    put_merchant,
    put_participant,
    put_scheme,
)
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.store.gateway.payments_world import EDO, NOW, REFERENCE, SHOP, Gateway

KYO = replace(EDO, participant_id="kyo", display_name="Kyo")
KYO_SHOP = replace(
    SHOP,
    merchant_id="kyo-shop",
    acquirer_id="kyo",
    scheme_account_id="0000000000001.0001.000007.000001",
)
ORDER_OF_ANOTHER = {
    "order_id": "fresh",
    "merchant_id": KYO_SHOP.merchant_id,
    "amount": {"currency_code": "JPY", "minor_units": 900},
}


async def put_acquirers(gateway: Gateway, *shops: Merchant) -> None:
    """Kyo and Edo, what shops need, and these shops, as the database knows it."""
    async with gateway.pool.acquire() as connection:
        for participant in (KYO, EDO):
            await put_participant(connection, participant)
        await put_scheme(connection, REFERENCE.schemes["jpqr"])
        await put_fee_plan(connection, REFERENCE.fee_plans["jp-shop"])
        for shop in shops:
            await put_merchant(connection, shop)


async def put_shop_of_another(gateway: Gateway) -> None:
    """Kyo's shop with the code `c1` and the order `table-12`."""
    await put_acquirers(gateway, KYO_SHOP)
    known = gateway.board.current
    merchants = {**known.merchants, KYO_SHOP.merchant_id: KYO_SHOP}
    named = KYO_SHOP.scheme, KYO_SHOP.scheme_account_id
    by_account = {**known.merchants_by_account, named: KYO_SHOP}
    gateway.board.current = replace(known, merchants=merchants, merchants_by_account=by_account)
    amount = Money(900, "JPY")
    async with gateway.pool.acquire() as connection:
        code = GivenCode("kyo", "c1", KYO_SHOP.merchant_id, None, "", TOKYO_STATIC, NOW)
        await add_code(connection, code)
        label = label_of("01K8TB3ZJ0A5V1Q2W3E4R5T6Y7")
        expiry = NOW + timedelta(minutes=15)
        order = Order(
            "kyo", "table-12", label, KYO_SHOP.merchant_id, amount, "", 900, TOKYO_STATIC, NOW,
            expiry,
        )  # fmt: skip
        await add_order(connection, order)
