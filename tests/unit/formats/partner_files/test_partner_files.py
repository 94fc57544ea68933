"""Settlement files of partners: written and read back, damaged, and long."""

import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.money import Money
from services.formats.findings import FileInvalid, Finding
from services.formats.partner_files import antom, kakaopay, paypay
from services.formats.partner_files.antom import AntomItem, AntomSummary
from services.formats.partner_files.kakaopay import KakaoPayItem
from services.formats.partner_files.paypay import JAPAN, PayPayItem
from services.formats.partner_files.reading import Placed, Report

GOLDEN = Path(__file__).parents[3] / "golden"
AT = datetime(2026, 7, 31, 12, 34, 56, tzinfo=UTC)
Read = Callable[[Iterable[bytes]], Iterator[Report | Placed | Finding]]
ITEM = AntomItem(
    "PAYMENT",
    "T1",
    "R1",
    Money(1200, "JPY"),
    batch_id="B1",
    created=AT,
    settled=Money(5076, "CNY"),
    quote_price=Decimal("0.0423"),
)
REFUND = AntomItem(
    "REFUND", "T2", "R2", Money(-200, "JPY"), batch_id="B1", settled=Money(-846, "CNY")
)
SUMMARY = [
    AntomSummary("B1", "PAYMENT", 1, Money(5076, "CNY")),
    AntomSummary("B1", "REFUND", 1, Money(-846, "CNY")),
    AntomSummary("B1", "TOTAL", 2, Money(4230, "CNY")),
]
PAYPAY = PayPayItem(
    "0480000", "取引完了", datetime(2026, 7, 31, 12, tzinfo=JAPAN), Money(1200, "JPY"), "QR-1"
)
KAKAO = KakaoPayItem(
    date(2026, 8, 1),
    "TC0ONETIME",
    "T1",
    "QR-1",
    "PAYMENT",
    datetime(2026, 7, 31, tzinfo=UTC),
    Money(10_000, "KRW"),
    Money(100, "KRW"),
    Money(9_900, "KRW"),
)


def rows(found: Iterable[object]) -> list[Any]:
    return [each.row for each in found if isinstance(each, Placed)]


def codes(found: Iterable[object]) -> list[str]:
    return [each.code for each in found if isinstance(each, Finding)]


def data(pieces: Iterable[bytes]) -> bytes:
    return b"".join(pieces)


SETTLEMENT = data(antom.write_settlement([ITEM, REFUND]))
FILES: list[tuple[Read, bytes]] = [
    (antom.read_antom, SETTLEMENT),
    (antom.read_antom, data(antom.write_summary(SUMMARY))),
    (paypay.read_paypay, data(paypay.write_paypay([PAYPAY, PAYPAY]))),
    (kakaopay.read_kakaopay, data(kakaopay.write_kakaopay([KAKAO]))),
]


def test_columns_are_those_the_partners_documents_name() -> None:
    columns = json.loads((GOLDEN / "antom_ams.json").read_text())["report_fields"]["columns"]
    for layout in antom.LAYOUTS:
        assert layout.headers == [each for each in columns[layout.name] if "..." not in each]
    recon = json.loads((GOLDEN / "paypay_opa.json").read_text())["recon_file"]
    assert paypay.INSTANT.headers == recon["columns_instant"]
    assert paypay.PREAUTH.headers == recon["columns_preauth"]
    assert frozenset(recon["status_instant"]) == paypay.STATUSES


def test_summary_types_are_those_of_the_document() -> None:
    types = json.loads((GOLDEN / "antom_ams.json").read_text())["report_fields"]["summary_types"]

    assert frozenset(types) == antom.SUMMARY_TYPES


@pytest.mark.parametrize(("read", "whole"), FILES)
@pytest.mark.parametrize("size", [1, 13, 100_000])
def test_a_file_reads_clean_in_pieces_of_any_size(read: Read, whole: bytes, size: int) -> None:
    found = list(read(whole[at : at + size] for at in range(0, len(whole), size)))

    assert codes(found) == []
    assert isinstance(found[0], Report)


