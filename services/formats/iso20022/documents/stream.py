"""Reads XML in pieces, in bounded memory, and refuses what no payment message needs.

No document type, no entities, nothing external; UTF-8 only; limits on depth, on the bytes of one
record and on what stands before the root. A file may hold several documents, each with its own
XML declaration (ZEDI sends a header and an order so): they are told apart by it.
"""

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from services.formats.findings import Finding, error
from services.formats.iso20022.documents.places import PROLOG, Place, Starts

DEPTH = 64
RECORD_BYTES = 16 << 20
PROLOG_BYTES = 64 << 10
# Of a record whose end has not come, so much waits for it.
HELD_BYTES = 1 << 20

_DECLARATION = b"<?xml"
_BOM = b"\xef\xbb\xbf"
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
        self.encoding = "utf-8"
        self._chunks = chunks

    def pieces(self) -> Iterator[bytes]:
        """The bytes in pieces, the first of which holds everything before the root element."""
        head = b""
        for chunk in self._chunks:
            head += chunk
            if _root_in_sight(head, self.offset):
                break
        self.encoding = _declared(head) or self.encoding
        if head:
            yield head
        yield from self._chunks

    def drain(self) -> None:
        """Go to the document's end without reading it."""
        for _ in self._chunks:
            pass


def _declared(head: bytes) -> str:
    found = _ENCODING.search(head[:1024])
    return found[1].decode("latin-1") if found else ""


def _root_in_sight(head: bytes, offset: int) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:4]:
        raise Broken(error("encoding", "The file is not UTF-8.", offset=offset))
    declared = _declared(head)
    if declared and declared.upper() not in ("UTF-8", "UTF8", "US-ASCII"):
        raise Broken(
            error("encoding", "The file declares another encoding than UTF-8.", offset=offset)
        )
    prolog = PROLOG.match(head)
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
    """Feeds a document to the parser; what is complete may be taken off `root` between steps.

    With `by_record` the parser is given a record at a time, so that whoever knows what comes next
    may read it without the parser (`ahead`, `skip`).
    """

    def __init__(self, source: Source, records: tuple[str, ...], by_record: bool = False) -> None:
        self.root: Element | None = None
        self.starts = Starts(records)
        self.by_record = by_record
        self._source = source
        self._ahead = _Ahead(records)
        self._given = b""
        self._builder = TreeBuilder()
        # The builder hangs the root under what it has begun itself: no event has to tell of it.
        self._holder: Element = self._builder.start("file", {})
        # What makes XML dangerous, a document type, is refused before it comes here.
        self._parser = XMLParser(target=self._builder)  # noqa: S314
        self._place = Place(source.offset)
        self._offset = source.offset
        self._skipped_lines = 0
        self._since_progress = 0

    def progressed(self) -> None:
        """Something was taken off: the count of bytes held begins anew."""
        self._since_progress = 0

    def steps(self) -> Iterator[bool]:
        """Read on by a piece or a record at a time; True for the last. Raises `Broken`."""
        for piece in self._source.pieces():
            self._ahead.add(piece)
            while self._give(self._ahead.take(self.by_record)):
                yield False
        if self._give(self._ahead.take(by_record=False)):
            yield False
        self._close()
        yield True

    def is_between(self, element: Element) -> bool:
        """Whether a record was read to its end, and the parser stands in `element` itself.

        A record's end is known by its tag: not where a comment, a CDATA section or an instruction
        may hold what looks like one.
        """
        if not (self.starts.certain and self._ahead.is_record):
            return False
        # Behind an end tag no text follows that the mark could come between.
        mark = self._builder.start("mark", {})
        self._builder.end("mark")
        parent = self._holder
        while parent[-1] is not mark:
            parent = parent[-1]
        del parent[-1]
        return parent is element

    def record_from(self, offset: int | None) -> bytes:
        """The record that the parser was given last and that begins there; empty: another was."""
        if offset is None or offset < self._place.begin or not self._ahead.is_record:
            return b""
        return self._given[offset - self._place.begin :]

    def ahead(self) -> bytes:
        """What comes next, through a record's end; nothing where that has not come."""
        return self._ahead.record()

    def skip(self, record: bytes) -> int:
        """Leave what is `ahead` to the caller; returns where in the file it is."""
        at = self._offset
        self._offset += len(record)
        self._ahead.at += len(record)
        self._skipped_lines += record.count(b"\n")
        return at

    def _give(self, piece: bytes) -> bool:
        if not piece:
            return False
        self._given = piece
        self._since_progress += len(piece)
        if self._since_progress > RECORD_BYTES:
            message = f"A record is larger than {RECORD_BYTES} bytes."
            raise Broken(error("record-too-large", message, offset=self._place.begin))
        self._place.enter(piece, self._offset, self._skipped_lines)
        self.starts.feed(piece, self._offset)
        self._offset += len(piece)
        self._feed(piece)
        return True

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


class _Ahead:
    """Bytes that the parser was not given yet."""

    def __init__(self, records: tuple[str, ...]) -> None:
        names = "|".join(records).encode()
        self._any_end = re.compile(rb"</(?:[\w.-]+:)?(?:" + names + rb")>")
        self._end = b""
        self._held = b""
        self.at = 0
        """Where they begin in what is held."""
        self.is_record = False
        """Whether what was taken last ends with a record."""

    def add(self, piece: bytes) -> None:
        self._held = self._held[self.at :] + piece
        self.at = 0

    def record(self) -> bytes:
        """Through the next end of a record; those of a file are all written in the same way."""
        if not self._end:
            found = self._any_end.search(self._held, self.at)
            self._end = found[0] if found else b""
        at = self._held.find(self._end, self.at) if self._end else -1
        return self._held[self.at : at + len(self._end)] if at >= 0 else b""

    def take(self, by_record: bool) -> bytes:
        """A record, or nothing while its end has not come; all there is where none is asked for."""
        taken = self.record() if by_record else b""
        self.is_record = bool(taken)
        if not by_record or (not taken and len(self._held) - self.at > HELD_BYTES):
            taken = self._held[self.at :]
        self.at += len(taken)
        return taken
