"""Refunds on a real Postgres: what is asked, reserved, given back, and what is refused."""

import asyncio

import pytest

from services.gateway.payments.refusals import PaymentUnknown
from services.gateway.refunds import refusals
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeCommand
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand
from services.sandbox.demo.codes import SHANGHAI_TAXI
from tests.parts import waiting
from tests.store.gateway.payments_world import EDO, KAKAO, PANDA, SAKURA, Gateway
from tests.store.gateway.resources_world import (
    COMPLETED,
    DECLINED,
    PENDING,
    World,
    funds,
    gave_back,
    kept,
    link_of,
    other_wallet,
)


@pytest.fixture
def world(gateway: Gateway) -> World:
    return World(gateway)


async def test_a_refund_at_a_shop_of_ours_is_reserved_completed_and_posted(world: World) -> None:
    await world.paid("p1")

    refund = await world.refund("r1", "p1", 300)
    assert refund.state == PENDING
    assert refund.target.minor_units == 300
    assert await world.sent() == ["ReserveFunds"]

    await world.hear(funds(link_of(refund), "reserved"))
    assert (await world.look("r1")).state == COMPLETED
    assert await world.refunded("p1") == 300
    assert await world.sent() == ["PostFunds", "RefundCompleted"]

    await world.hear(funds(link_of(refund), "posted"))
    assert await world.sent() == []


async def test_the_reversed_legs_run_the_other_way_and_add_up(world: World) -> None:
    payment = await world.paid("p1")
    await world.refund("r1", "p1", 500)

    [row] = await world.gateway.rows()
    command = WalletCommand.FromString(row["payload"]).reserve_funds
    terms = payment.terms
    legs = {leg.purpose: leg for leg in command.legs}
    assert command.funding_account_id == terms.funding_account_id == row["key"]
    assert legs["payable"].debit_account_id == terms.payable_account_id
    assert legs["payable"].credit_account_id == "position:JPY"
    assert legs["mid"].credit_account_id == terms.funding_account_id
    assert legs["payable"].amount.minor_units + legs["fee"].amount.minor_units == 500
    home = legs["mid"].amount.minor_units + legs["spread"].amount.minor_units
    assert home == (await world.look("r1")).home.minor_units
    assert home <= terms.home_minor / 2


async def test_refunds_of_the_whole_give_back_the_whole(world: World) -> None:
    payment = await world.paid("p1")
    home = 0
    for number, minor in enumerate((333, 333, None)):
        refund = await world.refund(f"r{number}", "p1", minor)
        await world.hear(funds(link_of(refund), "reserved"))
        home += refund.home.minor_units

    assert home == payment.terms.home_minor
    assert await world.refunded("p1") == payment.terms.target_minor
    with pytest.raises(refusals.NothingLeftToRefund):
        await world.refund("r9", "p1")


async def test_a_partner_s_shop_gives_back_before_the_ledger_posts(world: World) -> None:
    payment = await world.paid("p1", SAKURA, SHANGHAI_TAXI)
    refund = await world.refund("r1", "p1", 100, SAKURA, "CNY")
    await world.hear(funds(link_of(refund), "reserved"))

    assert (await world.look("r1", SAKURA)).state == PENDING
    rows = await world.gateway.rows()
    assert [row["type"] for row in rows] == ["ReserveFunds", "RefundCharge"]
    asked = BridgeCommand.FromString(rows[1]["payload"]).refund_charge
    assert asked.charge_id == payment.terms.deliver_charge_id
    assert asked.resource_id == link_of(refund)
    assert (asked.amount.minor_units, asked.amount.currency_code) == (100, "CNY")

    await world.hear(gave_back(refund))
    assert (await world.look("r1", SAKURA)).state == COMPLETED
    assert await world.sent() == ["PostFunds", "RefundCompleted"]


