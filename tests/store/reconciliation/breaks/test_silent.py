"""Transfers that two people have approved, and of which the ledger says nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.kit.kafka import Topics
from services.kit.repeating import Repeater
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand, WalletEvent
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.model import ResolutionKind
from services.reconciliation.breaks.resolving import Policy, Wish
from services.reconciliation.breaks.store.silent import take_silent
from tests.conftest import Database
from tests.store.reconciliation.breaks.books import Books, bookkeeping, broken


@pytest.fixture
async def books(database: Database, topics: Topics) -> AsyncIterator[Books]:
    async with bookkeeping(database, topics) as made:
        yield made


async def commands(books: Books) -> list[WalletCommand]:
    """The transfers that the ledger was told of, in their order."""
    rows = await books.units.pool.fetch(
        "SELECT payload FROM outbox WHERE topic = 'wallet.command' ORDER BY stripe, sequence"
    )
    told = [WalletCommand.FromString(row["payload"]) for row in rows]
    return [each for each in told if each.HasField("transfer_funds")]


async def test_a_transfer_the_ledger_does_not_answer_is_asked_for_again_until_it_does(
    books: Books,
) -> None:
    repeater = Repeater(books.units, books.clock, "corrections", take_silent)
    desk = Desk(books.units, books.clock, Policy())
    await books.run([broken(None, await books.theirs("R1"), "MISSING_WITH_US", -10_000)])
    name = (await books.only()).item.break_id
    kind = ResolutionKind.CORRECTING_TRANSFER
    await desk.propose(name, Wish(kind, "looked at", "suspense:KRW", "loss:KRW"), "mei")
    books.clock.advance(timedelta(hours=1))
    await repeater.step()
    assert await commands(books) == []

    await desk.approve(name, "kenji")
    await repeater.step()
    (asked,) = await commands(books)
    books.clock.advance(timedelta(seconds=31))
    await repeater.step()
    await repeater.step()
    assert await commands(books) == [asked, asked]

    posted = WalletEvent(link_id=asked.transfer_funds.link_id)
    posted.funds_posted.SetInParent()
    await books.answer(posted)
    books.clock.advance(timedelta(days=1))
    await repeater.step()
    assert len(await commands(books)) == 2
