"""A settlement file for Kakao Pay.

Kakao Pay's own settlement report was not found. This layout is ours, modelled after the transaction
items of AMS: UTF-8 CSV with a header, a line per payment or cancellation, the last line `<END>`.
Amounts are integers of minor units; those of cancellations are negative. `tid` is Kakao Pay's id
of the transaction and `cid` the merchant's, as in its payment API; settled is amount less fee.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from services.core.money import Money
from services.formats.findings import Finding, error
from services.formats.partner_files.reading import Placed, Report, read_report
from services.formats.partner_files.table import (
    END_MARK,
    Column,
    Layout,
    MoneyColumns,
    day,
    instant,
    one_of,
    write_rows,
)

PAYMENT, CANCEL = "PAYMENT", "CANCEL"


@dataclass(frozen=True, slots=True)
class KakaoPayItem:
    """One payment or cancellation. `order_id` is ours; `cancel_id` tells cancellations apart."""

    settlement_date: date
    cid: str
    tid: str
    order_id: str
    type: str
    approved: datetime
    amount: Money
    fee: Money
    settled: Money
    cancel_id: str = ""


KAKAOPAY = Layout(
    "kakaopay_transaction_items",
    KakaoPayItem,
    (
        Column("settlementDate", "settlement_date", day, date.isoformat, required=True),
        Column("cid", "cid", required=True),
        Column("tid", "tid", required=True),
        Column("partnerOrderId", "order_id", required=True),
        Column("cancelId", "cancel_id"),
        Column("transactionType", "type", one_of(frozenset({PAYMENT, CANCEL})), required=True),
        Column("approvedTime", "approved", instant, datetime.isoformat, required=True),
        MoneyColumns("transactionAmountValue", "transactionCurrency", "amount", required=True),
        MoneyColumns("feeAmountValue", "feeCurrency", "fee", required=True),
        MoneyColumns("settlementAmountValue", "settlementCurrency", "settled", required=True),
    ),
    end_mark=END_MARK,
)


def read_kakaopay(chunks: Iterable[bytes]) -> Iterator[Report | Placed | Finding]:
    """First the report, then `Placed` rows of `KakaoPayItem`, findings between."""
    for item in read_report(chunks, (KAKAOPAY,)):
        yield item
        if isinstance(item, Placed) and not _adds_up(item.row):
            message = f"{item.row.settled} is not {item.row.amount} less {item.row.fee}."
            yield error(
                "sum",
                message,
                record=item.record,
                offset=item.offset,
                path="settlementAmountValue",
            )


def _adds_up(item: KakaoPayItem) -> bool:
    currencies = {item.amount.currency, item.fee.currency, item.settled.currency}
    return len(currencies) == 1 and item.amount - item.fee == item.settled


def write_kakaopay(items: Iterable[KakaoPayItem]) -> Iterator[bytes]:
    """The file, in pieces. Raises `FileInvalid`."""
    return write_rows(KAKAOPAY, items)
