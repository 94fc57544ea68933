"""Reads partners' reports of wallets (CSV) as rows: AMS's three, PayPay's, Kakao Pay's.

Signs as in `matching/rows.py`: a payment is positive, what goes back negative, and so is its fee.
The fee is what the amount has more than is settled, where both are of one currency.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from services.core.money import Money
from services.formats.findings import Finding, error, quoted
from services.formats.partner_files.antom import (
    SETTLEMENT_DETAILS,
    SETTLEMENT_SUMMARY,
    TOTAL,
    TRANSACTION_DETAILS,
    AntomItem,
    AntomSummary,
    read_antom,
)
from services.formats.partner_files.kakaopay import KakaoPayItem, read_kakaopay
from services.formats.partner_files.paypay import FAILED as PAYPAY_FAILED
from services.formats.partner_files.paypay import (
    INSTANT,
    REFUND_FAILED,
    REFUNDED,
    PayPayItem,
    read_paypay,
)
from services.formats.partner_files.reading import Placed, Report
from services.formats.partner_files.table import Layout
from services.reconciliation.files.model import (
    Head,
    Item,
    Settled,
    Source,
    TheirRow,
    reference_of,
)

COMPLETED, FAILED = "completed", "failed"
# AMS's words: what brings the merchant's side money, and what takes it back.
_ANTOM_KINDS = {
    "PAYMENT": ("payment", 1),
    "CAPTURE": ("payment", 1),
    "REFUND": ("refund", -1),
    "CANCEL": ("refund", -1),
    "VOID": ("refund", -1),
    "PAYMENT_REVERSAL": ("refund", -1),
    "REFUND_REVERSAL": ("payment", 1),
    "DISPUTE": ("dispute", -1),
    "DISPUTE_REVERSAL": ("dispute", 1),
}
_STATES = {"": COMPLETED, "SUCCESS": COMPLETED, "COMPLETED": COMPLETED, "SETTLED": COMPLETED}
_PART = re.compile(r"_([0-9]{3})\.csv$")
# How long before the day of a file a row of it may be.
LATE_ROWS = timedelta(days=7)


class Sequence:
    """Watches that rows do not go back in time, where a partner keeps an order."""

    def __init__(self, is_kept: bool) -> None:
        self._is_kept = is_kept
        self._last: datetime | None = None

    def check(self, placed: Placed, time: datetime | None) -> Iterator[Finding]:
        if not self._is_kept or time is None:
            return
        if self._last is not None and time < self._last:
            message = f"The record is of {time}, before the one above it: records are reordered."
            yield error("record-order", message, record=placed.record, offset=placed.offset)
        self._last = time


def check_name(source: Source, name: str, placed: Placed | None = None) -> Iterator[Finding]:
    """Whether the file is the partner's own."""
    if source.partner.is_named(name):
        return
    message = f"It is a file for {quoted(name)}, which is not {source.partner.id}'s."
    record, offset = (placed.record, placed.offset) if placed else (0, None)
    yield error("partner", message, record=record, offset=offset)


def read_transactions(source: Source) -> Iterator[Item]:
    """AMS's transaction details: of the last day a row is of."""
    yield from _antom(source, TRANSACTION_DETAILS)


def read_settlement(source: Source) -> Iterator[Item]:
    """AMS's settlement details: of the day the settlement was initiated."""
    yield from _antom(source, SETTLEMENT_DETAILS)


def _antom(source: Source, layout: Layout[AntomItem]) -> Iterator[Item]:
    days, batch, name = _Days(source), "", ""
    order = Sequence(source.partner.in_order)
    for item in read_antom(source.chunks()):
        if isinstance(item, Report):
            yield from _expected(item, layout)
        elif isinstance(item, Finding):
            yield item
        elif isinstance(item.row, AntomItem):
            row = item.row
            named = f"{row.customer_id}/{row.psp}/{row.wallet}"
            if named != name:
                name = named
                yield from check_name(source, name, item)
            time = row.completed or row.updated or row.created
            yield from order.check(item, time)
            day = row.settlement_date or (source.partner.day_of(time) if time else None)
            is_settled = layout is SETTLEMENT_DETAILS
            yield from days.see(item, day) if is_settled else days.see_any(item, day)
            batch = batch or row.batch_id
            yield from _antom_row(item, row, day or days.day or source.today)
    yield from days.head("settlement" if layout is SETTLEMENT_DETAILS else "details", batch)


def _antom_row(placed: Placed, row: AntomItem, day: date) -> Iterator[Item]:
    kind, sign = _ANTOM_KINDS.get(row.type, ("", 0))
    if not kind:
        message = f"The type {quoted(row.type)} is not known here."
        yield error(
            "value", message, record=placed.record, offset=placed.offset, path="transactionType"
        )
        return
    minor, currency = sign * abs(row.amount.minor), row.amount.currency
    yield TheirRow(
        placed.record,
        reference_of(row.request_id),
        row.transaction_id,
        kind,
        currency,
        minor,
        _fee(minor, currency, row.settled),
        _STATES.get(row.status.upper(), FAILED),
        day,
        row.batch_id,
        row.description,
    )


def _fee(minor: int, currency: str, settled: Money | None) -> int | None:
    if settled is None or settled.currency != currency:
        return None
    return minor - settled.minor


