"""What is wrong with a file is said with the number of its record and the byte where it stands."""

from dataclasses import replace

import pytest

from services.formats.banks import ZenginBanks
from services.formats.zengin import BulkTransfer
from tests.unit.formats.zengin.samples import (
    AS_OF,
    CHECKS,
    DEBITS,
    NOTICE,
    STATEMENT,
    TRANSFERS,
    Reading,
    changed,
    file_of,
    golden_file,
    records_of,
    sample,
)

HEADER, FIRST, SECOND, TRAILER, END = records_of(TRANSFERS)


def found(reading: Reading) -> list[tuple[str, int, int]]:
    return [(one.code, one.record, one.offset or 0) for one in reading.findings]


@pytest.mark.parametrize(
    ("name", "record", "offset", "text", "code", "place"),
    [
        (TRANSFERS, 1, 3, b"1", "CODE_SET", 3),
        (TRANSFERS, 1, 54, b"0230", "DATE", 54),
        (TRANSFERS, 1, 54, b"07 1", "DIGITS", 56),
        (TRANSFERS, 1, 95, b"3", "CODE_LIST", 95),
        (TRANSFERS, 1, 105, b"X", "FILLER", 105),
        (TRANSFERS, 2, 1, b"A", "DIGITS", 122 + 1),
        (TRANSFERS, 2, 5, b"A.", "CHARSET", 122 + 6),
        (TRANSFERS, 2, 50, b"a", "CHARSET", 122 + 50),
        (TRANSFERS, 2, 50, b",", "CHARSET", 122 + 50),
        (TRANSFERS, 2, 50, b"\xb1\xde", "MARK", 122 + 51),
        (TRANSFERS, 2, 50, b"\xdf", "MARK", 122 + 50),
        (TRANSFERS, 2, 50, b" ", "ALIGNMENT", 122 + 50),
        (TRANSFERS, 2, 50, b" " * 30, "FIELD_BLANK", 122 + 50),
        (TRANSFERS, 2, 90, b"5", "CODE_LIST", 122 + 90),
        (TRANSFERS, 2, 111, b"9", "CODE_LIST", 122 + 111),
        (TRANSFERS, 4, 1, b"000003", "TRAILER_COUNT", 3 * 122 + 1),
        (TRANSFERS, 4, 7, b"9", "TRAILER_TOTAL", 3 * 122 + 7),
        (TRANSFERS, 3, 0, b"7", "RECORD_KIND", 2 * 122),
        (DEBITS, 3, 111, b"7", "CODE_LIST", 2 * 122 + 111),
        (DEBITS, 4, 19, b"000002", "TRAILER_COUNT", 3 * 122 + 19),
        (DEBITS, 4, 43, b"1", "TRAILER_TOTAL", 3 * 122 + 43),
        (NOTICE, 2, 7, b"081301", "DATE", 202 + 7),
        (NOTICE, 4, 25, b"1", "TRAILER_TOTAL", 3 * 202 + 25),
        (STATEMENT, 1, 59, b"123", "CODE_LIST", 59),
        (STATEMENT, 2, 21, b"3", "CODE_LIST", 202 + 21),
        (STATEMENT, 2, 22, b"77", "CODE_LIST", 202 + 22),
        (STATEMENT, 4, 41, b"1", "BALANCE", 3 * 202 + 40),
        (STATEMENT, 4, 54, b"1", "TRAILER_COUNT", 3 * 202 + 54),
        (STATEMENT, 5, 1, b"0000000009", "END_COUNT", 4 * 202 + 1),
        (STATEMENT, 5, 11, b"00002", "END_COUNT", 4 * 202 + 11),
    ],
)
def test_a_wrong_field_is_told_with_its_place(
    name: str, record: int, offset: int, text: bytes, code: str, place: int
) -> None:
    reading = Reading(changed(name, record, offset, text))

    assert (code, record, place) in found(reading)
    severities = {one.severity for one in reading.findings}
    assert reading.verdict.valid == ("error" not in severities)


def test_an_end_record_need_not_count_itself() -> None:
    assert Reading(changed(STATEMENT, 5, 1, b"0000000004")).codes == []


def test_a_request_leaves_its_results_at_zero() -> None:
    header, first, second, trailer, end = records_of(DEBITS)
    second = second[:111] + b"0" + second[112:]
    trailer = trailer[:19] + b"0" * 36 + trailer[55:]

    assert Reading(file_of([header, first, second, trailer, end])).codes == []


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([HEADER, FIRST, SECOND, TRAILER], [("END_MISSING", 5)]),
        ([HEADER, FIRST, SECOND, END], [("TRAILER_MISSING", 4)]),
        ([HEADER, FIRST, SECOND], [("TRAILER_MISSING", 4), ("END_MISSING", 4)]),
        ([HEADER, FIRST, SECOND, TRAILER, END, END], [("AFTER_END", 6)]),
        ([HEADER, FIRST, SECOND, TRAILER, FIRST, END], [("RECORD_ORDER", 5)]),
        ([HEADER, FIRST, SECOND, TRAILER, TRAILER, END], [("RECORD_ORDER", 5)]),
        ([FIRST, SECOND, TRAILER, END], [("RECORD_ORDER", n) for n in (1, 2, 3, 4)]),
        ([HEADER, FIRST[:-3], SECOND, TRAILER, END], [("RECORD_LENGTH", 2)]),
        ([HEADER, FIRST, SECOND, TRAILER[:-1], END], [("RECORD_LENGTH", 4)]),
        ([HEADER, FIRST, SECOND, TRAILER, END[:1]], [("RECORD_LENGTH", 5)]),
    ],
)
def test_records_out_of_order_are_told(
    records: list[bytes], expected: list[tuple[str, int]]
) -> None:
    reading = Reading(file_of(records))

    assert [(one.code, one.record) for one in reading.findings] == expected
    assert not reading.verdict.valid


