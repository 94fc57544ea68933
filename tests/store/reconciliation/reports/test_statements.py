"""What is on a bank's statement is told of each resource once."""

from collections.abc import AsyncIterator

import pytest

from services.kit.kafka import Topics
from services.kit.postgres import Connection
from services.kit.unit import Decided
from services.pb.kawase.reconciliation.v1.reconciliation_event_pb2 import (
    ReconciliationEvent,
    ResourceOnStatement,
)
from services.reconciliation.reports.statements import statement_facts
from tests.conftest import Database
from tests.store.reconciliation.breaks.books import DAY, Books, bookkeeping, broken, matched


@pytest.fixture
async def bank(database: Database, topics: Topics) -> AsyncIterator[Books]:
    async with bookkeeping(database, topics) as books:
        books.partner_id = "japan-bank"
        yield books


async def told(bank: Books) -> list[ResourceOnStatement]:
    async def work(connection: Connection) -> Decided[list[ResourceOnStatement]]:
        said = await statement_facts(connection, bank.partner_id, DAY, bank.clock.now())
        events = [ReconciliationEvent.FromString(each.payload) for each in said]
        return Decided([event.resource_on_statement for event in events], said)

    return (await bank.units.write(work)).answer


async def test_an_entry_of_a_payout_is_told_once_however_often_the_day_is_run(bank: Books) -> None:
    file_id = await bank.file(format_="camt053")
    out = await bank.ours("R1", -500, kind="payout", resource_id="payout-A")
    back = await bank.ours("R1", 500, kind="refund", resource_id="payout-A")
    left = await bank.theirs("R1", -500, file_id=file_id, kind="payout")
    came = await bank.theirs("R1", 500, file_id=file_id, kind="refund")
    await bank.run([matched(out, left)])
    (first,) = await told(bank)
    assert (first.resource_id, first.credit, first.amount.minor_units) == ("payout-A", False, 500)
    assert (first.entry_reference, first.book_date) == ("P-R1", DAY.isoformat())
    await bank.run([matched(out, left), matched(back, came)])
    (second,) = await told(bank)
    assert second.credit
    assert await told(bank) == []


async def test_a_fee_alone_does_not_tell_that_its_payout_has_left(bank: Books) -> None:
    file_id = await bank.file(format_="camt053")
    fee = await bank.ours("R1", -145, kind="fee", resource_id="payout-A")
    line = await bank.theirs("R1", -145, file_id=file_id, kind="fee")
    await bank.run([matched(fee, line)])
    assert await told(bank) == []


async def test_each_resource_of_one_credit_is_told_with_its_own_amount(bank: Books) -> None:
    file_id = await bank.file(format_="bank_api")
    one = await bank.ours("T1", 300, kind="top_up", resource_id="topup-A")
    two = await bank.ours("T2", 200, kind="top_up", resource_id="topup-B")
    bulk = await bank.theirs("BULK", 500, file_id=file_id, kind="credit")
    await bank.run([matched(one, bulk, "bulk"), matched(two, bulk, "bulk")])
    assert {(each.resource_id, each.amount.minor_units) for each in await told(bank)} == {
        ("topup-A", 300),
        ("topup-B", 200),
    }


async def test_a_withdrawal_and_its_fee_are_told_as_the_two_entries_they_are(bank: Books) -> None:
    file_id = await bank.file(format_="zengin03")
    out = await bank.ours("W1", -500, kind="payout", resource_id="withdrawal-A")
    fee = await bank.ours("W1", -145, kind="fee", resource_id="withdrawal-A")
    left = await bank.theirs("17", -500, file_id=file_id, kind="payout")
    taken = await bank.theirs("18", -145, file_id=file_id, kind="fee")
    await bank.run([matched(out, left), matched(fee, taken)])
    assert {(each.resource_id, each.amount.minor_units) for each in await told(bank)} == {
        ("withdrawal-A", 500),
        ("withdrawal-A", 145),
    }


async def test_breaks_payments_and_announcements_are_told_to_nobody(bank: Books) -> None:
    statement, notice = await bank.file(format_="zengin03"), await bank.file(format_="zengin01")
    payment = await bank.ours("P1", resource_id="payment-A")
    top_up = await bank.ours("T1", 300, kind="top_up", resource_id="topup-A")
    payout = await bank.ours("R1", 500, kind="payout", resource_id="payout-A")
    await bank.run(
        [
            matched(payment, await bank.theirs("P1", file_id=statement)),
            matched(top_up, await bank.theirs("T1", 300, file_id=notice)),
            broken(payout, await bank.theirs("R1", 400, file_id=statement), "AMOUNT", 100),
        ]
    )
    assert await told(bank) == []


@pytest.mark.parametrize(
    ("before", "after", "keeps_row"), [("P1", "P1", True), ("", "", True), ("P1", "P2", False)]
)
async def test_an_entry_of_a_corrected_statement_is_not_told_again(
    bank: Books, before: str, after: str, keeps_row: bool
) -> None:
    async def entry(own: str) -> int:
        file_id = await bank.file(format_="camt053")
        return await bank.theirs("", -500, file_id=file_id, kind="payout", own=own)

    out = await bank.ours("R1", -500, kind="payout", resource_id="payout-A")
    former = await entry(before)
    await bank.run([matched(out, former)])
    assert len(await told(bank)) == 1
    fresh = await entry(after)
    await bank.units.pool.execute(
        "WITH old AS (DELETE FROM their_rows WHERE row = $1 RETURNING *) "
        "INSERT INTO replaced_rows SELECT old.*, $2::bigint, false FROM old",
        *(former, fresh if keeps_row else None),
    )
    await bank.run([matched(out, fresh)])
    assert await told(bank) == []
