"""The gRPC calls about banks' statements and partners' files: decode, call the partner, encode."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date

from services.bridge.codes import partner_of
from services.bridge.domain.statement import StatementEntry
from services.bridge.messages import money_message
from services.bridge.partner import Partner, PartnerUnavailable
from services.bridge.partners.http import NoAnswer
from services.core.errors import Malformed
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as pb

PAGE_LIMIT = 500
FILE_SECONDS = 60.0
KINDS = frozenset({"settlement", "statement"})


class DayMalformed(Malformed):
    """A day is YYYY-MM-DD, and the first is not after the last."""


class FileKindMalformed(Malformed):
    """A partner's file is a settlement or a statement."""


class StatementCalls:
    """Asks partners for statements and files. Nothing of them is kept."""

    def __init__(self, partners: Mapping[str, Partner]) -> None:
        self._partners = partners

    async def list_entries(
        self, request: pb.ListStatementEntriesRequest
    ) -> pb.ListStatementEntriesResponse:
        """Raises `PartnerUnknown`, `DayMalformed`, `OperationNotOffered`, `PartnerUnavailable`."""
        partner = partner_of(self._partners, request.partner_id)
        first = _read_day(request.first_date, "first_date")
        last = _read_day(request.last_date, "last_date")
        if first > last:
            raise DayMalformed("first_date is after last_date.", field="first_date")
        size = min(request.page_size or PAGE_LIMIT, PAGE_LIMIT)
        try:
            async with asyncio.timeout(partner.rules.call.total_seconds()):
                page = await partner.list_statement(
                    request.account_id, first, last, request.page_token, size
                )
        except TimeoutError:
            raise PartnerUnavailable(request.partner_id) from None
        return pb.ListStatementEntriesResponse(
            entries=[_entry_message(entry) for entry in page.entries],
            next_page_token=page.next_page,
        )

    async def fetch_file(
        self, request: pb.FetchPartnerFileRequest
    ) -> AsyncIterator[pb.FetchPartnerFileResponse]:
        """Raises `PartnerUnknown`, `DayMalformed`, `FileKindMalformed`, `OperationNotOffered`,
        `PartnerFileNotFound`, `PartnerUnavailable`."""
        partner = partner_of(self._partners, request.partner_id)
        if request.kind not in KINDS:
            raise FileKindMalformed(f"kind is one of {', '.join(sorted(KINDS))}.", field="kind")
        day = _read_day(request.day, "day")
        try:
            async with asyncio.timeout(FILE_SECONDS):
                file = await partner.fetch_file(request.kind, day)
                yield pb.FetchPartnerFileResponse(file_name=file.name)
                async for chunk in file.chunks:
                    yield pb.FetchPartnerFileResponse(data=chunk)
        except (TimeoutError, NoAnswer) as error:
            raise PartnerUnavailable(request.partner_id) from error


def _read_day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DayMalformed(f"{field} is YYYY-MM-DD.", field=field) from error


def _entry_message(entry: StatementEntry) -> pb.StatementEntry:
    return pb.StatementEntry(
        entry_reference=entry.entry_reference,
        book_date=entry.book_date.isoformat(),
        value_date=entry.value_date.isoformat(),
        credit=entry.credit,
        amount=money_message(entry.amount),
        balance=None if entry.balance is None else money_message(entry.balance),
        counterparty_name=entry.counterparty_name,
        remittance_text=entry.remittance_text,
    )
