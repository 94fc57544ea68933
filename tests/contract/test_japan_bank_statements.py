"""The Japanese bank's statements, day files and deposits: as its own books have them, told once."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.bridge.partner import PartnerFileNotFound
from services.bridge.statements import DayMalformed, StatementCalls
from services.formats.iso20022.statements.model import StatementEnd
from services.formats.iso20022.statements.reading import read_statements
from services.formats.zengin.model import StatementEntry, StatementTrailer
from services.formats.zengin.reading import Record, Verdict, read
from services.formats.zengin.reading.references import Checks
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as rpc
from services.sandbox.partners.books import Books
from tests.conftest import Database
from tests.contract.house import World, bridge
from tests.contract.japan_bank_house import (
    FEE_YEN,
    OPENING_YEN,
    PARTNER,
    TOKEN,
    Bank,
    bank_config,
    japan_bank,
    order_payout,
    paying,
    text_of,
)
from tests.parts import payer_of

DAY = date(2026, 10, 30)
PAYER = "ｱｸﾜｲｱﾗ"


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with japan_bank(page_size=2) as simulator:
        yield simulator


@pytest.fixture
async def world(database: Database, bank: Bank) -> AsyncIterator[World]:
    async with paying(database.dsn("bridge"), bank) as running:
        yield running


async def deposit(bank: Bank, yen: int = 5_000, **more: Any) -> None:
    fields = {"va_id": "0000000001", "yen": yen, "payer": PAYER, "text": "INV 1", **more}
    await bank.control("deposit", fields)


async def noticed(world: World, entry: str) -> pb.DepositNoticed:
    key = f"{PARTNER}/0000000001/{entry}"
    return (await world.event("DepositNoticed", key)).deposit_noticed


async def entries(world: World, page_size: int = 0) -> list[rpc.StatementEntry]:
    """All entries of the day, page by page."""
    calls, token = StatementCalls(world.partners), ""
    found: list[rpc.StatementEntry] = []
    while True:
        page = await calls.list_entries(
            rpc.ListStatementEntriesRequest(
                partner_id=PARTNER,
                first_date=DAY.isoformat(),
                last_date=DAY.isoformat(),
                page_size=page_size,
                page_token=token,
            )
        )
        found += page.entries
        token = page.next_page_token
        if not token:
            return found


async def fetched(world: World, day: date = DAY) -> tuple[str, bytes]:
    """The statement file of a day: its name and content."""
    request = rpc.FetchPartnerFileRequest(partner_id=PARTNER, kind="statement", day=day.isoformat())
    parts = [part async for part in StatementCalls(world.partners).fetch_file(request)]
    return parts[0].file_name, b"".join(part.data for part in parts)


@pytest.mark.parametrize("page_size", [0, 1])
async def test_the_statement_shows_every_booking_with_its_balance(
    world: World, bank: Bank, page_size: int
) -> None:
    resource = await order_payout(world)
    await world.event("PayoutExecuted", resource)
    for yen in (5_000, 6_000):
        await deposit(bank, yen)
    found = await entries(world, page_size)
    assert [(e.credit, e.amount.minor_units) for e in found] == [
        (False, 120_000),
        (False, FEE_YEN),
        (True, 5_000),
        (True, 6_000),
    ]
    assert found[-1].balance.minor_units == OPENING_YEN - 120_000 - FEE_YEN + 11_000
    assert text_of(resource) in found[0].remittance_text
    assert found[2].counterparty_name == PAYER


async def test_days_of_a_statement_are_checked(world: World) -> None:
    request = rpc.ListStatementEntriesRequest(
        partner_id=PARTNER, first_date="2026-10-31", last_date="2026-10-30"
    )
    with pytest.raises(DayMalformed):
        await StatementCalls(world.partners).list_entries(request)


async def test_the_day_file_is_there_when_the_day_is_over(world: World, bank: Bank) -> None:
    await deposit(bank)
    with pytest.raises(PartnerFileNotFound):
        await fetched(world)
    bank.clock.advance(timedelta(days=1))
    name, content = await fetched(world)
    assert name == "japan-bank-statement-2026-10-30.txt"
    assert len(content) == 4 * 202


async def test_a_zengin_day_file_agrees_with_the_pages(world: World, bank: Bank) -> None:
    resource = await order_payout(world)
    await world.event("PayoutExecuted", resource)
    await deposit(bank)
    pages = await entries(world)
    bank.clock.advance(timedelta(days=1))
    _, content = await fetched(world)
    read_back = list(read(io.BytesIO(content), Checks(DAY)))
    verdict = read_back[-1]
    assert isinstance(verdict, Verdict)
    assert (verdict.errors, verdict.warnings) == (0, 0)
    bodies = [record.body for record in read_back if isinstance(record, Record)]
    lines = [body for body in bodies if isinstance(body, StatementEntry)]
    assert [line.yen for line in lines] == [entry.amount.minor_units for entry in pages]
    trailer = next(body for body in bodies if isinstance(body, StatementTrailer))
    assert trailer.closing_yen == pages[-1].balance.minor_units


async def test_a_camt_day_file_is_whole(database: Database, bank: Bank) -> None:
    config = bank_config(bank, {"statement_format": "camt053"})
    async with bridge(database.dsn("bridge"), [config]) as world:
        await deposit(bank)
        bank.clock.advance(timedelta(days=1))
        _, content = await fetched(world)
    end = list(read_statements([content]))[-1]
    assert isinstance(end, StatementEnd)
    assert (end.whole, end.credits, end.debits) == (True, 5_000, 0)


async def test_planted_discrepancies_stand_in_the_file_and_not_in_the_books(
    world: World, bank: Bank
) -> None:
    for yen in range(1_000, 1_006):
        await deposit(bank, yen)
    counts = {"missing": 1, "wrong_amount": 1, "extra": 1}
    await bank.control("discrepancies", {"seed": 7, "day": DAY.isoformat(), "counts": counts})
    bank.clock.advance(timedelta(days=1))
    _, content = await fetched(world)
    lines = [
        record.body
        for record in read(io.BytesIO(content), Checks(DAY))
        if isinstance(record, Record) and isinstance(record.body, StatementEntry)
    ]
    true = [entry.amount.minor_units for entry in await entries(world)]
    assert true == list(range(1_000, 1_006))
    assert len(lines) == 6
    assert sorted(line.yen for line in lines) != true


async def test_a_deposit_is_told_by_notice(world: World, bank: Bank) -> None:
    await bank.control(
        "notice_url", {"url": f"{world.callback_url}/notice/{PARTNER}", "token": TOKEN}
    )
    await deposit(bank)
    told = await noticed(world, "00000001")
    assert told.amount.minor_units == 5_000
    assert (payer_of(told), told.value_date) == (PAYER, "2026-10-30")
    assert told.remittance_text == "INV 1"


@pytest.mark.parametrize("fault", ["duplicate_notice", "reordered_notice", "delay"])
async def test_a_deposit_is_said_once_however_its_notices_come(
    world: World, bank: Bank, fault: str
) -> None:
    await bank.control(
        "notice_url", {"url": f"{world.callback_url}/notice/{PARTNER}", "token": TOKEN}
    )
    await bank.fault(fault, match={"operation": "notice"}, delay_ms=50)
    for yen in (5_000, 6_000):
        await deposit(bank, yen)
    await noticed(world, "00000001")
    await noticed(world, "00000002")
    await world.deposits.look(world.partners[PARTNER])
    assert world.sent.kinds(f"{PARTNER}/0000000001/00000001") == []


async def test_a_forged_notice_says_nothing_and_the_list_tells_it(world: World, bank: Bank) -> None:
    url = f"{world.callback_url}/notice/{PARTNER}"
    await bank.control("notice_url", {"url": url, "token": "another"})
    await deposit(bank)
    partner = world.partners[PARTNER]
    assert await world.deposits.look(partner) == 1
    assert await world.deposits.look(partner) == 0
    assert (await noticed(world, "00000001")).amount.minor_units == 5_000


@pytest.mark.parametrize("fault", ["lost_notice", None])
async def test_what_no_notice_told_is_found_in_the_unsent_list(
    world: World, bank: Bank, fault: str | None
) -> None:
    if fault is not None:
        url = f"{world.callback_url}/notice/{PARTNER}"
        await bank.control("notice_url", {"url": url, "token": TOKEN})
        await bank.fault(fault, times=0, match={"operation": "notice"})
    for yen in range(1_000, 1_005):
        await deposit(bank, yen)
    assert await world.deposits.look(world.partners[PARTNER]) == 5
    assert (await noticed(world, "00000005")).amount.minor_units == 1_004


async def test_two_looks_at_once_say_each_deposit_once(world: World, bank: Bank) -> None:
    for yen in range(1_000, 1_005):
        await deposit(bank, yen)
    partner = world.partners[PARTNER]
    news = await asyncio.gather(*(world.deposits.look(partner) for _ in range(4)))
    assert sum(news) == 5


async def test_a_thousand_virtual_accounts_are_issued_at_once(bank: Bank) -> None:
    headers = {"x-access-token": TOKEN}
    url = "/ganb/api/corporation/v1/va/issue"
    async with bank.session.post(
        url, json={"issueRequestCount": "1000"}, headers=headers
    ) as answer:
        assert len((await answer.json())["vaList"]) == 1000
    async with bank.session.post(
        url, json={"issueRequestCount": "1001"}, headers=headers
    ) as answer:
        assert answer.status == 400


async def test_the_banks_books_survive_its_process(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    async with japan_bank(books=Books(path)) as first:
        await deposit(first)
    async with japan_bank(books=Books(path)) as second:
        assert (await second.books())["own"] == OPENING_YEN + 5_000


def bulk(bank: str = "0005", count: int = 3) -> dict[str, Any]:
    """A request of several items, as any client of the bank may send it."""
    item = {
        "transferAmount": "1000",
        "beneficiaryBankCode": bank,
        "beneficiaryBranchCode": "001",
        "accountTypeCode": "1",
        "accountNumber": "1234567",
        "beneficiaryName": PAYER,
    }
    items = [{"itemId": str(n), "ediInfo": f"ITEM{n}", **item} for n in range(1, count + 1)]
    return {
        "accountId": "101010999999",
        "transferDesignatedDate": DAY.isoformat(),
        "transferDateHolidayCode": "1",
        "totalCount": str(count),
        "totalAmount": str(1000 * count),
        "transfers": items,
    }


async def request(bank: Bank, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send a transfer request; status and answer."""
    url = "/ganb/api/corporation/v1/transfer/request"
    headers = {"x-access-token": TOKEN}
    async with bank.session.post(url, json=fields, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_bulk_request_is_paid_item_by_item_and_comes_back_whole(bank: Bank) -> None:
    status, answer = await request(bank, bulk())
    assert (status, answer["resultCode"]) == (201, "2")
    books = await bank.books()
    assert books["paid"] == {f"ITEM{n}": 1000 for n in (1, 2, 3)}
    assert books["own"] == OPENING_YEN - 3 * (1000 + FEE_YEN)
    await bank.control("return", {"reference": "ITEM2"})
    assert (await bank.books())["own"] == OPENING_YEN - 3 * FEE_YEN


async def test_the_same_request_twice_is_paid_twice(bank: Bank) -> None:
    for _ in range(2):
        await request(bank, bulk(count=1))
    assert (await bank.books())["orders"] == {"ITEM1": 2}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"totalCount": "2"}, "TOTALS_DIFFER"),
        ({"totalAmount": "1"}, "TOTALS_DIFFER"),
        ({"transfers": []}, "INVALID_ITEMS"),
        (
            {"transferDesignatedDate": "2026-11-03", "transferDateHolidayCode": "3"},
            "DATE_IS_HOLIDAY",
        ),
    ],
)
async def test_a_request_that_does_not_add_up_is_refused(
    bank: Bank, changes: dict[str, Any], code: str
) -> None:
    status, answer = await request(bank, bulk() | changes)
    assert (status, answer["errorCode"]) == (400, code)


async def test_more_than_99_items_are_refused(bank: Bank) -> None:
    status, answer = await request(bank, bulk(count=100))
    assert (status, answer["errorCode"]) == (400, "INVALID_ITEMS")
