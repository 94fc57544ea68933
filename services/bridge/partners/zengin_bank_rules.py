"""A bank by file: which records go into which file of which day, what a bank's word means. Pure.

    record  WAITING for a file → FILED → EXECUTED → RETURNED; REFUSED; WITHDRAWN before it is filed
    file    WRITTEN → SENDING → RECEIVED → ACCEPTED → DONE; REFUSED

A file in SENDING may be at the bank: its list of received files is searched before anything else,
and what is sent again is the same bytes under the same name, which the bank takes once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from services.core.business_days import BankCalendar, Cutoff

ZONE = "Asia/Tokyo"
MOST_RECORDS = 9_999
LARGEST_YEN = 9_999_999_999
_REFERENCE_DIGITS = 20
_TAG_LENGTH = 16
_JAPAN = BankCalendar(("JP",))
LATE = "LATE_FILE"
DUPLICATE = "DUPLICATE_FILE"


class FileKind(StrEnum):
    """What a file orders: Zengin 21, or 91."""

    TRANSFER = "transfer"
    DEBIT = "debit"


class RecordState(IntEnum):
    """Numbers as in the table."""

    WAITING = 1
    FILED = 2
    EXECUTED = 3
    REFUSED = 4
    RETURNED = 5
    WITHDRAWN = 6


class FileState(IntEnum):
    """Numbers as in the table."""

    WRITTEN = 1
    SENDING = 2
    RECEIVED = 3
    ACCEPTED = 4
    REFUSED = 5
    DONE = 6


@dataclass(frozen=True, slots=True)
class BankRecord:
    """One transfer or debit for a file. `reference` is ours, as it stands in the record; `yen`
    whole yen; `file_state` that of its file, None while it is in none."""

    partner_id: str
    item_id: str
    kind: FileKind
    reference: str
    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str
    yen: int
    create_time: datetime
    send_date: date
    value_date: date
    state: RecordState = RecordState.WAITING
    file_id: str | None = None
    code: str = ""
    file_state: FileState | None = None
    sealed_account: bytes = b""
    """As it is stored: with it the account's fields are only what people may be shown."""

    @property
    def account(self) -> tuple[str, str, str, str, str]:
        """Bank, branch, type, number, holder's name."""
        place = (self.bank_code, self.branch_code, self.account_type)
        return (*place, self.account_number, self.holder_name)


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file as it was written. `digest` is SHA-256 in hex; `total_minor` yen; `perhaps_sent`: an
    attempt before this one went without an answer."""

    partner_id: str
    file_id: str
    kind: FileKind
    send_date: date
    value_date: date
    record_count: int
    total_minor: int
    content: bytes
    digest: str
    create_time: datetime
    state: FileState = FileState.WRITTEN
    perhaps_sent: bool = False
    searches: int = 0
    bank_number: str = ""
    code: str = ""
    sealed: bool = False
    """As it is stored: `content` is sealed."""


def number_of(item_id: str) -> str:
    """20 digits that stand for a charge or refund where a record has room for no more."""
    number = int.from_bytes(hashlib.sha256(item_id.encode()).digest())
    return f"{number % 10**_REFERENCE_DIGITS:020d}"


@dataclass(frozen=True, slots=True)
class Closed:
    """Which records are due: of days up to `last`, or of days up to `today` and waiting `since`."""

    last: date
    since: datetime | None
    today: date


@dataclass(frozen=True, slots=True)
class Timetable:
    """When files are closed and have to be there; local times of `ZONE`, business days of Japan.

    A file for a value date is sent `leads` business days before it, closed at `gather_at` and to be
    at the bank before `cutoff`. With `gather_every` it is also closed as soon as its oldest record
    has waited for so long.
    """

    gather_at: time = time(14)
    cutoff: time = time(15)
    leads: Mapping[FileKind, int] | None = None
    gather_every: timedelta | None = None
    calendar: BankCalendar = _JAPAN

    def _lead(self, kind: FileKind) -> int:
        return (self.leads or {}).get(kind, 1)

    def days(self, kind: FileKind, wanted: date | None, now: datetime) -> tuple[date, date]:
        """The day a record is sent and its value date: as soon as possible, or as `wanted`."""
        lead = self._lead(kind)
        send = Cutoff(self.gather_at, ZONE).business_day(now, self.calendar)
        if wanted is not None:
            wished = self.calendar.add(self.calendar.on_or_after(wanted), -lead)
            send = max(send, wished)
        return send, self.calendar.add(send, lead)

    def is_due(self, record: BankRecord, now: datetime) -> bool:
        """Whether the record's file is closed now."""
        if now >= _at(record.send_date, self.gather_at):
            return True
        if self.gather_every is None or now < _at(record.send_date, time()):
            return False
        return now >= record.create_time + self.gather_every

    def closed_at(self, now: datetime) -> Closed:
        """What `is_due` comes to for all records, for a search in the table."""
        here = now.astimezone(ZoneInfo(ZONE))
        last = here.date() if here.time() >= self.gather_at else here.date() - timedelta(days=1)
        since = None if self.gather_every is None else now - self.gather_every
        return Closed(last, since, here.date())

    def is_late(self, send_date: date, now: datetime) -> bool:
        """Whether the bank takes no file of this day any more."""
        return now >= _at(send_date, self.cutoff)

    def moved(self, record: BankRecord, now: datetime) -> BankRecord:
        """The record in the next file it can be in."""
        send, value = self.days(record.kind, None, now)
        return replace(
            record,
            state=RecordState.WAITING,
            file_id=None,
            file_state=None,
            code="",
            send_date=max(send, record.send_date),
            value_date=max(value, record.value_date),
        )


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(ZONE))


