"""A day is closed when everything is matched or explained, and stays as it was closed."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.errors import KawaseError
from services.formats.partner_files.antom import read_antom
from services.formats.partner_files.reading import Placed
from services.kit.kafka import Topics
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.model import ResolutionKind
from services.reconciliation.breaks.resolving import Policy, Wish
from services.reconciliation.breaks.store.rows import SideRow
from services.reconciliation.partners import Format, Partner, partners_of
from services.reconciliation.reports.closing import Closed, close_day
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.listing import RowPage, list_rows
from services.reconciliation.reports.reading import read_report
from services.reconciliation.reports.writing.formats import FORMATS
from tests.conftest import Database
from tests.store.reconciliation.breaks.books import (
    DAY,
    NEXT,
    PARTNER,
    Books,
    bookkeeping,
    broken,
    matched,
)
from tests.unit.reconciliation.files.reading import read_file

BANK = Partner(id=PARTNER, zone="Asia/Seoul", formats=(Format.CAMT053,))


class Day:
    """Books and what is done with a day of them."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.expected = Expected()

    async def close(self) -> Closed:
        return await close_day(
            self.books.units, self.books.clock, PARTNER, DAY, "hanako", self.expected
        )

    async def refusal(self) -> KawaseError:
        with pytest.raises(KawaseError) as caught:
            await self.close()
        return caught.value

    async def report(self, format_: str) -> bytes:
        pool, clock = self.books.units.pool, self.books.clock
        pieces = [piece async for piece in read_report(pool, clock, PARTNER, DAY, format_)]
        return b"".join(piece.data for piece in pieces)

    async def json(self) -> Any:
        return json.loads(await self.report("json"))

    async def rows(self, figure: str, size: int = 0, token: str = "") -> RowPage:
        pool, clock = self.books.units.pool, self.books.clock
        return await list_rows(pool, clock, PARTNER, DAY, figure, size, token)

    async def tell_fact(self, stripe: int, event_time: datetime) -> None:
        """A fact is copied that nobody has read yet."""
        await self.books.units.pool.execute(
            "INSERT INTO facts VALUES ('bridge', $1, 1, 'key', 'type', '', $2)", stripe, event_time
        )

    async def explain(self) -> None:
        """Two people explain the one break."""
        desk = Desk(self.books.units, self.books.clock, Policy())
        break_id = (await self.books.only()).item.break_id
        await desk.propose(break_id, Wish(ResolutionKind.EXPLAINED, "timing"), "hanako")
        await desk.approve(break_id, "taro")

    async def two_matched_one_broken(self) -> tuple[int, int]:
        """Returns the rows of the break."""
        books = self.books
        pairs = []
        for number in range(2):
            ours = await books.ours(f"M{number}", fee=100)
            theirs = await books.theirs(f"M{number}", fee=100)
            pairs.append(matched(ours, theirs))
        ours, theirs = await books.ours("B", fee=100), await books.theirs("B", 9_000, fee=100)
        await books.run([*pairs, broken(ours, theirs, "AMOUNT", 1_000)])
        return ours, theirs


@pytest.fixture
async def day(database: Database, topics: Topics) -> AsyncIterator[Day]:
    async with bookkeeping(database, topics) as books:
        yield Day(books)


async def test_a_closed_day_gives_the_same_bytes_whatever_comes_later(day: Day) -> None:
    ours, _ = await day.two_matched_one_broken()
    assert (await day.refusal()).reason == "BREAKS_OPEN"
    await day.explain()
    closed = await day.close()
    assert closed.newly
    first = {format_: await day.report(format_) for format_ in FORMATS}
    behind = await day.rows("ours.payment.KRW")
    other = await day.books.theirs("B", 8_000, day=NEXT)
    await day.books.ours("late")
    await day.books.run([broken(ours, other, "AMOUNT", 2_000)], NEXT)
    day.books.clock.advance(timedelta(days=40))
    assert await day.close() == Closed(closed.digest, newly=False)
    assert {format_: await day.report(format_) for format_ in FORMATS} == first
    assert await day.rows("ours.payment.KRW") == behind
    assert len((await day.rows("breaks.AMOUNT")).rows) == 2
    (reopened,) = await day.books.breaks("open")
    assert reopened.item.day == NEXT


