"""The Japanese bank beside a bridge, and payouts through it, as tests order and await them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from services.bridge.payouts.messages import read_payout_order
from services.bridge.payouts.model import Payout, PayoutOrder, PayoutState
from services.bridge.payouts.store import get_payout
from services.bridge.settings import PartnerConfig
from services.core.clock import Clock, ManualClock
from services.core.ids import Resource
from services.kit.bank_accounts import payout_place, seal_account
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.japan_bank import JapanBank
from services.sandbox.partners.japan_bank_transfers import Habits
from tests.contract.house import (
    EVENT_SECONDS,
    TODAY,
    Simulated,
    World,
    bridge,
    new_resource,
    quick,
    simulated,
)
from tests.parts import PAYEE_BOX

PARTNER = "japan-bank"
TOKEN = "token"
ACCOUNT_ID = "101010999999"
OPENING_YEN = 500_000_000
FEE_YEN = 145
WAIT_SECONDS = EVENT_SECONDS
PAYEE = {
    "bank_code": "0005",
    "branch_code": "001",
    "account_type": "1",
    "account_number": "1234567",
    "holder_name": "ｶ)ﾃｽﾄｼﾖｳｼﾞ",
}


@dataclass
class Bank(Simulated):
    """The simulator. Its clock moves by itself only where the test moves it."""

    clock: ManualClock


@asynccontextmanager
async def japan_bank(
    habits: Habits | None = None, page_size: int = 500, books: Books | None = None
) -> AsyncIterator[Bank]:
    """The bank; approves and executes at once where `habits` say nothing else."""
    clock = ManualClock(TODAY)
    made = JapanBank(clock, books or Books(None), habits or Habits(0, 0, 0), page_size)
    async with simulated(made) as served:
        yield Bank(served.url, served.session, served.server, clock)


def bank_config(
    bank: Simulated, options: dict[str, str] | None = None, **changes: Any
) -> PartnerConfig:
    """The bank as the bridge is told of it, with schedules that fit a test."""
    limits = quick(slowest_seconds=0.2, returns_every_seconds=0.05, **changes)
    named = {"account_id": ACCOUNT_ID, **(options or {})}
    return PartnerConfig(PARTNER, "aozora", bank.url, SecretStr(TOKEN), limits, named)


@asynccontextmanager
async def paying(
    dsn: str, bank: Simulated, machine: Clock | None = None, **changes: Any
) -> AsyncIterator[World]:
    """A bridge that pays out through the bank; it polls unless the test has its own `machine`."""
    config = bank_config(bank, **changes)
    async with bridge(dsn, [config], machine=machine, polls=machine is None) as running:
        yield running


def pay(resource: str, yen: int = 120_000, **more: Any) -> pb.SubmitPayout:
    """An order to pay out, named after its resource where `payout_id` does not say another name."""
    payout_id = more.pop("payout_id", resource)
    payee = {name: more.pop(name, value) for name, value in PAYEE.items()}
    command = pb.SubmitPayout(
        payout_id=payout_id,
        resource_id=resource,
        partner_id=more.pop("partner_id", PARTNER),
        description="Settlement",
        **more,
    )
    command.amount.minor_units = yen
    command.amount.currency_code = "JPY"
    parts = [str(payee[name]) for name in PAYEE]
    command.sealed_payee = seal_account(PAYEE_BOX, payout_place(payout_id), parts)
    return command


def text_of(resource: str) -> str:
    """Our short reference, which goes with the remittance."""
    order: PayoutOrder = read_payout_order(pay(resource), PAYEE_BOX)
    return order.short_reference


async def order_payout(world: World, yen: int = 120_000, **more: Any) -> str:
    """Have the bridge pay out; the payout's resource and id."""
    resource = new_resource(Resource.PAYOUT)
    await world.command(resource, submit_payout=pay(resource, yen, **more))
    return resource


async def payout_of(world: World, resource: str) -> Payout:
    """The payout as it stands in the table."""
    async with world.units.pool.acquire() as connection:
        found = await get_payout(connection, resource)
    assert found is not None
    return found


async def until_payout(world: World, resource: str, holds: Callable[[Payout], bool]) -> Payout:
    """Wait until something holds of the payout. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds(found := await payout_of(world, resource)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


async def state_of(world: World, resource: str) -> PayoutState:
    return (await payout_of(world, resource)).state