def batches(records: Sequence[BankRecord], most: int = MOST_RECORDS) -> list[list[BankRecord]]:
    """The records of each file: one kind and value date, at most `most`, every record once."""
    found = []
    ordered = sorted(records, key=lambda each: (*_days_of(each), each.item_id))
    for _, group in groupby(ordered, key=_days_of):
        alike = list(group)
        found += [alike[start : start + most] for start in range(0, len(alike), most)]
    return found


def _days_of(record: BankRecord) -> tuple[str, date, date]:
    return record.kind, record.value_date, record.send_date


def name_of(records: Sequence[BankRecord]) -> str:
    """A file's name, by which the bank and we know it: value date and 16 hex digits, the shape of
    MUFG's sequence numbers. The same records of the same days have the same name."""
    first = records[0]
    parts = [first.partner_id, first.kind, first.send_date.isoformat()]
    tag = hashlib.sha256("\0".join([*parts, *(each.item_id for each in records)]).encode())
    return f"{first.value_date:%Y%m%d}-{tag.hexdigest()[:_TAG_LENGTH].upper()}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the bank's list of received files says of one."""

    file_id: str
    digest: str
    state: str
    """received, accepted, refused."""
    bank_number: str
    code: str = ""


def receipt_of(file: BankFile, receipts: Sequence[Receipt]) -> Receipt | None:
    """The bank's word on a file: by name and digest. A copy that was refused as one does not
    speak for the file; without any other, the file is not there."""
    found = [
        each
        for each in receipts
        if each.file_id == file.file_id and each.digest == file.digest and each.code != DUPLICATE
    ]
    return found[0] if found else None


_STANDINGS = {
    "received": FileState.RECEIVED,
    "accepted": FileState.ACCEPTED,
    "refused": FileState.REFUSED,
}


def heard(file: BankFile, receipt: Receipt | None, searches: int) -> BankFile:
    """The file after the bank's list was read. Not in it after `searches` lists in a row: the bank
    has not got it, and it may be sent again, under its own name."""
    if receipt is None:
        if file.state is not FileState.SENDING:
            return file
        looked = file.searches + 1
        if looked < searches:
            return replace(file, searches=looked)
        return replace(file, state=FileState.WRITTEN, perhaps_sent=True, searches=0)
    state = _STANDINGS.get(receipt.state, file.state)
    if file.state >= FileState.ACCEPTED or state < file.state:
        return file
    return replace(
        file, state=state, bank_number=receipt.bank_number, code=receipt.code, searches=0
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a result file says of one record."""

    reference: str
    yen: int
    account: str
    """Bank, branch, type and number, joined by `-`."""
    state: RecordState
    code: str = ""


@dataclass(frozen=True, slots=True)
class BankResult:
    """A result file as it was read. `whole`: it speaks of every record of our file."""

    file_id: str
    told: tuple[Told, ...]
    whole: bool


def account_of(record: BankRecord) -> str:
    parts = (record.bank_code, record.branch_code, record.account_type, record.account_number)
    return "-".join(parts)


def problem_of(result: BankResult, records: Sequence[BankRecord]) -> str:
    """Why a result file cannot be ours; empty where it fits. One that does not is refused whole."""
    ours = {each.reference: each for each in records}
    if not ours:
        return f"we know no file {result.file_id[:40]!r}"
    names = [each.reference for each in result.told]
    if len(set(names)) < len(names):
        return "it speaks of a record twice"
    if result.whole and len(names) != len(ours):
        return f"it has {len(names)} records instead of {len(ours)}"
    for each in result.told:
        record = ours.get(each.reference)
        if record is None:
            return f"record {each.reference[:20]!r} is not in our file"
        if each.yen != record.yen:
            return f"record {each.reference} is of {each.yen} yen, ours of {record.yen}"
        if each.account != account_of(record):
            return f"record {each.reference} is of another account"
    return ""


def applied(record: BankRecord, told: Told) -> BankRecord | None:
    """The record after the bank's word; None where it says nothing new. What was executed may come
    back; nothing else is taken back."""
    follows = record.state is RecordState.FILED or (
        record.state is RecordState.EXECUTED and told.state is RecordState.RETURNED
    )
    return replace(record, state=told.state, code=told.code) if follows else None


def contradicts(record: BankRecord, told: Told) -> bool:
    """Whether the bank takes back a last word of its own."""
    if applied(record, told) is not None or record.state is told.state:
        return False
    # A first result that comes again after the return is an old word, not another.
    return (record.state, told.state) != (RecordState.RETURNED, RecordState.EXECUTED)
