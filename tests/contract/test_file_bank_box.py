"""Notices (01) and statements (03) of the bank by file: whole, once, or asked for again."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.bridge.domain.statement import StatementEntry
from services.bridge.notices.notice import DepositNotice
from services.bridge.partner import OperationNotOffered, PartnerFileNotFound, PartnerUnavailable
from services.bridge.payouts.model import PayoutState
from services.formats.zengin import Checks, Verdict, check
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from tests.conftest import Database
from tests.contract.file_bank_house import OWN, PARTNER, FileWorld, file_bank
from tests.contract.japan_bank_house import order_payout, text_of, until_payout
from tests.parts import payer_of

FRIDAY, MONDAY = date(2026, 10, 30), date(2026, 11, 2)
OPENING_YEN = 500_000_000
FEE_YEN = 145


@pytest.fixture
async def house(database: Database) -> AsyncIterator[FileWorld]:
    async with file_bank(database.dsn("bridge"), page_size=2) as running:
        yield running


async def put_in(house: FileWorld, yen: int, **more: object) -> None:
    await house.bank.control("deposit", {"yen": yen, "payer": "ｻｸﾗ ﾀﾛｳ", **more})


async def look(house: FileWorld) -> int:
    return await house.world.deposits.look(house.partner)


async def test_a_deposit_is_noticed_once_however_often_its_file_is_read(house: FileWorld) -> None:
    await put_in(house, 50_000, text="PAYMENT 7")
    await put_in(house, 60_000)
    assert await look(house) == 2
    assert [await look(house) for _ in range(2)] == [0, 0]
    key = f"{PARTNER}/{OWN}/20261030-000001"
    event = pb.BridgeEvent.FromString(
        (await house.world.sent.take("bridge.event", "DepositNoticed", key)).payload
    )
    told = event.deposit_noticed
    assert (told.amount.minor_units, told.remittance_text) == (50_000, "PAYMENT 7")
    assert (payer_of(told), told.value_date) == ("ｻｸﾗ ﾀﾛｳ", FRIDAY.isoformat())


async def test_a_deposit_the_same_file_takes_back_is_not_noticed(house: FileWorld) -> None:
    await put_in(house, 50_000, number=7)
    await put_in(house, 50_000, number=7, cancelled=True)
    await put_in(house, 60_000, number=8)
    assert await look(house) == 1


@pytest.mark.parametrize("fault", ["wrong_totals", "cut_short"])
async def test_a_damaged_file_of_notices_says_nothing_and_is_asked_for_again(
    house: FileWorld, fault: str
) -> None:
    await house.bank.fault(fault)
    await put_in(house, 50_000)
    assert await look(house) == 0
    assert await look(house) == 1


async def test_deposits_that_were_not_taken_are_listed_again(house: FileWorld) -> None:
    await put_in(house, 50_000)
    first = await house.partner.list_deposits()
    assert [each.amount.minor for each in first] == [50_000]
    assert await house.partner.list_deposits() == first
    assert isinstance(first[0], DepositNotice)


async def test_a_bank_that_is_away_is_unavailable(house: FileWorld) -> None:
    await house.bank.fault("error_before_work", times=0, match={"operation": "box"})
    with pytest.raises(PartnerUnavailable):
        await house.partner.list_deposits()
    with pytest.raises(PartnerUnavailable):
        await house.partner.list_statement("", FRIDAY, FRIDAY, "", 10)


async def a_busy_weekend(house: FileWorld) -> str:
    """Three deposits on Friday, a payout on Monday, and it is Tuesday."""
    for each in range(3):
        await put_in(house, 1_000 + each)
    resource = await order_payout(house.world, 120_000, partner_id=PARTNER)
    await until_payout(house.world, resource, lambda payout: payout.asked)
    house.at(30, 14, 5)
    await house.move()
    house.at(33, 10)
    await house.move(2)
    await until_payout(house.world, resource, lambda payout: payout.state is PayoutState.EXECUTED)
    house.at(34, 10)
    return resource


async def read_all(house: FileWorld, size: int) -> list[StatementEntry]:
    lines: list[StatementEntry] = []
    page = ""
    while True:
        found = await house.partner.list_statement("", FRIDAY, MONDAY, page, size)
        assert len(found.entries) <= size
        lines += found.entries
        page = found.next_page
        if not page:
            return lines


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
async def test_a_statement_comes_page_by_page_over_several_days(
    house: FileWorld, size: int
) -> None:
    resource = await a_busy_weekend(house)
    lines = await read_all(house, size)
    assert [(line.credit, line.amount.minor) for line in lines] == [
        (True, 1_000),
        (True, 1_001),
        (True, 1_002),
        (False, 120_000),
        (False, FEE_YEN),
    ]
    assert text_of(resource) in lines[3].remittance_text
    balance = lines[-1].balance
    assert balance is not None
    assert balance.minor == OPENING_YEN + 3_003 - 120_000 - FEE_YEN
    assert len({line.entry_reference for line in lines}) == 5


async def test_the_statement_file_of_a_day_is_valid_and_the_day_under_way_has_none(
    house: FileWorld, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await a_busy_weekend(house)
    file = await house.partner.fetch_file("statement", MONDAY)
    path = tmp_path_factory.mktemp("statement") / file.name
    path.write_bytes(b"".join([chunk async for chunk in file.chunks]))
    with path.open("rb") as stream:
        *_, verdict = check(stream, Checks(MONDAY))
    assert isinstance(verdict, Verdict)
    assert (verdict.valid, verdict.business_type, verdict.entries) == (True, "03", 2)
    with pytest.raises(PartnerFileNotFound):
        await house.partner.fetch_file("statement", date(2026, 11, 3))
    with pytest.raises(OperationNotOffered):
        await house.partner.fetch_file("settlement", MONDAY)


async def test_discrepancies_are_planted_in_the_statement(house: FileWorld) -> None:
    plan = {"seed": 7, "day": FRIDAY.isoformat(), "counts": {"missing": 1, "wrong_amount": 1}}
    await house.bank.control("discrepancies", plan)
    await a_busy_weekend(house)
    page = await house.partner.list_statement("", FRIDAY, FRIDAY, "", 100)
    amounts = {entry.amount.minor for entry in page.entries}
    assert len(page.entries) == 2
    assert amounts != {1_000, 1_001}
    assert not amounts >= {1_000, 1_001, 1_002}


async def test_a_statement_that_is_cut_short_is_not_shown(house: FileWorld) -> None:
    await a_busy_weekend(house)
    await house.bank.fault("cut_short")
    with pytest.raises(PartnerUnavailable):
        await house.partner.list_statement("", FRIDAY, FRIDAY, "", 100)
    page = await house.partner.list_statement("", FRIDAY, FRIDAY, "", 100)
    assert len(page.entries) == 3
