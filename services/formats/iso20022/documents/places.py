"""Where in a file things are: what the parser complains of, and where records begin."""

import re
from collections import deque
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ErrorString

from services.formats.findings import Finding, error

PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)


class Place:
    """Turns the parser's line and column into a byte offset, where that is possible."""

    def __init__(self, offset: int) -> None:
        self.begin = offset
        self._piece = b""
        self._lines = self._skipped_lines = 0
        self._line_begin = offset
        self._ascii = True

    def enter(self, piece: bytes, offset: int, skipped_lines: int) -> None:
        """The parser is given `piece` next, which begins at `offset`.

        What stands between it and the piece before was skipped, with so many lines in all: the
        parser does not count them.
        """
        newline = self._piece.rfind(b"\n")
        if newline >= 0:
            self._lines += self._piece.count(b"\n")
            self._line_begin = self.begin + newline + 1
        self._line_begin += offset - self.begin - len(self._piece)
        self._skipped_lines = skipped_lines
        self.begin = offset
        self._piece = piece
        self._ascii = self._ascii and piece.isascii()

    def malformed(self, problem: ParseError) -> Finding:
        line, column = problem.position
        at = line + self._skipped_lines
        message = f"The XML is not well-formed in line {at}: {ErrorString(problem.code)}."
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
    """Byte offsets at which records begin, in order.

    They are `certain` until a comment, a CDATA section or an instruction comes within the root: it
    may hold what looks like a record.
    """

    def __init__(self, records: tuple[str, ...]) -> None:
        name = b"(?:" + "|".join(records).encode() + b")"
        self._any = re.compile(rb"<(?:[\w.-]+:)?" + name + rb"[\s>/]")
        self._known: re.Pattern[bytes] | None = None
        self._begun = False
        self._end = 0
        self._tail = b""
        self._found: deque[int] = deque()
        self.certain = True

    def feed(self, piece: bytes, offset: int) -> None:
        """The bytes from `offset` on; those before the root are all in the first piece.

        What was skipped before them begins and ends between tags.
        """
        if not self._begun:
            self._begun = True
            prolog = PROLOG.match(piece)
            begin = prolog.end() if prolog else 0
            piece, offset = piece[begin:], offset + begin
        if not self.certain:
            return
        tail = self._tail if self._end == offset else b""
        window = tail + piece
        base = offset - len(tail)
        self.certain = b"<!" not in window and b"<?" not in window
        end = 0
        for match in (self._known or self._any).finditer(window):
            self._known = self._known or re.compile(re.escape(match[0][:-1]) + rb"[\s>/]")
            self._found.append(base + match.start())
            end = match.end()
        # A tag may be cut between pieces; what was found is not to be found again.
        self._tail = window[max(end, len(window) - 64) :]
        self._end = offset + len(piece)

    def next(self) -> int | None:
        """The next record's offset."""
        return self._found.popleft() if self.certain and self._found else None