async def test_a_collected_payer_is_given_back_last(world: World) -> None:
    await world.paid("p1", KAKAO, SHANGHAI_TAXI)
    refund = await world.refund("r1", "p1", 100, KAKAO, "CNY")
    await world.hear(funds(link_of(refund), "reserved"), gave_back(refund))

    assert (await world.look("r1", KAKAO)).state == PENDING
    rows = await world.gateway.rows()
    asked = BridgeCommand.FromString(rows[-1]["payload"]).refund_charge
    assert asked.charge_id.endswith("-collect")
    assert asked.amount.minor_units == refund.home.minor_units

    await world.hear(gave_back(refund, "collect"))
    assert (await world.look("r1", KAKAO)).state == COMPLETED


async def test_a_partner_that_refuses_declines_the_refund_and_frees_the_funds(
    world: World,
) -> None:
    await world.paid("p1", SAKURA, SHANGHAI_TAXI)
    refund = await world.refund("r1", "p1", 100, SAKURA, "CNY")
    await world.hear(funds(link_of(refund), "reserved"))
    await world.sent()
    await world.hear(kept(refund))

    declined = await world.look("r1", SAKURA)
    assert (declined.state, declined.reason) == (DECLINED, "REFUND_WINDOW_OVER")
    assert await world.sent() == ["VoidFunds", "RefundDeclined"]
    await world.hear(funds(link_of(refund), "voided"))
    assert await world.refunded("p1", SAKURA) == 0


async def test_what_only_one_partner_gave_back_waits_for_the_operator(world: World) -> None:
    await world.paid("p1", KAKAO, SHANGHAI_TAXI)
    refund = await world.refund("r1", "p1", 100, KAKAO, "CNY")
    await world.hear(funds(link_of(refund), "reserved"), gave_back(refund), kept(refund, "collect"))

    stranded = await world.look("r1", KAKAO)
    assert (stranded.state, stranded.reason) == (PENDING, "REFUND_WINDOW_OVER")
    await world.make_due()
    assert await world.repeater.step() == 0


async def test_a_payable_at_its_limit_declines_before_a_partner_is_asked(world: World) -> None:
    await world.paid("p1", SAKURA, SHANGHAI_TAXI)
    refund = await world.refund("r1", "p1", 100, SAKURA, "CNY")
    await world.sent()
    await world.hear(funds(link_of(refund), "refused", "EXCEEDS_NET_DEBIT_LIMIT"))

    assert (await world.look("r1", SAKURA)).reason == "MERCHANT_LIMIT_REACHED"
    assert await world.sent() == ["RefundDeclined"]


async def test_a_declined_refund_leaves_its_amount_to_others(world: World) -> None:
    await world.paid("p1")
    first = await world.refund("r1", "p1", 900)
    with pytest.raises(refusals.RefundExceedsPayment):
        await world.refund("r2", "p1", 200)

    await world.hear(funds(link_of(first), "refused", "EXCEEDS_CREDITS"))

    assert (await world.refund("r2", "p1", 200)).state == PENDING


async def test_every_event_may_come_twice(world: World) -> None:
    await world.paid("p1")
    refund = await world.refund("r1", "p1", 300)
    for event in (funds(link_of(refund), "reserved"), funds(link_of(refund), "posted")):
        await world.hear(event, event)
        await world.hear(event)

    assert await world.sent() == ["ReserveFunds", "PostFunds", "RefundCompleted"]
    assert await world.refunded("p1") == 300


async def test_a_reserve_that_comes_after_the_decline_is_voided(world: World) -> None:
    await world.paid("p1")
    refund = await world.refund("r1", "p1", 300)
    await world.hear(funds(link_of(refund), "refused", "EXCEEDS_CREDITS"))
    await world.sent()
    await world.hear(funds(link_of(refund), "reserved"))

    assert await world.sent() == ["VoidFunds"]
    assert (await world.look("r1")).state == DECLINED


