"""Reads banks' statements as rows: camt.053, Zengin 03 and 01, pages of the bridge's statement.

What comes in is positive. What a line is, the bank's words say (`partners.toml`); of some lines the
text is the bank's own number, which we know as the partner's reference.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from services.formats.findings import Finding, error, quoted
from services.formats.iso20022.statements.model import (
    EntryTransaction,
    Statement,
    StatementEntry,
)
from services.formats.iso20022.statements.reading import read_statements
from services.formats.zengin import (
    Checks,
    IncomingNotice,
    NoticeHeader,
    Record,
    StatementHeader,
    read,
)
from services.formats.zengin import Direction as ZenginDirection
from services.formats.zengin import StatementEntry as ZenginEntry
from services.reconciliation.files.model import Head, Item, Source, TheirRow
from services.reconciliation.partners import Partner

COMPLETED = "completed"
_NUMBER_LIMIT = 10**18
_NO_REFERENCE = ("NOTPROVIDED", "NONREF")
_NO_TRANSFER = EntryTransaction()


class Line(NamedTuple):
    """A line of a statement. `own`: the bank's number of it; `reference`: its text for whom it
    concerns; `word`: how it begins to say what it is. `minor` is positive where money came in."""

    record: int
    own: str
    reference: str
    word: str
    party: str
    currency: str
    minor: int
    day: date


def row_of(partner: Partner, line: Line) -> TheirRow:
    """What a line is to us."""
    word = partner.word_of(line.word)
    kind = "credit" if line.minor >= 0 else "debit"
    is_theirs = False
    if word is not None:
        kind = word.incoming if line.minor >= 0 else word.outgoing
        is_theirs = word.reference == "theirs"
    text = " ".join([part for part in (line.word, line.party, line.reference) if part])
    return TheirRow(
        line.record,
        "" if is_theirs else line.reference,
        line.reference if is_theirs else line.own,
        kind,
        line.currency,
        line.minor,
        None,
        COMPLETED,
        line.day,
        "",
        text,
    )


class Account:
    """Whose statement of which day it is, against what is expected."""

    def __init__(self, source: Source, family: str) -> None:
        self._source = source
        self._family = family
        self._head: Head | None = None
        self._first = self._last = date.min

    def begin(
        self,
        number: str,
        first: date,
        last: date,
        record: int,
        offset: int | None,
        sending: tuple[str, int] = ("", 0),
    ) -> Iterator[Item]:
        """The head of a statement from `first` to `last`, both inclusive. `sending`: its series and
        number, where it counts how often it was sent."""
        names = self._source.partner.names
        known = next((name for name in names if number.endswith(name)), "")
        if names and not known:
            message = f"It is of the account {quoted(number)}, which is not ours."
            yield error("partner", message, record=record, offset=offset)
        wanted = self._source.day
        if wanted is not None and last != wanted:
            message = f"It is of {last}, and {wanted} is expected."
            yield error("day", message, record=record, offset=offset)
        if self._head is not None:
            message = "A second statement stands in the file: import them one by one."
            yield error("statement-repeated", message, record=record, offset=offset)
            return
        self._first, self._last = first, last
        self._head = Head(last, f"{self._family}:{known or number}", *sending)
        yield self._head

    def check(self, record: int, offset: int | None, day: date) -> Sequence[Finding]:
        """Whether an entry is of the statement's days."""
        if self._first <= day <= self._last:
            return ()
        message = f"The entry is of {day}, outside {self._first} to {self._last}."
        return (error("day", message, record=record, offset=offset),)


def read_camt053(source: Source) -> Iterator[Item]:
    """A camt.053 with one statement; what is not booked yet is left out."""
    account, opened = Account(source, "statement"), False
    numbers = _Numbers(source.partner.in_order)
    for item in read_statements(source.chunks()):
        if isinstance(item, StatementEntry) and item.status == "BOOK":
            day = item.booked or item.value_date
            if day is None:
                message = "The entry has no date of booking."
                yield error("day-missing", message, record=item.record, offset=item.offset)
                continue
            yield from account.check(item.record, item.offset, day)
            own = item.servicer_reference or item.reference
            yield from numbers.check(own, item.record, item.offset)
            for line in _camt_lines(item, own, day):
                yield row_of(source.partner, line)
        elif isinstance(item, Finding):
            yield item
        elif isinstance(item, Statement):
            opened = True
            yield from _camt_head(source, account, item)
    if not opened:
        yield error("statement-missing", "The file holds no statement.")


def _camt_head(source: Source, account: Account, statement: Statement) -> Iterator[Item]:
    end = statement.end or statement.created
    if end is None:
        yield error("day-missing", "The statement does not say its day.")
        return
    number = statement.account.number or statement.account.iban
    zone = source.partner.time_zone
    days = [
        (time if time.tzinfo is None else time.astimezone(zone)).date()
        for time in (statement.begin or end, end)
    ]
    yield from account.begin(number, days[0], days[1], 0, None, _sending(statement))


