"""A withdrawal's order through the real bridge to the Japanese bank, and what the bank says heard
by the withdrawal's rules."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.core.ids import Resource, resource_id
from services.gateway.incoming import read_event
from services.gateway.withdrawals import saga
from services.gateway.withdrawals.messages import command_of
from services.gateway.withdrawals.model import Ask, State, Step, Withdrawal
from services.kit.bank_accounts import payout_place, seal_account
from services.kit.kafka import Record
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeCommand, BridgeEvent
from services.sandbox.partners.japan_bank_transfers import NO_SUCH_ACCOUNT
from tests.conftest import Database
from tests.contract.house import World, new_resource
from tests.contract.japan_bank_house import Bank, japan_bank, paying
from tests.parts import PAYEE_BOX

YEN = 30_000
NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with japan_bank() as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, bank: Bank) -> AsyncIterator[World]:
    async with paying(database.dsn("bridge"), bank) as running:
        yield running


def withdrawal(account_number: str = "1234567") -> Withdrawal:
    """One whose money is set aside, to an account linked in full-width kana."""
    reference = new_resource(Resource.WITHDRAWAL).partition("-")[2]
    ask = Ask(
        reference, "sakura", "w1", b"", "l1", "hanako", "japan-bank", YEN, "JPY", NOW,
        date(2026, 10, 30),
    )  # fmt: skip
    life = replace(saga.first_life(NOW), step=Step.ORDER)
    account = ("0005", "001", "1", account_number, "ヤマダ ハナコ")
    place = payout_place(resource_id(Resource.WITHDRAWAL, reference))
    return Withdrawal(ask, life, seal_account(PAYEE_BOX, place, account))


async def ordered(world: World, made: Withdrawal) -> None:
    command = BridgeCommand.FromString(command_of(Step.ORDER, made).payload)
    await world.command(made.resource_id, submit_payout=command.submit_payout)


def heard(made: Withdrawal, event: BridgeEvent) -> Withdrawal:
    record = Record("bridge.event", 0, 0, made.resource_id, "", "", event.SerializeToString())
    incoming = read_event(record)
    assert incoming is not None
    return replace(made, life=saga.decide(made, incoming, NOW).life or made.life)


async def test_a_withdrawal_is_paid_by_the_bank(world: World, bank: Bank) -> None:
    made = withdrawal()
    await ordered(world, made)
    for step in ("PayoutSubmitted", "PayoutAccepted", "PayoutExecuted"):
        made = heard(made, await world.event(step, made.resource_id))

    assert (made.life.state, made.life.step) == (State.COMPLETED, Step.POST)
    assert list((await bank.books())["paid"].values()) == [YEN]


async def test_an_account_that_is_not_there_sends_it_back(world: World) -> None:
    made = withdrawal(NO_SUCH_ACCOUNT)
    await ordered(world, made)
    for step in ("PayoutExecuted", "PayoutReturned"):
        made = heard(made, await world.event(step, made.resource_id))

    assert (made.life.step, made.life.reason) == (Step.POST_BACK, "PAYEE_UNKNOWN")
