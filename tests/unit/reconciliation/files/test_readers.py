"""Readers: files that the simulators write, golden statements, and every fault of a file."""

import io
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.clock import ManualClock
from services.core.money import Money
from services.formats.partner_files.kakaopay import KakaoPayItem, write_kakaopay
from services.reconciliation.files.formats import FormatUnknown, find_format, named_day
from services.reconciliation.files.importing import FileDamaged, Reading
from services.reconciliation.files.model import Source
from services.reconciliation.partners import Format, Partner, Word
from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line
from services.sandbox.partners.japan_bank_account import FEE, RETURN, TOP_UP, TRANSFER_OUT
from services.sandbox.partners.japan_bank_files import camt_statement, zengin_statement
from services.sandbox.partners.paypay import MERCHANT, SHOPS
from services.sandbox.partners.paypay_books import Till
from services.sandbox.partners.paypay_report import PAYMENT, REFUND, file_name, write_file
from tests.unit.reconciliation.files.reading import (
    DAY,
    PARTNERS,
    pieces,
    read_file,
    refusal,
    stored,
    swapped,
)

NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
BANK = PARTNERS["japan-bank"]
PAID = {"transaction_id": "T1", "merchant_id": "M1"}
LINES = [
    Line(f"pay-{n}", "PAYMENT", 1_000 + n, "CNY", NOON + timedelta(minutes=n), 6, PAID)
    for n in range(3)
] + [Line("back-1", "REFUND", 500, "CNY", NOON + timedelta(hours=1), 3, PAID)]
MOVED = [
    Line("00000001", TRANSFER_OUT, 9_000, "JPY", NOON, fields={"party": "ﾃｽﾄ", "reference": "P1"}),
    Line("00000002", FEE, 145, "JPY", NOON, fields={"party": "", "reference": "P1"}),
    Line("00000003", RETURN, 9_000, "JPY", NOON, fields={"party": "ﾃｽﾄ", "reference": "P1"}),
    Line("00000004", TOP_UP, 700, "JPY", NOON, fields={"party": "ﾊﾅｺ", "reference": "00042"}),
]


@dataclass(frozen=True)
class Written:
    """A partner's file."""

    partner: Partner
    name: str
    data: bytes
    rows: int

    @property
    def lines(self) -> list[bytes]:
        return list(pieces(self.data))


def ams(part: str) -> Written:
    files = Report("KAWASE0001", "Alipay+", "kawase", "CNY").files(DAY, LINES)
    (path,) = [name for name in files if part in name]
    rows = len(LINES) if part == "Items" else 0
    return Written(PARTNERS["shanghai-ams"], path.rpartition("/")[2], files[path], rows)


def paypay() -> Written:
    till = Till(Books(None), ManualClock(NOON), SHOPS, "https://qr.paypay.ne.jp/")
    shown = {"paymentId": "00012", "shop": SHOPS[0].token}
    lines = [
        Line(f"pay-{n}", kind, 900 + n, "JPY", NOON + timedelta(minutes=n), fields=shown)
        for n, kind in enumerate([PAYMENT, PAYMENT, REFUND])
    ]
    data = write_file(till, MERCHANT, lines)
    return Written(PARTNERS["paypay"], file_name(MERCHANT, DAY), data, len(lines))


def zengin() -> Written:
    data = zengin_statement(DAY, MOVED, 1_000_000)
    return Written(BANK, "statement-2026-10-30.txt", data, len(MOVED))


def camt() -> Written:
    data = camt_statement(DAY, MOVED, 1_000_000)
    return Written(BANK, "statement-2026-10-30.xml", data, len(MOVED))


def entries(*minors: int) -> list[dict[str, Any]]:
    """Entries of a statement's page, each with the balance after it."""
    balance, told = 1_000, []
    for number, minor in enumerate(minors, 1):
        balance += minor
        told.append(
            {
                "entryReference": f"{number:08d}",
                "bookDate": "2026-10-30",
                "credit": minor > 0,
                "amount": {"minorUnits": str(abs(minor)), "currencyCode": "JPY"},
                "balance": {"minorUnits": str(balance), "currencyCode": "JPY"},
                "counterpartyName": "ﾃｽﾄ ｼﾖｳｼﾞ",
                "remittanceText": f"ﾌﾘｺﾐ ﾃｽﾄ ｼﾖｳｼﾞ P{number}",
            }
        )
    return told


def pages() -> Written:
    told = entries(-100, 200, -50)
    lines = [{"entries": told[:2], "nextPageToken": "2"}, {"entries": told[2:]}]
    data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    return Written(BANK, "pages.jsonl", data, 3)


