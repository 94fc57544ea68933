"""What the bank by file collected is given back: debits cancelled on their way, refunds."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.bridge.partners.zengin_bank_rules import number_of
from tests.conftest import Database
from tests.contract.file_bank_house import GATHERED, WEDNESDAY, FileWorld, debit, file_bank
from tests.contract.house import EVENT_SECONDS, cancel, refund


@pytest.fixture
async def house(database: Database) -> AsyncIterator[FileWorld]:
    async with file_bank(database.dsn("bridge")) as running:
        yield running


async def test_a_debit_that_waits_is_taken_out_when_it_is_cancelled(house: FileWorld) -> None:
    resource = await debit(house)
    await house.world.command(resource, cancel_charge=cancel(resource))
    await house.world.event("ChargeCancelled", resource)
    house.at(*GATHERED)
    await house.move()
    assert await house.files() == []


async def test_a_debit_cancelled_on_its_way_is_given_back_when_it_was_collected(
    house: FileWorld,
) -> None:
    resource = await debit(house)
    house.at(*GATHERED)
    await house.move()
    await house.world.command(resource, cancel_charge=cancel(resource))
    house.at(*WEDNESDAY)
    await house.move(2)
    await carried_out(house, f"{resource}-charge-void")
    await house.world.event("ChargeCancelled", resource)
    books = await house.bank.books()
    assert books["refunded"] == {number_of(f"{resource}-charge-void"): 1_000}


async def test_a_refund_is_a_transfer_to_the_account_that_was_debited(house: FileWorld) -> None:
    resource = await debit(house)
    house.at(*GATHERED)
    await house.move()
    house.at(*WEDNESDAY)
    await house.move(2)
    await house.world.event("ChargeAccepted", resource)
    await house.world.command("back", refund_charge=refund(resource, "back", 400, "JPY"))
    await carried_out(house, "back")
    await house.world.event("RefundAccepted", "back")
    assert (await house.bank.books())["refunded"] == {number_of("back"): 400}


async def carried_out(house: FileWorld, item_id: str) -> None:
    """Wait until a record is kept on Wednesday morning, and have it paid on Thursday."""
    async with asyncio.timeout(EVENT_SECONDS):
        while not await house.has_record(item_id):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    house.at(35, 14, 5)
    await house.move()
    house.at(36, 10)
    await house.move(2)
