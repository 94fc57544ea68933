"""A file is read as it comes: memory does not grow with it."""

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from services.formats.zengin import BulkTransfer, Group, Record, Verdict, check, read, write
from tests.unit.formats.zengin.samples import CHECKS
from tests.unit.formats.zengin.test_writing import HEADER, TRANSFER

TRANSFERS = 20_000
MOST_BYTES = 4 * 2**20


class Wire(io.RawIOBase):
    """A stream that has what a generator makes, in pieces that are no records."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < min(size, 1000) and (piece := next(self._pieces, b"")):
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        self.given += len(taken)
        return taken


def transfers() -> Iterator[BulkTransfer]:
    return (replace(TRANSFER, yen=number) for number in range(1, TRANSFERS + 1))


def test_a_long_file_is_checked_in_bounded_memory() -> None:
    wire = Wire(write([Group(HEADER, transfers())]))
    tracemalloc.start()
    try:
        *findings, verdict = check(wire, CHECKS)  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(verdict, Verdict)
    assert (verdict.entries, verdict.valid, findings) == (TRANSFERS, True, [])
    assert verdict.total_yen == TRANSFERS * (TRANSFERS + 1) // 2
    assert peak < MOST_BYTES


def test_the_first_records_come_before_the_last_are_asked_for() -> None:
    wire = Wire(write([Group(HEADER, transfers())]))
    first = list(islice(read(wire, CHECKS), 20))  # type: ignore[arg-type]

    assert all(isinstance(item, Record) for item in first)
    assert wire.given < 10_000
