"""Shops by AcquirerService: proposed by a key, approved by a person, seen by their acquirer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.core.errors import Conflict, Forbidden, KawaseError, NotFound, Refused
from services.gateway.acquiring.merchants.plans import PlanKeeper
from services.gateway.payments.messages import timestamp
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.access_served import House, Put, house_of
from tests.rpc.gateway.acquirer_shops import (
    SHOP,
    approve,
    ask,
    content_of,
    open_shop,
    propose,
)
from tests.store.gateway.payments_world import NOW, Gateway


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        await made.open_shop()
        yield made


async def get(house: House, by: str = "edo") -> pb.GetMerchantResponse:
    answer: pb.GetMerchantResponse = await ask(
        house, "GetMerchant", pb.GetMerchantRequest(merchant_id=SHOP), by
    )
    return answer


async def test_a_shop_opens_with_its_approval_and_not_before(house: House) -> None:
    proposed = await propose(house)
    assert (proposed.state, proposed.version) == (pb.MERCHANT_STATE_PENDING, 1)
    assert list(proposed.findings) == []
    assert SHOP not in house.gateway.board.current.merchants
    await house.gateway.sent()

    approved = await approve(house)

    assert approved.state == pb.MERCHANT_STATE_APPROVED
    merchant = house.gateway.board.current.merchants[SHOP]
    assert (merchant.acquirer_id, merchant.name) == ("edo", "テスト食堂")
    sent = [kind for kind, _ in await house.gateway.sent()]
    assert sent == ["OpenAccounts", "PayoutAccountChanged"]
    assert (await get(house)).merchant == approved


async def test_the_same_proposal_again_is_the_same_and_another_is_refused(house: House) -> None:
    first = await propose(house)
    assert await propose(house) == first
    with pytest.raises(Conflict):
        await propose(house, city="OSAKA")
    with pytest.raises(Conflict) as taken:
        await propose(house, by="kyo")
    assert taken.value.reason == "MERCHANT_ID_TAKEN"


async def test_who_made_the_acquirers_key_does_not_approve(house: House) -> None:
    await house.make_key("edo", participant_id="edo", purpose="till")
    await house.make_key_by("ada", "edo", participant_id="edo", purpose="shops")
    await propose(house)
    with pytest.raises(Forbidden) as own:
        await approve(house, by="ada")
    assert own.value.reason == "OWN_PROPOSAL"
    assert (await approve(house, by="ken")).state == pb.MERCHANT_STATE_APPROVED


@pytest.mark.parametrize("by", ["edo", "panda", "mei", "sue"])
async def test_only_risk_and_admin_decide(house: House, by: str) -> None:
    await propose(house)
    with pytest.raises(Forbidden):
        await approve(house, by=by)
    rejecting = pb.RejectMerchantRequest(merchant_id=SHOP, version=1, reason="no")
    with pytest.raises(Forbidden):
        await ask(house, "RejectMerchant", rejecting, by)


async def test_a_holder_of_another_name_is_found_and_has_to_be_accepted(house: House) -> None:
    account = pb.PayoutAccount()
    account.CopyFrom(content_of().payout_account)
    account.holder_name = "ヤマダ タロウ"
    proposed = await propose(house, payout_account=account)
    assert list(proposed.findings) == ["HOLDER_NAME_DIFFERS"]
    with pytest.raises(Refused) as found:
        await approve(house)
    assert found.value.metadata["findings"] == "HOLDER_NAME_DIFFERS"
    assert (await approve(house, accepts_findings=True)).state == pb.MERCHANT_STATE_APPROVED


async def test_a_rejected_shop_is_told_why_and_can_be_put_forward_anew(house: House) -> None:
    await propose(house)
    request = pb.RejectMerchantRequest(merchant_id=SHOP, version=1, reason="Which street?")
    await ask(house, "RejectMerchant", request, "ken")
    told = (await get(house)).merchant
    assert (told.state, told.reason) == (pb.MERCHANT_STATE_REJECTED, "Which street?")
    with pytest.raises(Conflict):
        await approve(house)
    update = pb.UpdateMerchantRequest(content=content_of(postal_code="1000002"))
    again = (await ask(house, "UpdateMerchant", update)).merchant
    assert (again.state, again.version) == (pb.MERCHANT_STATE_PENDING, 2)
    assert (await approve(house, version=2)).state == pb.MERCHANT_STATE_APPROVED


async def test_a_name_changes_at_once_and_an_account_waits(house: House) -> None:
    await open_shop(house)
    renamed = pb.UpdateMerchantRequest(content=content_of(local_name="新テスト食堂"))
    told = (await ask(house, "UpdateMerchant", renamed)).merchant
    assert (told.state, told.version) == (pb.MERCHANT_STATE_APPROVED, 2)
    assert house.gateway.board.current.merchants[SHOP].name == "新テスト食堂"

    limited = content_of(local_name="新テスト食堂", refund_day_limit=5)
    told = (await ask(house, "UpdateMerchant", pb.UpdateMerchantRequest(content=limited))).merchant
    assert (told.state, told.version) == (pb.MERCHANT_STATE_PENDING, 3)
    both = await get(house)
    assert (both.merchant.version, both.in_force.version) == (3, 2)
    with pytest.raises(Conflict):
        await approve(house, version=2)
    await approve(house, version=3)
    assert (await get(house)).merchant.content.refund_day_limit == 5


async def test_another_acquirer_sees_and_changes_nothing(house: House) -> None:
    await open_shop(house)
    with pytest.raises(NotFound):
        await get(house, "kyo")
    with pytest.raises(NotFound):
        await ask(house, "UpdateMerchant", pb.UpdateMerchantRequest(content=content_of()), "kyo")
    listed = await ask(house, "ListMerchants", pb.ListMerchantsRequest(), "kyo")
    assert list(listed.merchants) == []
    with pytest.raises(Conflict) as taken:
        await propose(house, by="kyo", merchant_id="shop-8")
    assert taken.value.reason == "SCHEME_ACCOUNT_TAKEN"
    assert SHOP not in taken.value.message


async def test_lists_lead_on_and_hold_what_the_operator_has_put(house: House) -> None:
    await propose(house)
    page = await ask(house, "ListMerchants", pb.ListMerchantsRequest(page_size=1))
    rest = await ask(
        house, "ListMerchants", pb.ListMerchantsRequest(page_token=page.next_page_token)
    )
    ids = [each.content.merchant_id for each in [*page.merchants, *rest.merchants]]
    assert ids == ["shokudo", SHOP] or ids == [SHOP, "shokudo"]
    pending = await ask(house, "ListMerchants", pb.ListMerchantsRequest(pending_only=True), "ken")
    assert [each.content.merchant_id for each in pending.merchants] == [SHOP]


async def test_a_sub_merchant_is_paid_with_its_parent(house: House) -> None:
    await open_shop(house)
    stall = content_of(
        merchant_id="stall-1",
        parent_merchant_id=SHOP,
        scheme_account_id="0000000000001.0001.000003.000001",
    )
    stall.ClearField("payout_account")
    request = pb.ProposeMerchantRequest(content=stall)
    told = (await ask(house, "ProposeMerchant", request)).merchant
    assert not told.content.HasField("payout_account")
    await approve(house, merchant_id="stall-1")
    other = content_of(merchant_id="stall-2", scheme_account_id="0000000000001.0001.000004.000001")
    other.ClearField("payout_account")
    for parent, reason in (("nobody", "PARENT_UNFIT"), ("", "ACCOUNT_MISSING")):
        other.parent_merchant_id = parent
        with pytest.raises(KawaseError) as refusal:
            await ask(house, "ProposeMerchant", pb.ProposeMerchantRequest(content=other))
        assert refusal.value.reason == reason


async def put_free_plan(house: House) -> None:
    plan = Put.FeePlan(
        fee_plan_id="free",
        payer=Put.FEE_PAYER_MERCHANT,
        fixed=Money(currency_code="JPY"),
        rounding=Put.FEE_ROUNDING_DOWN,
    )
    await house.admin("PutFeePlan", Put.PutFeePlanRequest(fee_plan=plan))


async def test_no_fee_is_for_small_merchants_and_for_a_time(house: House) -> None:
    await put_free_plan(house)
    await propose(house)
    until = timestamp(NOW + timedelta(days=90))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "PLAN_WITHOUT_FEES"),
        ({"is_small": True}, "FIELD_MISSING"),
        ({"is_small": True, "fee_plan_expire_time": until}, "FEE_PLAN_UNKNOWN"),
        (
            {"is_small": True, "fee_plan_expire_time": until, "fee_plan_after_id": "free"},
            "PLAN_WITHOUT_FEES",
        ),
        (
            {
                "is_small": True,
                "fee_plan_expire_time": Timestamp(seconds=1),
                "fee_plan_after_id": "jp-shop",
            },
            "PLAN_TIME_UNFIT",
        ),
    ]
    for given, reason in wrong:
        with pytest.raises(KawaseError) as refusal:
            await approve(house, fee_plan_id="free", **given)
        assert refusal.value.reason == reason
    told = await approve(
        house,
        fee_plan_id="free",
        is_small=True,
        fee_plan_expire_time=until,
        fee_plan_after_id="jp-shop",
    )
    assert told.fee_plan_expire_time == until
    gateway = house.gateway
    assert gateway.board.current.merchants[SHOP].fee_plan_id == "free"

    keeper = PlanKeeper(gateway.units, gateway.board, gateway.clock)
    assert await keeper.step() == 0
    gateway.clock.advance(timedelta(days=91))
    assert await keeper.step() == 1
    assert gateway.board.current.merchants[SHOP].fee_plan_id == "jp-shop"
    assert await keeper.step() == 0
    assert (await get(house)).merchant.content.fee_plan_id == "jp-shop"
