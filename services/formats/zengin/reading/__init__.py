"""Reading a Zengin file as a stream: what its records say, and what is wrong with them.

Memory is bounded whatever the file: a chunk of it, the sums of the open group, a table of hashes
that finds repeated records (16 MB at a million of them). No bytes raise an exception.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from services.formats.findings import Finding
from services.formats.zengin.model import Body
from services.formats.zengin.reading.checking import Checker
from services.formats.zengin.reading.noting import Notes
from services.formats.zengin.reading.references import Checks
from services.formats.zengin.reading.splitting import Opening, Raw, open_records


class Record(NamedTuple):
    """A record that could be read: its number from 1, its first byte in the file, what it says."""

    number: int
    offset: int
    body: Body


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a whole file comes to: always the last thing a reading gives.

    `records` counts all records, `entries` the data records. `total_yen` is what orders and
    notices move (cancelled notices left out), and of a statement what came in less what went out.
    """

    business_type: str | None
    records: int
    entries: int
    total_yen: int
    errors: int
    warnings: int

    @property
    def valid(self) -> bool:
        return self.errors == 0


def read(stream: BinaryIO, checks: Checks) -> Iterator[Record | Finding | Verdict]:
    """The records of `stream` in order, findings about each before it, and at last the verdict.

    A record that cannot be read gives findings and no `Record`. Records of a file that turns out
    not to be valid were given before that is known: act on them after the verdict only.
    """
    return _scan(stream, checks, with_bodies=True)


def check(stream: BinaryIO, checks: Checks) -> Iterator[Finding | Verdict]:
    """The findings about `stream`, and at last the verdict: `read` in half its time."""
    for item in _scan(stream, checks, with_bodies=False):
        if not isinstance(item, Record):
            yield item


def _scan(
    stream: BinaryIO, checks: Checks, with_bodies: bool
) -> Iterator[Record | Finding | Verdict]:
    notes = Notes(checks.most_of_a_code)
    opening, raws = open_records(stream)
    refusal = _refusal(opening)
    if refusal is not None:
        notes.error(refusal[0], 1, 0, refusal[1])
        yield from notes.take()
        yield Verdict(None, 0, 0, 0, notes.errors, notes.warnings)
        return
    assert opening.length is not None, "refused otherwise"
    checker = Checker(checks, notes, opening.length)
    number, last = 0, Raw(0, b"")
    for last in raws:
        if not _is_record(last, number, notes):
            continue
        number += 1
        parse = checker.see(number, last.offset, last.data)
        if notes:
            yield from notes.take()
        if with_bodies and parse is not None:
            yield Record(number, last.offset, parse(last.data, checks.as_of))
    end = last.offset + len(last.data)
    checker.finish(number, end)
    yield from notes.take()
    yield from notes.left_out(number, end)
    yield Verdict(
        checker.business_type,
        number,
        checker.entries,
        checker.total_yen,
        notes.errors,
        notes.warnings,
    )


def _is_record(raw: Raw, number: int, notes: Notes) -> bool:
    if raw.stray:
        message = "The record is separated otherwise than the first ones."
        notes.warning("SEPARATOR_MIXED", number + 1, raw.offset, message)
    if not raw.data:
        notes.warning("BLANK_LINE", number + 1, raw.offset, "A line without a record.")
    return bool(raw.data)


def _refusal(opening: Opening) -> tuple[str, str] | None:
    """Why nothing of the file can be read."""
    if opening.is_empty:
        return "EMPTY_FILE", "The file holds no record."
    if opening.is_ebcdic:
        return "CODE_SET", "The file is in EBCDIC (code set 1), which is not read: ask for JIS."
    if opening.is_utf_8:
        return "ENCODING", "The file is in UTF-8; Zengin files are in CP932, a byte a character."
    if opening.length is None:
        return (
            "BUSINESS_TYPE_UNKNOWN",
            "The file does not begin with a header (1) of business type 01, 03, 11, 12, 21 or 91.",
        )
    return None