def kakaopay() -> Written:
    items = [
        KakaoPayItem(
            DAY, "CID", f"T{n}", f"pay-{n}", kind, NOON + timedelta(minutes=n), *amounts, cancel
        )
        for n, (kind, amounts, cancel) in enumerate(
            [
                ("PAYMENT", (Money(900, "KRW"), Money(9, "KRW"), Money(891, "KRW")), ""),
                ("CANCEL", (Money(-300, "KRW"), Money(-3, "KRW"), Money(-297, "KRW")), "back-1"),
            ]
        )
    ]
    partner = Partner(
        id="kakao", zone="Asia/Seoul", formats=(Format.KAKAOPAY,), names=("CID",), in_order=True
    )
    return Written(partner, "kakao.csv", b"".join(write_kakaopay(items)), 2)


FILES = {
    Format.ANTOM_SETTLEMENT: ams("Items"),
    Format.ANTOM_SUMMARY: ams("Summary"),
    Format.PAYPAY: paypay(),
    Format.KAKAOPAY: kakaopay(),
    Format.ZENGIN03: zengin(),
    Format.CAMT053: camt(),
    Format.BANK_API: pages(),
}
ALL = pytest.mark.parametrize("format_", list(FILES))
CSVS = pytest.mark.parametrize("format_", [f for f in FILES if f < Format.CAMT053 or f > "j"])


@ALL
def test_a_simulators_file_is_read_whole(format_: Format) -> None:
    file = FILES[format_]
    assert find_format(file.data, file.name) is format_
    rows, reading = read_file(file.data, file.partner, file.name)
    assert len(rows) == file.rows
    kept = stored(reading, file.data)
    assert (kept.day, kept.row_count >= file.rows) == (DAY, True)
    assert dict(kept.totals) == totals(rows)


