"""Disputes at AMS, whose notices are signed, and at Kakao Pay, whose are not."""

from pathlib import Path

import pytest

from services.core.clock import ManualClock
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from tests.conftest import Database
from tests.contract.conformance.descriptor import Descriptor, Place
from tests.contract.conformance.descriptors import AMS, KAKAOPAY
from tests.contract.house import TODAY, World, bridge, new_resource, simulated, start
from tests.parts import eventually


async def work_on_dispute(world: World) -> None:
    """Wait until a dispute is due, and begin it."""

    async def is_taken() -> bool:
        return await world.disputes.take_due() > 0

    await eventually(is_taken)


@pytest.mark.parametrize("descriptor", [AMS, KAKAOPAY], ids=lambda one: one.partner_id)
@pytest.mark.parametrize("evidence", ["Signed receipt 42.", ""], ids=["fought", "accepted"])
async def test_a_dispute_is_opened_answered_and_ended_once(
    database: Database, tmp_path: Path, descriptor: Descriptor, evidence: str
) -> None:
    place = Place(tmp_path, ManualClock(TODAY))
    resource = new_resource()
    charge = start(
        resource,
        descriptor.partner_id,
        descriptor.minor,
        descriptor.currency,
        kind=descriptor.kind,
        **descriptor.order,
    )
    async with simulated(descriptor.simulate(place)) as partner:
        config = descriptor.configure(place, partner.url)
        async with bridge(database.dsn("bridge"), [config]) as world:
            url = f"{world.callback_url}/notice/{descriptor.partner_id}"
            await partner.control("notice_url", {"url": url})
            await world.command(resource, start_charge=charge)
            await world.event("ChargeAccepted", resource)
            await partner.control("dispute", {"id": charge.charge_id, "amount": 700})
            if descriptor is KAKAOPAY:
                await work_on_dispute(world)
            opened = (await world.event("DisputeOpened", resource)).dispute_opened
            assert opened.amount.minor_units == 700
            answer = pb.AnswerDispute(
                dispute_id=opened.dispute_id,
                resource_id=resource,
                accept=not evidence,
                evidence=evidence,
            )
            rule = {"operation": "dispute_answer"}
            await partner.fault("no_answer_after_work", delay_ms=10, match=rule)
            await world.command(resource, answer_dispute=answer)
            await work_on_dispute(world)
            if descriptor is KAKAOPAY:
                await work_on_dispute(world)
            ended = (await world.event("DisputeEnded", resource)).dispute_ended
            assert (ended.dispute_id, ended.won) == (opened.dispute_id, evidence != "")
            assert world.sent.kinds(resource) == []
            lost = {} if evidence else {charge.charge_id: 700}
            assert (await partner.books())["lost"] == lost
