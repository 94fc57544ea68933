"""Files of any number of rows, as the simulators of partners and banks write a day's."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.core.clock import ManualClock
from services.sandbox.partners.ams_report import Report
from services.sandbox.partners.books import Books
from services.sandbox.partners.days import Line
from services.sandbox.partners.japan_bank_account import FEE, RETURN, TOP_UP, TRANSFER_OUT, WORDS
from services.sandbox.partners.japan_bank_files import (
    camt_statement,
    is_incoming,
    moved,
    zengin_statement,
)
from services.sandbox.partners.paypay import MERCHANT, SHOPS
from services.sandbox.partners.paypay_books import Till
from services.sandbox.partners.paypay_report import PAYMENT, file_name, write_file
from services.sandbox.world import BANK, PAYPAY, SHANGHAI

DAY = date(2026, 10, 30)
NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
OPENING_YEN = 10**9
# As `services/reconciliation/partners.toml` names whose files they are.
AMS_NAMES = ("KAWASE0001", "Alipay+", "kawase", "CNY")
PAGE_ENTRIES = 500
# The simulator builds a tree of all entries: a piece of the file at a time is built.
TREE_ENTRIES = 500
_BOOKED = (TRANSFER_OUT, RETURN, FEE, TOP_UP)


@dataclass(frozen=True, slots=True)
class BigFile:
    """A file and whose it is."""

    partner_id: str
    name: str
    data: bytes


def ams_settlement(rows: int) -> BigFile:
    """Payments of a day, as Alipay+ settles them."""
    shown = {"transaction_id": "", "merchant_id": "M1"}
    lines = [
        Line(
            _payment(n),
            "PAYMENT",
            _minor(n),
            "CNY",
            NOON,
            6,
            shown | {"transaction_id": f"{n:028d}"},
        )
        for n in range(rows)
    ]
    files = Report(*AMS_NAMES).files(DAY, lines)
    (path,) = (name for name in files if "Items" in name)
    return BigFile(SHANGHAI, Path(path).name, files[path])


def paypay_report(rows: int) -> BigFile:
    """Payments of a day, as PayPay reports them."""
    till = Till(Books(None), ManualClock(NOON), SHOPS, "https://qr.paypay.ne.jp/")
    lines = [
        Line(
            _payment(n),
            PAYMENT,
            _minor(n),
            "JPY",
            NOON,
            fields={"paymentId": f"{n:020d}", "shop": SHOPS[0].token},
        )
        for n in range(rows)
    ]
    return BigFile(PAYPAY, file_name(MERCHANT, DAY), write_file(till, MERCHANT, lines))


def zengin_03(rows: int) -> BigFile:
    """A bank's statement in Zengin records."""
    data = zengin_statement(DAY, list(_booked(1, rows)), OPENING_YEN)
    return BigFile(BANK, f"statement-{DAY}.txt", data)


def camt_053(rows: int) -> BigFile:
    """A bank's statement as camt.053."""
    total = moved(list(_booked(1, rows)))
    # One line that moves the balance as all do has their head.
    whole = Line("0", TOP_UP if total >= 0 else FEE, abs(total), "JPY", NOON)
    head, mark, rest = camt_statement(DAY, [whole], OPENING_YEN).partition(b"<Ntry>")
    pieces = [head]
    for first in range(1, rows + 1, TREE_ENTRIES):
        lines = list(_booked(first, min(TREE_ENTRIES, rows + 1 - first)))
        piece = camt_statement(DAY, lines, OPENING_YEN)
        pieces.append(piece[piece.index(mark) : piece.index(b"</Stmt>")])
    pieces.append(rest[rest.index(b"</Stmt>") :])
    return BigFile(BANK, f"statement-{DAY}.xml", b"".join(pieces))


def bank_pages(rows: int) -> BigFile:
    """A bank's statement as answers of the bridge, a line each."""
    balance, lines = OPENING_YEN, []
    for first in range(1, rows + 1, PAGE_ENTRIES):
        entries = []
        for line in _booked(first, min(PAGE_ENTRIES, rows + 1 - first)):
            balance += moved([line])
            entries.append(_entry(line, balance))
        page: dict[str, Any] = {"entries": entries}
        if first + PAGE_ENTRIES <= rows:
            page["nextPageToken"] = str(first)
        lines.append(json.dumps(page))
    return BigFile(BANK, f"pages-{DAY}.jsonl", "".join(f"{line}\n" for line in lines).encode())


FILES: dict[str, Callable[[int], BigFile]] = {
    "antom_settlement": ams_settlement,
    "paypay": paypay_report,
    "camt053": camt_053,
    "zengin03": zengin_03,
    "bank_api": bank_pages,
}


def _payment(number: int) -> str:
    return f"payment-01ARZ3NDEKTSV4RRFF{number:010d}-deliver"


def _minor(number: int) -> int:
    return 1_000 + number % 10_000


def _booked(first: int, count: int) -> Iterator[Line]:
    """Lines of a bank's account, numbered from `first`."""
    for number in range(first, first + count):
        kind = _BOOKED[number % len(_BOOKED)]
        party = "" if kind == FEE else "ﾃｽﾄ ｼﾖｳｼﾞ"
        fields = {"party": party, "reference": f"P{number:010d}"}
        yield Line(f"{number:08d}", kind, _minor(number), "JPY", NOON, fields=fields)


def _entry(line: Line, balance: int) -> dict[str, Any]:
    party, reference = line.fields["party"], line.fields["reference"]
    text = " ".join(part for part in (WORDS[line.kind], party, reference) if part)
    entry = {
        "entryReference": line.line_id,
        "bookDate": DAY.isoformat(),
        "amount": {"currencyCode": "JPY", "minorUnits": str(line.minor)},
        "balance": {"currencyCode": "JPY", "minorUnits": str(balance)},
        "counterpartyName": party,
        "remittanceText": text,
    }
    # protobuf leaves out what is not so.
    return entry | {"credit": True} if is_incoming(line) else entry