def totals(rows: list[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, 0) + row.minor
    return found


def test_ams_rows_are_net_of_nothing_and_say_their_fee() -> None:
    file = FILES[Format.ANTOM_SETTLEMENT]
    rows, _ = read_file(file.data, file.partner, file.name)
    assert [(row.reference, row.kind, row.minor, row.fee) for row in rows] == [
        ("pay-0", "payment", 1_000, 6),
        ("pay-1", "payment", 1_001, 6),
        ("pay-2", "payment", 1_002, 6),
        ("back-1", "refund", -500, -3),
    ]
    assert {(row.day, row.bundle) for row in rows} == {(DAY, "202610300001")}


def test_a_summary_lets_the_bank_be_expected_to_bring_its_total() -> None:
    file = FILES[Format.ANTOM_SUMMARY]
    settled = {"settled_by": "japan-bank", "settled_currency": "CNY", "settlement_prefix": "AMS"}
    _, reading = read_file(file.data, file.partner.model_copy(update=settled), file.name)
    (row,) = reading.expected()
    assert (row.partner_id, row.kind, row.reference) == ("japan-bank", "credit", "AMS202610300001")
    assert row.minor == sum(line.minor - line.fee_minor for line in LINES[:3]) - 497


@pytest.mark.parametrize("format_", [Format.ZENGIN03, Format.CAMT053])
def test_a_statements_lines_are_what_the_banks_words_say(format_: Format) -> None:
    file = FILES[format_]
    rows, _ = read_file(file.data, file.partner, file.name)
    assert [(row.kind, row.reference, row.minor) for row in rows] == [
        ("payout", "P1", -9_000),
        ("fee", "P1", -145),
        ("refund", "P1", 9_000),
        ("top_up", "", 700),
    ]
    assert rows[3].partner_reference == "00042"


def test_pages_of_the_bridge_are_read_as_a_statement() -> None:
    rows, _ = read_file(FILES[Format.BANK_API].data, BANK, day=DAY)
    assert [(row.kind, row.reference, row.minor) for row in rows] == [
        ("payout", "P1", -100),
        ("credit", "P2", 200),
        ("payout", "P3", -50),
    ]


def test_the_longest_word_that_fits_says_what_a_line_is() -> None:
    words = (Word(word="AB", incoming="one"), Word(word="ABC", incoming="two"))
    partner = BANK.model_copy(update={"words": words})
    found = [partner.word_of(text) for text in ("ABX", "ABCD", "X")]
    assert [word and word.incoming for word in found] == ["one", "two", None]


@ALL
def test_a_file_cut_short_is_refused(format_: Format) -> None:
    file = FILES[format_]
    assert refusal(file.data[:-9], file.partner, file.name).findings


@ALL
def test_a_file_cut_at_a_record_is_refused_or_says_nothing_wrong(format_: Format) -> None:
    file = FILES[format_]
    if format_ is not Format.PAYPAY:  # It has no end, no count, no total.
        assert refusal(b"".join(file.lines[:-1]), file.partner, file.name).findings


@ALL
def test_a_file_with_its_content_twice_is_refused(format_: Format) -> None:
    file = FILES[format_]
    assert refusal(file.data + file.data, file.partner, file.name).findings


@pytest.mark.parametrize(
    "format_", [Format.ANTOM_SETTLEMENT, Format.PAYPAY, Format.KAKAOPAY, Format.ZENGIN03]
)
def test_reordered_records_are_refused_with_their_place(format_: Format) -> None:
    file = FILES[format_]
    damaged = refusal(swapped(file.lines, 1, 2), file.partner, file.name)
    assert damaged.findings[0].code == "record-order"
    assert damaged.findings[0].record == 3
    assert damaged.findings[0].offset == len(b"".join(swapped_head(file)))
    assert damaged.metadata["record"] == "3"


def swapped_head(file: Written) -> list[bytes]:
    return [file.lines[0], file.lines[2]]


def test_reordered_pages_are_refused_by_their_balances() -> None:
    first, second, third = entries(-100, 200, -50)
    data = json.dumps({"entries": [second, first, third]}).encode()
    assert refusal(data, BANK, day=DAY).findings[0].code == "balance"


@pytest.mark.parametrize(
    ("format_", "old", "new"),
    [
        (Format.ANTOM_SUMMARY, b"TOTAL,4", b"TOTAL,4,20261030"),
        (Format.ANTOM_SUMMARY, b",3003,", b",3004,"),
        (Format.ZENGIN03, b"000000009000", b"000000009001"),
        (Format.CAMT053, b">9000<", b">9001<"),
        (Format.BANK_API, b'"100"', b'"101"'),
        (Format.KAKAOPAY, b",891,", b",892,"),
    ],
)
def test_wrong_sums_are_refused(format_: Format, old: bytes, new: bytes) -> None:
    file = FILES[format_]
    assert old in file.data
    first = 1 if format_ is not Format.BANK_API else -1
    data = file.data.replace(old, new, first)
    if format_ is Format.BANK_API:
        data = file.data.replace(b'"1100"', b'"1101"').replace(old, old)
    data = data if data != file.data else file.data.replace(b'"900"', b'"901"')
    assert refusal(data, file.partner, file.name).findings


@ALL
def test_a_file_in_another_encoding_is_refused(format_: Format) -> None:
    file = FILES[format_]
    source = "cp932" if format_ in (Format.PAYPAY, Format.ZENGIN03) else "utf-8"
    data = file.data.decode(source).encode("utf-16")
    with pytest.raises((FileDamaged, FormatUnknown)):
        read_file(data, file.partner, file.name)


@ALL
def test_another_days_file_is_refused(format_: Format) -> None:
    file = FILES[format_]
    damaged = refusal(file.data, file.partner, file.name, day=DAY + timedelta(days=30))
    assert {finding.code for finding in damaged.findings} == {"day"}


@pytest.mark.parametrize("format_", [f for f in FILES if f is not Format.BANK_API])
def test_another_partners_file_is_refused(format_: Format) -> None:
    file = FILES[format_]
    stranger = file.partner.model_copy(update={"names": ("SOMEBODY/ELSE/x",)})
    damaged = refusal(file.data, stranger, file.name)
    assert "partner" in {finding.code for finding in damaged.findings}


def test_a_file_with_a_byte_of_zero_is_refused_where_it_stands() -> None:
    file = FILES[Format.PAYPAY]
    reading = Reading(source_of(file), Format.PAYPAY, "file-1", zero_at=17)
    with pytest.raises(FileDamaged) as refused:
        list(reading.records())
    assert (refused.value.metadata["code"], refused.value.metadata["offset"]) == ("encoding", "17")


def source_of(file: Written) -> Any:
    return Source(io.BytesIO(file.data), file.name, file.partner, DAY, DAY)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("settlementItems_CNY_202610300001_000.csv", DAY),
        ("japan-bank-statement-2026-10-30.txt", DAY),
        ("transaction_610000000000000001_20261030000000_20261030235959_v2.csv", DAY),
        ("file.csv", None),
        ("20269999.csv", None),
    ],
)
def test_a_day_stands_in_many_files_names(name: str, day: date | None) -> None:
    assert named_day(name) == day


@settings(max_examples=100)
@given(
    st.sampled_from(list(FILES)),
    st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=12)), max_size=6),
    st.integers(0, 5_000),
)
def test_no_bytes_raise_anything_but_the_refusal(
    format_: Format, changes: list[tuple[int, bytes]], end: int
) -> None:
    file = FILES[format_]
    data = file.data
    for place, change in changes:
        at = place % (len(data) + 1)
        data = data[:at] + change + data[at + len(change) :]
    data = data[: end or None]
    with suppress(FileDamaged, FormatUnknown):
        read_file(data, file.partner, file.name)


@given(st.binary(max_size=400), st.sampled_from([b"", b"103", b"101", b"<", b"{", b'{"entries":[']))
def test_any_bytes_are_refused_by_name(data: bytes, begin: bytes) -> None:
    with pytest.raises((FileDamaged, FormatUnknown)):
        read_file(begin + data, BANK)
