"""Records that were found in order, as what they say.

A reader gets the texts of a layout's fields in their order. It is called only where every number is
digits, every date exists and every deciding code is known, so none of them can fail.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from operator import itemgetter

from services.formats.zengin.layouts.dates import nearest_era_date, nearest_month_day
from services.formats.zengin.layouts.shape import DATA, END, HEADER, TRAILER, Layout
from services.formats.zengin.layouts.tables import FORMATS
from services.formats.zengin.layouts.text import decode
from services.formats.zengin.model import (
    Account,
    Body,
    BulkTransfer,
    DebitResult,
    DebitTrailer,
    DirectDebit,
    Direction,
    End,
    IncomingNotice,
    NoticeHeader,
    NoticeTrailer,
    OrderHeader,
    PayrollTransfer,
    StatementEntry,
    StatementHeader,
    StatementTrailer,
    TransferTrailer,
)

Texts = tuple[str, ...]
Reader = Callable[[Texts, date], Body]

_DATES_KEPT = 4096
_RESULTS = {result.value: result for result in DebitResult}
_DIRECTIONS = {direction.value: direction for direction in Direction}

month_day = lru_cache(_DATES_KEPT)(nearest_month_day)
era_day = lru_cache(_DATES_KEPT)(nearest_era_date)


def _day(text: str, near: date) -> date:
    day = era_day(text, near)
    assert day is not None, "a date that exists"
    return day


def _day_or_none(text: str, near: date) -> date | None:
    return _day(text, near) if text.strip(" 0") else None


def _yen(text: str) -> int:
    return int(text) if text.strip() else 0


def _code(text: str) -> str:
    return text if text.strip(" 0") else ""


def _account(
    bank: str, bank_name: str, branch: str, branch_name: str, kind: str, number: str
) -> Account:
    return Account(bank, branch, kind, number, bank_name.rstrip(), branch_name.rstrip())


def _order_header(texts: Texts, near: date) -> OrderHeader:
    _, business_type, _, code, name, day, bank, bank_name, branch, branch_name, *rest = texts
    value_date = month_day(day, near)
    assert value_date is not None, "a day that exists"
    account = _account(bank, bank_name, branch, branch_name, rest[0], rest[1])
    return OrderHeader(business_type, code, name.rstrip(), value_date, account)


def _bulk_transfer(texts: Texts, _near: date) -> BulkTransfer:
    _, bank, bank_name, branch, branch_name, house, *rest = texts
    kind, number, name, amount, new_code, code_1, code_2, method, identification, _ = rest
    return BulkTransfer(
        _account(bank, bank_name, branch, branch_name, kind, number),
        name.rstrip(),
        int(amount),
        new_code.strip(),
        (code_1.rstrip(), code_2.rstrip()),
        None,
        method.strip(),
        identification.strip(),
        house.strip() or "0000",
    )


def _bulk_transfer_with_edi(texts: Texts, _near: date) -> BulkTransfer:
    _, bank, bank_name, branch, branch_name, house, *rest = texts
    kind, number, name, amount, new_code, edi, method, _, _ = rest
    return BulkTransfer(
        _account(bank, bank_name, branch, branch_name, kind, number),
        name.rstrip(),
        int(amount),
        new_code.strip(),
        edi=edi.rstrip(),
        method=method.strip(),
        clearing_house=house.strip() or "0000",
    )


def _payroll_transfer(texts: Texts, _near: date) -> PayrollTransfer:
    _, bank, bank_name, branch, branch_name, house, *rest = texts
    kind, number, name, amount, new_code, employee, department, _ = rest
    return PayrollTransfer(
        _account(bank, bank_name, branch, branch_name, kind, number),
        name.rstrip(),
        int(amount),
        new_code.strip(),
        _code(employee),
        _code(department),
        house.strip() or "0000",
    )


def _direct_debit(texts: Texts, _near: date) -> DirectDebit:
    _, bank, bank_name, branch, branch_name, _, *rest = texts
    kind, number, name, amount, new_code, customer_number, result, _ = rest
    return DirectDebit(
        _account(bank, bank_name, branch, branch_name, kind, number),
        name.rstrip(),
        int(amount),
        _code(customer_number),
        new_code.strip(),
        _RESULTS[result],
    )


def _notice_header(texts: Texts, near: date) -> NoticeHeader:
    _, _, _, created, first, last, bank, bank_name, branch, branch_name, *rest = texts
    kind, number, name, _ = rest
    return NoticeHeader(
        _day(created, near),
        _day(first, near),
        _day(last, near),
        _account(bank, bank_name, branch, branch_name, kind, number),
        name.rstrip(),
    )


def _incoming_notice(texts: Texts, near: date) -> IncomingNotice:
    _, number, posted, valued, amount, cheque, payer_code, payer, bank, branch, *rest = texts
    cancelled, edi, _ = rest
    return IncomingNotice(
        number,
        _day(posted, near),
        _day(valued, near),
        int(amount),
        payer.rstrip(),
        _code(payer_code),
        bank.rstrip(),
        branch.rstrip(),
        cancelled == "1",
        edi.rstrip(),
        _yen(cheque),
    )


def _statement_header(texts: Texts, near: date) -> StatementHeader:
    _, _, _, created, first, last, bank, bank_name, branch, branch_name, _, *rest = texts
    kind, number, name, sign, book, opening, _ = rest
    return StatementHeader(
        _day(created, near),
        _day(first, near),
        _day(last, near),
        _account(bank, bank_name, branch, branch_name, kind, number),
        name.rstrip(),
        _balance(sign, opening),
        book.strip() or "0",
    )


def _statement_entry(texts: Texts, near: date) -> StatementEntry:
    _, inquiry_number, posted, valued, direction, kind, amount, cheque, *rest = texts
    presented, returned, bill_kind, bill_number, other_branch, payer_code, *rest = rest
    payer, bank, branch, summary, edi, _ = rest
    return StatementEntry(
        inquiry_number,
        _day(posted, near),
        _day(valued, near),
        _DIRECTIONS[direction],
        kind,
        int(amount),
        payer.rstrip(),
        _code(payer_code),
        bank.rstrip(),
        branch.rstrip(),
        summary.rstrip(),
        edi.rstrip(),
        _yen(cheque),
        _day_or_none(presented, near),
        _day_or_none(returned, near),
        _code(bill_kind),
        _code(bill_number),
        _code(other_branch),
    )


def _transfer_trailer(texts: Texts, _near: date) -> TransferTrailer:
    return TransferTrailer(*map(int, texts[1:3]))


def _debit_trailer(texts: Texts, _near: date) -> DebitTrailer:
    return DebitTrailer(*map(int, texts[1:7]))


def _notice_trailer(texts: Texts, _near: date) -> NoticeTrailer:
    return NoticeTrailer(*map(int, texts[1:5]))


def _statement_trailer(texts: Texts, _near: date) -> StatementTrailer:
    _, in_count, in_yen, out_count, out_yen, sign, closing, count, _ = texts
    return StatementTrailer(
        int(in_count),
        int(in_yen),
        int(out_count),
        int(out_yen),
        _balance(sign, closing),
        int(count),
    )


def _end(_texts: Texts, _near: date) -> End:
    return End()


def _statement_end(texts: Texts, _near: date) -> End:
    return End(int(texts[1]), int(texts[2]))


def _balance(sign: str, digits: str) -> int:
    return -int(digits) if sign == "2" else int(digits)


_ORDERS: dict[bytes, Reader] = {HEADER: _order_header, TRAILER: _transfer_trailer, END: _end}
_READERS: dict[str, dict[bytes, Reader]] = {
    "21": _ORDERS | {DATA: _bulk_transfer},
    "11": _ORDERS | {DATA: _payroll_transfer},
    "12": _ORDERS | {DATA: _payroll_transfer},
    "91": _ORDERS | {DATA: _direct_debit, TRAILER: _debit_trailer},
    "01": {
        HEADER: _notice_header,
        DATA: _incoming_notice,
        TRAILER: _notice_trailer,
        END: _end,
    },
    "03": {
        HEADER: _statement_header,
        DATA: _statement_entry,
        TRAILER: _statement_trailer,
        END: _statement_end,
    },
}


def parser(layout: Layout, business_type: str, kind: bytes) -> Callable[[bytes, date], Body]:
    """How a record of `layout` is read: its bytes, and the day its dates are near to."""
    texts = itemgetter(*(field.place for field in layout.fields))
    read = _READERS[business_type][kind]
    if kind == DATA and layout is FORMATS[business_type.encode()].data_with_edi:
        read = _bulk_transfer_with_edi
    return lambda data, near: read(texts(decode(data)), near)
