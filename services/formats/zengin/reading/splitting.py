"""Where the records of a file lie: what separates them, how long they are, one after another.

A chunk of the file is in memory at a time, never the file. Any bytes are taken: what does not look
like a record comes out as one of the wrong length.
"""

import re
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO, NamedTuple

from services.formats.zengin.layouts.tables import FORMATS

CHUNK_BYTES = 256 * 1024
# Enough records to see how they are separated.
HEAD_BYTES = 4096
# A line longer than any record could be with its worst damage is given out in pieces.
MOST_LINE_BYTES = 4096
LENGTHS = (120, 200)

# Old programs end a file with Ctrl-Z.
END_OF_FILE = b"\x1a"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SEPARATOR = re.compile(rb"\r\n|\r|\n")
_LINE = re.compile(rb"[^\r\n]+")
_EBCDIC_HEADER = re.compile(rb"\xF1[\xF0-\xF9]{3}")
# Half-width katakana in UTF-8; no Zengin character has these bytes.
_UTF_8_KANA = re.compile(rb"\xEF[\xBD\xBE][\x80-\xBF]")


class Separator(Enum):
    """What stands behind each record."""

    NONE = b""
    CR = b"\r"
    LF = b"\n"
    CRLF = b"\r\n"


class Opening(NamedTuple):
    """What the beginning of a file tells; `length` is None where nothing tells it."""

    length: int | None
    separator: Separator
    is_empty: bool = False
    is_ebcdic: bool = False
    is_utf_8: bool = False


class Raw(NamedTuple):
    """The bytes of a record without its separator. `stray` where another separator stood there."""

    offset: int
    data: bytes
    stray: bool = False


def open_records(stream: BinaryIO) -> tuple[Opening, Iterator[Raw]]:
    """Look at the beginning of `stream`, and give its records in order."""
    head = _at_least(stream, HEAD_BYTES)
    separator = _separator(head)
    length = _length(head, separator)
    opening = Opening(
        length,
        separator,
        is_empty=not head.strip(b"\r\n" + END_OF_FILE),
        is_ebcdic=_EBCDIC_HEADER.match(head) is not None,
        is_utf_8=head.startswith(_BYTE_ORDER_MARK) or _UTF_8_KANA.search(head) is not None,
    )
    if separator is Separator.NONE:
        return opening, _blocks(stream, head, length or LENGTHS[0])
    return opening, _lines(stream, head, separator.value, length or LENGTHS[0])


def _at_least(stream: BinaryIO, size: int) -> bytes:
    """At least `size` bytes where there are as many: a pipe gives what it has."""
    head = b""
    while len(head) < size and (chunk := stream.read(size - len(head))):
        head += chunk
    return head


def _separator(head: bytes) -> Separator:
    """A separator far from where the first record can end is a damaged byte in it."""
    found = _SEPARATOR.search(head)
    if found is None or found.start() > 2 * max(LENGTHS):
        return Separator.NONE
    return Separator(found[0])


def _length(head: bytes, separator: Separator) -> int | None:
    form = FORMATS.get(head[1:3]) if head[:1] == b"1" else None
    if form is not None:
        return form.length
    if separator is Separator.NONE:
        return None
    lines = Counter(len(line) for line in head.split(separator.value) if len(line) in LENGTHS)
    return lines.most_common(1)[0][0] if lines else None


def _blocks(stream: BinaryIO, head: bytes, length: int) -> Iterator[Raw]:
    offset, rest = 0, head
    while chunk := stream.read(CHUNK_BYTES):
        whole = len(rest) - len(rest) % length
        for start in range(0, whole, length):
            yield Raw(offset + start, rest[start : start + length])
        offset += whole
        rest = rest[whole:] + chunk
    for start in range(0, len(rest), length):
        data = rest[start : start + length]
        if data != END_OF_FILE:
            yield Raw(offset + start, data)


def _lines(stream: BinaryIO, head: bytes, separator: bytes, length: int) -> Iterator[Raw]:
    offset, rest = 0, b""
    chunk = head
    while chunk:
        lines = (rest + chunk).split(separator)
        rest = lines.pop()
        for line in lines:
            if len(line) == length:
                yield Raw(offset, line)
            else:
                yield from _odd(offset, line, length)
            offset += len(line) + len(separator)
        if len(rest) > MOST_LINE_BYTES:
            yield Raw(offset, rest)
            offset += len(rest)
            rest = b""
        chunk = stream.read(CHUNK_BYTES)
    if rest != END_OF_FILE and rest:
        yield from _odd(offset, rest, length)


def _odd(offset: int, line: bytes, length: int) -> Iterator[Raw]:
    """The records of a line of an odd length: another separator may stand within it."""
    if len(line) == length or _SEPARATOR.search(line) is None:
        yield Raw(offset, line)
        return
    for found in _LINE.finditer(line):
        yield Raw(offset + found.start(), found[0], stray=True)
