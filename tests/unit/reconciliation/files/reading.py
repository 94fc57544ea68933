"""Files given to readers as an import gives them."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from services.core.clock import ManualClock
from services.reconciliation.files.formats import find_format, named_day
from services.reconciliation.files.importing import FileDamaged, Reading
from services.reconciliation.files.model import Ask, Source, StoredFile, TheirRow
from services.reconciliation.files.spool import Spool
from services.reconciliation.partners import Partner, partners_of
from tests.parts import PAYEE_BOX

DAY = date(2026, 10, 30)
NOW = datetime(2026, 10, 31, 3, tzinfo=UTC)
PARTNERS = partners_of(None)


def read_file(
    data: bytes, partner: Partner, name: str = "file", day: date | None = None
) -> tuple[list[TheirRow], Reading]:
    """The rows of a file. Raises `FileDamaged`, `FormatUnknown`."""
    found = find_format(data[:65536], name)
    source = Source(io.BytesIO(data), name, partner, day or named_day(name), DAY)
    reading = Reading(source, found, "file-1")
    rows = [TheirRow(*record[: len(TheirRow._fields)]) for record in reading.records()]
    return rows, reading


def stored(reading: Reading, data: bytes) -> StoredFile:
    """What is kept of a file that was read."""
    with Spool(1 << 20, PAYEE_BOX) as spool:
        spool.add(data)
        return reading.finish(Ask("file", None, "x", "hanako", None), spool, ManualClock(NOW))


def refusal(data: bytes, partner: Partner, name: str = "file", **more: Any) -> FileDamaged:
    """Why a file is refused."""
    try:
        read_file(data, partner, name, **more)
    except FileDamaged as damaged:
        return damaged
    raise AssertionError("the file was taken")


def swapped(lines: list[bytes], one: int, other: int) -> bytes:
    """The lines with two of them in each other's place."""
    changed = list(lines)
    changed[one], changed[other] = changed[other], changed[one]
    return b"".join(changed)


def pieces(data: bytes) -> Iterator[bytes]:
    """The lines of a file, with their ends."""
    yield from data.splitlines(keepends=True)
