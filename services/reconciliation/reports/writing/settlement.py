"""A settlement report a partner would accept: AMS's details and summary, of what we have booked.

Columns and types are those of `services/formats/partner_files/antom.py`; after them stand each
line's fee and the currency of it. `settlementAmount` is net of the fee. Amounts in minor units.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from services.core.money import Money
from services.formats.partner_files.antom import (
    TOTAL,
    AntomItem,
    AntomSummary,
    sums_of,
    write_settlement,
    write_summary,
)
from services.reconciliation.reports.model import DayReport

KINDS = {"payment": "PAYMENT", "refund": "REFUND", "dispute": "DISPUTE", "fee": "SETTLEMENT_FEE"}
"""Our kinds of rows that are settled with a partner, in its words."""
FEE_COLUMNS = ("feeAmountValue", "feeCurrency")
LINE_COLUMNS = ("kind", "reference", "partner_reference", "currency", "minor", "fee")


def write_details(lines: Path, report: DayReport) -> Iterator[bytes]:
    """A line per payment. `lines`: a CSV of `LINE_COLUMNS`, without a header."""
    return write_settlement(_items(lines, report), FEE_COLUMNS)


def write_totals(lines: Path, report: DayReport) -> Iterator[bytes]:
    """A line per type and currency, and the total of each currency."""
    day = report.day
    sums = sums_of(_items(lines, report))
    batch = batch_id(report)
    customer, psp, _ = _names(report)
    totals: dict[str, tuple[int, int]] = {}
    for (_, _, currency), (count, minor) in sums.items():
        held = totals.get(currency, (0, 0))
        totals[currency] = (held[0] + count, held[1] + minor)
    summary = [
        AntomSummary(batch, kind, count, Money(minor, currency), customer, psp, settlement_date=day)
        for (_, kind, currency), (count, minor) in sorted(sums.items())
    ]
    summary += [
        AntomSummary(
            batch, TOTAL, count, Money(minor, currency), customer, psp, settlement_date=day
        )
        for currency, (count, minor) in sorted(totals.items())
    ]
    return write_summary(summary)


def batch_id(report: DayReport) -> str:
    """The name of a day's settlement; an amended one is another."""
    name = f"{report.partner_id}-{report.day:%Y%m%d}"
    return f"{name}-v{report.version}" if report.version > 1 else name


def _names(report: DayReport) -> Sequence[str]:
    """Customer, PSP, wallet, as the partner's own files call them; empty where they do not."""
    parts = report.name.split("/")
    return parts if len(parts) == 3 else ("", "", "")


def _items(lines: Path, report: DayReport) -> Iterable[AntomItem]:
    batch = batch_id(report)
    customer, psp, wallet = _names(report)
    with lines.open(encoding="utf-8", newline="") as file:
        for kind, reference, partner_reference, currency, minor, fee in csv.reader(file):
            amount, cost = int(minor), int(fee or 0)
            yield AntomItem(
                type=KINDS[kind],
                transaction_id=partner_reference or reference,
                request_id=reference,
                amount=Money(amount, currency),
                batch_id=batch,
                customer_id=customer,
                psp=psp,
                wallet=wallet,
                settlement_date=report.day,
                settled=Money(amount - cost, currency),
                extra=(str(cost), currency),
            )