def test_a_row_is_placed_by_record_and_byte() -> None:
    _, first, second = antom.read_antom([SETTLEMENT])

    assert isinstance(first, Placed)
    assert isinstance(second, Placed)
    assert (first.row, second.row) == (ITEM, REFUND)
    assert second.record == 3
    assert SETTLEMENT[second.offset :].startswith(b"B1,,,,,,REFUND")


TEXTS = st.text(max_size=8)
NAMES = st.text(min_size=1, max_size=8)
MONEY = st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["JPY", "CNY"]))
TIMES = st.integers(0, 10**15).map(
    lambda micro: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
)
ANTOM = st.builds(
    AntomItem,
    NAMES,
    NAMES,
    NAMES,
    MONEY,
    batch_id=TEXTS,
    description=TEXTS,
    created=st.none() | TIMES,
    settled=st.none() | MONEY,
    quote_price=st.none() | st.decimals(Decimal("0.0001"), 1000, places=8),
    extra=st.tuples(TEXTS),
)
ASCII = st.text(st.characters(max_codepoint=126), min_size=1, max_size=8) | st.just("ﾃｽﾄ食堂")


@settings(max_examples=40)
@given(st.lists(ANTOM, max_size=3))
def test_antoms_transactions_read_back_equal(items: list[AntomItem]) -> None:
    found = list(antom.read_antom(antom.write_transactions(items, ("feeAmountValue",))))

    assert codes(found) == []
    assert rows(found) == items


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            PayPayItem,
            ASCII,
            st.just("取引完了"),
            st.just(PAYPAY.accepted),
            st.just(Money(5, "JPY")),
            ASCII,
            brand=ASCII,
            details=ASCII,
        ),
        max_size=3,
    )
)
def test_paypays_file_reads_back_equal(items: list[PayPayItem]) -> None:
    found = list(paypay.read_paypay(paypay.write_paypay(items)))

    assert codes(found) == []
    assert rows(found) == items


def test_both_of_paypays_files_and_kakao_pays_read_back_equal() -> None:
    written = paypay.write_paypay([PAYPAY], paypay.PREAUTH)

    assert rows(paypay.read_paypay(written)) == [PAYPAY]
    assert rows(kakaopay.read_kakaopay(kakaopay.write_kakaopay([KAKAO]))) == [KAKAO]


@given(st.sampled_from([read for read, _ in FILES]), st.binary(max_size=200))
def test_any_bytes_give_findings(read: Read, junk: bytes) -> None:
    assert codes(read([junk]))


@given(st.sampled_from(FILES), st.integers(0), st.integers(0, 30), st.binary(max_size=6))
def test_a_damaged_file_never_raises(
    file: tuple[Read, bytes], at: int, cut: int, put: bytes
) -> None:
    read, whole = file
    at %= len(whole)

    list(read([whole[:at] + put + whole[at + cut :]]))


def lines(whole: bytes) -> list[bytes]:
    return whole.splitlines(keepends=True)


HEADER, FIRST, SECOND, END = lines(SETTLEMENT)


