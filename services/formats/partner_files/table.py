"""A CSV report with a header: columns to and from the fields of a frozen dataclass.

A column's text that its field cannot take gives a finding with record number, byte offset and
column name; the row is left out. Amounts are integers of minor units, beside their currency.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from services.core.currencies import CURRENCIES
from services.core.money import LARGEST_UNITS, Money
from services.formats.findings import FileInvalid, Finding, error, quoted
from services.formats.partner_files.lines import Line, csv_record

Row = TypeVar("Row")
END_MARK = "<END>"
PIECE_ROWS = 500
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column and the field it fills; `read` raises ValueError for text it cannot take."""

    header: str
    field: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str
    required: bool = False


@dataclass(frozen=True, slots=True)
class MoneyColumns:
    """Two columns, an amount's minor units and its currency, and the field they fill."""

    header: str
    currency_header: str
    field: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Layout(Generic[Row]):
    """A report: what a row is, its columns in order, and how it is written.

    `open_ended`: further columns may follow those known, and are kept in the row's `extra`.
    """

    name: str
    make: type[Row]
    columns: tuple[Column | MoneyColumns, ...]
    encoding: str = "utf-8"
    end_mark: str = ""
    open_ended: bool = False

    @property
    def headers(self) -> list[str]:
        """The header line's fields, in order."""
        return [name for column in self.columns for name in _headers(column)]

    def fits(self, header: list[str]) -> bool:
        """Whether `header` is this report's."""
        known = self.headers
        if self.open_ended:
            return header[: len(known)] == known and len(set(header)) == len(header)
        return header == known


class RowReader(Generic[Row]):
    """Reads the rows of a report whose header was seen."""

    def __init__(self, layout: Layout[Row], header: list[str]) -> None:
        self._make = layout.make
        self._width = len(header)
        self._known = len(layout.headers)
        order = {field.name: place for place, field in enumerate(fields(layout.make))}  # type: ignore[arg-type]
        self._blank = [field.default for field in fields(layout.make)]  # type: ignore[arg-type]
        places = {name: place for place, name in enumerate(layout.headers)}
        self._plain = [
            (order[each.field], places[each.header], each)
            for each in layout.columns
            if isinstance(each, Column)
        ]
        self._money = [
            (order[each.field], places[each.header], places[each.currency_header], each)
            for each in layout.columns
            if isinstance(each, MoneyColumns)
        ]
        self._extra = order.get("extra")

    def row(self, line: Line) -> Row | Finding:
        """The row a record holds, or why it holds none."""
        texts = line.fields
        if len(texts) != self._width:
            message = f"There are {len(texts)} columns; the header has {self._width}."
            return error("columns", message, record=line.record, offset=line.offset)
        values = self._blank.copy()
        for at, place, column in self._plain:
            text = texts[place]
            if text:
                try:
                    values[at] = column.read(text)
                except ValueError as problem:
                    return _wrong(line, column.header, text, problem)
            elif column.required:
                return _empty(line, column.header)
        for at, place, beside, pair in self._money:
            text = texts[place]
            if text or texts[beside]:
                try:
                    values[at] = money(text, texts[beside])
                except ValueError as problem:
                    return _wrong(line, pair.header, text, problem)
            elif pair.required:
                return _empty(line, pair.header)
        if self._extra is not None and self._width > self._known:
            values[self._extra] = tuple(texts[self._known :])
        return self._make(*values)


def write_rows(
    layout: Layout[Row], rows: Iterable[Row], extra: tuple[str, ...] = ()
) -> Iterator[bytes]:
    """The report as bytes, in pieces. `extra` names columns after those known.

    Raises `FileInvalid` where a text is not of the file's encoding, or a row has other extra
    columns than `extra`.
    """
    yield _encoded([csv_record([*layout.headers, *extra])], layout)
    records: list[str] = []
    for number, row in enumerate(rows, 1):
        records.append(csv_record(_texts(layout, row, len(extra), number)))
        if len(records) == PIECE_ROWS:
            yield _encoded(records, layout)
            records = []
    if layout.end_mark:
        records.append(layout.end_mark)
    if records:
        yield _encoded(records, layout)


def _texts(layout: Layout[Row], row: Row, extra: int, number: int) -> list[str]:
    texts: list[str] = []
    for column in layout.columns:
        value = getattr(row, column.field)
        empty = value is None or value == ""
        if empty and column.required:
            message = f"{_headers(column)[0]} is empty."
            raise FileInvalid((error("value", message, record=number, path=column.field),))
        if isinstance(column, Column):
            texts.append("" if empty else _text(column, value, number))
        else:
            texts.extend(("", "") if empty else (str(value.minor), value.currency))
    held = getattr(row, "extra", ())
    if len(held) != extra:
        message = f"The row has {len(held)} further columns, the header {extra}."
        raise FileInvalid((error("columns", message, record=number),))
    return [*texts, *held]


def _text(column: Column, value: Any, number: int) -> str:
    try:
        return column.write(value)
    except ValueError as problem:
        message = f"{column.header}: {problem}."
        raise FileInvalid((error("value", message, record=number, path=column.field),)) from None


def _encoded(records: list[str], layout: Layout[Any]) -> bytes:
    try:
        return "".join(f"{record}\n" for record in records).encode(layout.encoding)
    except UnicodeEncodeError as problem:
        message = f"{quoted(problem.object[problem.start : problem.end])} is no {layout.encoding}."
        raise FileInvalid((error("encoding", message),)) from None


def _headers(column: Column | MoneyColumns) -> list[str]:
    if isinstance(column, MoneyColumns):
        return [column.header, column.currency_header]
    return [column.header]


def _wrong(line: Line, header: str, text: str, problem: ValueError) -> Finding:
    message = f"{header} {quoted(text)}: {problem}."
    return error("value", message, record=line.record, offset=line.offset, path=header)


def _empty(line: Line, header: str) -> Finding:
    message = f"{header} is empty."
    return error("value", message, record=line.record, offset=line.offset, path=header)


def integer(text: str) -> int:
    """A whole number with at most 19 digits."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("write a whole number")
    return int(text)


def money(text: str, currency: str) -> Money:
    """Minor units of a currency known here; a refund may be negative."""
    if currency not in CURRENCIES:
        raise ValueError(f"the currency {quoted(currency)} is not known here")
    units = integer(text)
    if abs(units) > LARGEST_UNITS:
        raise ValueError("an amount has at most 18 digits")
    return Money(units, currency)


def decimal(text: str) -> Decimal:
    """A plain decimal, such as a rate."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("write a decimal without exponent")
    return Decimal(text)


def decimal_text(value: Decimal) -> str:
    """`value` without exponent."""
    return f"{value:f}"


def instant(text: str) -> datetime:
    """An ISO 8601 instant with its zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("write an ISO 8601 instant") from None
    if found.tzinfo is None:
        raise ValueError("the instant has no zone")
    return found


def day(text: str) -> date:
    """A date as `2026-07-31` or `20260731`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("write a date such as 2026-07-31") from None


def one_of(known: Mapping[str, Any] | frozenset[str]) -> Callable[[str], str]:
    """A reader that takes the words of `known` only."""

    def read(text: str) -> str:
        if text not in known:
            raise ValueError("the word is not known here")
        return text

    return read
