"""What stands between the bridge and a partner: one that is away, slow or closed hurts no other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.domain.breaker import BreakerRules
from services.bridge.domain.charge import Operation, State
from services.bridge.domain.hours import Hours
from services.bridge.domain.pace import Pace
from services.bridge.operators import Queue
from services.bridge.store.attempts import attempts_of
from services.bridge.store.charges import get_charge
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from tests.conftest import Database
from tests.contract.house import TODAY, World, bridge, new_resource, refund, start
from tests.store.bridge.scripted import NO_REFUND, Scripted
from tests.unit.bridge.builders import MACHINE, RULES

QUICK = BreakerRules(
    least_calls=2,
    open_for=timedelta(seconds=10),
    probes=2,
    probe_every=timedelta(milliseconds=10),
)
# Past the hold of the first opening.
HELD = timedelta(seconds=15)
AWAY = Answer(Outcome.UNSENT, detail="connection refused")
SILENT = Answer(Outcome.UNKNOWN, detail="no answer within 5 s")


@pytest.fixture
def machine() -> ManualClock:
    return ManualClock(MACHINE)


@pytest.fixture
def partner() -> Scripted:
    return Scripted("wobbly", replace(RULES, breaker=QUICK, in_flight=2))


@pytest.fixture
def other() -> Scripted:
    return Scripted("steady", RULES)


@pytest.fixture
async def world(
    database: Database, partner: Scripted, other: Scripted, machine: ManualClock
) -> AsyncIterator[World]:
    partners = {"wobbly": partner, "steady": other}
    async with bridge(
        database.dsn("bridge"), partners=partners, machine=machine, polls=False
    ) as running:
        yield running


async def pay(world: World, partner: str = "wobbly") -> str:
    resource = new_resource()
    order = start(resource, partner, 900, "KRW", merchant_code="code")
    await world.command(resource, start_charge=order)
    return resource


async def fail(world: World, partner: Scripted, answer: Answer = AWAY) -> list[str]:
    """Two calls that fail, which opens the breaker, and what the bridge makes of it."""
    kind = "ChargeRejected" if answer is AWAY else "ChargeUnknown"
    partner.answers += [answer, answer]
    resources = [await pay(world), await pay(world)]
    for resource in resources:
        await world.event(kind, resource)
    await world.keeper.refresh()
    return resources


async def change(world: World, partner: str = "wobbly") -> pb.PartnerAvailabilityChanged:
    """The next change of the partner that was published."""
    message = await world.sent.take("bridge.partner", "PartnerAvailabilityChanged", partner)
    return pb.PartnerEvent.FromString(message.payload).partner_availability_changed


async def test_a_partner_that_is_away_is_reported_and_no_more_is_started(
    world: World, partner: Scripted
) -> None:
    await fail(world, partner)
    said = await change(world)
    assert (said.available, said.reason, said.version) == (False, "FAILING", 1)
    assert said.retry_time.ToDatetime(TODAY.tzinfo) > TODAY
    asked = len(partner.asked)
    refused = await pay(world)
    rejected = (await world.event("ChargeRejected", refused)).charge_rejected
    assert rejected.reason == "PARTNER_UNAVAILABLE"
    assert len(partner.asked) == asked
    await pay(world, "steady")
    assert world.worker.desks["steady"].takes_starts


async def test_a_charge_taken_from_the_table_is_not_started_either(
    world: World, partner: Scripted
) -> None:
    partner.gate.clear()
    held = [await pay(world) for _ in range(4)]
    waiting = await pay(world)
    partner.answers += [AWAY] * 4
    partner.gate.set()
    for resource in held:
        await world.event("ChargeRejected", resource)
    await world.worker.drain()
    assert await world.worker.take_due() == 1
    await world.event("ChargeRejected", waiting)
    assert ("start", f"{waiting}-charge") not in partner.asked
    async with world.units.pool.acquire() as connection:
        (attempt,) = await attempts_of(connection, [f"{waiting}-charge"])
    assert attempt.detail == "not asked: the partner is unavailable"


async def test_what_was_asked_before_goes_on_and_its_answers_open_the_partner_again(
    world: World, partner: Scripted, machine: ManualClock
) -> None:
    resources = await fail(world, partner, SILENT)
    assert not (await change(world)).available
    # The time of the holder's own probes: payments are still refused.
    machine.advance(QUICK.open_for)
    assert not world.worker.desks["wobbly"].takes_starts
    assert await world.worker.take_due() == 2
    for resource in resources:
        await world.event("ChargeAccepted", resource)
    await world.keeper.refresh()
    said = await change(world)
    assert (said.available, said.version) == (True, 2)
    await world.event("ChargeAccepted", await pay(world))
    assert [operation for operation, _ in partner.asked].count("start") == 3


async def test_with_nothing_to_ask_about_payments_are_the_probes_once_the_hold_is_over(
    world: World, partner: Scripted, machine: ManualClock
) -> None:
    await fail(world, partner)
    machine.advance(HELD)
    for _ in range(QUICK.probes):
        await world.event("ChargeAccepted", await pay(world))
    await world.keeper.refresh()
    assert not (await change(world)).available
    assert (await change(world)).available


async def test_another_process_refuses_too_and_leaves_the_row_to_its_holder(
    world: World, partner: Scripted, database: Database, machine: ManualClock
) -> None:
    await fail(world, partner)
    second = Scripted("wobbly", partner.rules)
    async with bridge(
        database.dsn("bridge"), partners={"wobbly": second}, machine=machine, polls=False
    ) as restarted:
        refused = await pay(restarted)
        await restarted.event("ChargeRejected", refused)
        assert second.asked == []
        assert restarted.keeper.row("wobbly").version == 1
        machine.advance(HELD)
        for _ in range(QUICK.probes):
            await restarted.event("ChargeAccepted", await pay(restarted))
        await restarted.keeper.refresh()
        assert (await change(restarted)).available
    await world.keeper.refresh()
    assert world.keeper.row("wobbly").version == 2
    assert world.worker.desks["wobbly"].takes_starts


async def test_a_full_desk_delays_no_other_partner(
    world: World, partner: Scripted, other: Scripted
) -> None:
    partner.gate.clear()
    slow = [new_resource() for _ in range(60)]
    commands = [
        pb.BridgeCommand(start_charge=start(each, "wobbly", 900, "KRW", merchant_code="code"))
        for each in slow
    ]
    await world.batch(commands, "batch")
    for _ in range(20):
        await world.event("ChargeAccepted", await pay(world, "steady"))
    desk = world.worker.desks["wobbly"]
    assert (desk.calls, desk.held, desk.room) == (2, 4, 0)
    assert await world.worker.take_due() == 0
    partner.gate.set()
    await world.event("ChargeAccepted", slow[0])


async def test_who_would_wait_too_long_for_a_token_is_asked_later_and_once(
    database: Database, machine: ManualClock
) -> None:
    calls = Pace(timedelta(seconds=40))
    partner = Scripted("paced", replace(RULES, pace=calls))
    async with bridge(
        database.dsn("bridge"), partners={"paced": partner}, machine=machine, polls=False
    ) as world:
        first, second = await pay(world, "paced"), await pay(world, "paced")
        await world.event("ChargeAccepted", first)
        await world.worker.drain()
        async with world.units.pool.acquire() as connection:
            found = await get_charge(connection, f"{second}-charge")
        assert found is not None
        assert (found.leased, found.operation) == (False, Operation.START)
        assert found.due_time == MACHINE + calls.every
        assert await world.worker.take_due() == 0
        machine.advance(calls.every)
        assert await world.worker.take_due() == 1
        await world.event("ChargeAccepted", second)
        assert [key for _, key in partner.asked] == [f"{first}-charge", f"{second}-charge"]


async def test_outside_its_hours_a_partner_is_closed_until_it_opens(database: Database) -> None:
    # TODAY is noon in Tokyo.
    hours = Hours(ZoneInfo("Asia/Tokyo"), time(12, 3), time(18), lambda _: True)
    partner = Scripted("bank", replace(RULES, hours=hours))
    async with bridge(database.dsn("bridge"), partners={"bank": partner}, polls=False) as world:
        said = await change(world, "bank")
        assert (said.reason, said.retry_time.seconds - TODAY.timestamp()) == ("CLOSED_HOURS", 180)
        await world.event("ChargeRejected", await pay(world, "bank"))
        world.clock.advance(timedelta(minutes=3))
        await world.keeper.refresh()
        assert (await change(world, "bank")).available
        await world.event("ChargeAccepted", await pay(world, "bank"))


async def test_of_two_operators_at_once_both_words_are_journaled(world: World) -> None:
    await asyncio.gather(
        world.keeper.set("steady", False, "mika", "maintenance"),
        world.keeper.set("steady", True, "jun", "not yet"),
    )
    async with world.units.pool.acquire() as connection:
        rows = await connection.fetch("SELECT version, operator, note FROM partner_changes")
    assert sorted(row["version"] for row in rows) == [1, 2]
    assert {(row["operator"], row["note"]) for row in rows} == {
        ("mika", "maintenance"),
        ("jun", "not yet"),
    }


async def test_a_refused_charge_is_final(world: World, partner: Scripted) -> None:
    await fail(world, partner)
    refused = await pay(world)
    await world.event("ChargeRejected", refused)
    async with world.units.pool.acquire() as connection:
        found = await get_charge(connection, f"{refused}-charge")
    assert found is not None
    assert (found.state, found.operation, found.asked) == (State.REJECTED, None, False)


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_refund_that_is_not_repeatable_is_inquired_about_before_it_is_sent_again(
    database: Database, machine: ManualClock, is_there: bool
) -> None:
    partner = Scripted("once", replace(RULES, refund_repeatable=False))
    async with bridge(
        database.dsn("bridge"), partners={"once": partner}, machine=machine, polls=False
    ) as world:
        await world.event("ChargeAccepted", resource := await pay(world, "once"))
        wish = new_resource(Resource.REFUND)
        partner.answers.append(SILENT)
        await world.command(wish, refund_charge=refund(resource, wish, 400, "KRW"))
        await world.worker.drain()
        if not is_there:
            partner.answers.append(replace(SILENT, detail=NO_REFUND))
        machine.advance(RULES.inquire_every)
        assert await world.worker.take_due() == 1
        await world.event("RefundAccepted", wish)
        asked = [operation for operation, key in partner.asked if key == wish]
        assert asked == ["refund", "inquire_refund", *([] if is_there else ["refund"])]


async def test_charges_that_wait_for_an_operator_are_counted_per_partner(
    world: World, partner: Scripted
) -> None:
    rules = {name: each.rules for name, each in world.partners.items()}
    queue = Queue(world.units, rules, world.clock)
    await fail(world, partner, SILENT)
    assert await queue.count() == 0
    world.clock.advance(RULES.operator_after)
    with capture_logs() as logs:
        assert await queue.count() == 2
    (line,) = [line for line in logs if line["event"] == "charges_await_operator"]
    assert (line["partner_id"], line["charges"]) == ("wobbly", 2)
