"""Moves files between our tables and a bank: gathers, sends, looks what became of them, reads.

A pass does what is due and may be run by several processes at a time: rows are taken under locks,
a file that is sent is held under a lease, and nothing is held while the bank is asked.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import asyncpg
import structlog

from services.bridge.domain.answer import Rules, pause
from services.bridge.partners.http import NoAnswer, NotSent
from services.bridge.partners.zengin_bank_exchange import (
    BoxFile,
    FileDamaged,
    FileExchange,
    Upload,
)
from services.bridge.partners.zengin_bank_files import (
    RESULTS,
    BankFileWrong,
    Originator,
    write_file,
)
from services.bridge.partners.zengin_bank_rules import (
    LATE,
    BankFile,
    BankRecord,
    BankResult,
    FileKind,
    FileState,
    Receipt,
    RecordState,
    Timetable,
    applied,
    batches,
    contradicts,
    heard,
    name_of,
    problem_of,
    receipt_of,
)
from services.bridge.partners.zengin_bank_seals import Seals
from services.bridge.store.bank_files import (
    add_file,
    add_result,
    files_under_way,
    first_open_day,
    known_results,
    lock_file,
    lock_records,
    lock_waiting,
    take_file,
    update_file,
    update_records,
)
from services.core.clock import Clock
from services.formats.findings import FileInvalid
from services.kit.postgres import Connection

log = structlog.get_logger()

AT_A_TIME = 20_000
"""Records that one pass gathers."""
FILES_A_PASS = 20
FILE_CALLS = 6
"""A file may take as long as so many other calls."""
MOST_REFUSED = 1000
NOT_WRITABLE = "NOT_WRITABLE"
_LOOKED_FOR = frozenset({FileState.SENDING, FileState.RECEIVED})

T = TypeVar("T")


async def _within(limit: timedelta, call: Awaitable[T]) -> T:
    async with asyncio.timeout(limit.total_seconds()):
        return await call


@dataclass(frozen=True, slots=True)
class Desk:
    """What the clerk of a bank works with. `form`: zengin or zedi."""

    partner_id: str
    pool: asyncpg.Pool
    seals: Seals
    exchange: FileExchange
    originator: Originator
    form: str
    timetable: Timetable
    most_records: int
    rules: Rules
    clock: Clock

    @property
    def file_time(self) -> timedelta:
        return FILE_CALLS * self.rules.call

    def today(self) -> date:
        return self.clock.now().astimezone(self.rules.zone).date()


class Clerk:
    """One bank's clerk. What fails is logged, and done in a later pass."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._refused: dict[str, tuple[int, float]] = {}

    async def make_pass(self) -> None:
        """Raises `NotSent`, `NoAnswer`, TimeoutError where the bank does not answer, and what
        Postgres raises; what was done until then stays done."""
        await self.gather()
        await self.send()
        await self.look()
        await self.take_results()

    async def gather(self) -> list[BankFile]:
        """Close what is due: write the files of records whose time has come."""
        desk, now = self._desk, self._desk.clock.now()
        async with desk.pool.acquire() as connection, connection.transaction():
            closed = desk.timetable.closed_at(now)
            waiting = await lock_waiting(connection, desk.partner_id, closed, AT_A_TIME)
            late = [each for each in waiting if desk.timetable.is_late(each.send_date, now)]
            moved = {each.item_id: desk.timetable.moved(each, now) for each in late}
            await update_records(connection, list(moved.values()))
            waiting = [moved.get(each.item_id, each) for each in waiting]
            due = [each for each in waiting if desk.timetable.is_due(each, now)]
            due = desk.seals.readable(due)
            return [
                file
                for batch in batches(due, desk.most_records)
                if (file := await self._write(connection, batch, now)) is not None
            ]

    async def _write(
        self, connection: Connection, batch: Sequence[BankRecord], now: datetime
    ) -> BankFile | None:
        """Store the file of opened records."""
        desk, first, name = self._desk, batch[0], name_of(batch)
        try:
            content = write_file(batch, desk.originator, desk.form, now, name)
        except FileInvalid as error:
            log.error("bank_file_not_writable", partner_id=desk.partner_id, problem=error.message)
            await self._put_out(connection, batch, now)
            return None
        file = BankFile(
            partner_id=desk.partner_id,
            file_id=name,
            kind=first.kind,
            send_date=first.send_date,
            value_date=first.value_date,
            record_count=len(batch),
            total_minor=sum(each.yen for each in batch),
            content=content,
            digest=hashlib.sha256(content).hexdigest(),
            create_time=now,
        )
        await add_file(connection, desk.seals.file(file))
        filed = [replace(each, state=RecordState.FILED, file_id=name) for each in batch]
        await update_records(connection, filed)
        log.info(
            "bank_file_written",
            partner_id=desk.partner_id,
            file_id=name,
            records=len(batch),
            total_minor=file.total_minor,
        )
        return file

    async def _put_out(
        self, connection: Connection, batch: Sequence[BankRecord], now: datetime
    ) -> None:
        """Refuse the records that no file can hold, so that the others go with the next pass."""
        desk = self._desk
        for record in batch:
            try:
                write_file([record], desk.originator, desk.form, now, name_of([record]))
            except FileInvalid:
                refused = replace(record, state=RecordState.REFUSED, code=NOT_WRITABLE)
                await update_records(connection, [refused])

    async def send(self) -> None:
        """Send what is written, a file at a time. Its attempt is durable before the call."""
        desk = self._desk
        lease = desk.file_time + desk.rules.lease
        for _ in range(FILES_A_PASS):
            await self._move_late()
            async with desk.pool.acquire() as connection:
                file = await take_file(connection, desk.partner_id, lease)
            if file is None:
                return
            await self._send(desk.seals.opened_file(file))

    async def _move_late(self) -> None:
        """Take apart files that the bank cannot have and would not take any more."""
        desk, now = self._desk, self._desk.clock.now()
        async with desk.pool.acquire() as connection, connection.transaction():
            for file in await files_under_way(connection, desk.partner_id, only_due=True):
                if not desk.timetable.is_late(file.send_date, now):
                    continue
                found = await lock_file(connection, desk.partner_id, file.file_id)
                if found and found.state is FileState.WRITTEN and not found.perhaps_sent:
                    late = replace(found, state=FileState.REFUSED, code=LATE)
                    await self._store(connection, late)

    async def _send(self, file: BankFile) -> None:
        desk = self._desk
        folder = "91" if file.kind is FileKind.DEBIT else "21"
        if folder == "21" and desk.form == "zedi":
            folder = "pain001"
        try:
            came_to, said = await _within(desk.file_time, desk.exchange.upload(file, folder))
        except NotSent:
            # Nobody has seen this attempt; an earlier one of this file may have been seen.
            await self._after(file, replace(file, state=FileState.WRITTEN))
            raise
        except (NoAnswer, TimeoutError) as error:
            log.warning(
                "bank_file_unanswered",
                partner_id=desk.partner_id,
                file_id=file.file_id,
                problem=repr(error),
            )
            await self._after(file, file)
            return
        match came_to:
            case Upload.TAKEN:
                told = replace(file, state=FileState.RECEIVED, bank_number=said)
                await self._after(file, told)
            case Upload.NOT_TAKEN:
                log.error(
                    "bank_file_not_taken",
                    partner_id=desk.partner_id,
                    file_id=file.file_id,
                    problem=said,
                )
                await self._after(file, replace(file, state=FileState.WRITTEN))
            case Upload.UNCLEAR:
                await self._after(file, file)

    async def _after(self, sent: BankFile, told: BankFile) -> None:
        """Store what the attempt came to, where nobody has heard of the file meanwhile."""
        desk = self._desk
        async with desk.pool.acquire() as connection, connection.transaction():
            found = await lock_file(connection, desk.partner_id, sent.file_id)
            if found is not None and found.state is FileState.SENDING:
                await update_file(connection, told, desk.rules.inquire_every)

    async def look(self) -> None:
        """Read the bank's list of received files, and hear what it says of ours."""
        desk = self._desk
        async with desk.pool.acquire() as connection:
            files = await files_under_way(connection, desk.partner_id, only_due=True)
        asked = [each for each in files if each.state in _LOOKED_FOR]
        if not asked:
            return
        first = min(each.create_time.astimezone(desk.rules.zone).date() for each in asked)
        receipts = await _within(desk.rules.call, desk.exchange.received(first))
        for file in asked:
            await self._hear(file.file_id, receipts)

    async def _hear(self, file_id: str, receipts: Sequence[Receipt]) -> None:
        desk = self._desk
        async with desk.pool.acquire() as connection, connection.transaction():
            found = await lock_file(connection, desk.partner_id, file_id)
            if found is None or found.state not in _LOOKED_FOR:
                return
            told = heard(found, receipt_of(found, receipts), desk.rules.inquiries)
            await self._store(connection, told)
            if told.state is not found.state:
                log.info(
                    "bank_file_moved",
                    partner_id=desk.partner_id,
                    file_id=file_id,
                    state=told.state.name.lower(),
                    code=told.code,
                )

    async def _store(self, connection: Connection, file: BankFile) -> None:
        """Store where a file stands; what was refused whole goes into another, or is refused."""
        desk = self._desk
        await update_file(connection, file, desk.rules.inquire_every)
        if file.state is not FileState.REFUSED:
            return
        log.error(
            "bank_file_refused",
            partner_id=desk.partner_id,
            file_id=file.file_id,
            code=file.code,
        )
        now = desk.clock.now()
        records = [
            each
            for each in await lock_records(connection, desk.partner_id, file.file_id)
            if each.state is RecordState.FILED
        ]
        if file.code == LATE:
            after = [desk.timetable.moved(each, now) for each in records]
        else:
            code = f"FILE:{file.code}"
            after = [replace(each, state=RecordState.REFUSED, code=code) for each in records]
        await update_records(connection, after)

    async def take_results(self) -> None:
        """Read result files that are new. One that is damaged or does not fit has no effect, and
        the bank is asked for it again."""
        desk = self._desk
        since = desk.today() - desk.rules.returns_for
        async with desk.pool.acquire() as connection:
            first = await first_open_day(connection, desk.partner_id, since)
        if first is None:
            return
        kinds = ",".join(RESULTS)
        listed = await _within(desk.rules.call, desk.exchange.box(kinds, first))
        async with desk.pool.acquire() as connection:
            known = await known_results(connection, desk.partner_id, [e.box_id for e in listed])
        for each in listed:
            if each.box_id not in known and each.kind in RESULTS and self._is_worth(each):
                await self._take(each)

    def _is_worth(self, file: BoxFile) -> bool:
        """Whether to read it (again): one that was refused is given ever more time."""
        return asyncio.get_running_loop().time() >= self._refused.get(file.box_id, (0, 0.0))[1]

    def _put_off(self, file: BoxFile) -> None:
        times = self._refused.get(file.box_id, (0, 0.0))[0] + 1
        wait = pause(self._desk.rules, times).total_seconds()
        self._refused[file.box_id] = times, asyncio.get_running_loop().time() + wait
        while len(self._refused) > MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    async def _take(self, file: BoxFile) -> None:
        """Take one file. Whatever is wrong with it, those behind it are not held up."""
        desk = self._desk
        try:
            problem = await self._problem_of(file)
            if problem:
                await _within(desk.rules.call, desk.exchange.ask_again(file))
        except (NoAnswer, TimeoutError) as error:
            problem = f"the bank did not answer: {error!r}"
        if problem:
            self._put_off(file)
            log.error(
                "bank_result_refused",
                partner_id=desk.partner_id,
                result_id=file.box_id,
                file_id=file.name,
                problem=problem,
            )

    async def _problem_of(self, file: BoxFile) -> str:
        """Read a result and apply it; why it is refused whole, or empty."""
        desk = self._desk
        try:
            content = await _within(desk.file_time, desk.exchange.fetch(file))
            return await self._apply(file, RESULTS[file.kind](content, desk.today(), file.name))
        except (FileDamaged, BankFileWrong) as error:
            return str(error)

    async def _apply(self, file: BoxFile, result: BankResult) -> str:
        """Apply a result whole and once; why it cannot be."""
        desk = self._desk
        async with desk.pool.acquire() as connection, connection.transaction():
            ours = await lock_file(connection, desk.partner_id, file.name)
            records = await lock_records(connection, desk.partner_id, file.name)
            if problem := problem_of(result, desk.seals.readable(records)):
                return problem
            assert ours is not None, "it has records"
            now = desk.clock.now()
            if not await add_result(
                connection, desk.partner_id, file.box_id, file.name, file.digest, now
            ):
                return ""
            by_reference = {each.reference: each for each in records}
            pairs = [(by_reference[told.reference], told) for told in result.told]
            after = [new for record, told in pairs if (new := applied(record, told)) is not None]
            odd = [record.item_id for record, told in pairs if contradicts(record, told)]
            await update_records(connection, after)
            if result.whole and ours.state is not FileState.REFUSED:
                await update_file(connection, replace(ours, state=FileState.DONE), timedelta())
        if odd:
            log.error("bank_result_contradicts", result_id=file.box_id, item_ids=odd[:100])
        log.info("bank_result_taken", file_id=file.name, result_id=file.box_id, news=len(after))
        return ""
