"""The tables of records against the field table they were made from."""

import csv

import pytest

from services.formats.zengin.layouts.fields import MISPLACED_MARK, Kind
from services.formats.zengin.layouts.shape import NAMES
from services.formats.zengin.layouts.tables import BULK_TRANSFER, FORMATS
from services.formats.zengin.layouts.text import decode, encode
from tests.unit.formats.zengin.samples import GOLDEN

with (GOLDEN / "zengin_layouts.csv").open() as _lines:
    ROWS = list(csv.DictReader(_lines))
KINDS = {name: kind for kind, name in NAMES.items()}


def ours() -> list[tuple[str, ...]]:
    return [
        (
            f"{form.business_type} {form.title}",
            NAMES[kind],
            str(number),
            f"{field.name} {field.label}",
            field.type,
            str(field.length),
            str(field.offset),
        )
        for form in FORMATS.values()
        for kind in NAMES
        for number, field in enumerate(form.layout(kind).fields, 1)
    ]


def test_every_field_stands_as_in_the_field_table() -> None:
    columns = ("format", "record", "seq", "field", "type", "length", "offset0")
    theirs = [tuple(row[column] for column in columns) for row in ROWS]

    assert sorted(ours()) == sorted(theirs)


@pytest.mark.parametrize("row", [row for row in ROWS if row["note"].startswith("const ")])
def test_a_constant_field_takes_its_constant_alone(row: dict[str, str]) -> None:
    form = FORMATS[row["format"][:2].encode()]
    field = form.layout(KINDS[row["record"]]).fields[int(row["seq"]) - 1]

    assert field.rule.choices == (row["note"].removeprefix("const "),)


def test_every_record_of_a_type_has_one_length() -> None:
    for form in FORMATS.values():
        length = 200 if form.business_type in ("01", "03") else 120
        assert {form.layout(kind).length for kind in NAMES} == {length}
    assert BULK_TRANSFER.data_with_edi is not None
    assert BULK_TRANSFER.data_with_edi.length == 120


def test_only_fields_of_digits_hold_amounts() -> None:
    for form in FORMATS.values():
        for one in form.sums:
            assert form.trailer.field(one.count).rule.kind is Kind.DIGITS
            assert form.trailer.field(one.amount).rule.kind is Kind.DIGITS
        assert form.data.field("amount").rule.kind is Kind.DIGITS


@pytest.mark.parametrize(
    ("text", "is_misplaced"),
    [("ﾔﾏﾀﾞ", False), ("ｳﾞｲﾗ", False), ("ﾊﾟ", False), ("ｱﾞ", True), ("ｶﾟ", True), ("ﾞ", True)],
)
def test_a_mark_stands_behind_a_kana_that_takes_it(text: str, is_misplaced: bool) -> None:
    assert (MISPLACED_MARK.search(text.encode("cp932")) is not None) is is_misplaced


def test_text_is_cp932_of_one_byte_a_character() -> None:
    single = bytes(range(0x80)) + bytes(range(0xA1, 0xE0))

    assert decode(single) == single.decode("cp932")
    assert encode(decode(single)) == single
    assert len(decode(bytes(range(256)))) == 256
