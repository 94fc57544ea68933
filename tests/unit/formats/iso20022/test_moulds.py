"""Entries written alike are read without the parser, and say what the parser would have said."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.formats.findings import Finding
from services.formats.iso20022.documents.checking import Checker, texts_of
from services.formats.iso20022.documents.moulds import Mould, mould_of
from services.formats.iso20022.documents.schema import spec_at
from services.formats.iso20022.statements.model import StatementEntry
from services.formats.iso20022.statements.reading import Item, read_statements
from tests.unit.formats.iso20022.samples import (
    STATEMENTS,
    codes,
    entries,
    items,
    name_of,
    pieces,
    unplaced,
)

SAMPLE = STATEMENTS[0].read_bytes()
OPENING = SAMPLE[: SAMPLE.index(b"<Ntry>")]
ENTRY = SAMPLE[SAMPLE.index(b"<Ntry>") : SAMPLE.index(b"</Ntry>") + 7]
CLOSING = SAMPLE[SAMPLE.rindex(b"</Ntry>") + 7 :]
# A comment in the root may hold anything: from there on only the parser reads.
PARSED = OPENING.replace(b"<Stmt>", b"<Stmt><!-- -->")


def file_of(written: Sequence[bytes], opening: bytes = OPENING) -> bytes:
    return opening + b"\n ".join(written) + CLOSING


def findings(found: Sequence[Item]) -> list[Finding]:
    return [replace(each, offset=None) for each in found if isinstance(each, Finding)]


def mould(written: bytes) -> Mould | None:
    """The mould of an entry that stands in a statement."""
    from xml.etree.ElementTree import fromstring

    root = fromstring(file_of([written]))
    (element,) = (node for node in root.iter() if node.tag.endswith("}Ntry"))
    nodes = list(element.iter())
    spec = spec_at(name_of(STATEMENTS[0]), "BkToCstmrStmt", "Stmt", "Ntry")
    plan = Checker(spec, "Ntry").plan(nodes)
    return mould_of(written.decode(), plan, texts_of(nodes))


@pytest.mark.parametrize(
    ("change", "to"),
    [
        (b"250000", b"7"),
        (b">1</NtryRef>", ">口座 é</NtryRef>".encode()),
        (b"CRDT", b"DBIT"),
        (b"2026-07-31", b"2028-02-29"),
        (b"\n", b"\r\n\t"),
        (b"PAYIN", b"line\tof\ntext"),
    ],
)
def test_what_differs_in_its_texts_only_fits_the_mould(change: bytes, to: bytes) -> None:
    made = mould(ENTRY)
    assert made is not None
    assert change in ENTRY
    assert made.texts(ENTRY.replace(change, to).decode()) is not None


@pytest.mark.parametrize(
    ("change", "to"),
    [
        (b"250000", b"250000.5"),
        (b"250000", b""),
        (b"250000", b"-1"),
        (b'Ccy="JPY"', b'Ccy="KRW"'),
        (b'Ccy="JPY"', b"Ccy='JPY'"),
        (b">1</NtryRef>", b">" + b"1" * 36 + b"</NtryRef>"),
        (b">1</NtryRef>", b"></NtryRef>"),
        (b">1</NtryRef>", b">&amp;</NtryRef>"),
        (b">1</NtryRef>", b">1<!-- --></NtryRef>"),
        (b">1</NtryRef>", b">1\r2</NtryRef>"),
        (b">1</NtryRef>", b">]]></NtryRef>"),
        (b">1</NtryRef>", b">\x01</NtryRef>"),
        (b">1</NtryRef>", ">\ufffe</NtryRef>".encode()),
        (b"<NtryRef>1</NtryRef>", b""),
        (b"<NtryRef>1</NtryRef>", b"<NtryRef>1</NtryRef>stray"),
        (b"CRDT", b"CRDX"),
        (b"2026-07-31", b"2026-02-30"),
        (b"</Ntry>", b"</Ntry ><Ntry>"),
    ],
)
def test_what_the_parser_has_to_see_does_not_fit_the_mould(change: bytes, to: bytes) -> None:
    made = mould(ENTRY)
    assert made is not None
    assert change in ENTRY
    assert made.texts(ENTRY.replace(change, to).decode()) is None


@pytest.mark.parametrize(
    ("change", "to"),
    [
        (b">1</NtryRef>", b">&#49;</NtryRef>"),
        (b"<NtryRef>", b'<NtryRef xmlns:a="b">'),
        (b">1</NtryRef>", b"><![CDATA[1]]></NtryRef>"),
    ],
)
def test_of_what_is_not_written_plainly_no_mould_is_made(change: bytes, to: bytes) -> None:
    assert mould(ENTRY.replace(change, to)) is None


def same(short: Sequence[Item], parsed: Sequence[Item]) -> None:
    """Both say the same; of what the XML breaks behind, the parser may have kept the last back."""
    one, other = (
        [each for each in unplaced(found) if not isinstance(each, Finding)]
        for found in (short, parsed)
    )
    if "xml" in codes(parsed):
        assert findings(short)[-1] == findings(parsed)[-1]
        assert one[: len(other)] == other
    else:
        assert findings(short) == findings(parsed)
        assert one == other


TEXTS = st.sampled_from(
    ["1", "口座", "&amp;", "", "x" * 36, "<!-- -->", "<![CDATA[</Ntry>]]>", "a]]>b", "\r", "<a/>"]
)
AMOUNTS = st.sampled_from(["1", "12", "1.5", "", "x", "250000"])


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """An entry that differs from the sample in a text or two, not always for the good."""
    text, amount = draw(TEXTS).encode(), draw(AMOUNTS).encode()
    changed = ENTRY.replace(b">1<", b">" + text + b"<").replace(b">250000<", b">" + amount + b"<")
    tags = draw(st.sampled_from([(b"Sts>", b"Sts>"), (b"ValDt>", b"ValDat>"), (b"\n", b"")]))
    return changed.replace(*tags)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.just(ENTRY) | written(), max_size=8), st.sampled_from([50, 3_000, 1 << 18]))
def test_files_read_the_same_with_moulds_and_by_the_parser_alone(
    each: list[bytes], size: int
) -> None:
    same(
        list(read_statements(pieces(file_of(each), size))),
        list(read_statements(pieces(file_of(each, PARSED), size))),
    )


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 6_000), st.integers(0, 30), st.binary(max_size=6))
def test_damage_among_entries_written_alike_is_found_as_by_the_parser_alone(
    at: int, cut: int, put: bytes
) -> None:
    body = b"\n".join([ENTRY] * 6) + CLOSING
    damaged = body[:at] + put + body[at + cut :]
    same(items(OPENING + damaged), items(PARSED + damaged))


@pytest.mark.parametrize("size", [1, 7, 1_000, 1 << 18])
def test_every_entry_is_at_its_byte(size: int) -> None:
    names = [str(n) * (n % 5 + 1) + "口" * (n % 3) for n in range(30)]
    data = file_of([ENTRY.replace(b">1<", f">{name}<".encode()) for name in names])
    found = entries(list(read_statements(pieces(data, size))))
    assert [entry.reference for entry in found] == names
    assert [entry.record for entry in found] == list(range(1, 31))
    for entry in found:
        assert entry.offset is not None
        assert data[entry.offset :].startswith(
            f"<Ntry>\n        <NtryRef>{entry.reference}<".encode()
        )


def test_malformed_xml_behind_entries_written_alike_is_found_at_its_byte() -> None:
    data = file_of([ENTRY] * 9 + [ENTRY.replace(b"</Sts>", b"</Stx>")])
    (finding,) = [each for each in items(data) if isinstance(each, Finding)]
    assert (finding.code, finding.offset) == ("xml", data.index(b"</Stx>") + 2)


def test_bytes_that_are_no_text_are_refused_among_entries_written_alike() -> None:
    for declared, text in ((b"UTF-8", b"\xff"), (b"US-ASCII", "口".encode())):
        data = file_of([ENTRY] * 3 + [ENTRY.replace(b">1<", b">" + text + b"<")])
        assert "xml" in codes(items(data.replace(b"UTF-8", declared)))


def test_entries_of_two_statements_are_each_of_their_own() -> None:
    one = file_of([ENTRY] * 3)
    begin, end = one.index(b"<Stmt>"), one.index(b"</Stmt>") + 7
    found = items(one[:end] + one[begin:end] + one[end:])
    assert [entry.record for entry in entries(found)] == list(range(1, 7))
    assert all(isinstance(each, StatementEntry) for each in entries(found))
