"""Writing Zengin files, a record at a time. What is written is found valid and reads back equal.

Counts, totals, balances and the end are computed. Nothing is shortened, replaced or guessed: what
a record cannot hold is refused as `FileInvalid` with findings that name record and field.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from services.formats.findings import FileInvalid, error
from services.formats.zengin.groups import OpenGroup
from services.formats.zengin.layouts.shape import Format, Layout
from services.formats.zengin.layouts.tables import FORMATS, STATEMENT
from services.formats.zengin.model import (
    NO_CODE,
    BulkTransfer,
    DirectDebit,
    Entry,
    Header,
    IncomingNotice,
    OrderHeader,
    PayrollTransfer,
    StatementEntry,
    StatementHeader,
)
from services.formats.zengin.reading.splitting import Separator
from services.formats.zengin.writing.composing import Composer
from services.formats.zengin.writing.values import (
    Values,
    business_type_of,
    day_of,
    entry_values,
    header_values,
    sign_of,
)

# What the count and the total of a trailer can say.
MOST_ENTRIES = 999_999
MOST_TOTAL_YEN = 10**12 - 1
ORDER_BYTES = 120

_ENTRIES: dict[str, type[Entry]] = {
    "21": BulkTransfer,
    "11": PayrollTransfer,
    "12": PayrollTransfer,
    "91": DirectDebit,
    "01": IncomingNotice,
    "03": StatementEntry,
}


@dataclass(frozen=True, slots=True)
class Group:
    """What stands under one header. `answered`: a result file of 91, with its sums."""

    header: Header
    entries: Iterable[Entry]
    answered: bool = False


def write(
    groups: Iterable[Group],
    separator: Separator = Separator.CRLF,
    most_entries: int = MOST_ENTRIES,
) -> Iterator[bytes]:
    """The bytes of a file, record by record, each with its separator.

    A group of more than `most_entries`, or of more yen than a trailer can say, goes on under the
    same header again; a statement (03) does not: what its trailer cannot say is refused. Raises
    `FileInvalid`.
    """
    writer = _Writer(separator.value, min(most_entries, MOST_ENTRIES))
    for group in groups:
        yield from writer.group(group)
    yield writer.end()


class _Writer:
    """Where the file stands: its next record's number and offset, and how its records are made."""

    def __init__(self, separator: bytes, most_entries: int) -> None:
        self._separator = separator
        self._most_entries = most_entries
        self._number = 1
        self._offset = 0
        self._headers = 0
        self._form: Format | None = None
        self._composers: dict[Layout, Composer] = {}

    def group(self, group: Group) -> Iterator[bytes]:
        header = group.header
        form = self._form = self._form_of(header)
        self._composers = {
            layout: Composer(layout, day_of(header))
            for layout in (form.header, form.data, form.trailer, form.end, form.data_with_edi)
            if layout is not None
        }
        yield self._header(form, header)
        sums = _open(form, header)
        for entry in group.entries:
            if not isinstance(entry, _ENTRIES[form.business_type]):
                self._refuse("ENTRY_KIND", f"A {type(entry).__name__} is no {form.title}.")
            if self._is_full(sums, entry):
                yield self._trailer(sums, group.answered)
                yield self._header(form, header)
                sums = _open(form, header)
            yield self._entry(sums, entry)
        yield self._trailer(sums, group.answered)

    def end(self) -> bytes:
        if self._form is None:
            self._refuse("EMPTY_FILE", "A file has at least one header.")
        values: Values = {"record count": self._number, "account count": self._headers}
        return self._record(self._form.end, values)

    def _form_of(self, header: Header) -> Format:
        business_type = business_type_of(header)
        form = FORMATS.get(business_type.encode())
        if form is None or isinstance(header, OrderHeader) != (form.length == ORDER_BYTES):
            self._refuse("BUSINESS_TYPE_UNKNOWN", f"Orders have no type {business_type!r}.")
        if self._form not in (None, form):
            self._refuse("BUSINESS_TYPE_MIXED", "A file holds one business type.")
        return form

    def _header(self, form: Format, header: Header) -> bytes:
        self._headers += 1
        return self._record(form.header, header_values(header))

    def _entry(self, sums: OpenGroup, entry: Entry) -> bytes:
        form, values = sums.form, entry_values(entry)
        layout = form.data
        if isinstance(entry, BulkTransfer) and values["identification"] == "Y":
            self._check_edi(entry)
            layout = form.data_with_edi or layout
        data = self._record(layout, values)
        sums.add(data[layout.field(form.sorts).place] if form.sorts else b"", entry.yen)
        return data

    def _trailer(self, sums: OpenGroup, answered: bool) -> bytes:
        form = sums.form
        values: Values = {}
        for one in form.sums:
            told = answered or one.is_everything or form.business_type != "91"
            values[one.count], values[one.amount] = sums.within(one) if told else (0, 0)
        if sums.opening_yen is not None:
            closing = sums.opening_yen + sums.total_yen
            values["balance sign"], values["closing balance"] = sign_of(closing), abs(closing)
            values["data count"] = sums.count
        return self._record(form.trailer, values)

    def _record(self, layout: Layout, values: Values) -> bytes:
        data = self._composers[layout].record(values, self._number, self._offset)
        data += self._separator
        self._number += 1
        self._offset += len(data)
        return data

    def _is_full(self, sums: OpenGroup, entry: Entry) -> bool:
        """Whether the group goes on under another header; a statement has one balance."""
        if sums.form is STATEMENT:
            return False
        return sums.count >= self._most_entries or sums.turnover_yen + entry.yen > MOST_TOTAL_YEN

    def _check_edi(self, entry: BulkTransfer) -> None:
        if entry.edi is None:
            self._refuse("EDI_MISSING", "The identification Y says that there is EDI text.")
        if entry.customer_codes != (NO_CODE, NO_CODE):
            self._refuse("EDI_AND_CODES", "EDI text takes the place of the customer codes.")

    def _refuse(self, code: str, message: str) -> NoReturn:
        raise FileInvalid((error(code, message, record=self._number, offset=self._offset),))


def _open(form: Format, header: Header) -> OpenGroup:
    return OpenGroup(form, header.opening_yen if isinstance(header, StatementHeader) else None)
