"""PayPay's daily reconciliation file: Shift_JIS, LF, the thirteen columns of instant payments.

Source: paypay_opa.json. Refunds are negative, and their last but one column holds the refund's own
id. Failed payments may be missing, and are. Not documented, and chosen: quotes, the form of times,
the name's two times, and that a payment cancelled on a later day is taken back under its own id.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from services.sandbox.partners.days import Line
from services.sandbox.partners.paypay_books import JST, Till

COLUMNS = (
    "決済番号",
    "加盟店ID",
    "屋号",
    "店舗ID",
    "店舗名",
    "端末番号/PosID",
    "取引ステータス",
    "取引日時",
    "取引金額",
    "レシート番号",
    "支払い方法",
    "マーチャント決済ID",
    "支払い詳細",
)
PAYMENT, REFUND = "取引完了", "返金完了"
ENCODING = "shift_jis"
BRAND = "カワセ"
METHOD = "HIVEX"


def file_name(merchant: str, day: date) -> str:
    return f"transaction_{merchant}_{day:%Y%m%d}000000_{day:%Y%m%d}235959_v2.csv"


def lines_of(till: Till, day: date) -> list[Line]:
    """The movements of a day in Japan, in their order."""
    moved = [line for line in _movements(till) if line.time.astimezone(JST).date() == day]
    return sorted(moved, key=lambda line: (line.time, line.line_id))


def _movements(till: Till) -> Iterator[Line]:
    for key, entry in till.payments():
        paid = datetime.fromtimestamp(entry["time"], UTC)
        shown = {"paymentId": entry["paymentId"], "shop": entry["shop"]}
        if entry["status"] == "COMPLETED" and not entry["cancelling"]:
            yield Line(key, PAYMENT, entry["minor"], "JPY", paid, fields=shown)
        elif entry["status"] == "FAILED" and entry.get("cancelled"):
            ended = datetime.fromtimestamp(entry["end"], UTC)
            if ended.astimezone(JST).date() != paid.astimezone(JST).date():
                yield Line(key, PAYMENT, entry["minor"], "JPY", paid, fields=shown)
                yield Line(key, REFUND, entry["minor"], "JPY", ended, fields=shown)
    shops = {entry["paymentId"]: entry["shop"] for _, entry in till.payments()}
    for key, entry in till.refunds():
        given = datetime.fromtimestamp(entry["time"], UTC)
        shown = {"paymentId": entry["paymentId"], "shop": shops[entry["paymentId"]]}
        yield Line(key, REFUND, entry["minor"], "JPY", given, fields=shown)


def write_file(till: Till, merchant: str, lines: Sequence[Line]) -> bytes:
    """The file of these lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        shop = till.shop(line.fields["shop"])
        writer.writerow(
            (
                line.fields["paymentId"],
                merchant,
                BRAND,
                shop.merchant_id,
                shop.store_name,
                "",
                line.kind,
                f"{line.time.astimezone(JST):%Y/%m/%d %H:%M:%S}",
                -line.minor if line.kind == REFUND else line.minor,
                "",
                METHOD,
                line.line_id,
                "",
            )
        )
    return text.getvalue().encode(ENCODING, "replace")
