"""Whatever the bytes, findings come and no exception; what is dangerous in XML is refused."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.iso20022.documents import stream
from services.formats.iso20022.messages.reading import read_messages
from services.formats.iso20022.statements.reading import read_statements
from tests.unit.formats.iso20022.samples import (
    MESSAGES,
    SAMPLES,
    STATEMENTS,
    codes,
    end,
    entries,
    items,
)

STATEMENT = STATEMENTS[0].read_bytes()
ORDER = MESSAGES[-1].read_bytes()
OPENING = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'


@given(st.binary(max_size=300))
def test_any_bytes_give_findings(data: bytes) -> None:
    assert codes(items(data))
    assert read_messages(data).findings


@given(st.sampled_from(SAMPLES), st.integers(0), st.integers(0, 40), st.binary(max_size=8))
def test_a_damaged_sample_never_raises(path: Path, at: int, cut: int, put: bytes) -> None:
    data = path.read_bytes()
    at %= len(data)
    damaged = data[:at] + put + data[at + cut :]

    items(damaged)
    read_messages(damaged)


@given(st.sampled_from(SAMPLES), st.integers(20))
def test_a_sample_cut_short_gives_a_finding(path: Path, at: int) -> None:
    data = path.read_bytes().rstrip()
    cut = data[: at % len(data)]

    assert codes(items(cut))
    assert read_messages(cut).findings


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b" \n", "file-empty"),
        (b"<a/>", "message-unknown"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "dtd-forbidden"),
        (b"<!-- x --><!DOCTYPE a><a/>", "dtd-forbidden"),
        (b'<?xml version="1.0" encoding="Shift_JIS"?><a/>', "encoding"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>".encode("utf-16"), "encoding"),
        (OPENING + b"<a>" * 200, "too-deep"),
        (OPENING + b"&b;</Document>", "xml"),
        (OPENING + b"<Other/></Document>", "element-missing"),
        (STATEMENT[:900], "xml"),
        (STATEMENT + b"x", "xml"),
    ],
)
def test_what_no_message_needs_is_refused(data: bytes, code: str) -> None:
    assert code in codes(items(data))


def test_malformed_xml_is_found_at_its_byte() -> None:
    damaged = STATEMENT.replace(b"</GrpHdr>", b"</GrpHdx>")
    [finding] = items(damaged)

    assert codes([finding]) == ["xml"]
    assert finding.offset == damaged.index(b"</GrpHdx>") + 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "to", "code"),
    [
        (b"NtryRef>1<", b"NtryRef>" + b"1" * 36 + b"<", "value"),
        (b'<Amt Ccy="JPY">250000', b'<Amt Ccy="JPY">250000.5', "amount-decimals"),
        (b'<Amt Ccy="JPY">250000', b'<Amt Ccy="JPY">-250000', "value"),
        (b'<Amt Ccy="JPY">250000', b'<Amt Ccy="XAU">250000', "currency-unknown"),
        (b'<Amt Ccy="JPY">250000', b"<Amt>250000", "value"),
        (b'<Amt Ccy="JPY">250000', b'<Amt Ccy="JPY" a="b">250000', "attribute-unknown"),
        (b"<CdtDbtInd>CRDT</CdtDbtInd>\n        <Sts>", b"<Sts>", "element-missing"),
        (b"<Cd>BOOK</Cd>", b"<Cd>BOOK</Cd><Prtry>X</Prtry>", "choice"),
        (b"<Cd>BOOK</Cd>", b"", "choice"),
        (b"<NtryRef>1</NtryRef>", b"<NtryRef>1</NtryRef><NtryRef>2</NtryRef>", "element-repeated"),
        (b"<NtryRef>1</NtryRef>", b"<AddtlNtryInf>x</AddtlNtryInf>", "element-order"),
        (b"<NtryRef>1</NtryRef>", b"<Unknown>1</Unknown>", "element-unknown"),
        (b"<NtryRef>1</NtryRef>", b"stray", "text-unexpected"),
        (b"2026-07-31</Dt>\n        </BookgDt>", b"2026-02-30</Dt></BookgDt>", "value"),
    ],
)
def test_an_entry_that_breaks_the_schema_is_left_out_with_its_place(
    change: bytes, to: bytes, code: str
) -> None:
    damaged = STATEMENT.replace(change, to, 1)
    assert damaged != STATEMENT
    found = items(damaged)
    first = next(each for each in found if codes([each]))

    assert code in codes(found)
    assert [entry.reference for entry in entries(found)] == ["2"]
    assert not end(found).whole
    assert first.record == 1  # type: ignore[union-attr]
    assert first.offset == damaged.index(b"<Ntry>")  # type: ignore[union-attr]


def test_an_entry_larger_than_the_limit_ends_the_reading() -> None:
    piece = b"x" * (1 << 20)

    def endless() -> Iterator[bytes]:
        yield STATEMENT[: STATEMENT.index(b"<NtryRef>")] + b"<NtryRef>"
        while True:
            yield piece

    assert codes(read_statements(endless())) == ["record-too-large"]


def many(count: int) -> Iterator[bytes]:
    """A statement of `count` entries."""
    begin = STATEMENT.index(b"<Ntry>")
    entry = STATEMENT[begin : STATEMENT.index(b"<Ntry>", begin + 1)]
    closing = 1_000_000 + 250_000 * count
    yield STATEMENT[:begin].replace(b"1248800", str(closing).encode())
    for _ in range(count):
        yield entry
    yield b"</Stmt></BkToCstmrStmt></Document>"


def test_memory_does_not_grow_with_the_number_of_entries() -> None:
    peaks = []
    for count in (200, 2000):
        tracemalloc.start()
        found = sum(1 for _ in read_statements(many(count)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count + 2

    assert peaks[1] < peaks[0] + 200_000


def test_findings_of_one_file_are_cut() -> None:
    begin = STATEMENT.index(b"<Ntry>")
    data = STATEMENT[:begin] + b"<Ntry/>" * 2000 + b"</Stmt></BkToCstmrStmt></Document>"
    found = codes(items(data))

    assert len(found) == 1000
    assert found[-1] == "findings-cut"


def test_an_order_larger_than_the_limit_is_not_read() -> None:
    assert read_messages(bytes(64 * 1024 * 1024 + 1)).findings[0].code == "file-too-large"


def test_what_stands_before_the_root_is_limited() -> None:
    found = items(b"<!--" + b"x" * (stream.PROLOG_BYTES + 1))

    assert codes(found) == ["prolog-too-large"]
