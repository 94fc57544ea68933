"""Refunds and top-ups against the real ledger: what was paid and given back leaves no trace."""

import pytest

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.money.v1 import money_pb2
from tests.store.gateway.ledger_world import PAYABLE, Ledger
from tests.store.gateway.payments_world import SAKURA, bridge_says
from tests.store.gateway.resources_world import COMPLETED, DECLINED, World


@pytest.fixture
def world(ledger: Ledger) -> World:
    return ledger.world


async def test_refunds_of_the_whole_leave_the_books_as_before(world: World, ledger: Ledger) -> None:
    before = await ledger.balances()
    await ledger.pay("p1")
    assert (await ledger.balances())[PAYABLE] > 0

    for number, minor in enumerate((333, 333, None)):
        await world.refund(f"r{number}", "p1", minor)
        await ledger.settle()
        assert (await world.look(f"r{number}")).state == COMPLETED

    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_a_merchant_who_was_paid_out_cannot_be_refunded_from(
    world: World, ledger: Ledger
) -> None:
    await ledger.pay("p1")
    owed = (await ledger.balances())[PAYABLE]
    await ledger.move("payout", PAYABLE, "bank:JPY", Money(owed, "JPY"))
    before = await ledger.balances()

    await world.refund("r1", "p1", 300)
    await ledger.settle()

    refund = await world.look("r1")
    assert (refund.state, refund.reason) == (DECLINED, "MERCHANT_LIMIT_REACHED")
    assert await ledger.balances() == before


async def test_a_top_up_is_on_the_payer_s_account_and_can_be_paid_with(
    world: World, ledger: Ledger
) -> None:
    link = pb.LinkBankAccountRequest(
        bank_link_id="l1", payer_id="hanako", partner_id="bank", bank_code="0310",
        branch_code="101", account_type="1", account_number="1234567", holder_name="ヤマダ",
    )  # fmt: skip
    await world.links.link(SAKURA, link)
    amount = money_pb2.Money(minor_units=30_000, currency_code="JPY")
    request = pb.CreateTopUpRequest(top_up_id="t1", bank_link_id="l1", amount=amount)
    made = await world.top_ups.create(SAKURA, request)
    resource = resource_id(Resource.TOP_UP, made.reference)
    await ledger.settle()
    await world.hear(
        bridge_says(resource, f"{resource}-draw", charge_accepted=bridge.ChargeAccepted())
    )
    await ledger.settle()
    account = "customer:sakura/hanako:JPY"
    assert (await ledger.balances())[account] == 30_000

    await world.gateway.create("p2", SAKURA, payer="hanako")
    await world.gateway.confirm("p2", SAKURA)
    await ledger.settle()
    await world.refund("r2", "p2", 400, SAKURA)
    await ledger.settle()

    assert (await ledger.balances())[account] == 29_400
