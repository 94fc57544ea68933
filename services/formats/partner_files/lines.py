"""CSV lines with the byte at which each begins.

The csv module keeps no offsets and cannot say which bytes were not text, so records are cut from
the bytes first. A quoted field may hold line ends; a record has at most `LONGEST_RECORD` bytes.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.formats.findings import Finding, error

LONGEST_RECORD = 1 << 20
_MARK = b"\xef\xbb\xbf"
# What Python makes of bytes that Shift_JIS does not define.
_UNDEFINED = re.compile("[\x80\xa0\uf8f0-\uf8f3]")


@dataclass(frozen=True, slots=True)
class Line:
    """One record: its number from 1, the byte it begins at, its fields. `ended`: by a line end."""

    record: int
    offset: int
    fields: list[str]
    ended: bool


def read_lines(chunks: Iterable[bytes], encoding: str) -> Iterator[Line | Finding]:
    """The records of a CSV. Blank lines count as records and are left out.

    A record that is not text, too long or badly quoted gives a finding in its place; after one too
    long nothing is read. A byte order mark before UTF-8 is dropped.
    """
    for record, (offset, raw, ended) in enumerate(_records(chunks), 1):
        if len(raw) > LONGEST_RECORD:
            message = f"The record is longer than {LONGEST_RECORD} bytes."
            yield error("record-too-large", message, record=record, offset=offset)
            return
        text = raw.removesuffix(b"\r")
        if record == 1 and encoding == "utf-8":
            text = text.removeprefix(_MARK)
        if text:
            yield _line(text, record, offset, ended, encoding)


def _line(raw: bytes, record: int, offset: int, ended: bool, encoding: str) -> Line | Finding:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as problem:
        message = f"The record is not {encoding} text."
        return error("encoding", message, record=record, offset=offset + problem.start)
    if encoding == "cp932" and (found := _UNDEFINED.search(text)):
        at = offset + len(text[: found.start()].encode(encoding))
        message = f"The record is not {encoding} text."
        return error("encoding", message, record=record, offset=at)
    if '"' not in text:
        return Line(record, offset, text.split(","), ended)
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        rows = []
    if len(rows) != 1:
        return error("quoting", "The record is not quoted well.", record=record, offset=offset)
    return Line(record, offset, rows[0], ended)


def _records(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Offset, bytes without line feed, and whether there was one; too long ends it."""
    offset = size = 0
    quoted: list[bytes] = []
    held = b""
    for chunk in chunks:
        *whole, held = (held + chunk).split(b"\n")
        for piece in whole:
            if quoted or b'"' in piece:
                quoted.append(piece)
                size += len(piece) + 1
                if not _closes(quoted) and size <= LONGEST_RECORD:
                    continue
                piece, quoted, size = b"\n".join(quoted), [], 0
            yield offset, piece, True
            offset += len(piece) + 1
        if size + len(held) > LONGEST_RECORD:
            break
    if quoted or held:
        yield offset, b"\n".join([*quoted, held]), False


def _closes(pieces: list[bytes]) -> bool:
    """Whether the last piece ends a record that its predecessors left inside quotes."""
    odd = pieces[-1].count(b'"') % 2 == 1
    return not odd if len(pieces) == 1 else odd


def csv_record(fields: Iterable[str]) -> str:
    """One record without line end, quoted where it has to be."""
    return ",".join(map(_field, fields))


def _field(text: str) -> str:
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