def read_summary(source: Source) -> Iterator[Item]:
    """AMS's settlement summary: what the bank is to bring, per batch and currency."""
    days, batch, name = _Days(source), "", ""
    for item in read_antom(source.chunks()):
        if isinstance(item, Report):
            yield from _expected(item, SETTLEMENT_SUMMARY)
        elif isinstance(item, Finding):
            yield item
        elif isinstance(item.row, AntomSummary):
            row = item.row
            if name != f"{row.customer_id}/{row.psp}":
                name = f"{row.customer_id}/{row.psp}"
                yield from check_name(source, name, item)
            yield from days.see(item, row.settlement_date)
            batch = batch or row.batch_id
            if row.type == TOTAL and (day := row.settlement_date or days.day) is not None:
                minor, currency = row.settled.minor, row.settled.currency
                yield Settled(item.record, row.batch_id, day, currency, minor)
    yield from days.head("summary", batch)


def read_paypay_report(source: Source) -> Iterator[Item]:
    """PayPay's reconciliation file, of the day that is expected or that its name says.

    It has no fees. What has failed is not in it for certain, and is left out.
    """
    days, name = _Days(source), ""
    order = Sequence(source.partner.in_order)
    for item in read_paypay(source.chunks()):
        if isinstance(item, Report):
            yield from _expected(item, INSTANT)
        elif isinstance(item, Finding):
            yield item
        elif isinstance(item.row, PayPayItem):
            row = item.row
            if row.merchant_id != name:
                name = row.merchant_id
                yield from check_name(source, name, item)
            yield from order.check(item, row.accepted)
            yield from days.see_any(item, source.partner.day_of(row.accepted))
            if row.status not in (PAYPAY_FAILED, REFUND_FAILED):
                yield _paypay_row(item, row, days.day or source.today)
    yield from days.head("transactions", name)


def _paypay_row(placed: Placed, row: PayPayItem, day: date) -> TheirRow:
    is_refund = row.status == REFUNDED
    return TheirRow(
        placed.record,
        reference_of(row.merchant_payment_id),
        # A refund shows its payment's number.
        "" if is_refund else row.payment_id,
        "refund" if is_refund else "payment",
        row.amount.currency,
        -abs(row.amount.minor) if is_refund else row.amount.minor,
        None,
        COMPLETED,
        day,
        "",
        row.store_name,
    )


def read_kakaopay_report(source: Source) -> Iterator[Item]:
    """Kakao Pay's settlement file, in the layout that `formats` has for it."""
    days, name = _Days(source), ""
    order = Sequence(source.partner.in_order)
    for item in read_kakaopay(source.chunks()):
        if isinstance(item, Finding):
            yield item
        elif isinstance(item, Placed) and isinstance(item.row, KakaoPayItem):
            row = item.row
            if row.cid != name:
                name = row.cid
                yield from check_name(source, name, item)
            yield from order.check(item, row.approved)
            yield from days.see(item, row.settlement_date)
            is_payment = row.type == "PAYMENT"
            yield TheirRow(
                item.record,
                reference_of(row.order_id if is_payment else row.cancel_id or row.order_id),
                row.tid,
                "payment" if is_payment else "refund",
                row.amount.currency,
                row.amount.minor,
                row.fee.minor,
                COMPLETED,
                row.settlement_date,
                "",
                "",
            )
    yield from days.head("settlement", name)


class _Days:
    """Of which day the rows of a file are, against the one expected."""

    def __init__(self, source: Source) -> None:
        self._expected = source.day
        self._file_name = source.file_name
        self._found: date | None = None

    @property
    def day(self) -> date | None:
        """The day of the file, as far as it is known."""
        return self._expected or self._found

    def see(self, placed: Placed, day: date | None) -> Iterator[Finding]:
        """A row that says the file's day."""
        if day is None:
            return
        self._found = self._found or day
        wanted = self._expected or self._found
        if day != wanted:
            message = f"The record is of {day}, and {wanted} is expected."
            yield error("day", message, record=placed.record, offset=placed.offset)

    def see_any(self, placed: Placed, day: date | None) -> Iterator[Finding]:
        """A row that says its own day: it may be late, never early."""
        if day is None:
            return
        self._found = max(self._found or day, day)
        if self._expected and not self._expected - LATE_ROWS <= day <= self._expected:
            message = f"The record is of {day}, and {self._expected} is expected."
            yield error("day", message, record=placed.record, offset=placed.offset)

    def head(self, family: str, document: str) -> Iterator[Item]:
        """Which document it was; a finding where nothing says the day."""
        day = self.day
        if day is None:
            message = "Nothing says of which day the file is: say it."
            yield error("day-missing", message)
            return
        if self._expected and self._found and self._found != self._expected:
            message = f"The last record is of {self._found}, and {self._expected} is expected."
            yield error("day", message)
        part = _PART.search(self._file_name)
        ending = f"/{part[1]}" if part else ""
        yield Head(day, f"{family}:{document}{ending}")


def _expected(report: Report, layout: Layout[Any]) -> Iterator[Finding]:
    if report.layout is not layout:
        message = f"The file is {report.layout.name}, not {layout.name}."
        yield error("report", message, record=1, offset=0)
