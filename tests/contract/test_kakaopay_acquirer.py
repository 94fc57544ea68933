"""Kakao Pay as acquirer: the adapter against its simulator, through Kafka and Postgres."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from services.bridge.partner import CodeUnknown
from services.bridge.settings import PartnerConfig
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.kakaopay_acquirer import SHOPS, KakaoPayAcquirer
from tests.conftest import Database
from tests.contract.house import (
    TODAY,
    Simulated,
    World,
    bridge,
    new_resource,
    quick,
    simulated,
    start,
)

PARTNER = "kakaopay"
CODE = SHOPS[0].codes[0]


@pytest.fixture
async def kakaopay() -> AsyncIterator[Simulated]:
    async with simulated(KakaoPayAcquirer(ManualClock(TODAY), Books(None))) as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, kakaopay: Simulated) -> AsyncIterator[World]:
    config = PartnerConfig(
        PARTNER, "kakaopay_acquirer", kakaopay.url, SecretStr("key"), quick(), {}
    )
    async with bridge(database.dsn("bridge"), [config]) as running:
        yield running


def order(resource: str, won: int = 18_900, code: str = CODE) -> pb.StartCharge:
    return start(resource, PARTNER, won, "KRW", merchant_code=code)


async def test_a_charge_is_accepted_and_is_in_the_partners_books(
    world: World, kakaopay: Simulated
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    accepted = (await world.event("ChargeAccepted", resource)).charge_accepted
    assert accepted.amount.minor_units == 18_900
    assert accepted.partner_id == PARTNER
    assert accepted.kind == pb.CHARGE_KIND_DELIVER
    assert (await kakaopay.books())["accepted"] == {f"{resource}-charge": 18_900}


async def test_a_repeated_charge_is_answered_again_and_charged_once(
    world: World, kakaopay: Simulated
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    first = await world.event("ChargeAccepted", resource)
    await world.command(resource, start_charge=order(resource))
    second = await world.event("ChargeAccepted", resource)
    assert first.charge_accepted == second.charge_accepted
    assert (await kakaopay.books())["accepted"] == {f"{resource}-charge": 18_900}


async def test_an_answer_lost_after_the_work_is_found_by_inquiry(
    world: World, kakaopay: Simulated
) -> None:
    await kakaopay.fault("no_answer_after_work", match={"operation": "pay"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeUnknown", resource)
    await world.event("ChargeAccepted", resource)
    assert (await kakaopay.books())["accepted"] == {f"{resource}-charge": 18_900}


async def test_a_charge_lost_before_the_work_is_cancelled_and_rejected(
    world: World, kakaopay: Simulated
) -> None:
    await kakaopay.fault("no_answer_before_work", match={"operation": "pay"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "NO_ANSWER"
    assert (await kakaopay.books())["accepted"] == {}


async def test_a_refusal_of_the_partner_is_told_with_its_code(
    world: World, kakaopay: Simulated
) -> None:
    await kakaopay.fault("reject", code="USER_BALANCE_NOT_ENOUGH")
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "PAYER_FUNDS"
    assert rejected.partner_code == "USER_BALANCE_NOT_ENOUGH"


async def test_an_error_of_the_partner_leads_to_inquiry_and_cancel(
    world: World, kakaopay: Simulated
) -> None:
    await kakaopay.fault("error_before_work", match={"operation": "pay"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeUnknown", resource)
    await world.event("ChargeRejected", resource)
    assert (await kakaopay.books())["accepted"] == {}


async def test_an_acceptance_after_the_cancel_is_told_as_late_and_can_be_refunded(
    world: World, kakaopay: Simulated
) -> None:
    await kakaopay.fault("late_work", match={"operation": "pay"})
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeRejected", resource)
    await kakaopay.control("late", {})
    late = (await world.event("ChargeAcceptedLate", resource)).charge_accepted_late
    assert late.amount.minor_units == 18_900
    back = new_resource(Resource.LATE)
    await world.command(
        back,
        refund_charge=pb.RefundCharge(
            refund_id=f"{back}-refund",
            charge_id=f"{resource}-charge",
            resource_id=back,
            amount=late.amount,
        ),
    )
    await world.event("RefundAccepted", back)


async def test_a_charge_is_refunded_in_parts_up_to_its_amount(
    world: World, kakaopay: Simulated
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)

    async def refund(won: int) -> str:
        wish = new_resource(Resource.REFUND)
        command = pb.RefundCharge(
            refund_id=wish, charge_id=f"{resource}-charge", resource_id=wish, reason="cold"
        )
        command.amount.minor_units = won
        command.amount.currency_code = "KRW"
        await world.command(wish, refund_charge=command)
        return wish

    first, second = await refund(5_000), await refund(3_900)
    await world.event("RefundAccepted", first)
    await world.event("RefundAccepted", second)
    third = await refund(10_001)
    refused = (await world.event("RefundRejected", third)).refund_rejected
    assert refused.reason == "REFUND_EXCEEDS_CHARGE"
    assert (await kakaopay.books())["refunded"] == {first: 5_000, second: 3_900}


async def test_a_refund_whose_answer_is_lost_is_done_once(
    world: World, kakaopay: Simulated
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    await kakaopay.fault("no_answer_after_work", match={"operation": "refund"})
    wish = new_resource(Resource.REFUND)
    command = pb.RefundCharge(refund_id=wish, charge_id=f"{resource}-charge", resource_id=wish)
    command.amount.minor_units = 100
    command.amount.currency_code = "KRW"
    await world.command(wish, refund_charge=command)
    await world.event("RefundAccepted", wish)
    assert (await kakaopay.books())["refunded"] == {wish: 100}


async def test_an_accepted_charge_is_cancelled_whole(world: World, kakaopay: Simulated) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    cancel = pb.CancelCharge(charge_id=f"{resource}-charge", resource_id=resource)
    await world.command(resource, cancel_charge=cancel)
    await world.event("ChargeCancelled", resource)
    assert (await kakaopay.books())["accepted"] == {}


async def test_a_printed_code_leads_to_its_shop(world: World) -> None:
    shop = await world.partners[PARTNER].resolve_code(CODE)
    assert (shop.name, shop.city, shop.currency_code) == ("Bukchon Kalguksu", "Seoul", "KRW")


async def test_an_unknown_code_is_refused(world: World) -> None:
    with pytest.raises(CodeUnknown):
        await world.partners[PARTNER].resolve_code("https://qr.kakaopay.com/none")


async def test_a_partner_that_is_down_rejects_the_charge_at_once(
    world: World, kakaopay: Simulated
) -> None:
    resource = new_resource()
    await kakaopay.stop()
    await world.command(resource, start_charge=order(resource))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "PARTNER_UNAVAILABLE"
