"""Several clerks, and one that dies in the middle of an upload: a file goes to the bank once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from services.bridge.partners.zengin_bank_rules import FileState
from services.bridge.payouts.model import PayoutState
from tests.conftest import Database
from tests.contract.file_bank_house import (
    GATHERED,
    MONDAY,
    YEN,
    FileWorld,
    file_bank,
    in_state,
    pay,
)
from tests.contract.japan_bank_house import text_of


@pytest.fixture
async def house(database: Database) -> AsyncIterator[FileWorld]:
    async with file_bank(database.dsn("bridge")) as running:
        yield running


async def test_two_clerks_send_every_record_once(house: FileWorld) -> None:
    resources = [await pay(house) for _ in range(4)]
    house.at(*GATHERED)
    await asyncio.gather(*(house.move() for _ in range(4)))
    house.at(*MONDAY)
    await asyncio.gather(*(house.move(2) for _ in range(4)))
    for resource in resources:
        await in_state(house, resource, PayoutState.EXECUTED)
    books = await house.bank.books()
    assert books["orders"] == {text_of(each): 1 for each in resources}
    assert set(books["uploads"].values()) == {1}


@pytest.mark.parametrize("fault", ["no_answer_after_work", "no_answer_before_work"])
async def test_a_clerk_that_dies_while_it_sends_leaves_a_file_that_is_searched_for(
    house: FileWorld, fault: str
) -> None:
    await house.bank.fault(fault, match={"operation": "transfer"}, delay_ms=60_000)
    resource = await pay(house)
    house.at(*GATHERED)
    dying = asyncio.create_task(house.move())
    async for struck in strikes(house):
        if struck:
            break
    assert [file["state"] for file in await house.files()] == [FileState.SENDING]
    dying.cancel()
    with suppress(asyncio.CancelledError):
        await dying
    # Under its lease it is nobody else's.
    await house.move(2)
    assert len((await house.bank.books())["uploads"]) == (fault == "no_answer_after_work")
    async with house.world.units.pool.acquire() as connection:
        await connection.execute("UPDATE bank_files SET due_time = now()")
    await house.move(4)
    await in_state(house, resource, PayoutState.ACCEPTED)
    house.at(*MONDAY)
    await house.move(2)
    await in_state(house, resource, PayoutState.EXECUTED)
    books = await house.bank.books()
    assert books["paid"] == {text_of(resource): YEN}
    assert list(books["uploads"].values()) == [1]


async def strikes(house: FileWorld) -> AsyncIterator[int]:
    """How many faults have struck, looked at again and again."""
    while True:
        async with house.bank.session.get("/_control/faults") as answer:
            yield len((await answer.json())["struck"])
        await asyncio.sleep(0.02)
