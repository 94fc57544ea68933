"""What a file says, whatever its format, and what became of one that was taken in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, NamedTuple

from services.formats.findings import Finding
from services.reconciliation.partners import Format, Partner

CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Ask:
    """What whoever brings a file says of it. `format` None: found out; `day` None: as it says."""

    file_name: str
    format: Format | None
    partner_id: str
    operator: str
    day: date | None
    replaces: str = ""
    """The file that this one corrects: its id or its document; empty: none is named."""


class TheirRow(NamedTuple):
    """A row of a file, in the order of `store.COPIED`. Minor units; `record` as findings count."""

    record: int
    reference: str
    partner_reference: str
    kind: str
    currency: str
    minor: int
    fee: int | None
    state: str
    day: date
    bundle: str
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """Which document of which day a file is; said before or after its rows, once.

    A format that counts its corrections says of what (`series`) and the how manieth it is.
    """

    day: date
    document_id: str
    series: str = ""
    series_number: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement summary says was settled: a bank's credit is to be expected."""

    record: int
    batch_id: str
    day: date
    currency: str
    minor: int


Item = TheirRow | Head | Settled | Finding


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. `day`: the one it is expected to be of, or that its name says."""

    stream: BinaryIO
    file_name: str
    partner: Partner
    day: date | None
    today: date

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces."""
        while data := self.stream.read(CHUNK_BYTES):
            yield data


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is taken in. `totals`: minor units by currency."""

    file_id: str
    digest: bytes
    file_name: str
    format: str
    partner_id: str
    day: date
    byte_count: int
    row_count: int
    import_time: datetime
    operator: str
    document_id: str
    totals: tuple[tuple[str, int], ...] = ()
    replaces: str = ""
    replaced_by: str = ""
    series: str = ""
    series_number: int = 0


def reference_of(text: str) -> str:
    """Our reference in what a partner repeats: a cancel past its time is a refund that the bridge
    names after the charge, and says that the charge is cancelled."""
    return text.removesuffix("-void")


def rows_of(items: Iterable[Item]) -> list[TheirRow]:
    """The rows among what a reader gives."""
    return [item for item in items if isinstance(item, TheirRow)]
