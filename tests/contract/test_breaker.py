"""A partner that fails, from the first bad answer to the gateway's refusal and back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from services.bridge.settings import PartnerConfig
from services.core.clock import ManualClock
from services.gateway.availability import AvailabilityBoard
from services.kit.kafka import Record, Topics
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
LIMITS = quick(
    call_seconds=0.3,
    inquiries=50,
    breaker={
        "least_calls": 3,
        "slow_seconds": 0.2,
        "open_for_seconds": 0.2,
        "open_at_most_seconds": 0.2,
        "probes": 2,
        "probe_every_seconds": 0.02,
    },
)


@pytest.fixture
async def kakaopay() -> AsyncIterator[Simulated]:
    async with simulated(KakaoPayAcquirer(ManualClock(TODAY), Books(None))) as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, kakaopay: Simulated) -> AsyncIterator[World]:
    config = PartnerConfig(PARTNER, "kakaopay_acquirer", kakaopay.url, SecretStr("key"), LIMITS, {})
    async with bridge(database.dsn("bridge"), [config]) as running:
        yield running


@pytest.fixture
def board(world: World) -> AvailabilityBoard:
    return AvailabilityBoard(Topics("localhost:1", "none", 1), world.clock)


async def pay(world: World) -> str:
    resource = new_resource()
    order = start(resource, PARTNER, 18_900, "KRW", merchant_code=CODE)
    await world.command(resource, start_charge=order)
    return resource


async def told(world: World, board: AvailabilityBoard) -> pb.PartnerAvailabilityChanged:
    """The next change that was published; the gateway has read it."""
    kind = "PartnerAvailabilityChanged"
    message = await world.sent.take("bridge.partner", kind, PARTNER)
    board.read([Record(message.topic, 0, 0, PARTNER, kind, message.message_id, message.payload)])
    return pb.PartnerEvent.FromString(message.payload).partner_availability_changed


@pytest.mark.parametrize(
    ("fault", "more", "reason"),
    [
        ("error_after_work", {}, "FAILING"),
        ("error_before_work", {}, "FAILING"),
        ("delay", {"delay_ms": 250}, "SLOW"),
        ("delay", {"delay_ms": 5_000}, "FAILING"),
    ],
)
async def test_a_failing_partner_is_refused_at_the_quote_until_it_answers_again(
    world: World,
    kakaopay: Simulated,
    board: AvailabilityBoard,
    fault: str,
    more: dict[str, int],
    reason: str,
) -> None:
    await kakaopay.fault(fault, times=0, **more)
    assert board.refusal(PARTNER) is None
    resources = [await pay(world) for _ in range(3)]
    said = await told(world, board)
    assert (said.available, said.reason) == (False, reason)
    refusal = board.refusal(PARTNER)
    assert refusal is not None
    assert refusal.metadata["partner_id"] == PARTNER
    async with kakaopay.session.delete("/_control/faults") as answer:
        assert answer.status == 200
    # Inquiries are the probes; where all was answered, if late, payments are.
    while not said.available:
        telling = asyncio.create_task(told(world, board))
        while not telling.done():
            resources.append(await pay(world))
        said = await telling
    assert board.refusal(PARTNER) is None
    resources.append(last := await pay(world))
    await world.event("ChargeAccepted", last)
    accepted = (await kakaopay.books())["accepted"]
    assert set(accepted) <= {f"{resource}-charge" for resource in resources}
    assert set(accepted.values()) == {18_900}
