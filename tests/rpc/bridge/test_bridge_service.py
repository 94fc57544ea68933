"""The bridge's gRPC API as its callers see it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.settings import PartnerConfig
from services.core.clock import ManualClock
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as messages
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.kakaopay_acquirer import SHOPS, KakaoPayAcquirer
from tests.conftest import Database
from tests.contract.house import (
    LANE,
    TODAY,
    Simulated,
    World,
    bridge,
    new_resource,
    quick,
    simulated,
    start,
)
from tests.rpc.bridge.served import SECONDS, refusal, served
from tests.store.bridge.scripted import Scripted

CODE = SHOPS[0].codes[0]


@pytest.fixture
async def kakaopay() -> AsyncIterator[Simulated]:
    async with simulated(KakaoPayAcquirer(ManualClock(TODAY), Books(None))) as simulator:
        yield simulator


@pytest.fixture
def silent() -> Scripted:
    return Scripted()


@pytest.fixture
async def world(database: Database, kakaopay: Simulated, silent: Scripted) -> AsyncIterator[World]:
    config = PartnerConfig(
        "kakaopay", "kakaopay_acquirer", kakaopay.url, SecretStr("key"), quick(), {}
    )
    async with bridge(
        database.dsn("bridge"), [config], partners={"scripted": silent}, polls=False
    ) as running:
        yield running


@pytest.fixture
async def stub(world: World) -> AsyncIterator[Any]:
    async with served(world) as bridge_stub:
        yield bridge_stub


async def unknown_charge(world: World, silent: Scripted) -> str:
    silent.answers.append(Answer(Outcome.UNKNOWN, detail="no answer within 5 s"))
    resource = new_resource()
    order = start(resource, "scripted", 900, "KRW", merchant_code="code")
    await world.command(resource, start_charge=order)
    await world.event("ChargeUnknown", resource)
    return resource


async def test_a_code_is_resolved_and_remembered(
    world: World, stub: Any, kakaopay: Simulated
) -> None:
    request = pb.ResolveCodeRequest(payload=CODE, partner_id="kakaopay")
    first = await stub.ResolveCode(request, timeout=SECONDS)
    assert (first.merchant_name, first.currency_code) == ("Bukchon Kalguksu", "KRW")
    assert not first.HasField("amount")
    await kakaopay.stop()
    assert await stub.ResolveCode(request, timeout=SECONDS) == first


async def test_a_code_that_cannot_be_resolved_is_refused_with_its_reason(
    world: World, stub: Any, kakaopay: Simulated
) -> None:
    def ask(payload: str, partner_id: str = "kakaopay") -> pb.ResolveCodeRequest:
        return pb.ResolveCodeRequest(payload=payload, partner_id=partner_id)

    link = "https://qr.kakaopay.com/none"
    code = stub.ResolveCode
    assert await refusal(code, ask(link)) == (grpc.StatusCode.NOT_FOUND, "CODE_UNKNOWN")
    assert await refusal(code, ask("")) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "PAYLOAD_MALFORMED",
    )
    assert await refusal(code, ask(link, "nobody")) == (
        grpc.StatusCode.NOT_FOUND,
        "PARTNER_UNKNOWN",
    )
    assert await refusal(code, ask(link, "scripted")) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "OPERATION_NOT_OFFERED",
    )
    await kakaopay.stop()
    assert await refusal(code, ask(link)) == (
        grpc.StatusCode.UNAVAILABLE,
        "PARTNER_UNAVAILABLE",
    )


async def test_a_charge_is_listed_for_operators_once_it_is_as_old_as_they_or_the_rules_say(
    world: World, stub: Any, silent: Scripted
) -> None:
    resource = await unknown_charge(world, silent)

    async def listed(**asked: Any) -> list[str]:
        request = pb.ListUnknownChargesRequest(**asked)
        answer = await stub.ListUnknownCharges(request, timeout=SECONDS)
        return [charge.charge_id for charge in answer.charges]

    assert await listed() == []
    world.clock.advance(timedelta(seconds=61))
    assert await listed() == []
    assert await listed(minimum_age_seconds=60) == [f"{resource}-charge"]
    assert await listed(minimum_age_seconds=60, partner_id="kakaopay") == []
    world.clock.advance(silent.rules.operator_after)
    assert await listed(partner_id="scripted") == [f"{resource}-charge"]


async def test_an_operator_closes_a_partner_and_only_an_operator_opens_it(
    world: World, stub: Any
) -> None:
    request = pb.SetPartnerAvailabilityRequest(
        partner_id="scripted", operator="mika", reason="they asked us to"
    )
    health = (await stub.SetPartnerAvailability(request, timeout=SECONDS)).partner
    assert (health.available, health.reason) == (False, "OPERATOR")
    resource = new_resource()
    order = start(resource, "scripted", 900, "KRW", merchant_code="code")
    await world.command(resource, start_charge=order)
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "PARTNER_UNAVAILABLE"
    await world.keeper.refresh()
    partners = (await stub.ListPartners(pb.ListPartnersRequest(), timeout=SECONDS)).partners
    assert [(p.partner_id, p.adapter, p.available) for p in partners] == [
        ("kakaopay", "kakaopay_acquirer", True),
        ("scripted", "", False),
    ]
    request.available = True
    health = (await stub.SetPartnerAvailability(request, timeout=SECONDS)).partner
    assert (health.available, health.reason) == (True, "")


async def test_a_change_of_a_partner_needs_its_operator_and_reason(stub: Any) -> None:
    change = stub.SetPartnerAvailability
    nameless = pb.SetPartnerAvailabilityRequest(partner_id="scripted", reason="why")
    nobody = pb.SetPartnerAvailabilityRequest(partner_id="none", operator="mika", reason="why")
    assert await refusal(change, nameless) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "OPERATOR_MISSING",
    )
    assert await refusal(change, nobody) == (grpc.StatusCode.NOT_FOUND, "PARTNER_UNKNOWN")


async def test_an_operators_word_ends_an_unknown_charge_and_is_journaled(
    world: World, stub: Any, silent: Scripted
) -> None:
    resource = await unknown_charge(world, silent)
    request = pb.ResolveChargeRequest(
        charge_id=f"{resource}-charge",
        state=pb.CHARGE_STATE_ACCEPTED,
        operator="mika",
        reason="seen in their file",
    )
    await stub.ResolveCharge(request, timeout=SECONDS)
    await world.event("ChargeAccepted", resource)
    found = await stub.GetCharge(
        pb.GetChargeRequest(charge_id=f"{resource}-charge"), timeout=SECONDS
    )
    assert found.charge.state == pb.CHARGE_STATE_ACCEPTED
    assert [(a.operation, a.outcome) for a in found.charge.attempts] == [
        ("start", "unknown"),
        ("operator", "accepted"),
    ]
    assert found.charge.attempts[1].detail == "mika: seen in their file"
    assert await refusal(stub.ResolveCharge, request) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "CHARGE_DECIDED",
    )


async def test_a_word_without_reason_and_a_charge_that_is_not_there_are_refused(
    world: World, stub: Any, silent: Scripted
) -> None:
    resource = await unknown_charge(world, silent)
    nameless = pb.ResolveChargeRequest(
        charge_id=f"{resource}-charge", state=pb.CHARGE_STATE_ACCEPTED
    )
    assert await refusal(stub.ResolveCharge, nameless) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "RESOLUTION_MALFORMED",
    )
    assert await refusal(stub.GetCharge, pb.GetChargeRequest(charge_id="none")) == (
        grpc.StatusCode.NOT_FOUND,
        "CHARGE_NOT_FOUND",
    )


async def test_facts_are_listed_without_gaps(world: World, stub: Any) -> None:
    resources = [new_resource() for _ in range(3)]
    for resource in resources:
        order = start(resource, "scripted", 900, "KRW", merchant_code="code")
        await world.command(resource, start_charge=order)
        await world.event("ChargeAccepted", resource)
    facts = (await stub.ListFacts(pb.ListFactsRequest(stripe=LANE), timeout=SECONDS)).facts
    assert [fact.sequence for fact in facts] == [1, 2, 3]
    assert [fact.key for fact in facts] == resources
    event = messages.BridgeEvent.FromString(facts[0].payload)
    assert event.charge_accepted.partner_id == "scripted"
    rest = await stub.ListFacts(pb.ListFactsRequest(stripe=LANE, after_sequence=2), timeout=SECONDS)
    assert [fact.sequence for fact in rest.facts] == [3]
