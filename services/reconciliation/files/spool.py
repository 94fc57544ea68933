"""A file on its way in: kept on disk up to a limit, digested as it comes, stored sealed.

A bank's statement names accounts and their holders.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from services.core.errors import LimitReached
from services.kit.sealing import SecretBox

PIECE_BYTES = 1 << 20
# Reports repeat themselves: the fastest level makes a fifth of them.
_LEVEL = 1


class FileTooLarge(LimitReached):
    """A file is larger than what is taken in."""


class Spool:
    """The bytes of one file, gone at the end. `box` seals what is stored of them; `work`: a folder;
    None: the machine's own."""

    def __init__(self, limit: int, box: SecretBox, work: Path | None = None) -> None:
        self._limit = limit
        self._box = box
        self._digest = hashlib.sha256()
        self._file = cast(BinaryIO, tempfile.TemporaryFile(prefix="kawase-file-", dir=work))  # noqa: SIM115
        self.byte_count = 0
        self.zero_at: int | None = None
        """Where the first byte of zero is, which no format has and no table of texts holds."""

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def digest(self) -> bytes:
        """SHA-256 of what has come."""
        return self._digest.digest()

    def add(self, data: bytes) -> None:
        """Raises `FileTooLarge`."""
        if self.byte_count + len(data) > self._limit:
            raise FileTooLarge(
                f"The file is larger than the {self._limit} bytes that are taken in: raise "
                "KAWASE_RECON_SPOOL_BYTES or have the partner split it.",
                limit=str(self._limit),
            )
        if self.zero_at is None and (at := data.find(b"\0")) >= 0:
            self.zero_at = self.byte_count + at
        self._file.write(data)
        self._digest.update(data)
        self.byte_count += len(data)

    def open(self) -> BinaryIO:
        """The file from its beginning."""
        self._file.seek(0)
        return self._file

    def pieces(self, file_id: str) -> Iterator[tuple[int, bytes]]:
        """The file in pieces, compressed and sealed, from 0. Raises `SecretsKeyMissing`."""
        file, number = self.open(), 0
        while data := file.read(PIECE_BYTES):
            piece = zlib.compress(data, _LEVEL)
            yield number, self._box.seal_for(piece_place(file_id, number), piece)
            number += 1


def piece_place(file_id: str, number: int) -> str:
    """What a piece of a file is sealed for."""
    return f"statement/{file_id}/{number}"
