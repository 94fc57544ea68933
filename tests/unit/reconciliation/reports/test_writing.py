"""Every format of a report repeats its bytes, says the same numbers, and opens."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services.core.errors import KawaseError
from services.reconciliation.reports.model import (
    BreakLine,
    DayReport,
    FileLine,
    Line,
    Section,
)
from services.reconciliation.reports.rows import Place, Question, parse_figure, parse_place
from services.reconciliation.reports.writing.formats import (
    FORMATS,
    WRITERS,
    Source,
    file_name,
    write_report,
)

DAY = date(2026, 11, 19)
EVIL = '=HYPERLINK("x")<script>'
REPORT = DayReport(
    "kakaopay",
    DAY,
    "closed",
    "duckdb",
    (
        Section(
            "ours",
            "What we have booked",
            (Line("ours.payment.KRW", "payment", "KRW", 3, 30_000, 300),),
        ),
        Section(
            "breaks",
            "Breaks, by kind",
            (
                Line("breaks.AMOUNT.KRW", "AMOUNT", "KRW", 2, 1_500, open_count=0),
                Line("breaks.FEE.CNY", "FEE", "CNY", 1, 12, open_count=0),
            ),
        ),
    ),
    (FileLine("files.f1", EVIL, "kakaopay", "ab" * 32, 3, (("KRW", 29_000),)),),
    (
        BreakLine(
            *("break-1", "AMOUNT", "resolved", "0-1", "R1", EVIL, 1_000, "KRW", "", "explained"),
            "timing",
        ),
    ),
    3,
)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    lines = tmp_path / "lines.csv"
    lines.write_text("payment,R1,P1,KRW,10000,100\nrefund,R2,,KRW,-4000,\n")
    return Source(REPORT, lines)


def written(source: Source, format_: str) -> bytes:
    return b"".join(write_report(source, format_))


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_report_gives_the_same_bytes(source: Source, format_: str) -> None:
    assert written(source, format_) == written(source, format_)


@pytest.mark.parametrize("format_", list(WRITERS))
def test_another_number_gives_other_bytes(source: Source, format_: str) -> None:
    line = replace(REPORT.sections[0].lines[0], minor=30_001)
    section = replace(REPORT.sections[0], lines=(line,))
    other = replace(REPORT, sections=(section, *REPORT.sections[1:]))
    assert written(replace(source, report=other), format_) != written(source, format_)


def csv_numbers(data: bytes) -> dict[str, tuple[int, int]]:
    """Count and minor units by figure."""
    found = {}
    for row in csv.reader(io.StringIO(data.decode())):
        if len(row) == 9 and row[0] != "figure":
            found[row[0]] = (int(row[3]), int(row[4]))
    return found


def xlsx_rows(data: bytes) -> list[list[str]]:
    """The cells of all sheets, as texts."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{MAIN}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        rows = []
        for name in sorted(n for n in book.namelist() if n.startswith("xl/worksheets/sheet")):
            for row in ElementTree.fromstring(book.read(name)).iter(f"{MAIN}row"):
                assert row.find(f".//{MAIN}f") is None
                cells = [(c.get("t"), c.findtext(f"{MAIN}v") or "") for c in row]
                rows.append([shared[int(v)] if t == "s" else v for t, v in cells])
    return rows


class Cells(HTMLParser):
    """The cells of all rows of a page, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_all_formats_say_the_same_numbers(source: Source) -> None:
    document = json.loads(written(source, "json"))
    wanted = {
        line["figure"]: (line["count"], line["minor"])
        for section in document["sections"]
        for line in section["lines"]
    }
    assert csv_numbers(written(source, "csv")) == wanted
    page = Cells()
    page.feed(written(source, "html").decode())
    for rows in (xlsx_rows(written(source, "xlsx")), page.rows):
        found = {row[0]: row for row in rows if row}
        for figure, numbers in wanted.items():
            assert (int(found[figure][3]), int(found[figure][4])) == numbers


def test_a_page_is_complete_in_itself_and_runs_nothing(source: Source) -> None:
    page = Cells()
    page.feed(written(source, "html").decode())
    assert "svg" in page.tags
    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert page.links == []


def test_no_text_of_a_partner_becomes_a_formula(source: Source) -> None:
    cells = [c for row in csv.reader(io.StringIO(written(source, "csv").decode())) for c in row]
    assert f"'{EVIL}" in cells
    assert EVIL not in cells
    assert any(EVIL in row for row in xlsx_rows(written(source, "xlsx")))


def test_a_settlement_nets_each_line_of_its_fee(source: Source) -> None:
    lines = written(source, "settlement").decode().splitlines()
    head, payment, refund, end = (line.split(",") for line in lines)
    settled = head.index("settlementAmountValue")
    assert (payment[settled], payment[-2:]) == ("9900", ["100", "KRW"])
    assert (refund[settled], refund[head.index("transactionId")]) == ("-4000", "R2")
    assert end == ["<END>"]


def test_files_are_named_by_partner_day_and_format() -> None:
    assert file_name("xlsx", "kakaopay", DAY) == "kakaopay_2026-11-19.xlsx"
    assert file_name("settlement", "kakaopay", DAY) == "kakaopay_2026-11-19_settlement.csv"


@pytest.mark.parametrize(
    ("figure", "question"),
    [
        ("breaks.AMOUNT", Question("breaks", "AMOUNT")),
        ("breaks.AMOUNT.JPY", Question("breaks", "AMOUNT", "JPY")),
        ("age.2-7", Question("age", "2-7")),
        ("files.file-01.x", Question("files", "file-01.x")),
    ],
)
def test_a_figure_is_taken_apart(figure: str, question: Question) -> None:
    assert parse_figure(figure) == question


@pytest.mark.parametrize("token", ["1", "0-1", "1-x", "1--1", f"1-{'9' * 19}"])
def test_a_page_that_was_not_offered_is_refused(token: str) -> None:
    with pytest.raises(KawaseError):
        parse_place(token)
    assert parse_place(Place(2, 7).token) == Place(2, 7)
