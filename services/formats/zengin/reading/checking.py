"""What a Zengin file must be, record by record: kinds in order, fields, sums, banks, days.

`Checker.see` takes the records one after another and keeps only the open group's sums.
"""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from services.formats.zengin.groups import OpenGroup, numbers
from services.formats.zengin.layouts.shape import (
    DATA,
    EDI_MARK,
    END,
    HEADER,
    NAMES,
    TRAILER,
    Format,
    Layout,
)
from services.formats.zengin.layouts.tables import FORMATS
from services.formats.zengin.layouts.text import decode
from services.formats.zengin.model import Body, OrderHeader, StatementHeader
from services.formats.zengin.reading.examining import Examiner
from services.formats.zengin.reading.noting import Notes
from services.formats.zengin.reading.parsing import parser
from services.formats.zengin.reading.references import Checks, References

Reader = Callable[[bytes, date], Body]


class _Lane(NamedTuple):
    """What is needed for each data record of a layout."""

    examiner: Examiner
    parse: Reader
    amount: slice
    sort: slice


class Checker:
    """The state of reading one file: the group that is open, and what was seen before."""

    def __init__(self, checks: Checks, notes: Notes, length: int) -> None:
        self.checks = checks
        self.notes = notes
        self.length = length
        self.business_type: str | None = None
        self.total_yen = 0
        self.entries = 0
        self._form: Format | None = None
        self._group: OpenGroup | None = None
        self._headers = 0
        self._ended = False
        self._lanes: dict[Layout, _Lane] = {}
        self._references = References(checks, notes)

    def see(self, number: int, offset: int, data: bytes) -> Reader | None:
        """Check the next record; answer how to read it, or None where it cannot be read."""
        kind = data[:1]
        if kind not in NAMES:
            message = f"A record begins with 1, 2, 8 or 9, not with {decode(kind)!r}."
            self.notes.error("RECORD_KIND", number, offset, message)
        if self._ended:
            self.notes.error("AFTER_END", number, offset, "A record stands behind the end record.")
        if len(data) != self.length:
            self._note_length(number, offset, data)
        elif kind == DATA:
            return self._see_data(number, offset, data)
        elif kind == HEADER:
            return self._see_header(number, offset, data)
        elif kind == TRAILER:
            return self._see_trailer(number, offset, data)
        elif kind == END:
            return self._see_end(number, offset, data)
        return None

    def finish(self, number: int, offset: int) -> None:
        """Say what is missing at the end of the file, behind record `number` at `offset`."""
        self._close(number + 1, offset)
        if not self._ended:
            message = "The file ends without an end record (9): it may have been cut."
            self.notes.error("END_MISSING", number + 1, offset, message)

    def _see_header(self, number: int, offset: int, data: bytes) -> Reader | None:
        self._close(number, offset)
        self._headers += 1
        form = FORMATS.get(data[1:3])
        if form is None or form.length != self.length:
            code = "BUSINESS_TYPE_UNKNOWN" if form is None else "BUSINESS_TYPE_MIXED"
            message = f"種別コード (business type) {decode(data[1:3])!r} is not read here."
            self.notes.error(code, number, offset + 1, message)
            self._form = None
            return None
        self.business_type = self.business_type or form.business_type
        if form.business_type != self.business_type:
            message = f"The file began with type {self.business_type}; this is another one."
            self.notes.error("BUSINESS_TYPE_MIXED", number, offset + 1, message)
        self._form, self._group = form, OpenGroup(form)
        typed = self._examine(form.header, number, offset, data)
        if not typed:
            return None
        parse = parser(form.header, form.business_type, HEADER)
        header = parse(data, self.checks.as_of)
        if isinstance(header, StatementHeader):
            self._group.opening_yen = header.opening_yen
        elif isinstance(header, OrderHeader):
            field = form.header.dates[0]
            self._references.check_day(number, offset, field, header.value_date)
        self._references.check_bank(number, offset, data, form.header)
        return parse

    def _see_data(self, number: int, offset: int, data: bytes) -> Reader | None:
        form, group = self._form, self._group
        if form is None:
            self._note_order(number, offset, "A data record (2) stands before a header (1).")
            return None
        if group is None:
            self._note_order(number, offset, "A data record (2) stands behind its trailer (8).")
            group = OpenGroup(form)
        layout = form.data
        if form.data_with_edi is not None and data[EDI_MARK] == b"Y":
            layout = form.data_with_edi
        lane = self._lanes.get(layout) or self._lane(layout, form)
        if not lane.examiner.is_sound(data) and not self._examine(layout, number, offset, data):
            group.unread += 1
            return None
        yen = int(data[lane.amount])
        group.add(data[lane.sort], yen)
        if not yen:
            place = offset + lane.amount.start
            self.notes.warning("ZERO_AMOUNT", number, place, "The amount is zero.")
        if group.seen.again(data):
            message = "Another record of this group is the same to the last byte."
            self.notes.warning("DUPLICATE", number, offset, message)
        if self.checks.banks is not None:
            self._references.check_bank(number, offset, data, layout)
        return lane.parse

    def _see_trailer(self, number: int, offset: int, data: bytes) -> Reader | None:
        form, group = self._form, self._group
        if form is None or group is None:
            self._note_order(number, offset, "A trailer (8) stands without its header (1).")
            return None
        typed = self._examine(form.trailer, number, offset, data)
        if typed:
            for code, name, said, found in group.mismatches(numbers(form.trailer, data)):
                field = form.trailer.field(name)
                message = f"{field.title} says {said:,}; the records before give {found:,}."
                self.notes.error(code, number, offset + field.offset, message, field.name)
        self._add(group)
        self._group = None
        return parser(form.trailer, form.business_type, TRAILER) if typed else None

    def _see_end(self, number: int, offset: int, data: bytes) -> Reader | None:
        self._close(number, offset)
        form, self._ended = self._form, True
        if form is None:
            self._note_order(number, offset, "The end (9) stands before any header (1).")
            return None
        typed = self._examine(form.end, number, offset, data)
        if typed and form.business_type == "03":
            said = numbers(form.end, data)
            # Banks differ on whether the end record counts itself (facts.md §5.1).
            found = {"record count": (number, number - 1), "account count": (self._headers,)}
            for name, counts in found.items():
                if said[name] not in counts:
                    field = form.end.field(name)
                    message = f"{field.title} says {said[name]:,}; the file has {counts[0]:,}."
                    self.notes.error("END_COUNT", number, offset + field.offset, message, name)
        return parser(form.end, form.business_type, END) if typed else None

    def _examine(self, layout: Layout, number: int, offset: int, data: bytes) -> bool:
        """Note what is wrong in a record; answer whether it can be read all the same."""
        typed = True
        for field, problem in Examiner(layout, self.checks.as_of).problems(data):
            place = offset + field.offset + problem.at
            note = self.notes.error if problem.severity == "error" else self.notes.warning
            note(problem.code, number, place, problem.message, field.name)
            typed = typed and not problem.fatal
        return typed

    def _note_length(self, number: int, offset: int, data: bytes) -> None:
        message = f"The record has {len(data)} bytes; {self.length} are due."
        if len(data) < self.length:
            message += " Was the file cut, or were spaces at the end of a line taken away?"
        self.notes.error("RECORD_LENGTH", number, offset, message)
        kind = data[:1]
        if kind == DATA and self._group is not None:
            self._group.unread += 1
        elif kind == HEADER:
            self._close(number, offset)
            self._group = OpenGroup(self._form) if self._form else None
            self._headers += 1
        elif kind == TRAILER and self._group is not None:
            self._add(self._group)
            self._group = None
        elif kind == END:
            self._close(number, offset)
            self._ended = True

    def _note_order(self, number: int, offset: int, message: str) -> None:
        """Behind a header that is not read the order is not known: that header was told."""
        if self._form is not None or not self._headers:
            self.notes.error("RECORD_ORDER", number, offset, message)

    def _close(self, number: int, offset: int) -> None:
        """A group that is still open here has no trailer."""
        if self._group is not None:
            message = "The trailer (8) of the records before is missing."
            self.notes.error("TRAILER_MISSING", number, offset, message)
            self._add(self._group)
            self._group = None

    def _add(self, group: OpenGroup) -> None:
        self.total_yen += group.total_yen
        self.entries += group.count

    def _lane(self, layout: Layout, form: Format) -> _Lane:
        lane = self._lanes[layout] = _Lane(
            Examiner(layout, self.checks.as_of),
            parser(layout, form.business_type, DATA),
            layout.field("amount").place,
            layout.field(form.sorts).place if form.sorts else slice(0, 1),
        )
        return lane
