"""PayPay: the adapter against its simulator, with its notices, refunds, cancels and disputes."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from services.bridge.disputes.domain import DisputeState
from services.bridge.disputes.store import get_dispute
from services.bridge.domain.charge import State
from services.bridge.operators import Operators
from services.bridge.partner import CodeUnknown, PartnerFileNotFound
from services.bridge.partners.paypay import PayPay as Adapter
from services.bridge.partners.paypay_auth import OpaKey
from services.bridge.settings import PartnerConfig
from services.bridge.store.charges import get_charge
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.paypay import API_KEY, MERCHANT, RAMEN_CODE, PayPay
from tests.conftest import Database
from tests.contract.house import (
    LANE,
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
from tests.parts import eventually

PARTNER = "paypay"
SECRET = "opa-secret"
# So long between inquiries that only a notice can end a payment in time.
PATIENT: dict[str, Any] = {"inquire_every_seconds": 300, "call_seconds": 2, "lease_seconds": 30}


@pytest.fixture
def day() -> ManualClock:
    """The simulator's day."""
    return ManualClock(TODAY)


@pytest.fixture
async def paypay(day: ManualClock) -> AsyncIterator[Simulated]:
    async with simulated(PayPay(day, Books(None), SECRET)) as simulator:
        yield simulator


def config(paypay: Simulated, addresses: str = "127.0.0.1", **limits: Any) -> PartnerConfig:
    options = {"api_key": API_KEY, "merchant": MERCHANT, "notice_addresses": addresses}
    return PartnerConfig(PARTNER, "paypay", paypay.url, SecretStr(SECRET), quick(**limits), options)


@pytest.fixture
async def world(database: Database, paypay: Simulated) -> AsyncIterator[World]:
    async with bridge(database.dsn("bridge"), [config(paypay)]) as running:
        yield running


@pytest.fixture
async def patient(database: Database, paypay: Simulated) -> AsyncIterator[World]:
    """A bridge that asks seldom, and that the simulator tells things."""
    async with bridge(database.dsn("bridge"), [config(paypay, **PATIENT)]) as running:
        url = f"{running.callback_url}/notice/{PARTNER}"
        await paypay.control("notice_url", {"url": url})
        yield running


def order(resource: str, yen: int = 1_200, code: str = RAMEN_CODE) -> pb.StartCharge:
    return start(resource, PARTNER, yen, "JPY", merchant_code=code)


async def paid(world: World, yen: int = 1_200) -> str:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource, yen))
    await world.event("ChargeAccepted", resource)
    return resource


async def test_a_shop_is_found_and_its_code_charged_once(world: World, paypay: Simulated) -> None:
    shop = await world.partners[PARTNER].resolve_code(RAMEN_CODE)
    assert (shop.name, shop.country_code, shop.currency_code) == (
        "RAMEN KAWASE SHIBUYA",
        "JP",
        "JPY",
    )
    with pytest.raises(CodeUnknown):
        await world.partners[PARTNER].resolve_code("https://qr.paypay.ne.jp/nobody")
    with pytest.raises(CodeUnknown):
        await world.partners[PARTNER].resolve_code("https://qr.example/28180104kawaseRamen")
    resource = await paid(world)
    await world.command(resource, start_charge=order(resource))
    assert (await paypay.books())["accepted"] == {f"{resource}-charge": 1_200}


async def test_a_start_without_an_answer_is_found_by_inquiry(
    world: World, paypay: Simulated
) -> None:
    await paypay.fault("no_answer_after_work", match={"operation": "pay"})
    resource = await paid(world)
    assert (await paypay.books())["accepted"] == {f"{resource}-charge": 1_200}


async def test_a_wrong_key_or_a_wrong_day_charges_nobody(
    database: Database, paypay: Simulated, day: ManualClock
) -> None:
    stranger = PartnerConfig(
        PARTNER, "paypay", paypay.url, SecretStr("wrong"), quick(), config(paypay).options
    )
    async with bridge(database.dsn("bridge"), [stranger]) as world:
        resource = new_resource()
        await world.command(resource, start_charge=order(resource))
        event = await world.event("ChargeRejected", resource)
        assert event.charge_rejected.reason == "PARTNER_UNAVAILABLE"
    async with bridge(database.dsn("bridge"), [config(paypay)]) as world:
        day.advance(timedelta(seconds=121))
        resource = new_resource()
        await world.command(resource, start_charge=order(resource))
        await world.event("ChargeRejected", resource)
    assert (await paypay.books())["accepted"] == {}


