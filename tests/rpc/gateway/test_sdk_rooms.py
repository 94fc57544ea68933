"""The Python client's rooms for wallets and acquirers, against every service of a gateway."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from services.core.money import Money
from services.gateway.reference.store import put_participant
from services.pb.kawase.gateway.v1 import acquirer_service_pb2, bill_service_pb2
from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.sandbox.demo.codes import TOKYO_STATIC
from services.sdk import (
    AcquirerClient,
    BankAccount,
    Charge,
    CheckMethod,
    Conflict,
    DeliveryState,
    DrawingFormat,
    NotFound,
    OrderState,
    OwnBiller,
    PayerCodeState,
    PaymentState,
    PayoutAccount,
    Policy,
    PrepaidState,
    ReferenceFormat,
    Refused,
    Shop,
    ShopState,
    TopUpState,
    WalletClient,
    WithdrawalState,
)
from tests.rpc.gateway.access_served import CORRIDORS, House, house_of
from tests.rpc.gateway.http.asking import Bridge
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.bills_world import BILL
from tests.store.gateway.payments_world import NOW, SAKURA, Gateway

MAXIMUM = Money(900_000, "CNY")
SHOP = Shop(
    merchant_id="soba",
    name="SOBA MATSUYA",
    local_name="松屋",
    kana_name="マツヤ",
    category_code="5812",
    postal_code="1000001",
    city="TOKYO",
    country_code="JP",
    currency_code="JPY",
    scheme="jpqr",
    scheme_account_id="0000000000001.0001.000002.000001",
    fee_plan_id="jp-shop",
    payout_account=PayoutAccount("9901", "101", "1", "1234567", "マツヤ"),
)
GAS = OwnBiller(
    biller_id="gas",
    name="大阪ガス",
    kana_name="オオサカガス",
    category_code="4900",
    city="OSAKA",
    country_code="JP",
    currency_code="JPY",
    time_zone="Asia/Tokyo",
    reference_format=ReferenceFormat(11, 11, check_method=CheckMethod.LUHN),
    maximum_amount=300_000,
)
ACCOUNT = BankAccount("japan-bank", "0310", "101", "1", "1234567", "ヤマダ ハナコ")


def yen(minor: int) -> Money:
    return Money(minor, "JPY")


@dataclass
class Rooms:
    """A house with a wallet and an acquirer in it."""

    house: House
    wallet: WalletClient
    acquirer: AcquirerClient

    async def open_shop(self) -> Shop:
        version = await self.acquirer.shops.propose(SHOP)
        request = acquirer_service_pb2.ApproveMerchantRequest(
            merchant_id=SHOP.merchant_id, version=version.version
        )
        await self.house.call("AcquirerService", "ApproveMerchant", request, "ada")
        return version.shop


@pytest.fixture
async def rooms(gateway: Gateway) -> AsyncIterator[Rooms]:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    async with AsyncExitStack() as closing:
        house = await closing.enter_async_context(house_of(gateway, bridge=Bridge()))
        await closing.enter_async_context(answered(gateway))
        await house.open_up()
        await house.open_shop()
        for corridor in CORRIDORS:
            changed = admin_pb.Corridor()
            changed.CopyFrom(corridor)
            changed.authorisation_days = 7
            await house.admin("PutCorridor", admin_pb.PutCorridorRequest(corridor=changed))
        wallet = WalletClient(house.address, house.keys["panda"])
        acquirer = AcquirerClient(house.address, house.keys["edo"])
        yield Rooms(
            house,
            await closing.enter_async_context(wallet),
            await closing.enter_async_context(acquirer),
        )


async def test_a_shop_is_proposed_opened_and_hangs_up_its_code(rooms: Rooms) -> None:
    shops = rooms.acquirer.shops
    told = await rooms.open_shop()
    assert told == replace(SHOP, kana_name="ﾏﾂﾔ", payout_account=told.payout_account)
    assert (await shops.get("soba")).state is ShopState.APPROVED
    assert [each.shop.merchant_id async for each in shops.list()] == ["shokudo", "soba"]
    renamed = await shops.update(replace(SHOP, local_name="松屋本店"))
    assert (renamed.version, renamed.state) == (2, ShopState.APPROVED)

    code = await shops.create_code("till", "soba", terminal_label="TILL 1")
    assert code.amount is None
    assert (await rooms.wallet.decode(code.code)).merchant_city == "TOKYO"
    assert (await shops.draw_code("till")).startswith(b"\x89PNG")
    assert (await shops.draw_code("till", DrawingFormat.SHEET)).startswith(b"%PDF")
    with pytest.raises(Conflict):
        await shops.create_code("till", "soba", yen(1_000))


async def test_an_order_is_paid_and_partly_given_back_by_its_reference(rooms: Rooms) -> None:
    await rooms.open_shop()
    order = await rooms.acquirer.orders.create("table-12", "soba", yen(2_400), "2 soba")
    assert (order.state, order.note, order.payment_reference) == (OrderState.OPEN, "2 soba", "")
    await rooms.wallet.pay("p1", "li-na", order.code, MAXIMUM)
    paid = await rooms.acquirer.orders.get("table-12")
    assert paid.state is OrderState.PAID
    refund = await rooms.acquirer.refund("back", paid.payment_reference, yen(400))
    assert refund.target == yen(400)
    seen = await rooms.acquirer.payment(paid.payment_reference)
    assert (seen.state, seen.amount) == (PaymentState.COMPLETED, yen(2_400))
    assert (await rooms.acquirer.orders.draw("table-12", DrawingFormat.SVG)).startswith(b"<?xml")


async def test_orders_are_listed_and_taken_back(rooms: Rooms) -> None:
    await rooms.open_shop()
    orders = rooms.acquirer.orders
    await orders.create("table-1", "soba", yen(900))
    left = await orders.create("table-2", "soba", yen(1_200))
    assert (await orders.close("table-2")).state is OrderState.CLOSED
    assert [each.order_id async for each in orders.list()] == ["table-1", "table-2"]
    assert [each.order_id async for each in orders.list("soba", OrderState.OPEN)] == ["table-1"]
    assert [each async for each in orders.list("shokudo")] == []
    assert [each.order_id async for each in orders.list(state=OrderState.CLOSED)] == ["table-2"]
    with pytest.raises(Refused):
        await rooms.wallet.pay("p1", "li-na", left.code, MAXIMUM)


async def test_a_key_is_changed_for_another_while_both_are_good(rooms: Rooms) -> None:
    fresh = await rooms.acquirer.rotate_key(overlap_seconds=3_600)
    async with AcquirerClient(rooms.house.address, fresh) as following:
        for client in (rooms.acquirer, following):
            assert [each.endpoint_id for each in await client.webhooks.endpoints()] == []


async def test_shown_codes_are_charged_also_those_a_phone_has_made(rooms: Rooms) -> None:
    codes = rooms.wallet.codes
    wish = Policy(confirm_above=50_000, offline_maximum=20_000)
    assert await codes.put_policy(wish) == wish == await codes.get_policy()
    shown = await codes.create("c1", "li-na", "JP")
    charge = await rooms.acquirer.charge("t1", shown.barcode_number, "shokudo", yen(1_000))
    followed: list[Charge] = [each async for each in rooms.acquirer.watch_charge("t1")]
    assert followed[-1].state is PaymentState.COMPLETED
    assert (await rooms.acquirer.get_charge("t1")).reference == charge.reference
    used = await codes.get("c1")
    assert used.state is PayerCodeState.USED
    assert (await rooms.wallet.get(used.payment_id)).reference == charge.reference
    with pytest.raises(Refused, match="can no longer be cancelled"):
        await rooms.acquirer.cancel_charge("t1")
    other = await codes.create("c2", "li-na", "JP")
    assert (await codes.draw_qr("c2")).startswith(b"\x89PNG")
    assert b"<svg" in await codes.draw_barcode("c2", svg=True)
    assert (await codes.cancel("c2")).state is PayerCodeState.CANCELLED
    with pytest.raises(Refused):
        await rooms.acquirer.charge("t2", other.code, "shokudo", yen(1_000))

    phone = await codes.provision("phone", "li-na", code_count=3)
    assert (await codes.provision("phone", "li-na", code_count=3)).secret == ""
    made = phone.number(0, phone.create_time)
    offline = await rooms.acquirer.charge("t3", made, "shokudo", yen(900))
    assert offline.amount == yen(900)
    await codes.revoke("phone")
    with pytest.raises(Refused):
        await rooms.acquirer.charge("t4", phone.number(1, phone.create_time), "shokudo", yen(900))


async def test_an_authorised_payment_is_captured_or_voided(rooms: Rooms) -> None:
    held = {}
    for name in ("room-7", "room-8"):
        quote = await rooms.wallet.quote(name, "li-na", TOKYO_STATIC, yen(30_000))
        held[name] = quote.reference
        assert (await rooms.wallet.authorise(name)).state is PaymentState.AUTHORISED
    captured = await rooms.acquirer.capture(held["room-7"], yen(28_000))
    assert captured.captured == yen(28_000)
    assert (await rooms.acquirer.authorisation(held["room-7"])).authorised == yen(30_000)
    assert (await rooms.wallet.get("room-7")).authorised_target == yen(30_000)
    assert (await rooms.acquirer.void(held["room-8"])).state is PaymentState.CANCELLED


async def test_an_order_paid_ahead_is_accepted_and_picked_up(rooms: Rooms) -> None:
    until = NOW + timedelta(hours=2)
    place = rooms.wallet.prepaid.place
    order = await place("r1", "li-na", "shokudo", yen(1_800), until, MAXIMUM, lines="2 ramen")
    assert (order.state, order.payment_id) == (PrepaidState.PLACED, "r1")
    pick_ups = rooms.acquirer.pick_ups
    (waiting,) = [each async for each in pick_ups.waiting("shokudo")]
    assert (waiting.reference, waiting.pick_up_code) == (order.reference, "")
    assert (await pick_ups.accept(order.reference)).state is PrepaidState.ACCEPTED
    assert (await pick_ups.redeem(order.pick_up_code, "till-1")).state is PrepaidState.PICKED_UP
    assert (await pick_ups.get(order.reference)).state is PrepaidState.PICKED_UP
    with pytest.raises(Refused):
        await rooms.wallet.prepaid.cancel("r1")
    assert (await rooms.wallet.prepaid.get("r1")).lines == "2 ramen"


async def test_a_bill_is_found_checked_and_paid(rooms: Rooms) -> None:
    put = await rooms.acquirer.billers.put(GAS)
    assert put == replace(GAS, repeat_days=90)
    terms = bill_service_pb2.OpenBillerRequest(biller_id="gas", open=True, fee_plan_id="jp-shop")
    await rooms.house.call("BillService", "OpenBiller", terms)
    assert [each async for each in rooms.acquirer.billers.list()] == [replace(put, is_open=True)]

    bills = rooms.wallet.bills
    assert [each.name async for each in bills.find("ガス")] == ["大阪ガス"]
    wrong = await bills.check("gas", f"{BILL[:-1]}{(int(BILL[-1]) + 1) % 10}", yen(4_980))
    assert (wrong.is_payable, wrong.home) == (False, None)
    assert wrong.findings[0].code == "CHECK_DIGIT_WRONG"
    right = await bills.check("gas", BILL, yen(4_980))
    paid = await bills.pay("b1", "li-na", "gas", BILL, yen(4_980), MAXIMUM)
    assert (paid.home, paid.bill_reference) == (right.home, right.reference)
    with pytest.raises(Refused) as refusal:
        await bills.pay("b2", "li-na", "gas", BILL, yen(4_980), MAXIMUM)
    assert refusal.value.reason == "BILL_PAID"
    (seen,) = [each async for each in rooms.acquirer.billers.payments("gas")]
    assert seen.payment_reference == paid.reference


async def test_money_goes_between_a_hosted_wallet_and_a_bank(rooms: Rooms) -> None:
    await rooms.house.make_key("sakura", participant_id="sakura")
    async with WalletClient(rooms.house.address, rooms.house.keys["sakura"]) as sakura:
        link = await sakura.banking.link("l1", "hanako", ACCOUNT)
        assert link.payer_id == "hanako"
        top_up = await sakura.banking.top_up("t1", "l1", yen(30_000))
        assert (top_up.state, top_up.amount) == (TopUpState.PENDING, yen(30_000))
        assert (await sakura.banking.get_top_up("t1")).reference == top_up.reference
        drawn = await sakura.banking.withdraw("w1", "l1", yen(5_000))
        assert drawn.state in (WithdrawalState.PENDING, WithdrawalState.DECLINED)
        assert (await sakura.banking.get_withdrawal("w1")).payer_id == "hanako"
        found = [each.withdrawal_id async for each in sakura.banking.withdrawals("hanako")]
        assert found == ["w1"]


async def test_endpoints_are_put_tested_replayed_and_deleted(rooms: Rooms) -> None:
    webhooks = rooms.acquirer.webhooks
    fresh = await webhooks.put("mine", "http://127.0.0.1:9/", ["payment.completed"])
    assert fresh.secret.startswith("whsec_")
    assert (await webhooks.put("mine", "http://127.0.0.1:9/")).secret == ""
    assert (await webhooks.rotate_secret("mine")).secret not in ("", fresh.secret)
    (listed,) = await webhooks.endpoints()
    assert (listed.endpoint_id, listed.is_active) == ("mine", True)
    sent = await webhooks.test("mine")
    assert (sent.event_type, sent.state) == ("webhook.test", DeliveryState.PENDING)
    found = [each.delivery_id async for each in webhooks.deliveries("mine")]
    assert found == [sent.delivery_id]
    assert [each async for each in webhooks.deliveries(state=DeliveryState.DEAD)] == []
    history = await webhooks.history(sent.delivery_id)
    assert (history.delivery, history.attempts) == (sent, ())
    assert json.loads(history.body)["type"] == "webhook.test"
    with pytest.raises(Refused, match="still to be sent"):
        await webhooks.replay(sent.delivery_id)
    assert await webhooks.replay_dead("mine") == 0
    assert await webhooks.replay_period("mine", NOW - timedelta(days=1), NOW) == 0
    await webhooks.delete("mine")
    with pytest.raises(NotFound):
        await webhooks.test("mine")


async def test_what_an_acquirer_may_not_see_it_does_not(rooms: Rooms) -> None:
    quote = await rooms.wallet.quote("p1", "li-na", TOKYO_STATIC, yen(1_000))
    with pytest.raises(NotFound):
        await rooms.acquirer.get_charge("p1")
    async with AcquirerClient(rooms.house.address, rooms.house.keys["kyo"]) as kyo:
        with pytest.raises(NotFound):
            await kyo.payment(quote.reference)
    assert (await rooms.acquirer.payment(quote.reference)).state is PaymentState.QUOTED