async def test_the_same_id_and_content_give_the_same_refund(world: World) -> None:
    await world.paid("p1")
    first, second = await asyncio.gather(
        world.refund("r1", "p1", 300), world.refund("r1", "p1", 300)
    )

    assert first == second
    assert await world.sent() == ["ReserveFunds"]


async def test_refunds_at_once_never_exceed_the_payment(world: World) -> None:
    await world.paid("p1")

    asked = [world.refund(f"r{number}", "p1", 400) for number in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    refused = [each for each in answers if isinstance(each, refusals.RefundExceedsPayment)]
    assert len(refused) == 3


async def test_a_taken_id_is_refused_for_other_content(world: World) -> None:
    await world.paid("p1")
    await world.refund("taken", "p1", 100)
    await world.sent()

    for payment_id, minor in (("p1", 1), ("p1", None), ("p2", 100)):
        with pytest.raises(refusals.RefundExistsWithDifferentContent):
            await world.refund("taken", payment_id, minor)
    assert await world.sent() == []


async def test_what_is_not_paid_is_not_refunded(world: World) -> None:
    await world.gateway.create("quoted")

    with pytest.raises(refusals.PaymentNotCompleted):
        await world.refund("r1", "quoted", 100)
    with pytest.raises(PaymentUnknown):
        await world.refund("r1", "nothing", 100)
    assert await world.sent() == []


async def test_a_foreign_wallet_sees_neither_payment_nor_refund(world: World) -> None:
    await world.paid("p1")
    await world.refund("r1", "p1", 100)

    with pytest.raises(PaymentUnknown):
        await world.refund("r1", "p1", 100, other_wallet())
    with pytest.raises(refusals.RefundUnknown):
        await world.look("r1", other_wallet())


async def test_the_merchant_s_acquirer_refunds_by_our_reference(world: World) -> None:
    payment = await world.paid("p1")
    refund = await world.refund("r1", payment.terms.reference, 100, EDO)
    await world.hear(funds(link_of(refund), "reserved"))

    assert (await world.look("r1", EDO)).payment_id == payment.terms.reference
    row = (await world.gateway.rows())[-1]
    event = PaymentEvent.FromString(row["payload"])
    assert event.participant_id == PANDA.participant_id
    assert event.refund_completed.refund.payment_id == "p1"


async def test_an_acquirer_does_not_refund_at_a_partner_s_shop(world: World) -> None:
    payment = await world.paid("p1", SAKURA, SHANGHAI_TAXI)

    with pytest.raises(PaymentUnknown):
        await world.refund("r1", payment.terms.reference, 100, EDO, "CNY")


async def test_the_command_of_a_silent_step_is_repeated(world: World) -> None:
    await world.paid("p1")
    refund = await world.refund("r1", "p1", 300)
    assert await world.repeater.step() == 0
    await world.make_due()

    assert await world.repeater.step() == 1
    assert await world.sent() == ["ReserveFunds", "ReserveFunds"]
    await world.hear(funds(link_of(refund), "reserved"), funds(link_of(refund), "posted"))
    await world.make_due()
    assert await world.repeater.step() == 0


async def test_a_call_waits_for_the_end_of_its_refund(world: World) -> None:
    await world.paid("p1")
    refund = await world.refund("r1", "p1")
    request = pb.CreateRefundRequest(refund_id="r1", payment_id="p1")
    waiting = asyncio.create_task(world.waiting_refunds.create(PANDA, request))
    await world.hear(funds(link_of(refund), "reserved"))

    assert (await waiting).state == COMPLETED


async def test_a_refund_of_the_whole_asked_for_twice_at_once_is_one_refund_to_both(
    world: World,
) -> None:
    await world.paid("p1")
    pool = world.gateway.pool
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM payments FOR UPDATE")
        both = [asyncio.create_task(world.refund("r1", "p1")) for _ in range(2)]
        await waiting(pool, 2)
    first, second = await asyncio.gather(*both)

    assert first == second
    assert await world.sent() == ["ReserveFunds"]