async def test_a_request_sent_again_by_a_stranger_is_refused(paypay: Simulated) -> None:
    headers = OpaKey(API_KEY, SECRET, MERCHANT).headers("GET", "/v2/codes/x", "", TODAY)
    statuses = []
    for _ in range(2):
        async with paypay.session.get("/v2/codes/x", headers=headers) as answer:
            statuses.append(answer.status)
    assert statuses == [404, 401]


async def test_a_payment_that_waits_ends_by_a_notice(patient: World, paypay: Simulated) -> None:
    await paypay.fault("pending", match={"operation": "pay"})
    resource = new_resource()
    await patient.command(resource, start_charge=order(resource))
    await patient.event("ChargeUnknown", resource)
    await paypay.control("complete", {"id": f"{resource}-charge"})
    accepted = (await patient.event("ChargeAccepted", resource)).charge_accepted
    assert accepted.amount.minor_units == 1_200


@pytest.mark.parametrize("fault", ["duplicate_notice", "reordered_notice"])
async def test_notices_twice_or_out_of_order_end_payments_once(
    patient: World, paypay: Simulated, fault: str
) -> None:
    await paypay.fault("pending", times=2, match={"operation": "pay"})
    resources = [new_resource(), new_resource()]
    for resource in resources:
        await patient.command(resource, start_charge=order(resource))
        await patient.event("ChargeUnknown", resource)
    await paypay.fault(fault, times=1, match={"operation": "notice"})
    for resource in resources:
        await paypay.control("complete", {"id": f"{resource}-charge"})
    for resource in resources:
        await patient.event("ChargeAccepted", resource)
    assert [patient.sent.kinds(resource) for resource in resources] == [[], []]


async def test_what_a_notice_says_is_not_believed(patient: World, paypay: Simulated) -> None:
    await paypay.fault("pending", match={"operation": "pay"})
    resource = new_resource()
    await patient.command(resource, start_charge=order(resource))
    await patient.event("ChargeUnknown", resource)
    forged = {
        "notification_type": "Transaction",
        "merchant_id": MERCHANT,
        "merchant_order_id": f"{resource}-charge",
        "order_amount": 1_200,
        "state": "COMPLETED",
    }
    assert await tell(patient, forged) == 200

    async def was_asked() -> bool:
        async with patient.units.pool.acquire() as connection:
            charge = await get_charge(connection, f"{resource}-charge")
        return charge is not None and charge.turn >= 2 and not charge.leased

    await eventually(was_asked)
    assert patient.sent.kinds(resource) == []


async def tell(world: World, fields: dict[str, Any]) -> int:
    """Send a notice by hand; the status of the answer."""
    url = f"{world.callback_url}/notice/{PARTNER}"
    async with aiohttp.ClientSession() as session, session.post(url, json=fields) as answer:
        return answer.status


async def test_a_notice_from_another_address_is_refused(
    database: Database, paypay: Simulated
) -> None:
    partners = [config(paypay, addresses="203.0.113.0/24")]
    async with bridge(database.dsn("bridge"), partners) as world:
        assert await tell(world, {"notification_type": "file.created"}) == 404
        async with world.units.pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM notices") == 0


async def test_a_cancel_is_said_when_it_is_done(world: World, paypay: Simulated) -> None:
    resource = await paid(world)
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    assert (await paypay.books())["accepted"] == {}


async def test_past_the_time_of_cancels_all_is_refunded(
    world: World, paypay: Simulated, day: ManualClock
) -> None:
    resource = await paid(world)
    for clock in (day, world.clock):
        clock.advance(timedelta(hours=13))
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    books = await paypay.books()
    assert books["refunded"] == {f"{resource}-charge-void": 1_200}


@pytest.mark.parametrize("fault", ["slow_refund", "no_answer_after_work", "error_after_work"])
async def test_a_refund_is_looked_for_and_done_once(
    world: World, paypay: Simulated, fault: str
) -> None:
    resource = await paid(world)
    wish = new_resource(Resource.REFUND)
    await paypay.fault(fault, match={"operation": "refund"})
    await world.command(wish, refund_charge=refund(resource, wish, 500, "JPY"))
    await world.event("RefundAccepted", wish)
    assert (await paypay.books())["refunded"] == {wish: 500}


async def test_what_an_operator_has_accepted_can_be_refunded(
    world: World, paypay: Simulated
) -> None:
    resource = new_resource()
    match = {"id": f"{resource}-charge"}
    for fault, named in (("no_answer_after_work", {"operation": "pay"}), ("error_before_work", {})):
        await paypay.fault(fault, times=0, match=match | named, delay_ms=1)
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeUnknown", resource)
    operators = Operators(world.units, world.worker, LANE)
    await operators.resolve(f"{resource}-charge", State.ACCEPTED, "kenji", "by PayPay's desk")
    await paypay.session.delete("/_control/faults")
    wish = new_resource(Resource.REFUND)
    await world.command(wish, refund_charge=refund(resource, wish, 500, "JPY"))
    await world.event("RefundAccepted", wish)
    assert (await paypay.books())["refunded"] == {wish: 500}


