"""Takes a file in: read to its end in one transaction that keeps all of it, or nothing."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import Conflict, Malformed, Refused
from services.core.ids import new_reference
from services.core.money import LARGEST_UNITS
from services.formats.findings import SHOWN_FINDINGS, Finding, Severity, quoted
from services.kit.postgres import Connection
from services.reconciliation.files import store
from services.reconciliation.files.formats import HEAD_BYTES, READERS, find_format, named_day
from services.reconciliation.files.model import (
    Ask,
    Head,
    Item,
    Settled,
    Source,
    StoredFile,
    TheirRow,
)
from services.reconciliation.files.spool import Spool
from services.reconciliation.ours.rows import OurRow, expected_credit
from services.reconciliation.ours.store import add_rows
from services.reconciliation.partners import Format, Partner, Partners, partner_named
from services.reconciliation.replacing import store as replacing
from services.reconciliation.replacing.choosing import DaysClosed, choose

log = structlog.get_logger()

# Of what a partner names itself; longer is no name, and no index holds it.
LONGEST_NAME = 200
# Controls, and what bytes that Shift_JIS does not define become.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\uf8f0-\uf8f3]")
BANKS = frozenset({Format.CAMT053, Format.ZENGIN03, Format.ZENGIN01, Format.BANK_API})


class FileDamaged(Malformed):
    """A file is not what it should be: nothing of it was taken in. `findings` say where and why."""

    def __init__(self, file_name: str, findings: Sequence[Finding]) -> None:
        shown = " ".join(map(_sentence, findings[:SHOWN_FINDINGS]))
        first = findings[0]
        super().__init__(
            f"{file_name[:80]!r} is refused whole. {shown} Have the partner send it again.",
            file_name=file_name[:80],
            code=first.code,
            record=str(first.record),
            offset="" if first.offset is None else str(first.offset),
        )
        self.findings = tuple(findings)


class SettlementKnown(Conflict):
    """What a summary says was settled is expected because of another file."""


class FormatNotExpected(Refused):
    """The partner does not give files of this format."""


class FileEmpty(Malformed):
    """A file without a byte."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that is taken in. `repeated`: it was before, and nothing has changed."""

    file: StoredFile
    repeated: bool


async def import_file(
    pool: asyncpg.Pool, clock: Clock, partners: Partners, ask: Ask, spool: Spool
) -> Imported:
    """Take in the file in `spool`. Raises `PartnerUnknown`, `FormatUnknown`, `FormatNotExpected`,
    `FileEmpty`, `FileDamaged`, and what `replacing` refuses."""
    partner = partner_named(partners, ask.partner_id)
    async with pool.acquire() as connection, connection.transaction():
        await store.lock_imports(connection, partner.id)
        known = await store.find_digest(connection, partner.id, spool.digest)
        if known is not None:
            return Imported(known, repeated=True)
        reading = _open(partner, ask, spool, clock)
        await store.copy_rows(connection, reading.records())
        read = reading.finish(ask, spool, clock)
        former = await _former(connection, read, ask)
        file = replace(read, replaces=former.file_id if former else "")
        await _keep(connection, file, reading.expected(), spool)
    log.info(
        "file_imported",
        file_id=file.file_id,
        partner_id=file.partner_id,
        format=file.format,
        day=file.day.isoformat(),
        row_count=file.row_count,
        replaces=file.replaces,
    )
    return Imported(file, repeated=False)


async def _keep(
    connection: Connection, file: StoredFile, expected: Sequence[OurRow], spool: Spool
) -> None:
    if file.replaces:
        await replacing.mark_replaced(connection, file.replaces, file.file_id)
    await store.add_file(connection, file)
    if file.replaces:
        written = await replacing.replace_rows(connection, file.replaces, file.file_id, expected)
    else:
        written = await add_rows(connection, expected)
    if written < len(expected):
        raise SettlementKnown(
            f"What {file.file_name!r} says is settled is expected from another file already.",
            document_id=file.document_id,
        )
    await _keep_bytes(connection, file.file_id, spool)


async def _keep_bytes(connection: Connection, file_id: str, spool: Spool) -> None:
    """Store the file, the next piece of which is compressed while one is written."""
    pieces = spool.pieces(file_id)
    making = asyncio.create_task(asyncio.to_thread(next, pieces, None))
    try:
        while (piece := await making) is not None:
            making = asyncio.create_task(asyncio.to_thread(next, pieces, None))
            await store.add_bytes(connection, file_id, *piece)
    finally:
        # It reads the spool, which is gone behind this.
        await asyncio.wait([making])


async def _former(connection: Connection, file: StoredFile, ask: Ask) -> StoredFile | None:
    """The file that this one replaces, if any; no run stores anything from here on."""
    place = (file.partner_id, file.day)
    known = await store.find_document(connection, *place, file.document_id)
    named = await store.find_named(connection, *place, ask.replaces) if ask.replaces else None
    former = choose(file, ask.replaces, named, known)
    if former is not None:
        await replacing.lock_replacing(connection)
        if days := await replacing.closed_days(connection, former.file_id):
            raise DaysClosed(former, days)
    return former


