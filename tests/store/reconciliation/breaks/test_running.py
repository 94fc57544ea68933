"""Breaks through the runs of days, in the tables."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from services.kit.kafka import Topics
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand, WalletEvent
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.model import ResolutionKind, State, What
from services.reconciliation.breaks.resolving import Policy, Wish
from services.reconciliation.breaks.store.lists import notes_of
from tests.conftest import Database
from tests.store.reconciliation.breaks.books import (
    DAY,
    NEXT,
    Books,
    bookkeeping,
    broken,
    matched,
)


@pytest.fixture
async def books(database: Database, topics: Topics) -> AsyncIterator[Books]:
    async with bookkeeping(database, topics) as made:
        yield made


async def test_a_break_that_stays_is_one_break_and_grows_older(books: Books) -> None:
    row = await books.ours("R1")
    pairs = [broken(row, None, "MISSING_AT_PARTNER", 10_000)]
    assert len(await books.run(pairs)) == 1
    opened = await books.only()
    books.clock.advance(timedelta(days=1))
    assert await books.run(pairs, NEXT) == []
    assert await books.only() == opened
    assert opened.our_reference == "R1"
    assert (opened.item.day, opened.item.state) == (DAY, State.OPEN)


async def test_a_late_row_resolves_what_was_missing(books: Books) -> None:
    row = await books.ours("R1")
    await books.run([broken(row, None, "MISSING_AT_PARTNER", 10_000)])
    late = await books.theirs("R1", day=NEXT)
    await books.run([matched(row, late, "near")], NEXT)
    seen = await books.only()
    assert seen.item.state is State.RESOLVED
    async with books.units.pool.acquire() as connection:
        notes = await notes_of(connection, seen.item.break_id)
    assert [note.note.what for note in notes] == [What.OPENED, What.RESOLVED]
    assert "near" in notes[1].note.text


async def test_half_a_pair_that_is_matched_leaves_the_other_half_open(books: Books) -> None:
    ours, theirs = await books.ours("R1"), await books.theirs("R1", 9_000)
    await books.run([broken(ours, theirs, "AMOUNT", 1_000)])
    right = await books.theirs("R1")
    again = [matched(ours, right), broken(None, theirs, "MISSING_WITH_US", -9_000)]
    await books.run(again)
    seen = await books.only()
    assert seen.item.state is State.OPEN
    assert (seen.item.our_row, seen.item.their_row, seen.item.size) == (None, theirs, -9_000)


async def test_two_breaks_that_turn_out_to_be_one_go_on_as_the_older(books: Books) -> None:
    ours, theirs = await books.ours("R1"), await books.theirs("R1", 9_000)
    await books.run(
        [
            broken(ours, None, "MISSING_AT_PARTNER", 10_000),
            broken(None, theirs, "MISSING_WITH_US", -9_000),
        ]
    )
    assert len(await books.breaks()) == 2
    await books.run([broken(ours, theirs, "AMOUNT", 1_000)])
    seen = await books.only()
    assert (seen.item.kind, seen.item.size) == ("AMOUNT", 1_000)
    assert await books.run([broken(ours, theirs, "AMOUNT", 1_000)]) == []


async def test_what_a_run_does_is_told_to_others(books: Books) -> None:
    row = await books.ours("R1")
    (said,) = await books.run([broken(row, None, "MISSING_AT_PARTNER", 10_000)])
    assert (said.topic, said.type) == ("reconciliation.event", "BreakChanged")
    assert said.stripe < 32


async def test_a_row_of_ours_that_is_taken_back_takes_its_break_along(books: Books) -> None:
    row = await books.ours("R1")
    await books.run([broken(row, None, "MISSING_AT_PARTNER", 10_000)])
    owner = await asyncpg.connect(books.owner)
    try:
        await owner.execute("DELETE FROM reconciliation.our_rows WHERE row = $1", row)
    finally:
        await owner.close()
    await books.run([])
    assert (await books.only()).item.state is State.RESOLVED


async def test_what_the_ledger_has_not_posted_stays_open_whatever_other_day_is_run(
    books: Books,
) -> None:
    row = await books.ours("R1", resource_id="payment-R1")
    pairs = [matched(row, await books.theirs("R1"))]
    await books.run(pairs)
    opened = await books.only()
    assert (opened.item.kind, opened.item.state) == ("UNBOOKED", State.OPEN)
    assert await books.run([], NEXT) == []
    assert await books.only() == opened
    await books.units.pool.execute("INSERT INTO booked VALUES ('payment-R1', now())")
    await books.run(pairs)
    assert (await books.only()).item.state is State.RESOLVED


async def test_what_a_partner_has_settled_at_the_bank_waits_until_people_have_booked_it(
    books: Books,
) -> None:
    row = await books.ours("AMS-1", kind="credit")
    await books.units.pool.execute(
        "UPDATE our_rows SET file_id = $1, resource_id = ''", await books.file()
    )
    pairs = [matched(row, await books.theirs("AMS-1", kind="credit"))]
    await books.run(pairs)
    opened = await books.only()
    assert opened.item.kind == "UNBOOKED"
    desk = Desk(books.units, books.clock, Policy())
    owed, kind = "partner-receivable:kakao:KRW", ResolutionKind.CORRECTING_TRANSFER
    wish = Wish(kind, "the statement of Friday", "bank:KRW", owed, fee_minor=60)
    await desk.propose(opened.item.break_id, wish, "mei")
    seen = await desk.approve(opened.item.break_id, "kenji")
    told = await books.units.pool.fetch(
        "SELECT key, payload FROM outbox WHERE topic = 'wallet.command' ORDER BY stripe, sequence"
    )
    opening, transfer = (WalletCommand.FromString(each["payload"]) for each in told)
    assert [each.account_id for each in opening.open_accounts.accounts] == [
        "bank:KRW",
        "partner-fee-expense:KRW",
    ]
    assert {each["key"] for each in told} == {"bank:KRW"}
    assert [
        (leg.debit_account_id, leg.credit_account_id, leg.amount.minor_units)
        for leg in transfer.transfer_funds.legs
    ] == [("bank:KRW", owed, 10_000), ("partner-fee-expense:KRW", owed, 60)]
    assert seen.item.resolution is not None
    posted = WalletEvent(link_id=seen.item.resolution.link_id)
    posted.funds_posted.SetInParent()
    await books.answer(posted)
    assert await books.run(pairs) == []
    assert await books.run([], NEXT) == []
    assert (await books.only()).item.state is State.RESOLVED


async def test_money_that_moves_for_a_break_whose_rows_agree_by_then_is_looked_at(
    books: Books,
) -> None:
    theirs = await books.theirs("R1")
    await books.run([broken(None, theirs, "MISSING_WITH_US", -10_000)])
    posted = await ordered(books)
    pairs = [matched(await books.ours("R1"), theirs)]
    await books.run(pairs)
    await books.answer(posted)
    await books.run(pairs)
    seen = await books.only()
    assert (seen.item.state, seen.item.reopen_count) == (State.OPEN, 1)


async def test_money_that_was_moved_is_not_forgotten_when_a_run_opens_its_break_again(
    books: Books,
) -> None:
    theirs = await books.theirs("R1", 9_000)
    await books.run([broken(None, theirs, "MISSING_WITH_US", -9_000)])
    await moved(books)
    ours = await books.ours("R1")
    await books.run([broken(ours, theirs, "AMOUNT", 1_000)])
    assert (await books.only()).item.state is State.OPEN
    await books.run([matched(ours, theirs)])
    assert (await books.only()).item.state is State.OPEN


async def test_a_break_that_money_was_moved_for_is_looked_at_when_its_rows_agree_after_all(
    books: Books,
) -> None:
    theirs = await books.theirs("R1")
    await books.run([broken(None, theirs, "MISSING_WITH_US", -10_000)])
    await moved(books)
    pairs = [matched(await books.ours("R1"), theirs, "near")]
    await books.run(pairs, NEXT)
    seen = await books.only()
    assert (seen.item.state, seen.item.day, seen.item.reopen_count) == (State.OPEN, NEXT, 1)
    assert await books.run(pairs, NEXT) == []
    desk = Desk(books.units, books.clock, Policy())
    await desk.propose(seen.item.break_id, Wish(ResolutionKind.EXPLAINED, "reversed"), "mei")
    await desk.approve(seen.item.break_id, "kenji")
    assert await books.run(pairs, NEXT) == []
    assert (await books.only()).item.state is State.RESOLVED


async def test_a_row_of_ours_that_is_taken_back_after_money_was_moved_for_it_is_looked_at(
    books: Books,
) -> None:
    row = await books.ours("R1")
    await books.run([broken(row, None, "MISSING_AT_PARTNER", 10_000)])
    await moved(books)
    owner = await asyncpg.connect(books.owner)
    try:
        await owner.execute("DELETE FROM reconciliation.our_rows WHERE row = $1", row)
    finally:
        await owner.close()
    await books.run([], NEXT)
    assert (await books.only()).item.state is State.OPEN


async def test_of_two_breaks_that_are_one_the_one_that_money_was_moved_for_goes_on(
    books: Books,
) -> None:
    ours = await books.ours("R1")
    await books.run([broken(ours, None, "MISSING_AT_PARTNER", 10_000)])
    older = (await books.only()).item.break_id
    theirs = await books.theirs("R1", 9_000)
    await books.run(
        [
            broken(ours, None, "MISSING_AT_PARTNER", 10_000),
            broken(None, theirs, "MISSING_WITH_US", -9_000),
        ]
    )
    (later,) = [each for each in await books.breaks() if each.item.break_id != older]
    await books.answer(await ordered(books, later.item.break_id))
    await books.run([broken(ours, theirs, "AMOUNT", 1_000)])
    seen = await books.only()
    assert (seen.item.break_id, seen.item.has_moved_money) == (later.item.break_id, True)
    await books.run([matched(ours, theirs)])
    assert (await books.only()).item.state is State.OPEN


async def moved(books: Books) -> None:
    """The one break there is was resolved by a transfer that the ledger has posted."""
    await books.answer(await ordered(books))
    assert (await books.only()).item.state is State.RESOLVED


async def ordered(books: Books, name: str = "") -> WalletEvent:
    """Two people resolve a break, or the one there is, by a transfer; what the ledger will say."""
    name = name or (await books.only()).item.break_id
    desk = Desk(books.units, books.clock, Policy())
    kind = ResolutionKind.CORRECTING_TRANSFER
    await desk.propose(name, Wish(kind, "looked at", "suspense:KRW", "loss:KRW"), "mei")
    resolution = (await desk.approve(name, "kenji")).item.resolution
    assert resolution is not None
    posted = WalletEvent(link_id=resolution.link_id)
    posted.funds_posted.SetInParent()
    return posted
