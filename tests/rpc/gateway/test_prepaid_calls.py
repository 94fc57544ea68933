"""PrepaidService and the opening of billers over gRPC, behind the guard."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.core.errors import Forbidden, KawaseError, NotFound, Refused
from services.pb.kawase.gateway.v1 import bill_service_pb2 as bill_pb
from services.pb.kawase.gateway.v1 import prepaid_service_pb2 as pb
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.gateway.payments_served import answered
from tests.rpc.gateway.test_bill_calls import GAS
from tests.store.gateway.payments_world import NOW, Gateway

YEN = Money(minor_units=1_800, currency_code="JPY")
MOST = Money(minor_units=10_000, currency_code="CNY")


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made, answered(gateway):
        await made.open_up()
        await made.open_shop()
        yield made


async def ask(house: House, method: str, by: str, **fields: Any) -> Any:
    request = getattr(pb, f"{method}Request")(**fields)
    return (await house.call("PrepaidService", method, request, by)).order


async def place(house: House, payment_id: str = "basket-1") -> Any:
    until = Timestamp()
    until.FromDatetime(NOW + timedelta(hours=2))
    return await ask(
        house,
        "PlaceOrder",
        "panda",
        payment_id=payment_id,
        payer_id="li-na",
        merchant_id="shokudo",
        amount=YEN,
        lines="2 ramen",
        pick_up_until_time=until,
        maximum=MOST,
    )


async def test_an_order_is_accepted_and_handed_out_and_the_code_is_the_payers_alone(
    house: House,
) -> None:
    placed = await place(house)
    assert len(placed.pick_up_code) == len("K7Q-2MX-9DF")
    by_reference = {"payment_reference": placed.payment_reference}

    accepted = await ask(house, "AcceptOrder", "edo", **by_reference)
    assert accepted.state == pb.PREPAID_ORDER_STATE_ACCEPTED
    assert (accepted.pick_up_code, accepted.payment_id) == ("", "")
    with pytest.raises(Refused):
        await ask(house, "CancelOrder", "panda", payment_id="basket-1")

    redeem = {"pick_up_code": placed.pick_up_code, "redemption_id": "till-1"}
    assert (await ask(house, "RedeemOrder", "edo", **redeem)).state == (
        pb.PREPAID_ORDER_STATE_PICKED_UP
    )


async def test_a_cancelled_order_names_its_refund(house: House) -> None:
    await place(house)

    cancelled = await ask(house, "CancelOrder", "panda", payment_id="basket-1")

    assert cancelled.state == pb.PREPAID_ORDER_STATE_CANCELLED
    assert cancelled.refund_id == f"prepaid-{cancelled.payment_reference}"
    again = await ask(house, "CancelOrder", "panda", payment_id="basket-1")
    assert again == cancelled


async def test_strangers_learn_nothing_of_an_order(house: House) -> None:
    placed = await place(house)
    code = {"pick_up_code": placed.pick_up_code, "redemption_id": "till-1"}
    reference = {"payment_reference": placed.payment_reference}
    for method, by, fields, status in (
        ("GetPrepaidOrder", "momo", {"payment_id": "basket-1"}, NotFound),
        ("GetPrepaidOrder", "kyo", {"payment_id": placed.payment_reference}, NotFound),
        ("CancelOrder", "momo", {"payment_id": "basket-1"}, NotFound),
        ("CancelOrder", "edo", {"payment_id": "basket-1"}, Forbidden),
        ("AcceptOrder", "kyo", reference, NotFound),
        ("AcceptOrder", "panda", reference, Forbidden),
        ("RedeemOrder", "kyo", code, NotFound),
        ("RedeemOrder", "panda", code, Forbidden),
        ("ListPrepaidOrders", "panda", {}, Forbidden),
    ):
        with pytest.raises(status):
            await ask(house, method, by, **fields)
    assert (await ask(house, "RedeemOrder", "edo", **code)).payment_reference


@pytest.mark.parametrize("text", ["", "\x00", "é", "x" * 5_000, "../"])
async def test_any_text_is_answered_with_a_reason(house: House, text: str) -> None:
    for method, by, fields in (
        ("PlaceOrder", "panda", {"payment_id": "p", "lines": text, "merchant_id": "shokudo"}),
        ("PlaceOrder", "panda", {"payment_id": text, "maximum": MOST}),
        ("GetPrepaidOrder", "panda", {"payment_id": text}),
        ("AcceptOrder", "edo", {"payment_reference": text}),
        ("RedeemOrder", "edo", {"pick_up_code": text, "redemption_id": text}),
        ("RedeemOrder", "edo", {"pick_up_code": text, "redemption_id": "till-1"}),
        ("CancelOrder", "panda", {"payment_id": text}),
    ):
        with pytest.raises(KawaseError) as refused:
            await ask(house, method, by, **fields)
        assert refused.value.reason not in ("INTERNAL", "UNKNOWN"), method


async def test_a_biller_that_may_owe_is_opened_by_two_people(house: House) -> None:
    put = bill_pb.PutBillerRequest(biller=GAS)
    await house.call("BillService", "PutBiller", put, "edo")
    terms = bill_pb.OpenBillerRequest(
        biller_id="gas", open=True, fee_plan_id="jp-shop", net_debit_limit=5_000
    )
    with pytest.raises(Refused) as refused:
        await house.call("BillService", "OpenBiller", terms, "mei")
    assert refused.value.reason == "APPROVAL_REQUIRED"
    listed = bill_pb.ListBillersRequest()
    assert not (await house.call("BillService", "ListBillers", listed, "panda")).billers
