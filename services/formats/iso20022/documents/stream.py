"""Reads XML in pieces, in bounded memory, and refuses what no payment message needs.

No document type, no entities, nothing external; UTF-8 only; limits on depth, on the bytes of one
record and on what stands before the root. A file may hold several documents, each with its own
XML declaration (ZEDI sends a header and an order so): they are told apart by it.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from services.formats.findings import Finding, error

DEPTH = 64
RECORD_BYTES = 16 << 20
PROLOG_BYTES = 64 << 10

_DECLARATION = b"<?xml"
_BOM = b"\xef\xbb\xbf"
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")


class Broken(Exception):
    """A document cannot be read on; `finding` says why. Never leaves this package."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Documents:
    """The documents of a file in order; each is to be read before the next is asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""
        self._offset = 0

    def __iter__(self) -> Iterator["Source"]:
        while self._skip_blank():
            yield Source(self._offset, self._document())

    def _skip_blank(self) -> bool:
        while True:
            kept = self._held.lstrip(b" \t\r\n")
            self._offset += len(self._held) - len(kept)
            self._held = kept
            if kept:
                return True
            if not self._pull():
                return False

    def _pull(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._held += chunk
        return True

    def _take(self, size: int) -> bytes:
        taken, self._held = self._held[:size], self._held[size:]
        self._offset += size
        return taken

    def _document(self) -> Iterator[bytes]:
        """Bytes up to the next declaration; the first may be this document's own."""
        opening = len(_BOM) + len(_DECLARATION)
        while len(self._held) < opening and self._pull():
            pass
        begin = len(_BOM) if self._held.startswith(_BOM) else 0
        begin += len(_DECLARATION) if self._held.startswith(_DECLARATION, begin) else 0
        yield self._take(begin)
        while True:
            found = self._next_declaration()
            if found is not None:
                yield self._take(found)
                return
            # The last bytes may be the beginning of a declaration, or a mark before one.
            if len(self._held) > opening + 1:
                yield self._take(len(self._held) - opening - 1)
            if not self._pull():
                yield self._take(len(self._held))
                return

    def _next_declaration(self) -> int | None:
        found = self._held.find(_DECLARATION)
        while found >= 0 and self._held[found + 5 : found + 6] not in (b" ", b"\t", b"\r", b"\n"):
            found = self._held.find(_DECLARATION, found + 1)
        if found < 0:
            return None
        return found - len(_BOM) if self._held[:found].endswith(_BOM) else found


class Source:
    """One document's bytes, and where in the file it begins."""

    def __init__(self, offset: int, chunks: Iterator[bytes]) -> None:
        self.offset = offset
        self._chunks = chunks

    def pieces(self) -> Iterator[bytes]:
        """The bytes in pieces, the first of which holds everything before the root element."""
        head = b""
        for chunk in self._chunks:
            head += chunk
            if _root_in_sight(head, self.offset):
                break
        if head:
            yield head
        yield from self._chunks

    def drain(self) -> None:
        """Go to the document's end without reading it."""
        for _ in self._chunks:
            pass


def _root_in_sight(head: bytes, offset: int) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:4]:
        raise Broken(error("encoding", "The file is not UTF-8.", offset=offset))
    declared = _ENCODING.search(head[:1024])
    if declared and declared[1].upper() not in (b"UTF-8", b"UTF8", b"US-ASCII"):
        raise Broken(
            error("encoding", "The file declares another encoding than UTF-8.", offset=offset)
        )
    prolog = _PROLOG.match(head)
    begin = prolog.end() if prolog else 0
    rest = head[begin : begin + 4]
    if rest.startswith(b"<!") and not b"<!--".startswith(rest):
        raise Broken(
            error("dtd-forbidden", "A document type is not accepted.", offset=offset + begin)
        )
    if len(rest) == 4 and not rest.startswith((b"<?", b"<!")):
        return True
    if len(head) > PROLOG_BYTES:
        raise Broken(error("prolog-too-large", "There is no root element.", offset=offset))
    return False


