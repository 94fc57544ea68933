"""What a bank's box has besides results: notices of deposits (01) and statements (03)."""

from datetime import date, timedelta

import structlog

from services.bridge.domain.statement import PartnerFile, StatementEntry, StatementPage
from services.bridge.notices.notice import DepositNotice
from services.bridge.partner import PartnerFileNotFound
from services.bridge.partners.http import NoAnswer
from services.bridge.partners.zengin_bank_clerk import Desk
from services.bridge.partners.zengin_bank_exchange import OK, BoxFile, FileDamaged
from services.bridge.partners.zengin_bank_files import (
    BankFileWrong,
    read_notices,
    read_statement,
)
from services.bridge.store.bank_files import known_deposits

log = structlog.get_logger()

NOTICE, STATEMENT = "01", "03"
NOTICE_DAYS = timedelta(days=14)
FILES_A_LOOK = 20
FILES_KEPT = 1000


class Box:
    """Reads the box. Raises `NotSent`, `NoAnswer` where the bank does not answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._settled: dict[str, None] = {}

    async def deposits(self) -> list[DepositNotice]:
        """Deposits of the last days that are not in our table yet. A file is read until all of its
        deposits are there; what a process remembers only spares it reading."""
        desk = self._desk
        listed = await desk.exchange.box(NOTICE, desk.today() - NOTICE_DAYS)
        fresh = [each for each in listed if each.box_id not in self._settled]
        found: list[DepositNotice] = []
        for file in fresh[:FILES_A_LOOK]:
            told = await self._read(file)
            if told is None:
                continue
            unknown = await self._unknown(told)
            found += unknown
            if not unknown:
                self._settled[file.box_id] = None
        while len(self._settled) > FILES_KEPT:
            del self._settled[next(iter(self._settled))]
        return found

    async def _read(self, file: BoxFile) -> list[DepositNotice] | None:
        """None where the file is refused whole and asked for again."""
        desk = self._desk
        try:
            content = await desk.exchange.fetch(file)
            return read_notices(content, desk.today(), desk.originator.account_id)
        except (FileDamaged, BankFileWrong) as error:
            log.error(
                "bank_notice_refused",
                partner_id=desk.partner_id,
                notice_id=file.box_id,
                problem=str(error),
            )
            await desk.exchange.ask_again(file)
            return None

    async def _unknown(self, told: list[DepositNotice]) -> list[DepositNotice]:
        desk = self._desk
        references = [each.entry_reference for each in told]
        account_id = desk.originator.account_id
        async with desk.pool.acquire() as connection:
            known = await known_deposits(connection, desk.partner_id, account_id, references)
        return [each for each in told if each.entry_reference not in known]

    async def list_page(self, first: date, last: date, page: str, size: int) -> StatementPage:
        """At most `size` lines from the place that `page` (day:line) names."""
        listed = await self._statements(first, last)
        begin_day, _, begin_line = page.partition(":")
        skip = int(begin_line or 0)
        lines: list[StatementEntry] = []
        for file in listed:
            if file.day.isoformat() < begin_day:
                continue
            of_day = await self._lines(file)
            start = skip if file.day.isoformat() == begin_day else 0
            room = size - len(lines)
            lines += of_day[start : start + room]
            if len(of_day) - start > room:
                return StatementPage(tuple(lines), f"{file.day}:{start + room}")
        return StatementPage(tuple(lines))

    async def _statements(self, first: date, last: date) -> list[BoxFile]:
        """The newest statement of each day, in the order of days."""
        listed = await self._desk.exchange.box(STATEMENT, first)
        newest = {each.day: each for each in listed if first <= each.day <= last}
        return [newest[day] for day in sorted(newest)]

    async def _lines(self, file: BoxFile) -> list[StatementEntry]:
        desk = self._desk
        try:
            content = await desk.exchange.fetch(file)
            return read_statement(content, desk.today())
        except (FileDamaged, BankFileWrong) as error:
            log.error(
                "bank_statement_refused",
                partner_id=desk.partner_id,
                statement_id=file.box_id,
                problem=str(error),
            )
            await desk.exchange.ask_again(file)
            raise NoAnswer(f"statement {file.box_id}: {error}") from error

    async def fetch(self, kind: str, day: date) -> PartnerFile:
        """The statement of a day as the bank made it. Raises `PartnerFileNotFound`."""
        desk = self._desk
        listed = await self._statements(day, day)
        if not listed:
            raise PartnerFileNotFound(desk.partner_id, kind, day)
        status, chunks = await desk.exchange.open(listed[0].box_id)
        if status != OK:
            raise NoAnswer(f"status {status} for a file of the box")
        return PartnerFile(f"{desk.partner_id}-statement-{day}.txt", chunks)