async def test_the_file_of_a_day_comes_when_the_day_is_over(world: World, day: ManualClock) -> None:
    resource = await paid(world, 800)
    wish = new_resource(Resource.REFUND)
    await world.command(wish, refund_charge=refund(resource, wish, 300, "JPY"))
    await world.event("RefundAccepted", wish)
    adapter = world.partners[PARTNER]
    with pytest.raises(PartnerFileNotFound):
        await adapter.fetch_file("settlement", date(2026, 10, 30))
    for clock in (day, world.clock):
        clock.advance(timedelta(hours=14))
    file = await adapter.fetch_file("settlement", date(2026, 10, 30))
    content = b"".join([chunk async for chunk in file.chunks]).decode("shift_jis")
    rows = [line.split(",") for line in content.splitlines()]
    assert [(row[6], row[8], row[11]) for row in rows[1:]] == [
        ("取引完了", "800", f"{resource}-charge"),
        ("返金完了", "-300", wish),
    ]


async def work_on_dispute(world: World) -> None:
    """Wait until a dispute is due, and begin it."""

    async def is_taken() -> bool:
        return await world.disputes.take_due() > 0

    await eventually(is_taken)


async def dispute(world: World, paypay: Simulated, resource: str) -> pb.BridgeEvent:
    """Have the payer of a paid charge contest 700 of it; the event."""
    url = f"{world.callback_url}/notice/{PARTNER}"
    await paypay.control("notice_url", {"url": url})
    wish = {"id": f"{resource}-charge", "amount": 700, "reason": "NOT_RECEIVED"}
    await paypay.control("dispute", wish)
    await work_on_dispute(world)
    return await world.event("DisputeOpened", resource)


@pytest.mark.parametrize(
    ("accept", "evidence", "won"), [(False, "Signed receipt 42.", True), (True, "", False)]
)
async def test_a_dispute_is_opened_answered_and_ended_once(
    world: World, paypay: Simulated, accept: bool, evidence: str, won: bool
) -> None:
    resource = await paid(world)
    event = await dispute(world, paypay, resource)
    opened = event.dispute_opened
    assert (event.charge_id, opened.amount.minor_units) == (f"{resource}-charge", 700)
    assert (opened.reason, opened.partner_id) == ("NOT_RECEIVED", PARTNER)
    assert opened.dispute_id.startswith("dispute-")
    answer = pb.AnswerDispute(
        dispute_id=opened.dispute_id, resource_id=resource, accept=accept, evidence=evidence
    )
    await paypay.fault("no_answer_after_work", delay_ms=10, match={"operation": "dispute_answer"})
    await world.command(resource, answer_dispute=answer)
    await world.command(resource, answer_dispute=answer)
    for _ in ("the answer, lost", "how it stands"):
        await work_on_dispute(world)
    ended = (await world.event("DisputeEnded", resource)).dispute_ended
    assert (ended.dispute_id, ended.won, ended.amount.minor_units) == (
        opened.dispute_id,
        won,
        700,
    )
    assert world.sent.kinds(resource) == []
    assert (await paypay.books())["lost"] == ({} if won else {f"{resource}-charge": 700})


async def test_a_dispute_that_the_partner_does_not_know_of_opens_nothing(
    world: World, paypay: Simulated
) -> None:
    resource = await paid(world)
    invented = {
        "notification_type": "Dispute",
        "merchant_id": MERCHANT,
        "dispute_id": "CB99999999",
        "merchant_order_id": f"{resource}-charge",
        "state": "LOST",
    }
    assert await tell(world, invented) == 200
    async with world.units.pool.acquire() as connection:
        dispute_id = await connection.fetchval("SELECT dispute_id FROM disputes")

    async def is_dismissed() -> bool:
        await world.disputes.take_due()
        async with world.units.pool.acquire() as connection:
            found = await get_dispute(connection, dispute_id)
        return found is not None and found.state is DisputeState.DISMISSED

    await eventually(is_dismissed)
    assert world.sent.kinds(resource) == []


async def test_a_notice_for_another_merchant_is_refused(world: World) -> None:
    fields = {"notification_type": "Transaction", "merchant_id": "1", "merchant_order_id": "x"}
    assert await tell(world, {**fields, "state": "COMPLETED"}) == 404
    assert await tell(world, json.loads("[]")) == 404
    assert isinstance(world.partners[PARTNER], Adapter)