class Reader:
    """Feeds a document to the parser; what is complete may be taken off `root` between steps."""

    def __init__(self, source: Source, records: tuple[str, ...]) -> None:
        self.root: Element | None = None
        self.starts = Starts(records, source.offset)
        self._source = source
        builder = TreeBuilder()
        # The builder hangs the root under what it has begun itself: no event has to tell of it.
        self._holder: Element = builder.start("file", {})
        # What makes XML dangerous, a document type, is refused before it comes here.
        self._parser = XMLParser(target=builder)  # noqa: S314
        self._place = Place(source.offset)
        self._since_progress = 0

    def progressed(self) -> None:
        """Something was taken off: the count of bytes held begins anew."""
        self._since_progress = 0

    def steps(self) -> Iterator[bool]:
        """Read on by a piece at a time; True for the last. Raises `Broken`."""
        for piece in self._source.pieces():
            self._since_progress += len(piece)
            if self._since_progress > RECORD_BYTES:
                message = f"A record is larger than {RECORD_BYTES} bytes."
                raise Broken(error("record-too-large", message, offset=self._place.begin))
            self._place.enter(piece)
            self.starts.feed(piece)
            self._feed(piece)
            yield False
        self._close()
        yield True

    def _feed(self, piece: bytes) -> None:
        try:
            self._parser.feed(piece)
        except ParseError as problem:
            raise Broken(self._place.malformed(problem)) from None
        if self.root is None and len(self._holder):
            self.root = self._holder[0]
        open_at, depth = self.root, 1
        while open_at is not None and len(open_at):
            open_at, depth = open_at[-1], depth + 1
            if depth > DEPTH:
                message = f"Elements are nested deeper than {DEPTH}."
                raise Broken(error("too-deep", message, offset=self._place.begin))

    def _close(self) -> None:
        try:
            self._parser.close()
        except ParseError as problem:
            raise Broken(self._place.malformed(problem)) from None


class Place:
    """Turns the parser's line and column into a byte offset, where that is possible."""

    def __init__(self, offset: int) -> None:
        self.begin = offset
        self._piece = b""
        self._lines = 0
        self._line_begin = offset
        self._ascii = True

    def enter(self, piece: bytes) -> None:
        """The parser is given `piece` next."""
        newline = self._piece.rfind(b"\n")
        if newline >= 0:
            self._lines += self._piece.count(b"\n")
            self._line_begin = self.begin + newline + 1
        self.begin += len(self._piece)
        self._piece = piece
        self._ascii = self._ascii and piece.isascii()

    def malformed(self, problem: ParseError) -> Finding:
        line, column = problem.position
        message = f"The XML is not well-formed: {problem.msg}."
        return error("xml", message, offset=self._offset(line - 1 - self._lines, column))

    def _offset(self, newlines: int, column: int) -> int | None:
        if not self._ascii or newlines < 0:
            return None
        if newlines == 0:
            return self._line_begin + column
        at = -1
        for _ in range(newlines):
            at = self._piece.find(b"\n", at + 1)
            if at < 0:
                return None
        return self.begin + at + 1 + column


class Starts:
    """Byte offsets at which records begin, in order; None from a comment or CDATA section on."""

    def __init__(self, records: tuple[str, ...], offset: int) -> None:
        name = b"(?:" + "|".join(records).encode() + b")"
        self._any = re.compile(rb"<(?:[\w.-]+:)?" + name + rb"[\s>/]")
        self._known: re.Pattern[bytes] | None = None
        self._offset = offset
        self._tail = b""
        self._found: deque[int] = deque()
        self._certain = True

    def feed(self, piece: bytes) -> None:
        if not self._certain:
            return
        window = self._tail + piece
        base = self._offset - len(self._tail)
        self._certain = b"<!--" not in window and b"<![CDATA[" not in window
        end = 0
        for match in (self._known or self._any).finditer(window):
            self._known = self._known or re.compile(re.escape(match[0][:-1]) + rb"[\s>/]")
            self._found.append(base + match.start())
            end = match.end()
        # A tag may be cut between pieces; what was found is not to be found again.
        self._tail = window[max(end, len(window) - 64) :]
        self._offset += len(piece)

    def next(self) -> int | None:
        """The next record's offset."""
        return self._found.popleft() if self._certain and self._found else None