async def test_every_number_of_a_report_has_its_rows(day: Day) -> None:
    await day.two_matched_one_broken()
    report = await day.json()
    lines = {line["figure"]: line for part in report["sections"] for line in part["lines"]}
    assert lines["ours.payment.KRW"]["minor"] == 30_000
    assert lines["theirs.payment.KRW"]["minor"] == 29_000
    assert lines["breaks.AMOUNT.KRW"]["open_count"] == 1
    assert [lines[f"net.{name}.KRW"]["minor"] for name in ("difference", "in_breaks")] == [
        1_000,
        1_000,
    ]
    for figure, line in lines.items():
        if not line["followable"]:
            continue
        sides = 2 if figure.split(".")[0] in ("matched", "breaks", "age") else 1
        assert len((await day.rows(figure)).rows) == sides * line["count"], figure
    for file in report["files"]:
        assert len((await day.rows(file["figure"])).rows) == file["row_count"]


async def test_rows_come_by_page_ours_first(day: Day) -> None:
    await day.two_matched_one_broken()
    whole = (await day.rows("matched.exact")).rows
    assert [row.side for row in whole] == ["ledger", "ledger", "partner", "partner"]
    found: list[SideRow] = []
    token = ""
    while True:
        page = await day.rows("matched.exact", 3, token)
        found += page.rows
        if not (token := page.next_page_token):
            break
    assert found == whole


async def test_a_settlement_report_is_read_by_a_partners_own_reader(day: Day) -> None:
    await day.two_matched_one_broken()
    items = list(read_antom([await day.report("settlement")]))
    rows: list[Any] = [item.row for item in items if isinstance(item, Placed)]
    assert [row.request_id for row in rows] == ["M0", "M1", "B"]
    assert {(row.amount.minor, row.settled.minor, row.extra) for row in rows} == {
        (10_000, 9_900, ("100", "KRW"))
    }
    summary = list(read_antom([await day.report("settlement_summary")]))
    totals: list[Any] = [item.row for item in summary if isinstance(item, Placed)]
    assert [(row.type, row.count, row.settled.minor) for row in totals] == [
        ("PAYMENT", 3, 29_700),
        ("TOTAL", 3, 29_700),
    ]
    assert len(items) == 4
    assert len(summary) == 3


async def test_a_day_is_not_closed_before_it_is_run(day: Day) -> None:
    assert (await day.refusal()).reason == "DAY_NOT_RUN"


async def test_a_day_is_not_closed_over_rows_that_no_run_has_seen(day: Day) -> None:
    row = await day.books.ours("R1")
    theirs = await day.books.theirs("R1")
    await day.books.run([matched(row, theirs)])
    await day.books.theirs("R2")
    assert (await day.refusal()).reason == "ROWS_CAME_LATER"


async def test_a_day_is_not_closed_while_a_file_is_awaited(day: Day) -> None:
    row, file_id = await day.books.ours("R1"), await day.books.file(NEXT)
    theirs = await day.books.theirs("R1", file_id=file_id, day=NEXT)
    await day.books.run([matched(row, theirs, "near")])
    assert (await day.refusal()).reason == "FILES_MISSING"
    await day.books.file()
    day.expected = Expected({PARTNER: ["kakaopay", "antom_summary"]})
    assert (await day.refusal()).metadata["formats"] == "antom_summary"


async def test_a_banks_holiday_is_closed_with_the_statement_after_it(day: Day) -> None:
    row, file_id = await day.books.ours("R1"), await day.books.file(NEXT)
    theirs = await day.books.theirs("R1", file_id=file_id, day=NEXT)
    await day.books.run([matched(row, theirs, "near")])
    day.expected = Expected(partners={PARTNER: BANK})
    assert (await day.close()).newly


