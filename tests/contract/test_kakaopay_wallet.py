"""Kakao Pay as the payer's wallet: the adapter against its simulator, callbacks and all."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr

from services.bridge.settings import PartnerConfig
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.kakaopay_wallet import KakaoPayWallet
from tests.conftest import Database
from tests.contract.house import (
    LATER,
    TODAY,
    Simulated,
    World,
    bridge,
    cancel,
    new_resource,
    quick,
    refund,
    simulated,
    start,
)

PARTNER = "kakaopay-online"


@pytest.fixture
async def kakao() -> AsyncIterator[Simulated]:
    async with simulated(KakaoPayWallet(ManualClock(TODAY), Books(None))) as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, kakao: Simulated) -> AsyncIterator[World]:
    config = PartnerConfig(
        PARTNER,
        "kakaopay_wallet",
        kakao.url,
        SecretStr("key"),
        quick(),
        {"cid": "TC0ONETIME"},
    )
    async with bridge(database.dsn("bridge"), [config]) as running:
        yield running


async def ask(world: World, resource: str, won: int = 21_000) -> str:
    """Start a collection; the address the payer's phone is sent to."""
    order = start(
        resource, PARTNER, won, "KRW", kind=pb.CHARGE_KIND_COLLECT, payer_reference="minjun"
    )
    await world.command(resource, start_charge=order)
    event = await world.event("ChargeActionRequired", resource)
    return event.charge_action_required.action_url


async def open_page(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return page.status, await page.text()


async def test_a_payer_approves_on_the_phone_and_is_charged_once(
    world: World, kakao: Simulated
) -> None:
    resource = new_resource()
    status, text = await open_page(await ask(world, resource))
    assert (status, "Thank you" in text) == (200, True)
    accepted = (await world.event("ChargeAccepted", resource)).charge_accepted
    assert accepted.amount.minor_units == 21_000
    assert accepted.partner_reference.startswith("T")
    assert (await kakao.books())["accepted"] == {f"{resource}-charge": 21_000}


async def test_an_approval_whose_answer_is_lost_is_found_by_inquiry(
    world: World, kakao: Simulated
) -> None:
    await kakao.fault("no_answer_after_work", match={"operation": "approve"})
    resource = new_resource()
    await open_page(await ask(world, resource))
    await world.event("ChargeAccepted", resource)
    assert (await kakao.books())["accepted"] == {f"{resource}-charge": 21_000}


async def test_an_approval_that_never_arrived_is_sent_again(world: World, kakao: Simulated) -> None:
    await kakao.fault("no_answer_before_work", match={"operation": "approve"})
    resource = new_resource()
    await open_page(await ask(world, resource))
    await world.event("ChargeAccepted", resource)
    assert (await kakao.books())["accepted"] == {f"{resource}-charge": 21_000}


async def test_a_payer_who_quits_is_not_charged(world: World, kakao: Simulated) -> None:
    resource = new_resource()
    status, text = await open_page(f"{await ask(world, resource)}?answer=quit")
    assert (status, "Not paid" in text) == (200, True)
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "NOT_APPROVED"
    assert (await kakao.books())["accepted"] == {}


async def test_a_payer_who_never_answers_is_not_charged(world: World, kakao: Simulated) -> None:
    resource = new_resource()
    page = await ask(world, resource)
    world.clock.advance(LATER)
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "NOT_APPROVED"
    await open_page(page)
    assert (await kakao.books())["accepted"] == {}


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ({"user": "minjun", "won": 100}, "PAYER_FUNDS"),
        ({"user": "minjun", "won": 90_000, "locked": True}, "PAYER_LOCKED"),
    ],
)
async def test_a_payer_who_cannot_pay_is_told_why(
    world: World, kakao: Simulated, user: dict[str, object], reason: str
) -> None:
    await kakao.control("balance", user)
    resource = new_resource()
    await open_page(await ask(world, resource))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == reason


async def test_a_callback_with_a_wrong_token_learns_nothing(world: World) -> None:
    resource = new_resource()
    await ask(world, resource)
    path = f"/callback/{PARTNER}/{resource}-charge/AAAAAAAAAAAAAAAAAAAAAAAA/approve"
    status, _ = await open_page(f"{world.callback_url}{path}?pg_token=x")
    assert status == 404


async def test_a_repeated_callback_changes_nothing(world: World, kakao: Simulated) -> None:
    resource = new_resource()
    page = await ask(world, resource)
    async with (
        aiohttp.ClientSession() as session,
        session.get(page, allow_redirects=False) as answer,
    ):
        back = answer.headers["Location"]
    for _ in range(3):
        assert (await open_page(back))[0] == 200
    await world.event("ChargeAccepted", resource)
    assert (await open_page(back))[0] == 200
    assert (await kakao.books())["accepted"] == {f"{resource}-charge": 21_000}


async def test_a_charge_is_refunded_twice_in_parts(world: World, kakao: Simulated) -> None:
    resource = new_resource()
    await open_page(await ask(world, resource))
    await world.event("ChargeAccepted", resource)
    first, second = new_resource(Resource.REFUND), new_resource(Resource.REFUND)
    await world.command(first, refund_charge=refund(resource, first, 6_000, "KRW"))
    await world.command(second, refund_charge=refund(resource, second, 4_000, "KRW"))
    await world.event("RefundAccepted", first)
    await world.event("RefundAccepted", second)
    assert (await kakao.books())["refunded"] == {first: 6_000, second: 4_000}


async def test_a_refund_whose_answer_is_lost_is_done_once(world: World, kakao: Simulated) -> None:
    resource = new_resource()
    await open_page(await ask(world, resource))
    await world.event("ChargeAccepted", resource)
    await kakao.fault("no_answer_after_work", match={"operation": "cancel"})
    wish = new_resource(Resource.REFUND)
    await world.command(wish, refund_charge=refund(resource, wish, 6_000, "KRW"))
    await world.event("RefundAccepted", wish)
    assert (await kakao.books())["refunded"] == {wish: 6_000}


async def test_an_accepted_charge_is_cancelled_whole(world: World, kakao: Simulated) -> None:
    resource = new_resource()
    await open_page(await ask(world, resource))
    await world.event("ChargeAccepted", resource)
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    assert (await kakao.books())["accepted"] == {}


async def test_a_charge_cancelled_before_the_approval_is_never_paid(
    world: World, kakao: Simulated
) -> None:
    resource = new_resource()
    page = await ask(world, resource)
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    await open_page(page)
    assert (await kakao.books())["accepted"] == {}
