"""Settlement files in the manner of AMS: CSV in UTF-8 that ends with a line `<END>`.

Source: antom_ams.json. The known columns of the settlement details and summary are written; the
list of the rest was cut in the copy seen. Modelled here: the transaction's amount is never negative
and before the fee; the settled amount is after it, and negative where money goes back. So the fee
is the difference. What was paid and cancelled on one day settles nothing and is left out.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.sandbox.partners.days import Line

DETAILS = (
    "settlementBatchId",
    "customerId",
    "PSP",
    "ARN",
    "referenceMerchantId",
    "referenceStoreId",
    "transactionType",
    "transactionId",
    "transactionRequestId",
    "originalTransactionRequestId",
    "referenceTransactionId",
    "paymentMethodType",
    "wallet",
    "transactionCreationTime",
    "transactionUpdateTime",
    "transactionCompletionTime",
    "settlementInitiatedDate",
    "productCode",
    "transactionAmountValue",
    "transactionCurrency",
    "convertedTransactionAmountValue",
    "convertedCurrency",
    "settlementAmountValue",
    "settlementCurrency",
    "quoteCurrencyPair",
    "quotePrice",
)
SUMMARY = (
    "settlementBatchId",
    "customerId",
    "PSP",
    "summaryType",
    "count",
    "settlementInitiatedDate",
    "settlementAmountValue",
    "settlementCurrency",
)
PAYMENT, REFUND, CANCEL = "PAYMENT", "REFUND", "CANCEL"
END = "<END>\n"


@dataclass(frozen=True, slots=True)
class Report:
    """Whose report it is. `currency` is that of the files' names and of an empty summary."""

    customer_id: str
    psp: str
    wallet: str
    currency: str

    def folder(self, day: date) -> str:
        return f"v1/settlements/{self.customer_id}/{day:%Y%m%d}"

    def files(self, day: date, lines: Sequence[Line]) -> dict[str, bytes]:
        """The details and the summary of a day; the summary comes also for an empty one."""
        batch = f"{day:%Y%m%d}0001"
        stem = f"{self.currency}_{batch}_000.csv"
        folder = self.folder(day)
        return {
            f"{folder}/settlementItems_{stem}": self._details(day, batch, lines),
            f"{folder}/settlementSummary_{stem}": self._summary(day, batch, lines),
        }

    def _details(self, day: date, batch: str, lines: Sequence[Line]) -> bytes:
        return _csv(DETAILS, [self._detail(day, batch, line) for line in lines])

    def _detail(self, day: date, batch: str, line: Line) -> dict[str, str]:
        time = line.time.isoformat(timespec="seconds")
        return {
            "settlementBatchId": batch,
            "customerId": self.customer_id,
            "PSP": self.psp,
            "referenceMerchantId": line.fields.get("merchant_id", ""),
            "transactionType": line.kind,
            "transactionId": line.fields.get("transaction_id", ""),
            "transactionRequestId": line.line_id.removesuffix(f"/{CANCEL}"),
            "originalTransactionRequestId": line.fields.get("original_id", ""),
            "paymentMethodType": "CONNECT_WALLET",
            "wallet": self.wallet,
            "transactionCreationTime": time,
            "transactionUpdateTime": time,
            "transactionCompletionTime": time,
            "settlementInitiatedDate": day.isoformat(),
            "productCode": line.fields.get("product_code", "IN_STORE_PAYMENT"),
            "transactionAmountValue": str(line.minor),
            "transactionCurrency": line.currency,
            "settlementAmountValue": str(settled(line)),
            "settlementCurrency": line.currency,
        }

    def _summary(self, day: date, batch: str, lines: Sequence[Line]) -> bytes:
        currencies = sorted({line.currency for line in lines}) or [self.currency]
        totals = [
            (currency, *total)
            for currency in currencies
            for total in _totals([line for line in lines if line.currency == currency])
        ]
        return _csv(
            SUMMARY,
            [
                {
                    "settlementBatchId": batch,
                    "customerId": self.customer_id,
                    "PSP": self.psp,
                    "summaryType": kind,
                    "count": str(count),
                    "settlementInitiatedDate": day.isoformat(),
                    "settlementAmountValue": str(minor),
                    "settlementCurrency": currency,
                }
                for currency, kind, count, minor in totals
            ],
        )


def _totals(lines: Sequence[Line]) -> list[tuple[str, int, int]]:
    """Kind, count and minor units of each summary of one currency."""
    totals = []
    for kind in (PAYMENT, REFUND, CANCEL):
        some = [line for line in lines if line.kind == kind]
        if some:
            totals.append((kind, len(some), sum(_signed(line, line.minor) for line in some)))
    if fees := [_signed(line, line.fee_minor) for line in lines if line.fee_minor]:
        totals.append(("SETTLEMENT_FEE", len(fees), -sum(fees)))
    return [*totals, ("TOTAL", len(lines), sum(settled(line) for line in lines))]


def settled(line: Line) -> int:
    """What a line moves to the merchant's side, in minor units."""
    return _signed(line, line.minor - line.fee_minor)


def _signed(line: Line, minor: int) -> int:
    return minor if line.kind == PAYMENT else -minor


def _csv(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return (text.getvalue() + END).encode()