def _sending(statement: Statement) -> tuple[str, int]:
    # The legal number stays with the statement; the electronic one grows with each sending of it.
    if statement.legal_number is None or not 0 < (statement.number or 0) < _NUMBER_LIMIT:
        return "", 0
    assert statement.number is not None, "looked at above"
    return f"legal:{statement.legal_number}", statement.number


def _camt_lines(entry: StatementEntry, own: str, day: date) -> list[Line]:
    """A line for each transfer, where their amounts are those of the entry; else one."""
    transfers = entry.transactions
    amounts = [each.booked_amount for each in transfers] if len(transfers) > 1 else []
    currency = entry.amount.currency
    if not amounts or any(one is None or one.currency != currency for one in amounts):
        transfer = transfers[0] if transfers else _NO_TRANSFER
        minor = entry.direction.signed(entry.amount.minor)
        return [_camt_line(entry, own, day, transfer, minor)]
    return [
        _camt_line(entry, own, day, each, (each.direction or entry.direction).signed(one.minor))
        for each, one in zip(transfers, amounts, strict=True)
        if one is not None
    ]


def _camt_line(
    entry: StatementEntry, own: str, day: date, transfer: EntryTransaction, minor: int
) -> Line:
    party = entry.counterparty(transfer)
    remittance = " ".join(transfer.remittance) or entry.information
    reference = transfer.end_to_end_id
    return Line(
        entry.record,
        own,
        "" if reference in _NO_REFERENCE else reference,
        remittance.removesuffix(reference).strip(),
        party.name if party else "",
        entry.amount.currency,
        minor,
        day,
    )


def read_zengin03(source: Source) -> Iterator[Item]:
    """A Zengin statement."""
    account = Account(source, "statement")
    numbers = _Numbers(source.partner.in_order)
    for item in _zengin(source, "03"):
        body = item.body if isinstance(item, Record) else None
        if isinstance(item, Finding):
            yield item
        elif isinstance(item, Record) and isinstance(body, StatementHeader):
            number, place = body.account.account_number, (item.number, item.offset)
            yield from account.begin(number, body.from_date, body.to_date, *place)
        elif isinstance(item, Record) and isinstance(body, ZenginEntry):
            yield from numbers.check(body.inquiry_number, item.number, item.offset)
            yield from account.check(item.number, item.offset, body.posting_date)
            yield row_of(source.partner, _zengin_line(item.number, body))


def _zengin_line(record: int, body: ZenginEntry) -> Line:
    return Line(
        record,
        body.inquiry_number,
        body.edi,
        body.summary,
        body.payer_name,
        "JPY",
        body.yen if body.direction is ZenginDirection.IN else -body.yen,
        body.posting_date,
    )


def read_zengin01(source: Source) -> Iterator[Item]:
    """A Zengin notice of incoming transfers; a cancelled one takes its money back."""
    account = Account(source, "notice")
    numbers = _Numbers(source.partner.in_order)
    for item in _zengin(source, "01"):
        body = item.body if isinstance(item, Record) else None
        if isinstance(item, Finding):
            yield item
        elif isinstance(item, Record) and isinstance(body, NoticeHeader):
            number, place = body.account.account_number, (item.number, item.offset)
            yield from account.begin(number, body.from_date, body.to_date, *place)
        elif isinstance(item, Record) and isinstance(body, IncomingNotice):
            yield from numbers.check(body.inquiry_number, item.number, item.offset)
            yield from account.check(item.number, item.offset, body.posting_date)
            own, yen = body.inquiry_number, -body.yen if body.cancelled else body.yen
            day = body.posting_date
            line = Line(item.number, own, body.edi, "", body.payer_name, "JPY", yen, day)
            yield row_of(source.partner, line)


def _zengin(source: Source, business_type: str) -> Iterator[Record | Finding]:
    """Records of one business type; a finding where the file is of another."""
    told = False
    for item in read(source.stream, Checks(source.today)):
        if isinstance(item, Record | Finding):
            yield item
        elif item.business_type != business_type and not told:
            told = True
            message = f"The file is of Zengin's type {item.business_type}, not {business_type}."
            yield error("report", message, record=1, offset=0)


class _Numbers:
    """Watches that a bank's numbers of entries grow, where it counts so."""

    def __init__(self, is_kept: bool) -> None:
        self._is_kept = is_kept
        self._last = 0

    def check(self, number: str, record: int, offset: int | None) -> Sequence[Finding]:
        said = int(number) if number.isascii() and number.isdigit() else 0
        last, self._last = self._last, said or self._last
        if not (self._is_kept and said and said <= last):
            return ()
        message = f"Entry {said} stands behind entry {last}: records are reordered."
        return (error("record-order", message, record=record, offset=offset),)
