"""The FX book and deposits over gRPC: booked by the ledger's word, and told as they stand."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.core.errors import Conflict, Malformed, Refused, Unavailable
from services.kit.kafka import Topics
from services.kit.rpc import call
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.pb.kawase.settlement.v1 import prefunding_service_pb2 as pre
from tests.conftest import Database
from tests.parts import take_records, watching
from tests.rpc.settlement.fx_book_world import Served, serving_fx_book
from tests.store.settlement.world import CORRIDOR, PREFUND


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with serving_fx_book(database, topics) as found:
        yield found


async def test_a_deal_is_booked_seen_on_both_statements_and_settled(
    served: Served, topics: Topics
) -> None:
    async with watching(topics, "wallet.command") as tail:
        deal = await served.record()
        assert deal.state == fx.FX_DEAL_STATE_BOOKING
        assert (deal.mid_value.minor_units, deal.mid) == (910_000, "9.100000000000")
        (asked,) = await take_records(tail, 1)
        assert await served.post(asked.value) == deal.resource_id
        assert (await served.only()).state == fx.FX_DEAL_STATE_RECORDED

        await served.see(deal.resource_id, credit=True)
        await served.see(deal.resource_id, credit=False)
        await served.see(deal.resource_id, credit=False)
        (settle,) = await take_records(tail, 1)
        assert await served.post(settle.value) == f"{deal.resource_id}-settle"

    assert (await served.only()).state == fx.FX_DEAL_STATE_SETTLED
    exposures = (await call(served.book.GetExposure(fx.GetExposureRequest(), timeout=30))).exposures
    assert {each.currency_code: each.position_minor for each in exposures} == {
        "JPY": -100_000,
        "KRW": 910_000,
    }
    request = fx.GetFxResultRequest(day="2026-10-30", time_zone="Asia/Tokyo")
    (result,) = (await call(served.book.GetFxResult(request, timeout=30))).results
    assert (result.currency_code, result.realised_minor) == ("KRW", -5_000)


async def test_the_same_deal_again_is_one_deal_and_another_under_its_id_is_refused(
    served: Served,
) -> None:
    first, again = await served.record(), await served.record()

    assert first == again
    with pytest.raises(Conflict) as refusal:
        await served.record(bought=1)
    assert refusal.value.reason == "DEAL_TAKEN"


async def test_a_deal_on_the_books_is_answered_when_no_rate_is_fresh(served: Served) -> None:
    first = await served.record()
    served.world.clock.advance(timedelta(days=2))

    assert await served.record() == first
    with pytest.raises(Unavailable) as refusal:
        await served.record(deal_id="deal-2")
    assert refusal.value.reason == "RATES_STALE"


async def test_a_command_that_nobody_answers_is_given_again(served: Served, topics: Topics) -> None:
    async with watching(topics, "wallet.command") as tail:
        await served.record()
        served.world.clock.advance(timedelta(seconds=31))
        await served.repeater.step()
        await served.repeater.step()
        first, again = await take_records(tail, 2)

    assert first.value == again.value


async def test_a_settlement_the_ledger_refuses_is_asked_for_anew_by_a_person_alone(
    served: Served, topics: Topics
) -> None:
    request = fx.SettleFxDealRequest(deal_id="deal-1", operator="aiko")
    async with watching(topics, "wallet.command") as tail:
        await served.record()
        (asked,) = await take_records(tail, 1)
        await served.post(asked.value)
        await call(served.book.SettleFxDeal(request, timeout=30))
        (settle,) = await take_records(tail, 1)
        first = await served.refuse(settle.value)
        served.world.clock.advance(timedelta(hours=1))
        await served.repeater.step()
        assert (await served.only()).reason == "ACCOUNT_UNKNOWN"
        await call(served.book.SettleFxDeal(request, timeout=30))
        (anew,) = await take_records(tail, 1)
        assert await served.post(anew.value) == f"{first}-2"
    assert (await served.only()).state == fx.FX_DEAL_STATE_SETTLED


async def test_a_deal_that_is_not_booked_is_not_settled(served: Served) -> None:
    deal = await served.record()
    request = fx.SettleFxDealRequest(deal_id=deal.deal_id, operator="aiko")
    with pytest.raises(Refused) as refusal:
        await call(served.book.SettleFxDeal(request, timeout=30))
    assert refusal.value.reason == "DEAL_NOT_RECORDED"


async def test_exposure_and_income_are_told_by_corridor(served: Served) -> None:
    await served.world.pay(10_000, 5_000)
    exposures = (await call(served.book.GetExposure(fx.GetExposureRequest(), timeout=30))).exposures
    request = fx.GetFxResultRequest(day="2026-10-30")
    results = (await call(served.book.GetFxResult(request, timeout=30))).results

    assert [(e.currency_code, e.corridor_id, e.position_minor) for e in exposures] == [
        ("CNY", CORRIDOR, 4_950),
        ("KRW", CORRIDOR, -10_000),
    ]
    assert [(r.currency_code, r.spread_income_minor, r.fee_income_minor) for r in results] == [
        ("CNY", 50, 0),
        ("KRW", 0, 100),
    ]


async def test_a_deposit_shows_what_it_spends_and_when_it_runs_out(served: Served) -> None:
    await served.world.pay(10_000, 5_000)
    served.world.clock.advance(timedelta(hours=10))
    request = pre.GetPrefundingRequest(participant_id="panda-wallet")
    (found,) = (await call(served.deposits.GetPrefunding(request, timeout=30))).prefundings

    assert (found.account_id, found.spent_last_day_minor) == (PREFUND, 5_000)
    # 500 an hour, of 100,000.
    assert found.run_out_time.ToDatetime(UTC) == datetime(2026, 11, 7, 21, tzinfo=UTC)


async def test_a_deposit_below_its_threshold_is_told_once_until_it_is_above_again(
    served: Served, topics: Topics
) -> None:
    request = pre.PutPrefundingThresholdRequest(
        account_id=PREFUND, threshold_minor=50_000, operator="aiko"
    )
    await call(served.deposits.PutPrefundingThreshold(request, timeout=30))
    async with watching(topics, "settlement.event") as tail:
        for left in (60_000, 40_000, 30_000, 70_000, 20_000):
            served.ledger.left_minor = left
            await served.prefundings.step()
        told = await take_records(tail, 2)

    assert [record.type for record in told] == ["PrefundingLow"] * 2


async def test_a_threshold_of_what_is_no_deposit_is_refused(served: Served) -> None:
    request = pre.PutPrefundingThresholdRequest(
        account_id="position:KRW", threshold_minor=1, operator="aiko"
    )
    with pytest.raises(Malformed) as refusal:
        await call(served.deposits.PutPrefundingThreshold(request, timeout=30))
    assert refusal.value.reason == "THRESHOLD_MALFORMED"