@pytest.mark.parametrize(
    ("damaged", "code", "record"),
    [
        (HEADER + FIRST + SECOND, "end-missing", 0),
        (HEADER + FIRST + SECOND[:20], "columns", 3),
        (HEADER + FIRST + HEADER + END, "header-repeated", 3),
        (HEADER + FIRST + END + SECOND, "after-end", 4),
        (HEADER + FIRST.replace(b"B1,", b"B1,x,", 1) + END, "columns", 2),
        (HEADER + FIRST.replace(b"B1", b"\x83\x65", 1) + END, "encoding", 2),
        (HEADER + FIRST.replace(b"B1", b'B"1', 1) + END, "quoting", 2),
        (HEADER + FIRST.replace(b",1200,", b",12.5,", 1) + END, "value", 2),
        (HEADER + FIRST.replace(b",1200,JPY", b",1200,XXX", 1) + END, "value", 2),
        (HEADER + FIRST.replace(b",R1,", b",,", 1) + END, "value", 2),
        (HEADER.replace(b"ARN", b"PSP") + FIRST + END, "header", 1),
        (HEADER.replace(b"quotePrice", b"quotePrice,x,x") + END, "header", 1),
        (b"", "header", 0),
        (END, "header", 0),
        (b"x" * (1 << 21), "record-too-large", 1),
    ],
)
def test_a_damaged_file_gives_its_finding_where_the_damage_is(
    damaged: bytes, code: str, record: int
) -> None:
    found = [each for each in antom.read_antom([damaged]) if isinstance(each, Finding)]

    assert (code, record) in [(each.code, each.record) for each in found]


def test_the_byte_that_is_no_text_is_named() -> None:
    damaged = HEADER + FIRST.replace(b"R1", b"R\xff", 1) + END
    found = next(each for each in antom.read_antom([damaged]) if isinstance(each, Finding))

    assert found.offset == damaged.index(b"\xff")


def test_an_empty_cycle_has_a_summary_with_nothing_in_it() -> None:
    nothing = [AntomSummary("B1", "TOTAL", 0, Money(0, "CNY"))]
    found = list(antom.read_antom(antom.write_summary(nothing)))

    assert codes(found) == []
    assert rows(found) == nothing


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (SUMMARY, []),
        (SUMMARY[:2], ["total-missing"]),
        (SUMMARY[1:], ["sum"]),
        ([*SUMMARY, SUMMARY[-1]], ["total-repeated"]),
    ],
)
def test_a_summarys_total_is_what_its_lines_make(
    summary: list[AntomSummary], expected: list[str]
) -> None:
    assert codes(antom.read_antom(antom.write_summary(summary))) == expected


def test_details_and_summary_are_held_against_each_other() -> None:
    sums = antom.sums_of([ITEM, REFUND])

    assert list(antom.disagreements(SUMMARY, sums)) == []
    assert codes(antom.disagreements(SUMMARY, antom.sums_of([ITEM, ITEM, REFUND]))) == ["sum"]


def test_a_refund_of_paypays_that_is_not_negative_is_odd() -> None:
    written = data(paypay.write_paypay([PAYPAY])).replace(
        "取引完了".encode("cp932"), "返金完了".encode("cp932")
    )

    assert codes(paypay.read_paypay([written])) == ["sign"]


def test_paypays_file_without_its_last_line_end_was_cut_short() -> None:
    written = data(paypay.write_paypay([PAYPAY]))

    assert codes(paypay.read_paypay([written[:-1]])) == ["end-missing"]


def test_what_a_file_cannot_hold_is_not_written() -> None:
    with pytest.raises(FileInvalid):
        data(paypay.write_paypay([PayPayItem("1", "取引完了", PAYPAY.accepted, Money(1, "KRW"))]))
    with pytest.raises(FileInvalid):
        data(paypay.write_paypay([PayPayItem("카", "取引完了", PAYPAY.accepted, Money(1, "JPY"))]))


def test_kakao_pays_settled_amount_is_the_amount_less_the_fee() -> None:
    written = data(kakaopay.write_kakaopay([KAKAO])).replace(b",9900,", b",9901,")

    assert codes(kakaopay.read_kakaopay([written])) == ["sum"]


def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    def pieces(count: int) -> Iterator[bytes]:
        yield HEADER
        for _ in range(count // 100):
            yield FIRST * 100
        yield END

    peaks = []
    for count in (500, 10_000):
        tracemalloc.start()
        assert sum(1 for _ in antom.read_antom(pieces(count))) == count + 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 100_000
