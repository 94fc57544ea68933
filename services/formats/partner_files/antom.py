"""Antom's (AMS) settlement files: transaction details, settlement details, settlement summary.

Source: docs.antom.com, as in `tests/golden/antom_ams.json`. UTF-8 CSV, the last line is `<END>`,
and the summary comes for an empty cycle too. The column lists were cut in the copy seen, so columns
that follow those known are taken and kept. Amounts are taken for integers of minor units, as
everywhere in that API; signs are kept as they stand. That a summary's TOTAL is the sum of its
other lines is our reading: the fee columns were not found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from services.core.money import Money
from services.formats.findings import Finding, error
from services.formats.partner_files.reading import Placed, Report, read_report
from services.formats.partner_files.table import (
    END_MARK,
    Column,
    Layout,
    MoneyColumns,
    day,
    decimal,
    decimal_text,
    instant,
    integer,
    one_of,
    write_rows,
)

SUMMARY_TYPES = frozenset(
    {
        "AUTHORIZATION",
        "PAYMENT",
        "CAPTURE",
        "REFUND",
        "CANCEL",
        "DISPUTE",
        "VOID",
        "TOTAL",
        "REFUND_REVERSAL",
        "PAYMENT_REVERSAL",
        "SETTLEMENT_FEE",
        "DISPUTE_REVERSAL",
        "COLLATERAL_WITHHELD",
        "COLLATERAL_RELEASED",
        "RESERVE",
        "RESERVE_RELEASED",
        "RAPID_DISPUTE_RESOLUTION",
        "CDRN",
        "ADJUSTMENT_FEE",
    }
)
TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True)
class AntomItem:
    """One transaction, of either details report."""

    type: str
    transaction_id: str
    request_id: str
    amount: Money
    batch_id: str = ""
    customer_id: str = ""
    psp: str = ""
    arn: str = ""
    merchant_id: str = ""
    store_id: str = ""
    original_request_id: str = ""
    reference_id: str = ""
    description: str = ""
    method: str = ""
    wallet: str = ""
    status: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    completed: datetime | None = None
    settlement_date: date | None = None
    product: str = ""
    converted: Money | None = None
    settled: Money | None = None
    quote_pair: str = ""
    quote_price: Decimal | None = None
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AntomSummary:
    """One line of a settlement summary."""

    batch_id: str
    type: str
    count: int
    settled: Money
    customer_id: str = ""
    psp: str = ""
    settlement_date: date | None = None
    extra: tuple[str, ...] = ()


def _columns(
    own: tuple[Column, ...], dated: tuple[Column, ...]
) -> tuple[Column | MoneyColumns, ...]:
    return (
        Column("settlementBatchId", "batch_id"),
        Column("customerId", "customer_id"),
        Column("PSP", "psp"),
        Column("ARN", "arn"),
        Column("referenceMerchantId", "merchant_id"),
        Column("referenceStoreId", "store_id"),
        Column("transactionType", "type", required=True),
        Column("transactionId", "transaction_id", required=True),
        Column("transactionRequestId", "request_id", required=True),
        Column("originalTransactionRequestId", "original_request_id"),
        Column("referenceTransactionId", "reference_id"),
        *own[:1],
        Column("paymentMethodType", "method"),
        Column("wallet", "wallet"),
        *own[1:],
        Column("transactionCreationTime", "created", instant, datetime.isoformat),
        Column("transactionUpdateTime", "updated", instant, datetime.isoformat),
        Column("transactionCompletionTime", "completed", instant, datetime.isoformat),
        *dated,
        Column("productCode", "product"),
        MoneyColumns("transactionAmountValue", "transactionCurrency", "amount", required=True),
        MoneyColumns("convertedTransactionAmountValue", "convertedCurrency", "converted"),
        MoneyColumns("settlementAmountValue", "settlementCurrency", "settled"),
        Column("quoteCurrencyPair", "quote_pair"),
        Column("quotePrice", "quote_price", decimal, decimal_text),
    )


_SETTLED = Column("settlementInitiatedDate", "settlement_date", day, date.isoformat)

TRANSACTION_DETAILS = Layout(
    "transaction_details",
    AntomItem,
    _columns((Column("orderDescription", "description"), Column("status", "status")), ()),
    end_mark=END_MARK,
    open_ended=True,
)
SETTLEMENT_DETAILS = Layout(
    "settlement_details",
    AntomItem,
    _columns((), (_SETTLED,)),
    end_mark=END_MARK,
    open_ended=True,
)
SETTLEMENT_SUMMARY = Layout(
    "settlement_summary",
    AntomSummary,
    (
        Column("settlementBatchId", "batch_id", required=True),
        Column("customerId", "customer_id"),
        Column("PSP", "psp"),
        Column("summaryType", "type", one_of(SUMMARY_TYPES), required=True),
        Column("count", "count", integer, str, required=True),
        _SETTLED,
        MoneyColumns("settlementAmountValue", "settlementCurrency", "settled", required=True),
    ),
    end_mark=END_MARK,
    open_ended=True,
)
LAYOUTS = (TRANSACTION_DETAILS, SETTLEMENT_DETAILS, SETTLEMENT_SUMMARY)

# (batch, type, currency) → count and sum in minor units
Sums = dict[tuple[str, str, str], tuple[int, int]]


def read_antom(chunks: Iterable[bytes]) -> Iterator[Report | Placed | Finding]:
    """A report of any of the three kinds: first which, then `Placed` rows, findings between.

    Rows are `AntomItem` or `AntomSummary`. A summary's totals are checked at its end.
    """
    summary: list[AntomSummary] = []
    checked = False
    for item in read_report(chunks, LAYOUTS):
        yield item
        if isinstance(item, Report):
            checked = item.layout is SETTLEMENT_SUMMARY
        elif isinstance(item, Finding):
            checked = False
        elif isinstance(item.row, AntomSummary):
            summary.append(item.row)
    if checked:
        yield from _total_findings(summary)


def write_transactions(items: Iterable[AntomItem], extra: tuple[str, ...] = ()) -> Iterator[bytes]:
    """A transaction details report. Raises `FileInvalid`."""
    return write_rows(TRANSACTION_DETAILS, items, extra)


def write_settlement(items: Iterable[AntomItem], extra: tuple[str, ...] = ()) -> Iterator[bytes]:
    """A settlement details report. Raises `FileInvalid`."""
    return write_rows(SETTLEMENT_DETAILS, items, extra)


def write_summary(summary: Iterable[AntomSummary], extra: tuple[str, ...] = ()) -> Iterator[bytes]:
    """A settlement summary. Raises `FileInvalid`."""
    return write_rows(SETTLEMENT_SUMMARY, summary, extra)


def sums_of(items: Iterable[AntomItem]) -> Sums:
    """What a settlement summary should say of `items`."""
    sums: Sums = defaultdict(lambda: (0, 0))
    for item in items:
        if item.settled is not None:
            key = (item.batch_id, item.type, item.settled.currency)
            count, minor = sums[key]
            sums[key] = (count + 1, minor + item.settled.minor)
    return dict(sums)


def disagreements(summary: Iterable[AntomSummary], sums: Sums) -> Iterator[Finding]:
    """Where a summary's lines and the details do not agree, for types the details hold."""
    said = {
        (line.batch_id, line.type, line.settled.currency): (line.count, line.settled.minor)
        for line in summary
        if line.type != TOTAL
    }
    types = {key[1] for key in sums}
    for key in sorted({*sums, *(key for key in said if key[1] in types)}):
        if said.get(key, (0, 0)) != sums.get(key, (0, 0)):
            count, minor = said.get(key, (0, 0))
            held, held_minor = sums.get(key, (0, 0))
            message = (
                f"{key[1]} of batch {key[0]}: the summary says {count} of {minor}"
                f" {key[2]} minor units, the details hold {held} of {held_minor}."
            )
            yield error("sum", message)


def _total_findings(summary: list[AntomSummary]) -> Iterator[Finding]:
    parts: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[tuple[str, str], int] = {}
    for line in summary:
        key = (line.batch_id, line.settled.currency)
        if line.type == TOTAL:
            if key in totals:
                yield error("total-repeated", f"Batch {key[0]} has several totals in {key[1]}.")
            totals[key] = line.settled.minor
        else:
            parts[key] += line.settled.minor
    if not totals:
        yield error("total-missing", "The summary has no TOTAL line.")
        return
    for key in sorted({*parts, *totals}):
        said, held = totals.get(key, 0), parts.get(key, 0)
        if said != held:
            message = (
                f"TOTAL of batch {key[0]} says {said} {key[1]} minor units, lines make {held}."
            )
            yield error("sum", message)
