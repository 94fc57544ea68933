"""An agreement for every shop over gRPC: a shop opened after it is paid, and shown."""

from collections.abc import AsyncIterator

import pytest

from services.core.accounts import merchant_payable
from services.core.errors import Conflict, NotFound
from services.kit.kafka import Topics
from services.kit.rpc import open_channel
from services.pb.kawase.settlement.v1 import payout_service_pb2 as pb
from tests.conftest import Database
from tests.rpc.settlement.test_payouts_served import Served, serving
from tests.store.settlement.paying_world import CAFE, paying_world

EDO = "edo-acquirer"
SHOPS = ("soba", "tempura", "udon")


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with (
        paying_world(database, topics) as house,
        serving(house) as address,
        open_channel(address) as channel,
    ):
        yield Served(house, channel)


async def agree(served: Served, agreement_id: str = "edo") -> pb.Agreement:
    fields = {"agreement_id": agreement_id, "participant_id": EDO, "every_shop": True}
    told: pb.Agreement = (await served.agree(account_ids=[], **fields)).agreement
    return told


async def test_shops_opened_after_the_agreement_are_paid_by_it_and_shown_by_page(
    served: Served,
) -> None:
    assert (await agree(served)).every_shop
    specs = [merchant_payable(name, "JPY", 10**6) for name in SHOPS]
    await served.house.open(specs)
    for spec in specs:
        await served.house.pay(10_000, spec.account_id, EDO)
    window = await served.house.close()
    (payout,) = await served.house.pay_due()

    asked = pb.GetPayoutRequest(payout_id=payout.payout_id)
    shares = (await served.ask("GetPayout", asked)).shares
    accounts = [spec.account_id for spec in specs]
    assert {each.account_id: each.amount_minor for each in shares} == dict.fromkeys(accounts, 9_900)
    (position,) = (await served.window(window.window_id)).positions
    assert (position.participant_id, position.net_minor, position.account_count) == (EDO, 29_700, 3)
    assert position.payout_id == payout.payout_id

    (shown, _) = (await served.ask("ListAgreements", pb.ListAgreementsRequest())).agreements
    assert (shown.every_shop, shown.shop_count, list(shown.account_ids)) == (True, 3, [])
    request, found = pb.GetAgreementRequest(agreement_id="edo", page_size=2), []
    for _ in range(2):
        page = await served.ask("GetAgreement", request)
        assert page.agreement == shown
        found += page.shop_account_ids
        request.page_token = page.next_page_token
    assert found == accounts
    assert not request.page_token


async def test_a_second_agreement_for_every_shop_is_refused_by_name(served: Served) -> None:
    assert await agree(served) == await agree(served)
    with pytest.raises(Conflict) as taken:
        await agree(served, "edo-2")
    assert (taken.value.reason, taken.value.metadata["agreement_id"]) == (
        "EVERY_SHOP_TAKEN",
        "edo",
    )
    with pytest.raises(NotFound, match="There is no agreement 'none'"):
        await served.ask("GetAgreement", pb.GetAgreementRequest(agreement_id="none"))
    await served.agree(account_ids=[CAFE])
