"""The bank by file beside a bridge; tests move its days and have its files moved pass by pass."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from services.bridge.domain.charge import Charge
from services.bridge.partner import BankAccount
from services.bridge.partners.zengin_bank import ZenginBank
from services.bridge.payouts.model import PayoutState
from services.bridge.settings import PartnerConfig
from services.bridge.store.bank_files import get_record
from services.bridge.store.charges import get_charge
from services.core.clock import ManualClock
from services.core.ids import Resource
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.books import Books
from services.sandbox.partners.file_bank import FileBank
from services.sandbox.partners.file_bank_orders import FileHabits
from tests.contract.house import Simulated, World, bridge, new_resource, quick, simulated, start
from tests.contract.japan_bank_house import order_payout, until_payout

PARTNER = "file-bank"
OWN = "9990-101-1-0888888"
OPTIONS = {
    "account": OWN,
    "account_name": "ｶﾜｾ",
    "originator_code": "0000012345",
    "transfer_lead_days": "1",
    "debit_lead_days": "1",
}
TOKYO = ZoneInfo("Asia/Tokyo")
HANAKO = BankAccount("hanako", PARTNER, "0005", "001", "1", "1234567", "ヤマダ　ハナコ")
HANAKOS = "0005-001-1-1234567"
AT_ONCE = FileHabits(0, 0, 1, 0)
YEN = 120_000
NOON, GATHERED, LATE = (30, 12), (30, 14, 5), (30, 15, 5)
MONDAY, WEDNESDAY = (33, 10), (35, 10)
"""2 and 4 November: the days of value and of a debit's result; the 3rd is a holiday."""


def tokyo(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of the bank's, in October 2026 (30 is a Friday); days from 32 on are in November."""
    if day > 31:
        return datetime(2026, 11, day - 31, hour, minute, tzinfo=TOKYO)
    return datetime(2026, 10, day, hour, minute, tzinfo=TOKYO)


@dataclass
class FileWorld:
    """A bridge, the bank, and the clock that both follow."""

    world: World
    bank: Simulated
    clock: ManualClock

    @property
    def partner(self) -> ZenginBank:
        found = self.world.partners[PARTNER]
        assert isinstance(found, ZenginBank)
        return found

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Set both clocks."""
        self.clock.set(tokyo(day, hour, minute))
        self.world.clock.set(tokyo(day, hour, minute))

    async def move(self, passes: int = 1) -> None:
        """Have the files moved."""
        for _ in range(passes):
            await self.partner.make_pass()

    async def files(self) -> list[Any]:
        """Our files as they stand, oldest first."""
        async with self.world.units.pool.acquire() as connection:
            return list(
                await connection.fetch("SELECT * FROM bank_files ORDER BY create_time, file_id")
            )

    async def has_record(self, item_id: str) -> bool:
        """Whether a transfer or debit is kept for a file, or was."""
        async with self.world.units.pool.acquire() as connection:
            return await get_record(connection, PARTNER, item_id) is not None

    async def top_up(self, yen: int = 1_000) -> str:
        """Have Hanako's account debited; the charge's resource."""
        linked = await self.partner.link_account(HANAKO)
        resource = new_resource(Resource.TOP_UP)
        order = start(
            resource,
            PARTNER,
            yen,
            "JPY",
            kind=pb.CHARGE_KIND_TOP_UP,
            payer_reference=linked.payer_reference,
        )
        order.ClearField("expire_time")
        await self.world.command(resource, start_charge=order)
        return resource

    async def charge(self, resource: str) -> Charge:
        async with self.world.units.pool.acquire() as connection:
            found = await get_charge(connection, f"{resource}-charge")
        assert found is not None
        return found


@asynccontextmanager
async def file_bank(
    dsn: str,
    habits: FileHabits = AT_ONCE,
    options: dict[str, str] | None = None,
    page_size: int = 500,
) -> AsyncIterator[FileWorld]:
    """Friday, 30 October 2026, at noon. Nothing moves files but the test."""
    clock = ManualClock(tokyo(30, 12))
    simulator = FileBank(clock, Books(None), habits, page_size)
    async with simulated(simulator) as served:
        limits = quick(
            call_seconds=5,
            lease_seconds=20,
            slowest_seconds=0.2,
            inquiries=2,
            # What a pass has sent is due again within it: a pass looks what became of it.
            inquire_every_seconds=0.000_1,
            returns_every_seconds=0.05,
        )
        config = PartnerConfig(
            PARTNER,
            "zengin_bank",
            served.url,
            SecretStr("token"),
            limits,
            OPTIONS | (options or {}),
        )
        async with bridge(dsn, [config], moves_files=False) as world:
            yield FileWorld(world, served, clock)


async def pay(house: FileWorld, yen: int = YEN, **more: str) -> str:
    """Order a payout, and wait until its record is kept."""
    resource = await order_payout(house.world, yen, partner_id=PARTNER, **more)
    await until_payout(house.world, resource, lambda payout: payout.asked)
    return resource


async def debit(house: FileWorld, yen: int = 1_000) -> str:
    """Order a top-up, and wait until its record is kept."""
    resource = await house.top_up(yen)
    await house.world.event("ChargeUnknown", resource)
    return resource


async def in_state(house: FileWorld, resource: str, state: PayoutState) -> None:
    await until_payout(house.world, resource, lambda payout: payout.state is state)