def test_a_file_holds_several_groups_of_header_to_trailer() -> None:
    group = [HEADER, FIRST, SECOND, TRAILER]
    reading = Reading(file_of([*group, *group, END]))

    assert reading.codes == []
    assert (reading.verdict.entries, reading.verdict.total_yen) == (4, 200_000)


def test_groups_of_two_business_types_are_told() -> None:
    records = [HEADER, FIRST, SECOND, TRAILER, *records_of(DEBITS)]

    assert Reading(file_of(records)).codes == ["BUSINESS_TYPE_MIXED"]
    other = [*records[:4], HEADER[:1] + b"03" + HEADER[3:], END]
    assert Reading(file_of(other)).codes == ["BUSINESS_TYPE_MIXED"]


def test_the_same_payment_twice_is_told() -> None:
    trailer = b"8000002000000002400" + b" " * 101
    reading = Reading(file_of([HEADER, FIRST, FIRST, trailer, END]))

    assert found(reading) == [("DUPLICATE", 3, 2 * 122)]
    assert reading.verdict.valid


@pytest.mark.parametrize("separator", [b"", b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("tail", [b"", b"\x1a"])
def test_every_separator_is_found_out(separator: bytes, tail: bytes) -> None:
    reading = Reading(file_of(records_of(TRANSFERS), separator) + tail)

    assert reading.codes == []
    assert [record.offset for record in reading.records][1] == 120 + len(separator)


def test_the_last_record_may_go_without_its_separator() -> None:
    assert Reading(golden_file(sample(TRANSFERS))[:-2]).codes == []


def test_mixed_separators_are_told_and_read() -> None:
    data = file_of([HEADER, FIRST]) + file_of([SECOND, TRAILER], b"\n") + file_of([END])
    reading = Reading(data)

    assert set(reading.codes) == {"SEPARATOR_MIXED"}
    assert reading.verdict.records == 5
    assert reading.verdict.valid


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"\r\n\r\n", "EMPTY_FILE"),
        (b"\xf1\xf2\xf1\xf1" + b"\x40" * 116, "CODE_SET"),
        (b"\xef\xbb\xbf" + HEADER, "ENCODING"),
        (HEADER.decode("cp932").encode(), "ENCODING"),
        (b"1990" + b" " * 116, "BUSINESS_TYPE_UNKNOWN"),
        (b"<?xml version='1.0'?>", "BUSINESS_TYPE_UNKNOWN"),
    ],
)
def test_what_is_no_file_of_ours_is_told_once(data: bytes, code: str) -> None:
    reading = Reading(data)

    assert reading.codes == [code]
    assert not reading.verdict.valid
    assert reading.records == []


def test_banks_are_looked_up_and_told_of_once() -> None:
    checks = replace(CHECKS, banks=ZenginBanks())
    first = FIRST[:1] + b"0001" + FIRST[5:20] + b"001" + FIRST[23:]
    second = SECOND[:1] + b"0001" + SECOND[5:20] + b"000" + SECOND[23:]
    third = SECOND[:1] + b"4999" + SECOND[5:]
    trailer = b"8000004000000298800" + b" " * 101
    reading = Reading(file_of([HEADER, first, second, third, SECOND, trailer, END]), checks)

    expected = [("TEST_BANK", 1), ("BRANCH_UNKNOWN", 3), ("BANK_UNKNOWN", 4), ("TEST_BANK", 5)]
    assert [(one.code, one.record) for one in reading.findings] == [
        *expected,
        ("TRAILER_TOTAL", 6),
    ]


def test_a_day_without_business_is_told() -> None:
    checks = replace(CHECKS, is_business_day=lambda day: day != AS_OF.replace(month=7, day=31))
    reading = Reading(golden_file(sample(TRANSFERS)), checks)

    assert found(reading) == [("BUSINESS_DAY", 1, 54)]
    assert Reading(golden_file(sample(TRANSFERS)), CHECKS).codes == []


def test_findings_past_a_number_are_counted() -> None:
    bad = FIRST[:50] + b"," + FIRST[51:]
    trailer = b"8000020000000024000" + b" " * 101
    records = [HEADER, *[bad] * 20, trailer, END]
    reading = Reading(file_of(records), replace(CHECKS, most_of_a_code=3))

    assert reading.codes.count("CHARSET") == 3
    assert reading.codes.count("DUPLICATE") == 3
    omitted = [one.message for one in reading.findings if one.code == "FINDINGS_OMITTED"]
    assert omitted == [
        "17 more findings CHARSET are not listed.",
        "16 more findings DUPLICATE are not listed.",
    ]
    assert reading.verdict.errors == 20


def test_an_entry_with_a_fault_in_its_text_is_read_all_the_same() -> None:
    entry = Reading(changed(TRANSFERS, 2, 50, b"a")).bodies[1]

    assert isinstance(entry, BulkTransfer)
    assert entry.payee_name.startswith("a")


def test_no_entry_is_made_of_an_amount_that_is_none() -> None:
    reading = Reading(changed(TRANSFERS, 2, 85, b"x"))

    assert reading.codes == ["DIGITS"]
    assert [record.number for record in reading.records] == [1, 3, 4, 5]