async def test_a_day_without_banking_is_closed_without_a_file(day: Day) -> None:
    closed = Partner(**{**BANK.model_dump(), "business_days": ("KR",), "closed": (DAY,)})
    row = await day.books.ours("R1")
    theirs = await day.books.theirs("R1", file_id=await day.books.file(NEXT), day=NEXT)
    await day.books.run([matched(row, theirs, "near")])
    day.expected = Expected({PARTNER: ["camt053"]}, {PARTNER: BANK})
    assert (await day.refusal()).reason == "FILES_MISSING"
    day.expected = Expected({PARTNER: ["camt053"]}, {PARTNER: closed})
    assert (await day.close()).newly


async def test_a_settlement_report_is_taken_in_by_the_partners_own_importer(day: Day) -> None:
    day.expected = Expected(partners=partners_of(None))
    partner = day.expected.partners[PARTNER]
    await day.two_matched_one_broken()
    await day.explain()
    await day.close()
    for format_, count in (("settlement", 3), ("settlement_summary", 0)):
        rows, _ = read_file(await day.report(format_), partner, "ours.csv", DAY)
        assert len(rows) == count


async def test_a_row_that_is_matched_with_many_is_summed_once(day: Day) -> None:
    ours = await day.books.ours("BULK", fee=100)
    theirs = [await day.books.theirs(f"T{number}", 5_000) for number in range(2)]
    await day.books.run([matched(ours, their, "bulk") for their in theirs])
    lines = {
        line["figure"]: line for part in (await day.json())["sections"] for line in part["lines"]
    }
    line = lines["matched.bulk.KRW"]
    assert (line["count"], line["minor"], line["fee"]) == (2, 10_000, 100)


async def test_a_day_is_not_closed_while_facts_are_missing(day: Day) -> None:
    row, theirs = await day.books.ours("R1"), await day.books.theirs("R1")
    await day.books.run([matched(row, theirs)])
    await day.books.units.pool.execute(
        "INSERT INTO fact_gaps (source, stripe, first_sequence, last_sequence)"
        " VALUES ('bridge', 3, 1, 2)"
    )
    assert (await day.refusal()).reason == "COPY_BEHIND"


async def test_only_facts_of_the_day_or_before_it_hold_up_its_close(day: Day) -> None:
    row, theirs = await day.books.ours("R1"), await day.books.theirs("R1")
    await day.books.run([matched(row, theirs)])
    day.expected = Expected(partners=partners_of(None))
    end = day.expected.day_end(PARTNER, DAY)
    await day.tell_fact(1, end)
    await day.tell_fact(2, end - timedelta(seconds=1))
    refusal = await day.refusal()
    assert (refusal.reason, refusal.metadata["unread"]) == ("COPY_BEHIND", "1")
    await day.books.units.pool.execute("UPDATE projected SET sequence = 2 WHERE stripe = 2")
    assert (await day.close()).newly


async def test_an_empty_day_is_closed(day: Day) -> None:
    await day.books.file()
    await day.books.run([])
    assert (await day.close()).newly
    assert (await day.json())["state"] == "closed"


@pytest.mark.parametrize(
    ("figure", "token", "reason"),
    [
        ("odd.thing", "", "FIGURE_UNKNOWN"),
        ("breaks.ODD", "", "FIGURE_UNKNOWN"),
        ("matched.exact.krw", "", "FIGURE_UNKNOWN"),
        ("matched.exact", "3-1", "PAGE_TOKEN_MALFORMED"),
    ],
)
async def test_what_no_report_has_is_refused(
    day: Day, figure: str, token: str, reason: str
) -> None:
    with pytest.raises(KawaseError) as caught:
        await day.rows(figure, 0, token)
    assert caught.value.reason == reason
