"""Every fault of a file in every format is refused, with its place; or it changes nothing."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.reconciliation.files.formats import FormatUnknown
from services.reconciliation.files.importing import FileDamaged
from services.reconciliation.files.model import TheirRow
from services.reconciliation.partners import Format
from tests.unit.reconciliation.files.reading import DAY, read_file
from tests.unit.reconciliation.files.test_readers import FILES, Written, totals

_ENTRY = re.compile(rb"<Ntry>.*?</Ntry>", re.DOTALL)


def records(file: Written) -> tuple[list[bytes], Callable[[Sequence[bytes]], bytes]]:
    """The records of a file that are of its payments, and what writes a file of others."""
    if file is FILES[Format.CAMT053]:
        found = _ENTRY.findall(file.data)
        begin, end = file.data.split(found[0])[0], file.data.split(found[-1])[1]
        return found, lambda parts: begin + b"".join(parts) + end
    if file is FILES[Format.BANK_API]:
        pages = [json.loads(line) for line in file.lines]
        entries = [json.dumps(entry).encode() for page in pages for entry in page["entries"]]
        return entries, lambda parts: b'{"entries": [' + b", ".join(parts) + b"]}\n"
    lines = file.lines
    last = {Format.PAYPAY: 0, Format.ZENGIN03: 2}.get(format_of(file), 1)
    end_at = len(lines) - last
    return lines[1:end_at], lambda parts: b"".join([lines[0], *parts, *lines[end_at:]])


def format_of(file: Written) -> Format:
    return next(format_ for format_, each in FILES.items() if each is file)


def cut(file: Written) -> bytes:
    return file.data[: len(file.data) * 2 // 3]


def without_end(file: Written) -> bytes:
    return b"".join(file.lines[:-1]) if len(file.lines) > 2 else file.data[:-12]


def twice(file: Written) -> bytes:
    return file.data + file.data


def record_twice(file: Written) -> bytes:
    parts, write = records(file)
    return write([parts[0], parts[0], *parts[1:]])


def reordered(file: Written) -> bytes:
    parts, write = records(file)
    return write([parts[1], parts[0], *parts[2:]])


def record_lost(file: Written) -> bytes:
    parts, write = records(file)
    return write([parts[0], *parts[2:]])


def other_sum(file: Written) -> bytes:
    wrong = {
        Format.ANTOM_SUMMARY: (b",3003,", b",3004,"),
        Format.ZENGIN03: (b"000000009000", b"000000009001"),
        Format.CAMT053: (b">1000555<", b">1000556<"),
        Format.BANK_API: (b'"1100"', b'"1101"'),
        Format.KAKAOPAY: (b",891,", b",892,"),
    }
    old, new = wrong[format_of(file)]
    entries = records(file)[1](records(file)[0]) if format_of(file) is Format.BANK_API else None
    data = entries or file.data
    old, new = (b'"900"', b'"901"') if entries else (old, new)
    assert old in data
    return data.replace(old, new, 1)


def utf16(file: Written) -> bytes:
    source = "cp932" if format_of(file) in (Format.PAYPAY, Format.ZENGIN03) else "utf-8"
    return file.data.decode(source).encode("utf-16")


def broken_letters(file: Written) -> bytes:
    at = len(file.data) // 2
    return file.data[:at] + b"\xff\xfe\x80" + file.data[at:]


FAULTS: dict[str, Callable[[Written], bytes]] = {
    each.__name__: each
    for each in (
        *(cut, without_end, twice, record_twice, reordered, record_lost, other_sum, utf16),
        broken_letters,
    )
}
HARMLESS = {
    # A summary's lines have no order, and its total tells of each that is lost.
    (Format.ANTOM_SUMMARY, "reordered"),
}
UNSEEN = {
    # No count and no total stand in these: what is lost is missing at the partner, as a break.
    (Format.ANTOM_SETTLEMENT, "record_lost"),
    (Format.PAYPAY, "record_lost"),
    (Format.KAKAOPAY, "record_lost"),
    (Format.PAYPAY, "without_end"),
    (Format.ANTOM_SETTLEMENT, "other_sum"),
    (Format.PAYPAY, "other_sum"),
}


@pytest.mark.parametrize("fault", list(FAULTS))
@pytest.mark.parametrize("format_", list(FILES))
def test_every_fault_is_refused_with_its_place(format_: Format, fault: str) -> None:
    file = FILES[format_]
    if (format_, fault) in UNSEEN:
        return
    data = FAULTS[fault](file)
    assert data != file.data
    if (format_, fault) in HARMLESS:
        assert content(*taken(file, data)) == content(*taken(file, file.data))
        return
    with pytest.raises((FileDamaged, FormatUnknown)) as refused:
        read_file(data, file.partner, file.name)
    if isinstance(refused.value, FileDamaged):
        (first, *_) = refused.value.findings
        assert first.message
        assert first.code
        assert first.record or first.offset is not None or first.code in WHOLE


# What is wrong with the file as a whole has no place in it.
WHOLE = {
    *("end-missing", "sum", "balance", "total-missing", "total-repeated", "xml"),
    "statement-repeated",
}


@pytest.mark.parametrize("format_", list(FILES))
def test_another_days_file_is_refused(format_: Format) -> None:
    file = FILES[format_]
    for days in (-400, -1, 30):
        with pytest.raises(FileDamaged) as refused:
            read_file(file.data, file.partner, file.name, DAY + timedelta(days=days))
        assert refused.value.findings[0].code == "day"


def taken(file: Written, data: bytes) -> tuple[list[TheirRow], Any]:
    return read_file(data, file.partner, file.name)


def content(rows: list[TheirRow], reading: Any) -> tuple[object, ...]:
    return sorted(row[1:] for row in rows), totals(rows), sorted(reading.expected())


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([each for each in FILES if each is not Format.PAYPAY]),
    st.data(),
)
def test_a_file_cut_anywhere_is_refused_or_says_the_same(format_: Format, data: Any) -> None:
    file = FILES[format_]
    end = data.draw(st.integers(0, len(file.data) - 1))
    try:
        found = taken(file, file.data[:end])
    except (FileDamaged, FormatUnknown):
        return
    assert content(*found) == content(*taken(file, file.data))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(FILES)), st.data())
def test_a_stretch_that_comes_twice_is_refused_or_says_the_same(format_: Format, data: Any) -> None:
    file = FILES[format_]
    begin = data.draw(st.integers(0, len(file.data) - 1))
    end = data.draw(st.integers(begin + 1, len(file.data)))
    # Within a record a doubled stretch may make another number of one that nothing checks.
    assume(file.data[begin:end].count(b"\n") > 1 or format_ is Format.CAMT053)
    doubled = file.data[:end] + file.data[begin:]
    try:
        found = taken(file, doubled)
    except (FileDamaged, FormatUnknown):
        return
    assert totals(found[0]) == totals(taken(file, file.data)[0])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([Format.ZENGIN03, Format.CAMT053, Format.BANK_API]), st.data())
def test_a_flipped_bit_of_a_statement_is_refused_or_moves_no_money(
    format_: Format, data: Any
) -> None:
    file = FILES[format_]
    # Pages do not say the balance before them: nothing vouches for their first amount.
    vouched = file.data.index(b'"entryReference"', 30) if format_ is Format.BANK_API else 0
    at = data.draw(st.integers(vouched, len(file.data) - 1))
    bit = data.draw(st.integers(0, 7))
    flipped = file.data[:at] + bytes([file.data[at] ^ (1 << bit)]) + file.data[at + 1 :]
    try:
        rows, _ = taken(file, flipped)
    except (FileDamaged, FormatUnknown):
        return
    assert sum(row.minor for row in rows) == sum(r.minor for r in taken(file, file.data)[0])
