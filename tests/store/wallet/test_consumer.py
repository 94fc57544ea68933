"""Commands over Kafka: each is answered by an event under its link."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from services.core.clock import ManualClock
from services.kit.batch import UnknownMessage
from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.wallet.v1.wallet_message_pb2 import (
    OpenAccounts,
    PostFunds,
    ReserveFunds,
    VoidFunds,
    WalletCommand,
    WalletEvent,
)
from services.wallet.consumer import build_consumer
from services.wallet.wire import encode_leg
from services.wallet.work import WalletWork
from tests.conftest import Database
from tests.parts import running_units, take_records, watching
from tests.store.wallet.world import Wallet
from tests.unit.wallet.builders import PANDA, START, payment_legs

LEGS = [encode_leg(leg) for leg in payment_legs()]
FUNDING = PANDA.account_id


async def send(units: Units, *commands: WalletCommand) -> None:
    """Put the commands on wallet.command, keyed by the funding account."""

    async def work(_connection: Connection) -> Decided[None]:
        return Decided(
            None,
            [
                Outgoing("wallet.command", FUNDING, 1, "Test", command.SerializeToString())
                for command in commands
            ],
        )

    committed = await units.write(work)
    assert committed.acknowledged is not None
    await committed.acknowledged


@asynccontextmanager
async def consuming(units: Units, topics: Topics) -> AsyncIterator["asyncio.Task[None]"]:
    work = WalletWork(ManualClock(START))
    await Wallet(units, work, ManualClock(START)).open_world()
    running = asyncio.create_task(build_consumer(topics, units, work).run())
    try:
        yield running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, UnknownMessage):
            await running


async def test_commands_are_answered_by_events(database: Database, topics: Topics) -> None:
    commands = [
        WalletCommand(
            reserve_funds=ReserveFunds(link_id="p1", funding_account_id=FUNDING, legs=LEGS)
        ),
        WalletCommand(post_funds=PostFunds(link_id="p1", funding_account_id=FUNDING)),
        WalletCommand(void_funds=VoidFunds(link_id="p1", funding_account_id=FUNDING)),
        WalletCommand(open_accounts=OpenAccounts(link_id="o1")),
    ]
    async with (
        running_units("wallet", database, topics) as units,
        watching(topics, "wallet.event") as tail,
        consuming(units, topics),
    ):
        await send(units, *commands)
        records = await take_records(tail, 6)

    told: dict[str, list[str]] = {}
    for record in records:
        event = WalletEvent.FromString(record.value)
        assert record.key == event.link_id
        told.setdefault(record.key, []).append(record.type)
        if record.type == "FundsRefused" and record.key == "o1":
            assert event.funds_refused.command == "open"
            assert event.funds_refused.reason == "ACCOUNTS_MISSING"
    assert told == {
        "world": ["AccountsOpened"],
        "top-up": ["FundsPosted"],
        "p1": ["FundsReserved", "FundsPosted", "FundsRefused"],
        "o1": ["FundsRefused"],
    }


async def test_a_newer_peer_stops_the_consumer(database: Database, topics: Topics) -> None:
    async with (
        running_units("wallet", database, topics) as units,
        consuming(units, topics) as running,
    ):
        # Field 99, which this version does not know.
        await send(units, WalletCommand.FromString(b"\x9a\x06\x00"))
        with pytest.raises(UnknownMessage):
            await asyncio.wait_for(running, 15)
