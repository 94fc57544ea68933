"""What commands leave in the tables, repeated, contradictory, out of order, and interrupted."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.bridge.domain.answer import Answer, Outcome
from services.bridge.domain.charge import State
from services.bridge.store.attempts import attempts_of
from services.bridge.store.charges import get_charge
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.kit.batch import UnknownMessage
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from tests.conftest import Database
from tests.contract.house import (
    World,
    bridge,
    cancel,
    new_resource,
    record_of,
    refund,
    start,
)
from tests.store.bridge.scripted import Scripted
from tests.unit.bridge.builders import MACHINE, RULES

REPEATABLE = replace(RULES, repeatable=True)


@pytest.fixture
def machine() -> ManualClock:
    return ManualClock(MACHINE)


@pytest.fixture
def partner() -> Scripted:
    return Scripted()


@pytest.fixture
async def world(
    database: Database, partner: Scripted, machine: ManualClock
) -> AsyncIterator[World]:
    partners = {
        "scripted": partner,
        "repeatable": Scripted("repeatable", REPEATABLE),
    }
    async with bridge(
        database.dsn("bridge"), partners=partners, machine=machine, polls=False
    ) as running:
        yield running


def order(resource: str, minor: int = 900, partner: str = "scripted") -> pb.StartCharge:
    return start(resource, partner, minor, "KRW", merchant_code="code")


async def state_of(world: World, resource: str) -> State:
    async with world.units.pool.acquire() as connection:
        found = await get_charge(connection, f"{resource}-charge")
    assert found is not None
    return found.state


async def test_a_batch_of_charges_takes_two_units(world: World, partner: Scripted) -> None:
    resources = [new_resource() for _ in range(50)]
    await world.batch([pb.BridgeCommand(start_charge=order(r)) for r in resources], "k")
    for resource in resources:
        await world.event("ChargeAccepted", resource)
    assert len(partner.asked) == 50
    async with world.units.pool.acquire() as connection:
        flights = await connection.fetchval("SELECT max(flight_id) FROM outbox_flights")
        assert len(await attempts_of(connection, [f"{r}-charge" for r in resources])) == 50
    assert flights == 1


async def test_a_repeat_within_a_batch_is_charged_once(world: World, partner: Scripted) -> None:
    resource = new_resource()
    command = pb.BridgeCommand(start_charge=order(resource))
    await world.batch([command, command], resource)
    await world.event("ChargeAccepted", resource)
    assert len(partner.asked) == 1
    assert world.sent.kinds(resource) == []


async def test_a_repeat_says_the_stored_refusal_again(world: World, partner: Scripted) -> None:
    partner.answers.append(Answer(Outcome.REJECTED, reason="PAYER_FUNDS", message="No funds."))
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    first = await world.event("ChargeRejected", resource)
    later = order(resource)
    later.expire_time.seconds += 60
    await world.command(resource, start_charge=later)
    assert (await world.event("ChargeRejected", resource)).charge_rejected == first.charge_rejected
    assert len(partner.asked) == 1


async def test_the_same_id_with_other_content_leaves_the_first_alone(
    world: World, partner: Scripted
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    await world.command(resource, start_charge=order(resource, 901))
    await world.sent.take("dead.letter", _conflict(0), resource)
    assert world.sent.kinds(resource) == []
    assert await state_of(world, resource) is State.ACCEPTED
    assert len(partner.asked) == 1


async def test_another_resource_with_a_taken_id_is_told_that_it_is_rejected(
    world: World, partner: Scripted
) -> None:
    first, second = new_resource(), new_resource()
    await world.command(first, start_charge=order(first))
    await world.event("ChargeAccepted", first)
    other = order(second)
    other.charge_id = f"{first}-charge"
    await world.command(second, start_charge=other)
    rejected = (await world.event("ChargeRejected", second)).charge_rejected
    assert rejected.reason == "CHARGE_EXISTS_WITH_DIFFERENT_CONTENT"
    assert world.sent.kinds(first) == []


async def test_a_charge_for_an_unknown_partner_is_rejected(world: World) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource, partner="nobody"))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert rejected.reason == "PARTNER_UNKNOWN"


async def test_a_charge_that_comes_too_late_is_not_sent(world: World, partner: Scripted) -> None:
    world.clock.advance(timedelta(hours=1))
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    rejected = (await world.event("ChargeRejected", resource)).charge_rejected
    assert (rejected.reason, partner.asked) == ("CHARGE_EXPIRED", [])


async def test_a_cancel_before_its_charge_refuses_the_charge(
    world: World, partner: Scripted
) -> None:
    resource = new_resource()
    await world.command(resource, cancel_charge=cancel(resource))
    await world.event("ChargeCancelled", resource)
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeCancelled", resource)
    assert partner.asked == []


async def test_a_charge_cancelled_in_its_own_batch_is_never_sent(
    world: World, partner: Scripted
) -> None:
    resource = new_resource()
    await world.batch(
        [
            pb.BridgeCommand(start_charge=order(resource)),
            pb.BridgeCommand(cancel_charge=cancel(resource)),
        ],
        resource,
    )
    await world.event("ChargeCancelled", resource)
    assert partner.asked == []


async def test_a_cancel_during_the_call_undoes_what_it_brings(
    world: World, partner: Scripted
) -> None:
    partner.gate.clear()
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await partner.called.wait()
    await world.command(resource, cancel_charge=cancel(resource))
    partner.gate.set()
    await world.worker.drain()
    await world.worker.take_due()
    await world.event("ChargeCancelled", resource)
    assert [operation for operation, _ in partner.asked] == ["start", "cancel"]
    assert world.sent.kinds(resource) == []


async def test_a_slow_call_does_not_hold_back_the_others(world: World, partner: Scripted) -> None:
    partner.gate.clear()
    slow, quick = new_resource(), new_resource()
    await world.command(slow, start_charge=order(slow))
    await world.command(quick, start_charge=order(quick, partner="repeatable"))
    await world.event("ChargeAccepted", quick)
    assert await state_of(world, slow) is State.STARTED


async def test_what_a_dead_process_may_have_sent_is_inquired_about(
    world: World, partner: Scripted, machine: ManualClock
) -> None:
    resource = new_resource()
    await _leave_leased(world, order(resource))
    assert await world.worker.take_due() == 0
    machine.advance(RULES.lease)
    assert await world.worker.take_due() == 1
    await world.event("ChargeAccepted", resource)
    assert partner.asked == [("inquire", f"{resource}-charge")]


async def test_what_a_repeatable_partner_may_have_got_is_sent_again(
    world: World, machine: ManualClock
) -> None:
    resource = new_resource()
    await _leave_leased(world, order(resource, partner="repeatable"))
    machine.advance(RULES.lease)
    await world.worker.take_due()
    await world.event("ChargeAccepted", resource)
    repeatable = world.partners["repeatable"]
    assert isinstance(repeatable, Scripted)
    assert repeatable.asked == [("start", f"{resource}-charge")]


async def test_two_workers_never_take_the_same_charge(
    world: World, database: Database, machine: ManualClock, partner: Scripted
) -> None:
    resources = [new_resource() for _ in range(40)]
    for resource in resources:
        await _leave_leased(world, order(resource))
    machine.advance(RULES.lease)
    twin = Scripted()
    async with bridge(
        database.dsn("bridge"), partners={"scripted": twin}, machine=machine, polls=False
    ) as second:
        taken = await world.worker.take_due() + await second.worker.take_due()
        await world.worker.drain()
        await second.worker.drain()
    assert taken == 40
    assert len({key for _, key in partner.asked + twin.asked}) == 40


async def test_an_answer_that_comes_after_its_lease_still_counts(
    world: World, database: Database, machine: ManualClock, partner: Scripted
) -> None:
    partner.gate.clear()
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await partner.called.wait()
    machine.advance(RULES.lease)
    twin = Scripted()
    twin.answers.append(Answer(Outcome.UNKNOWN, detail="PROCESSING"))
    async with bridge(
        database.dsn("bridge"), partners={"scripted": twin}, machine=machine, polls=False
    ) as second:
        await second.worker.take_due()
        await second.event("ChargeUnknown", resource)
        partner.gate.set()
        await world.event("ChargeAccepted", resource)
    assert await state_of(world, resource) is State.ACCEPTED


async def test_every_call_is_journaled(world: World, partner: Scripted) -> None:
    partner.answers.append(Answer(Outcome.UNKNOWN, detail="PROCESSING", request="{}"))
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeUnknown", resource)
    async with world.units.pool.acquire() as connection:
        (attempt,) = await attempts_of(connection, [f"{resource}-charge"])
        assert (attempt.operation, attempt.outcome) == ("start", "unknown")
        assert (attempt.detail, attempt.request) == ("PROCESSING", "{}")


async def test_refunds_together_never_exceed_the_charge(world: World) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    wishes = [new_resource(Resource.REFUND) for _ in range(3)]
    await world.batch(
        [pb.BridgeCommand(refund_charge=refund(resource, wish, 400, "KRW")) for wish in wishes],
        resource,
    )
    await world.event("RefundAccepted", wishes[0])
    await world.event("RefundAccepted", wishes[1])
    refused = (await world.event("RefundRejected", wishes[2])).refund_rejected
    assert refused.reason == "REFUND_EXCEEDS_CHARGE"


async def test_a_refused_refund_is_refused_again_under_its_id(world: World) -> None:
    resource = new_resource()
    wish = new_resource(Resource.REFUND)
    command = refund(resource, wish, 400, "KRW")
    await world.command(wish, refund_charge=command)
    await world.event("RefundRejected", wish)
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    await world.command(wish, refund_charge=command)
    refused = (await world.event("RefundRejected", wish)).refund_rejected
    assert refused.reason == "CHARGE_NOT_ACCEPTED"


async def test_a_refund_id_with_other_content_is_buried(world: World) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    wish = new_resource(Resource.REFUND)
    await world.command(wish, refund_charge=refund(resource, wish, 400, "KRW"))
    await world.event("RefundAccepted", wish)
    await world.command(wish, refund_charge=refund(resource, wish, 401, "KRW"))
    letter = "REFUND_EXISTS_WITH_DIFFERENT_CONTENT:bridge.command/0/0"
    await world.sent.take("dead.letter", letter, wish)
    assert world.sent.kinds(wish) == []


async def test_a_refund_of_a_dead_process_is_asked_for_again(
    world: World, partner: Scripted, machine: ManualClock
) -> None:
    resource = new_resource()
    await world.command(resource, start_charge=order(resource))
    await world.event("ChargeAccepted", resource)
    partner.answers.append(Answer(Outcome.UNKNOWN))
    wish = new_resource(Resource.REFUND)
    await world.command(wish, refund_charge=refund(resource, wish, 400, "KRW"))
    await world.worker.drain()
    machine.advance(RULES.inquire_every)
    await world.worker.take_due()
    await world.event("RefundAccepted", wish)
    assert partner.asked[1:] == [("refund", wish), ("refund", wish)]


async def test_a_command_of_a_newer_peer_stops_the_consumer(world: World) -> None:
    with pytest.raises(UnknownMessage):
        await world.batch([pb.BridgeCommand()], "k")


async def _leave_leased(world: World, command: pb.StartCharge) -> None:
    """Record the command like a process that dies before the call: the lease is all it leaves."""
    record = record_of(pb.BridgeCommand(start_charge=command), command.resource_id)
    await world.units.write(lambda c: world.handler.handle(c, [record]))


def _conflict(offset: int) -> str:
    return f"CHARGE_EXISTS_WITH_DIFFERENT_CONTENT:bridge.command/0/{offset}"
