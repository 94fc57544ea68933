"""Rates from a file that an operator keeps: the last resort, and a fixed point for rehearsals.

JSON or TOML, by its ending: `source_time`, with an offset, and `rates`, units of each currency for
one euro, as strings or numbers. It is read anew each time.
"""

import asyncio
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from services.fx.domain import PIVOT, EuroRates, SourceFailed

FILE_BYTES = 1 << 20


class FileSource:
    """Rates from one file."""

    name = "file"

    def __init__(self, path: Path, limit: timedelta) -> None:
        self.limit = limit
        self._path = path

    async def fetch(self, now: datetime, currencies: Sequence[str]) -> EuroRates:
        """See `RateSource`."""
        return await asyncio.to_thread(read_rates, self._path)


def read_rates(path: Path) -> EuroRates:
    """The rates in the file at `path`. Raises `SourceFailed`."""
    try:
        if path.stat().st_size > FILE_BYTES:
            raise SourceFailed(f"its file {path} is larger than {FILE_BYTES} bytes")
        fields = _reader_of(path)(path.read_text(encoding="utf-8"))
        return EuroRates(
            FileSource.name,
            _instant(fields["source_time"]),
            {PIVOT: Decimal(1), **_numbers(fields["rates"])},
        )
    except KeyError as error:
        raise SourceFailed(f"its file {path} lacks {error}") from error
    except (OSError, TypeError, ValueError, InvalidOperation) as error:
        raise SourceFailed(f"its file {path} cannot be read: {error!r}") from error


def _reader_of(path: Path) -> Callable[[str], Mapping[str, Any]]:
    if path.suffix == ".toml":
        return lambda text: tomllib.loads(text, parse_float=Decimal)
    return lambda text: json.loads(text, parse_float=Decimal)


def _instant(stated: object) -> datetime:
    instant = stated if isinstance(stated, datetime) else datetime.fromisoformat(str(stated))
    if instant.tzinfo is None:
        raise ValueError("source_time has no offset")
    return instant


def _numbers(rates: object) -> dict[str, Decimal]:
    if not isinstance(rates, Mapping):
        raise TypeError("rates is not a table")
    return {str(currency): Decimal(str(rate)) for currency, rate in rates.items()}
