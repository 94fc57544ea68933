"""PayPay's daily reconciliation file (OPA): of instant payments, and of preauthorised ones.

Source: PayPay's OpenAPI document, as in `tests/golden/paypay_opa.json`. Shift_JIS (CP932), LF, a
header in Japanese or English. Refunds are negative in the instant file. How the instant of a
transaction is written was not found: `2026/07/31 12:34:56` in Japan is written, ISO 8601 also read.
There is no end mark and no total; a file whose last record has no line end was cut short.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from services.core.money import LARGEST_UNITS, Money
from services.formats.findings import Finding, warning
from services.formats.partner_files.reading import Placed, Report, read_report
from services.formats.partner_files.table import Column, Layout, integer, one_of, write_rows

JAPAN = timezone(timedelta(hours=9))
COMPLETED, FAILED = "取引完了", "取引失敗"
REFUNDED, REFUND_FAILED = "返金完了", "返金失敗"
STATUSES = frozenset({COMPLETED, FAILED, REFUNDED, REFUND_FAILED})
ENCODING = "cp932"
_WRITTEN = "%Y/%m/%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class PayPayItem:
    """One payment or refund. `merchant_payment_id` is the refund's id where it is a refund."""

    payment_id: str
    status: str
    accepted: datetime
    amount: Money
    merchant_payment_id: str = ""
    merchant_id: str = ""
    brand: str = ""
    store_id: str = ""
    store_name: str = ""
    terminal_id: str = ""
    receipt_number: str = ""
    method: str = ""
    details: str = ""


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise ValueError("write an instant such as 2026/07/31 12:34:56") from None
    return found.replace(tzinfo=JAPAN) if found.tzinfo is None else found


def _instant_text(instant: datetime) -> str:
    return instant.astimezone(JAPAN).strftime(_WRITTEN)


def _yen(text: str) -> Money:
    units = integer(text)
    if abs(units) > LARGEST_UNITS:
        raise ValueError("an amount has at most 18 digits")
    return Money(units, "JPY")


def _yen_text(money: Money) -> str:
    if money.currency != "JPY":
        raise ValueError(f"PayPay settles in JPY, not {money.currency}")
    return str(money.minor)


def _layout(name: str, headers: str, status: Column) -> Layout[PayPayItem]:
    names = headers.split()
    return Layout(
        name,
        PayPayItem,
        (
            Column(names[0], "payment_id", required=True),
            Column(names[1], "merchant_id"),
            Column(names[2], "brand"),
            Column(names[3], "store_id"),
            Column(names[4], "store_name"),
            Column(names[5], "terminal_id"),
            status,
            Column(names[7], "accepted", _instant, _instant_text, required=True),
            Column(names[8], "amount", _yen, _yen_text, required=True),
            Column(names[9], "receipt_number"),
            Column(names[10], "method"),
            Column(names[11], "merchant_payment_id"),
            Column(names[12], "details"),
        ),
        encoding=ENCODING,
    )


INSTANT = _layout(
    "instant",
    "決済番号 加盟店ID 屋号 店舗ID 店舗名 端末番号/PosID 取引ステータス 取引日時 取引金額"
    " レシート番号 支払い方法 マーチャント決済ID 支払い詳細",
    Column("取引ステータス", "status", one_of(STATUSES), required=True),
)
PREAUTH = _layout(
    "preauth",
    "orderId merchantId brandName storeId storeName terminalId transactionStatus acceptedAt amount"
    " orderReceiptNumber methodOfPayment merchantPaymentId paymentDetails",
    Column("transactionStatus", "status", required=True),
)


def read_paypay(chunks: Iterable[bytes]) -> Iterator[Report | Placed | Finding]:
    """A file of either kind: first which, then `Placed` rows of `PayPayItem`, findings between."""
    instant = False
    for item in read_report(chunks, (INSTANT, PREAUTH)):
        if isinstance(item, Report):
            instant = item.layout is INSTANT
        yield item
        if instant and isinstance(item, Placed):
            yield from _sign_findings(item)


def _sign_findings(placed: Placed) -> Iterator[Finding]:
    item: PayPayItem = placed.row
    refund = item.status in (REFUNDED, REFUND_FAILED)
    if refund != (item.amount.minor < 0) and item.amount.minor != 0:
        message = f"{item.amount} does not suit the status {item.status}."
        yield warning("sign", message, record=placed.record, offset=placed.offset, path="取引金額")


def write_paypay(
    items: Iterable[PayPayItem], layout: Layout[PayPayItem] = INSTANT
) -> Iterator[bytes]:
    """A file of `layout`, in pieces. Raises `FileInvalid` for text CP932 does not hold."""
    return write_rows(layout, items)