def _open(partner: Partner, ask: Ask, spool: Spool, clock: Clock) -> "Reading":
    if not spool.byte_count:
        raise FileEmpty(f"{ask.file_name[:80]!r} is empty.", file_name=ask.file_name[:80])
    if ask.format is None and spool.zero_at is not None:
        raise FileDamaged(ask.file_name, [_zero(spool.zero_at)])
    stream = spool.open()
    found = ask.format or find_format(stream.read(HEAD_BYTES), ask.file_name)
    if found not in partner.formats:
        known = ", ".join(partner.formats)
        raise FormatNotExpected(
            f"{partner.id} gives files of {known}, and {ask.file_name[:80]!r} is {found}.",
            format=found,
        )
    stream.seek(0)
    now = clock.now()
    day = ask.day or named_day(ask.file_name)
    source = Source(stream, ask.file_name, partner, day, partner.day_of(now))
    return Reading(source, found, f"file-{new_reference(now)}", spool.zero_at)


class Reading:
    """One file being read: gives rows until something is wrong."""

    def __init__(
        self, source: Source, format_: Format, file_id: str, zero_at: int | None = None
    ) -> None:
        self._source = source
        self._format = format_
        self._file_id = file_id
        self._errors: list[Finding] = []
        self._head: Head | None = None
        self._settled: list[Settled] = []
        self._totals: defaultdict[str, int] = defaultdict(int)
        self._rows = 0
        self._seen: set[int] | None = None if format_ in BANKS else set()
        if zero_at is not None:
            self._errors.append(_zero(zero_at))

    def records(self) -> Iterator[tuple[Any, ...]]:
        """Rows as `store.copy_rows` wants them. Raises `FileDamaged`, once some findings tell."""
        beside = (self._source.partner.id, self._file_id)
        if not self._errors:
            for item in READERS[self._format](self._source):
                if isinstance(item, TheirRow):
                    self._totals[item.currency] += item.minor
                    self._rows += 1
                    self._check_row(item)
                    if not self._errors:
                        yield (*item, *beside)
                    elif len(self._errors) >= SHOWN_FINDINGS:
                        break
                else:
                    self._see(item)
                    if len(self._errors) >= SHOWN_FINDINGS:
                        break
        self._check()

    def _check_row(self, row: TheirRow) -> None:
        said = f"{row.reference}{row.partner_reference}{row.text}"
        # What can be printed is text, which is known sooner.
        if not said.isprintable() and (found := _NO_TEXT.search(said)):
            message = f"It holds {found[0]!a}, which is no text: another encoding is meant."
            self._errors.append(Finding("encoding", Severity.ERROR, row.record, None, message))
        # A bank's sums tell of a doubled line, and it may well have two that are alike.
        if self._seen is None or not row.reference:
            return
        seen = hash(row[1:])
        if seen in self._seen:
            message = f"The record of {quoted(row.reference)} stands in the file twice."
            self._errors.append(
                Finding("record-repeated", Severity.ERROR, row.record, None, message)
            )
        self._seen.add(seen)

    def _see(self, item: Item) -> None:
        if isinstance(item, Finding):
            if item.severity is Severity.ERROR:
                self._errors.append(item)
        elif isinstance(item, Head):
            self._head = item
        elif isinstance(item, Settled):
            self._settled.append(item)

    def _check(self) -> None:
        names = [self._head.document_id, self._head.series] if self._head else []
        names += [settled.batch_id for settled in self._settled]
        if any(len(name) > LONGEST_NAME for name in names):
            self._add("name", f"A name has more than {LONGEST_NAME} characters.")
        if any(abs(total) > LARGEST_UNITS for total in self._totals.values()):
            self._add("sum", "The amounts add up to more than 18 digits.")
        if self._head is None and not self._errors:
            self._add("head", "The file does not say what it is.")
        if self._errors:
            raise FileDamaged(self._source.file_name, self._errors)

    def _add(self, code: str, message: str) -> None:
        self._errors.append(Finding(code, Severity.ERROR, 0, None, message))

    def expected(self) -> list[OurRow]:
        """What our bank is to bring because of this file."""
        partner = self._source.partner
        return [
            expected_credit(partner, settled, self._file_id)
            for settled in self._settled
            if partner.settled_by and settled.currency == partner.settled_currency
        ]

    def finish(self, ask: Ask, spool: Spool, clock: Clock) -> StoredFile:
        """The file, read to its end."""
        assert self._head is not None, "refused otherwise"
        return StoredFile(
            file_id=self._file_id,
            digest=spool.digest,
            file_name=ask.file_name,
            format=self._format,
            partner_id=self._source.partner.id,
            day=self._head.day,
            byte_count=spool.byte_count,
            row_count=self._rows + len(self._settled),
            import_time=clock.now(),
            operator=ask.operator,
            document_id=self._head.document_id,
            series=self._head.series,
            series_number=self._head.series_number,
            totals=tuple(sorted(self._totals.items())),
        )


def _zero(at: int) -> Finding:
    message = "A byte is zero, as in UTF-16: the file is not in the partner's encoding."
    return Finding("encoding", Severity.ERROR, 0, at, message)


def _sentence(finding: Finding) -> str:
    place = f"Record {finding.record}" if finding.record else "The file"
    at = "" if finding.offset is None else f", byte {finding.offset}"
    return f"{place}{at}: {finding.message}"
