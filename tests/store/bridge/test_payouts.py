"""What payouts leave in the tables: repeated, contradictory, interrupted, resolved."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.bridge.notices.notice import PayoutNotice
from services.bridge.payouts.life import PayoutDecided
from services.bridge.payouts.messages import PayoutMalformed
from services.bridge.payouts.model import PayoutState, Word
from services.bridge.payouts.operators import PayoutNotFound, PayoutOperators
from services.bridge.payouts.store import list_open_payouts, payout_attempts_of
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.kit.postgres import Connection
from services.kit.unit import Decided
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from tests.conftest import Database
from tests.contract.house import LANE, TODAY, World, bridge, new_resource
from tests.contract.japan_bank_house import order_payout, pay, payout_of, state_of
from tests.parts import until
from tests.store.bridge.paying import PayingBank, operations
from tests.store.bridge.scripted import Scripted
from tests.unit.bridge.payout_builders import MACHINE, RULES, word


@pytest.fixture
def machine() -> ManualClock:
    return ManualClock(MACHINE)


@pytest.fixture
def bank() -> PayingBank:
    return PayingBank()


@pytest.fixture
async def world(database: Database, bank: PayingBank, machine: ManualClock) -> AsyncIterator[World]:
    partners = {"japan-bank": bank}
    async with bridge(
        database.dsn("bridge"), partners=partners, machine=machine, polls=False
    ) as running:
        yield running


async def work(world: World) -> None:
    """Take what is due and wait for its answers to be stored."""
    await world.payouts.take_due()
    await world.payouts.drain()


async def test_a_batch_of_payouts_is_recorded_in_one_unit_and_paid(
    world: World, bank: PayingBank
) -> None:
    resources = [new_resource(Resource.PAYOUT) for _ in range(50)]
    await world.batch([pb.BridgeCommand(submit_payout=pay(each)) for each in resources], "k")
    assert bank.asked_payouts == []
    await work(world)
    for resource in resources:
        await world.event("PayoutExecuted", resource)
        assert operations(bank, resource) == ["submit"]


async def test_an_attempt_is_durable_before_the_bank_is_asked(
    world: World, bank: PayingBank
) -> None:
    bank.payout_gate.clear()
    resource = await order_payout(world)
    await world.payouts.take_due()
    found = await payout_of(world, resource)
    assert (found.leased, found.turn) == (True, 1)
    bank.payout_gate.set()
    await world.payouts.drain()


async def test_a_payout_of_a_dead_process_is_searched_for_and_never_sent_again(
    world: World, bank: PayingBank, machine: ManualClock
) -> None:
    bank.payout_gate.clear()
    resource = await order_payout(world)
    await world.payouts.take_due()
    await until(lambda: bank.asked_payouts != [])
    machine.advance(RULES.lease)
    bank.words.append(word(Word.SILENT))
    bank.words.append(word(Word.EXECUTED))
    await world.payouts.take_due()
    bank.payout_gate.set()
    await world.payouts.drain()
    await world.event("PayoutExecuted", resource)
    assert operations(bank, resource) == ["submit", "search"]


async def test_a_repeat_within_a_batch_is_recorded_once(world: World, bank: PayingBank) -> None:
    resource = new_resource(Resource.PAYOUT)
    command = pb.BridgeCommand(submit_payout=pay(resource))
    await world.batch([command, command], resource)
    await work(world)
    assert operations(bank, resource) == ["submit"]


async def test_a_refusal_is_said_again_to_a_repeat(world: World, bank: PayingBank) -> None:
    bank.words.append(word(Word.REJECTED, reason="BANK_FUNDS", message="Too little."))
    resource = await order_payout(world)
    await work(world)
    first = await world.event("PayoutRejected", resource)
    await world.command(resource, submit_payout=pay(resource))
    again = await world.event("PayoutRejected", resource)
    assert again.payout_rejected == first.payout_rejected
    assert operations(bank, resource) == ["submit"]


async def test_the_same_id_with_other_content_leaves_the_first_alone(
    world: World, bank: PayingBank
) -> None:
    resource = await order_payout(world)
    await world.command(resource, submit_payout=pay(resource, 1))
    letter = "PAYOUT_EXISTS_WITH_DIFFERENT_CONTENT:bridge.command/0/0"
    await world.sent.take("dead.letter", letter, resource)
    await work(world)
    assert (await payout_of(world, resource)).order.amount.minor == 120_000


async def test_another_resource_with_a_taken_id_is_told_that_it_is_rejected(world: World) -> None:
    first = await order_payout(world)
    second = new_resource(Resource.PAYOUT)
    await world.command(second, submit_payout=pay(second, payout_id=first))
    rejected = (await world.event("PayoutRejected", second)).payout_rejected
    assert rejected.reason == "PAYOUT_EXISTS_WITH_DIFFERENT_CONTENT"


async def test_a_payout_through_an_unknown_partner_is_rejected(world: World) -> None:
    resource = await order_payout(world, partner_id="nobody")
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert rejected.reason == "PARTNER_UNKNOWN"


async def test_a_partner_that_does_not_pay_out_rejects(database: Database) -> None:
    async with bridge(
        database.dsn("bridge"), partners={"japan-bank": Scripted("japan-bank")}, polls=False
    ) as world:
        resource = await order_payout(world)
        await work(world)
        rejected = (await world.event("PayoutRejected", resource)).payout_rejected
        assert rejected.reason == "PAYOUT_NOT_OFFERED"


async def test_each_call_is_journaled(world: World, bank: PayingBank, machine: ManualClock) -> None:
    bank.words += [word(Word.SUBMITTED, request="{}", response="{}"), word(Word.EXECUTED)]
    resource = await order_payout(world)
    await work(world)
    machine.advance(RULES.inquire_every)
    await work(world)
    async with world.units.pool.acquire() as connection:
        attempts = await payout_attempts_of(connection, [resource])
    told = [(attempt.operation, attempt.outcome) for attempt in attempts]
    assert told == [("submit", "submitted"), ("inquire", "executed")]


async def test_open_payouts_are_listed_by_age(world: World, bank: PayingBank) -> None:
    bank.words.append(word(Word.SILENT))
    open_one = await order_payout(world)
    await work(world)
    done = await order_payout(world)
    await work(world)
    assert await state_of(world, done) is PayoutState.EXECUTED
    async with world.units.pool.acquire() as connection:
        assert [p.payout_id for p in await list_open_payouts(connection, TODAY, 10)] == [open_one]
        before = TODAY - timedelta(seconds=1)
        assert await list_open_payouts(connection, before, 10) == []


async def test_an_operators_word_is_journaled_and_said_like_a_banks(
    world: World, bank: PayingBank, machine: ManualClock
) -> None:
    bank.words.append(word(Word.SILENT))
    resource = await order_payout(world)
    await work(world)
    operators = PayoutOperators(world.units, world.payouts, LANE)
    await operators.resolve(resource, PayoutState.REJECTED, "aoi", "the bank has nothing")
    rejected = (await world.event("PayoutRejected", resource)).payout_rejected
    assert (rejected.reason, rejected.message) == ("OPERATOR", "the bank has nothing")
    async with world.units.pool.acquire() as connection:
        last = (await payout_attempts_of(connection, [resource]))[-1]
    assert (last.operation, last.detail) == ("operator", "aoi: the bank has nothing")
    with pytest.raises(PayoutDecided):
        await operators.resolve(resource, PayoutState.EXECUTED, "aoi", "no, it has")
    with pytest.raises(PayoutNotFound):
        await operators.resolve("nothing", PayoutState.EXECUTED, "aoi", "why")


async def test_a_banks_notice_makes_its_payout_due_at_once(world: World, bank: PayingBank) -> None:
    bank.words.append(word(Word.SUBMITTED))
    resource = await order_payout(world)
    await work(world)
    assert await world.payouts.take_due() == 0
    notice = PayoutNotice(partner_reference="P1")

    async def hear(connection: Connection) -> Decided[None]:
        told = await world.payouts.hear_notices(connection, [("japan-bank", notice)])
        return Decided(None, told)

    await world.units.write(hear)
    await work(world)
    await world.event("PayoutExecuted", resource)


async def test_two_processes_do_not_take_the_same_payout(world: World, bank: PayingBank) -> None:
    resources = [await order_payout(world) for _ in range(10)]
    taken = await asyncio.gather(*(world.payouts.take_due() for _ in range(4)))
    await world.payouts.drain()
    assert sum(taken) == 10
    assert all(operations(bank, each) == ["submit"] for each in resources)


async def test_an_order_without_a_right_payee_is_buried(world: World, bank: PayingBank) -> None:
    resource = new_resource(Resource.PAYOUT)
    with pytest.raises(PayoutMalformed):
        await world.command(resource, submit_payout=pay(resource, account_number="12"))
    await work(world)
    assert bank.asked_payouts == []
