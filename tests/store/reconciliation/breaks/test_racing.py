"""Breaks that two touch at once: who waits decides on what the first has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from services.kit.kafka import Topics
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.model import Outcome, ResolutionKind, State
from services.reconciliation.breaks.refusals import TransferUnderWay
from services.reconciliation.breaks.resolving import Policy, Wish
from tests.conftest import Database
from tests.parts import waiting
from tests.store.reconciliation.breaks.books import Books, bookkeeping, broken


@pytest.fixture
async def books(database: Database, topics: Topics) -> AsyncIterator[Books]:
    async with bookkeeping(database, topics) as made:
        yield made


@pytest.fixture
def desk(books: Books) -> Desk:
    return Desk(books.units, books.clock, Policy())


async def proposed(books: Books, desk: Desk) -> tuple[int, str]:
    """The partner's row of a break whose correcting transfer is proposed, and its id."""
    theirs = await books.theirs("R1")
    await books.run([broken(None, theirs, "MISSING_WITH_US", -10_000)])
    name = (await books.only()).item.break_id
    kind = ResolutionKind.CORRECTING_TRANSFER
    await desk.propose(name, Wish(kind, "looked at", "suspense:KRW", "loss:KRW"), "mei")
    return theirs, name


@asynccontextmanager
async def all_wait(books: Books) -> AsyncIterator[None]:
    """Nobody gets at a break before this is over."""
    owner = await asyncpg.connect(books.owner)
    try:
        async with owner.transaction():
            await owner.execute("SELECT FROM reconciliation.breaks FOR UPDATE")
            yield
    finally:
        await owner.close()


async def test_what_is_approved_while_another_turns_it_down_is_not_turned_down(
    books: Books, desk: Desk
) -> None:
    _, name = await proposed(books, desk)
    async with all_wait(books):
        approving = asyncio.create_task(desk.approve(name, "kenji"))
        await waiting(books.units.pool, 1)
        rejecting = asyncio.create_task(desk.reject(name, "yuki", "not ours"))
        await waiting(books.units.pool, 2)
    await approving
    with pytest.raises(TransferUnderWay):
        await rejecting


async def test_what_is_approved_while_a_run_finds_another_break_keeps_its_transfer(
    books: Books, desk: Desk
) -> None:
    theirs, name = await proposed(books, desk)
    ours = await books.ours("R1", 9_000)
    async with all_wait(books):
        approving = asyncio.create_task(desk.approve(name, "kenji"))
        await waiting(books.units.pool, 1)
        running = asyncio.create_task(books.run([broken(ours, theirs, "AMOUNT", -1_000)]))
        await waiting(books.units.pool, 2)
    resolution = (await approving).item.resolution
    await running
    item = (await books.only()).item
    assert (item.state, item.size) == (State.PROPOSED, -1_000)
    assert item.resolution is not None
    assert resolution is not None
    assert item.resolution.outcome is Outcome.APPROVED
    posted = WalletEvent(link_id=resolution.link_id)
    posted.funds_posted.SetInParent()
    await books.answer(posted)
    item = (await books.only()).item
    assert (item.state, item.has_moved_money) == (State.OPEN, True)
