"""Which reader reads a file; the format is found out by its beginning where nobody names it."""

import re
from collections.abc import Callable, Iterator
from datetime import date

from services.core.errors import Malformed
from services.formats.partner_files import antom, kakaopay, paypay
from services.reconciliation.files import pages, reports, statements
from services.reconciliation.files.model import Item, Source
from services.reconciliation.partners import Format

HEAD_BYTES = 64 << 10
READERS: dict[Format, Callable[[Source], Iterator[Item]]] = {
    Format.ANTOM_TRANSACTIONS: reports.read_transactions,
    Format.ANTOM_SETTLEMENT: reports.read_settlement,
    Format.ANTOM_SUMMARY: reports.read_summary,
    Format.PAYPAY: reports.read_paypay_report,
    Format.KAKAOPAY: reports.read_kakaopay_report,
    Format.CAMT053: statements.read_camt053,
    Format.ZENGIN03: statements.read_zengin03,
    Format.ZENGIN01: statements.read_zengin01,
    Format.BANK_API: pages.read_pages,
}
_LAYOUTS = (
    (antom.TRANSACTION_DETAILS, Format.ANTOM_TRANSACTIONS),
    (antom.SETTLEMENT_DETAILS, Format.ANTOM_SETTLEMENT),
    (antom.SETTLEMENT_SUMMARY, Format.ANTOM_SUMMARY),
    (paypay.INSTANT, Format.PAYPAY),
    (kakaopay.KAKAOPAY, Format.KAKAOPAY),
)
_NAMED_DAY = re.compile(r"(?<![0-9])(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])")


class FormatUnknown(Malformed):
    """A file is of no format that is read here."""


def find_format(head: bytes, file_name: str) -> Format:
    """The format of a file that begins with `head`. Raises `FormatUnknown`."""
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"<"):
        return Format.CAMT053
    if begin.startswith(b"{"):
        return Format.BANK_API
    for mark, found in ((b"103", Format.ZENGIN03), (b"101", Format.ZENGIN01)):
        if begin.startswith(mark):
            return found
    line = begin.split(b"\n", 1)[0].removesuffix(b"\r")
    for layout, found in _LAYOUTS:
        header = line.decode(layout.encoding, "replace").replace('"', "").split(",")
        if layout.fits(header):
            return found
    raise FormatUnknown(
        f"{file_name[:80]!r} begins like no format that is read: {', '.join(Format)}.",
        file_name=file_name[:80],
    )


def named_day(file_name: str) -> date | None:
    """The day in a file's name, such as `settlementItems_CNY_202610300001_000.csv`."""
    for year, month, day in _NAMED_DAY.findall(file_name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None
