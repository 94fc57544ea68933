"""Reads pages of a bank's statement: a line of JSON per answer of the bridge's
`ListStatementEntries`, in their order, as protobuf writes it. The last page has no token.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from google.protobuf.message import Message

from services.core.currencies import CURRENCIES
from services.core.money import LARGEST_UNITS
from services.formats.findings import Finding, error, quoted
from services.pb.kawase.bridge.v1 import bridge_service_pb2
from services.pb.kawase.money.v1 import money_pb2
from services.reconciliation.files.model import Item, Source
from services.reconciliation.files.statements import Account, Line, row_of

LONGEST_PAGE = 4 << 20


def _names(message: type[Message]) -> frozenset[str]:
    # A part under another name would be left out without a word.
    return frozenset(field.json_name for field in message.DESCRIPTOR.fields)


_PAGE = _names(bridge_service_pb2.ListStatementEntriesResponse)
_ENTRY = _names(bridge_service_pb2.StatementEntry)
_MONEY = _names(money_pb2.Money)


@dataclass(frozen=True, slots=True)
class _Entry:
    line: Line
    balance: int | None


def read_pages(source: Source) -> Iterator[Item]:
    """The entries of all pages; their balances have to follow from one another."""
    account, begun, balance, record = Account(source, "statement"), False, None, 0
    token, number, offset = "more", 0, 0
    seen: set[str] = set()
    for number, (offset, raw) in enumerate(_lines(source), 1):
        page = _page(raw)
        if page is None or not token:
            why = "is no page of a statement" if token else "stands behind the last page"
            yield error("page", f"Line {number} {why}.", record=record + 1, offset=offset)
            return
        token = page.get("nextPageToken", "")
        for fields in page.get("entries", ()):
            record += 1
            entry = _entry(record, fields)
            if entry is None:
                message = "The entry lacks a part, or has one of a wrong shape."
                yield error("value", message, record=record, offset=offset)
                continue
            if not begun:
                begun, day = True, source.day or entry.line.day
                name = source.partner.names[0] if source.partner.names else ""
                yield from account.begin(name, day, day, record, offset)
            yield from account.check(record, offset, entry.line.day)
            yield from _chain(entry, balance, offset)
            if entry.line.own in seen:
                message = f"The entry {quoted(entry.line.own)} stands in the file twice."
                yield error("entry-repeated", message, record=record, offset=offset)
            seen.update([entry.line.own] if entry.line.own else [])
            balance = entry.balance
            yield row_of(source.partner, entry.line)
    yield from _ending(source, account, begun, number, token)


def _ending(
    source: Source, account: Account, begun: bool, pages: int, token: str
) -> Iterator[Item]:
    if not pages or token:
        message = "The last page says that there is more: the file was cut short."
        yield error("end-missing", message)
    elif not begun and source.day is None:
        yield error("day-missing", "Nothing says of which day the file is: say it.")
    elif not begun and source.day is not None:
        name = source.partner.names[0] if source.partner.names else ""
        yield from account.begin(name, source.day, source.day, 0, None)


def _chain(entry: _Entry, before: int | None, offset: int) -> Iterator[Finding]:
    if entry.balance is None or before is None:
        return
    if before + entry.line.minor != entry.balance:
        message = (
            f"The balance is {entry.balance} after {before} and {entry.line.minor}: an entry is"
            " missing, or they are reordered."
        )
        yield error("balance", message, record=entry.line.record, offset=offset)


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while raw := source.stream.readline(LONGEST_PAGE):
        if raw.strip():
            yield offset, raw
        offset += len(raw)


def _page(raw: bytes) -> dict[str, Any] | None:
    try:
        page = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(page, dict) or not _PAGE.issuperset(page):
        return None
    if not isinstance(page.get("entries", []), list):
        return None
    return page if isinstance(page.get("nextPageToken", ""), str) else None


def _entry(record: int, fields: Any) -> _Entry | None:
    if not isinstance(fields, dict) or not _ENTRY.issuperset(fields):
        return None
    try:
        minor, currency = _money(fields["amount"], least=0)
        balance = None
        if "balance" in fields:
            balance, balance_currency = _money(fields["balance"])
            if balance_currency != currency:
                return None
        name = _text(fields.get("counterpartyName", ""))
        text = _text(fields.get("remittanceText", ""))
        credit = fields.get("credit", False)
        if not isinstance(credit, bool):
            return None
        sign = 1 if credit else -1
        own, day = _text(fields["entryReference"]), date.fromisoformat(fields["bookDate"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    word, _, rest = text.partition(" ")
    reference = rest.removeprefix(name).strip()
    return _Entry(Line(record, own, reference, word, name, currency, sign * minor, day), balance)


def _money(fields: Any, least: int = -LARGEST_UNITS) -> tuple[int, str]:
    if not _MONEY.issuperset(fields):
        raise ValueError(fields)
    said, currency = fields.get("minorUnits", "0"), fields["currencyCode"]
    # protobuf writes whole numbers as texts; a fraction or a truth is neither.
    if isinstance(said, bool) or not isinstance(said, int | str):
        raise TypeError(said)
    minor = int(said)
    if currency not in CURRENCIES or not least <= minor <= LARGEST_UNITS:
        raise ValueError(currency)
    return minor, str(currency)


def _text(value: Any) -> str:
    """Raises TypeError, and ValueError for what no table holds."""
    if not isinstance(value, str):
        raise TypeError(value)
    if "\0" in value:
        raise ValueError(value)
    value.encode()
    return value
