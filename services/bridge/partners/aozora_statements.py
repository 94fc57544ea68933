"""Statements, day files and deposits of GMO Aozora (facts.md §5.3).

500 lines a page with `nextItemKey`. The day file's address and the signature of notices (HMAC over
time, dot and body under the access token) are modelled: the public material has neither.
"""

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta

from services.bridge.domain.statement import PartnerFile, StatementEntry, StatementPage
from services.bridge.notices.notice import DepositNotice, NoticeRefused, NoticeRequest
from services.bridge.partner import PartnerFileNotFound, PartnerUnavailable
from services.bridge.partners.aozora_api import (
    CORPORATE,
    CURRENCY,
    NOT_FOUND,
    OK,
    WEBHOOK,
    AozoraApi,
    Fields,
)
from services.bridge.partners.http import NoAnswer, NotSent
from services.core.money import Money

TOLERANCE = timedelta(minutes=5)
FORMATS = {"zengin": "txt", "camt053": "xml"}
_UNCLEAR = (NotSent, NoAnswer, KeyError, TypeError, ValueError)


class AozoraStatements:
    """`file_format`: zengin (03) or camt053."""

    def __init__(
        self, partner_id: str, api: AozoraApi, account_id: str, file_format: str, key: str
    ) -> None:
        if file_format not in FORMATS:
            raise ValueError(f"statement_format is one of {', '.join(FORMATS)}")
        self._partner_id = partner_id
        self._api = api
        self._account_id = account_id
        self._file_format = file_format
        self._key = key.encode()

    async def list_page(
        self, account_id: str, first: date, last: date, page: str, size: int
    ) -> StatementPage:
        """Raises `PartnerUnavailable`."""
        query = {
            "accountId": account_id or self._account_id,
            "dateFrom": first.isoformat(),
            "dateTo": last.isoformat(),
        }
        if page:
            query["nextItemKey"] = page
        try:
            told = await self._api.get_page(f"{CORPORATE}/accounts/transactions", query)
            return read_page(told, size)
        except _UNCLEAR as error:
            raise PartnerUnavailable(self._partner_id) from error

    async def fetch(self, kind: str, day: date) -> PartnerFile:
        """Raises `PartnerFileNotFound`, `PartnerUnavailable`."""
        query = {
            "accountId": self._account_id,
            "date": day.isoformat(),
            "format": self._file_format,
        }
        try:
            status, chunks = await self._api.download(f"{CORPORATE}/accounts/statement-file", query)
        except (NotSent, NoAnswer) as error:
            raise PartnerUnavailable(self._partner_id) from error
        if status == NOT_FOUND:
            raise PartnerFileNotFound(self._partner_id, kind, day)
        if status != OK:
            raise PartnerUnavailable(self._partner_id)
        name = f"{self._partner_id}-statement-{day}.{FORMATS[self._file_format]}"
        return PartnerFile(name, chunks)

    async def unsent(self) -> list[DepositNotice]:
        """Raises `PartnerUnavailable`."""
        path = f"{WEBHOOK}/unsentlist/va-deposit-transaction"
        try:
            told = await self._api.get_pages(path, {}, "vaTransactions")
            return [read_deposit(entry) for entry in told]
        except _UNCLEAR as error:
            raise PartnerUnavailable(self._partner_id) from error

    def read_notice(self, request: NoticeRequest) -> DepositNotice:
        """Raises `NoticeRefused`."""
        time = request.headers.get("x-webhook-timestamp", "")
        signature = request.headers.get("x-webhook-signature", "")
        expected = hmac.new(self._key, time.encode() + b"." + request.body, hashlib.sha256)
        if not hmac.compare_digest(expected.hexdigest().encode(), signature.encode()):
            raise NoticeRefused("the signature is not the bank's")
        try:
            sent = datetime.fromtimestamp(int(time), UTC)
            fields = json.loads(request.body)
            deposit = read_deposit(fields["vaTransaction"])
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            raise NoticeRefused(f"it cannot be read: {error!r}") from error
        if abs(request.now - sent) > TOLERANCE:
            raise NoticeRefused("it is not of this time")
        return deposit


def read_page(told: Fields, size: int) -> StatementPage:
    """A page of at most `size` lines. Raises KeyError, ValueError where it lacks a part."""
    lines = told["transactions"]
    shown = lines[:size]
    has_more = len(lines) > size or told.get("hasNext") == "true"
    return StatementPage(
        tuple(_read_entry(line) for line in shown),
        str(shown[-1]["itemKey"]) if has_more and shown else "",
    )


def _read_entry(line: Fields) -> StatementEntry:
    return StatementEntry(
        entry_reference=str(line["itemKey"]),
        book_date=date.fromisoformat(line["transactionDate"]),
        value_date=date.fromisoformat(line["valueDate"]),
        credit=line["transactionType"] == "1",
        amount=Money(int(line["amount"]), CURRENCY),
        balance=Money(int(line["balance"]), CURRENCY),
        counterparty_name=str(line.get("partnerName", "")),
        remittance_text=str(line["remarks"]),
    )


def read_deposit(entry: Fields) -> DepositNotice:
    """A deposit to a virtual account. Raises KeyError, ValueError where it lacks a part."""
    yen = int(entry["depositAmount"])
    if yen <= 0:
        raise ValueError("a deposit is more than zero")
    return DepositNotice(
        account_id=str(entry["vaId"]),
        entry_reference=str(entry["itemKey"]),
        amount=Money(yen, CURRENCY),
        payer_name=str(entry["remitterNameKana"]),
        value_date=date.fromisoformat(entry["valueDate"]).isoformat(),
        remittance_text=str(entry.get("remarks", "")),
    )
