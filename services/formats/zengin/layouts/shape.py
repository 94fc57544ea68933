"""What a record layout and a business type consist of, and the pieces their tables share."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from services.formats.zengin.layouts.fields import FILLER, Field, Kind, Rule, constant

HEADER, DATA, TRAILER, END = b"1", b"2", b"8", b"9"
EDI_MARK = slice(112, 113)
NAMES = {HEADER: "header", DATA: "data", TRAILER: "trailer", END: "end"}

Row = tuple[str, str, str, int, Rule]
Rows = tuple[Row, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """One kind of record of one business type."""

    fields: tuple[Field, ...]

    @cached_property
    def length(self) -> int:
        return sum(field.length for field in self.fields)

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Holds where no field has a problem, but for dates and marks within a text."""
        return re.compile(b"".join(field.pattern for field in self.fields))

    @cached_property
    def dates(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.rule.kind in (Kind.MONTH_DAY, Kind.ERA_DATE))

    def field(self, name: str) -> Field:
        """The field of that name; names but `filler` are unique within a record."""
        return next(field for field in self.fields if field.name == name)


@dataclass(frozen=True)
class Sum:
    """A count and an amount of a trailer, and the data records they are about.

    `marks` are values of the format's `sorts` field; with `others`, all values but those.
    """

    count: str
    amount: str
    marks: frozenset[bytes] = frozenset()
    others: bool = True

    @property
    def is_everything(self) -> bool:
        """Whether all data records of the group are meant."""
        return self.others and not self.marks


@dataclass(frozen=True, eq=False)
class Format:
    """A business type: its records, and what its trailer adds up.

    `data_with_edi` holds where a data record has Y at `EDI_MARK`.
    """

    business_type: str
    title: str
    header: Layout
    data: Layout
    trailer: Layout
    end: Layout
    sums: tuple[Sum, ...]
    sorts: str | None = None
    data_with_edi: Layout | None = None

    @cached_property
    def length(self) -> int:
        return self.header.length

    def layout(self, kind: bytes) -> Layout:
        return getattr(self, NAMES[kind])  # type: ignore[no-any-return]


_CODE_SET = Rule(
    Kind.CHOICE, choices=("0",), code="CODE_SET", note=" 1 means EBCDIC: ask for the file in JIS."
)


def layout_of(rows: Iterable[Row]) -> Layout:
    offset, fields = 0, []
    for row in rows:
        fields.append(replace(Field(*row), offset=offset))
        offset += row[3]
    return Layout(tuple(fields))


def record_type(kind: bytes) -> Row:
    return ("record type", "データ区分", "N", 1, constant(kind.decode()))


def filler(length: int) -> Row:
    return ("filler", "ダミー", "C", length, FILLER)


def opening(business_type: str) -> Rows:
    return (
        record_type(HEADER),
        ("business type", "種別コード", "N", 2, constant(business_type)),
        ("code set", "コード区分", "N", 1, _CODE_SET),
    )


def end_record(length: int) -> Layout:
    return layout_of((record_type(END), filler(length - 1)))
