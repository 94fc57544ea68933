"""One call of forex-python, as a process: `forex_call URL DAY SECONDS` prints date and rates.

Ends itself after SECONDS, whatever the package waits for, and takes no more memory than a list of
rates needs, however long the answer.
"""

import json
import resource
import signal
import sys
from datetime import date
from decimal import Decimal
from typing import Any

from forex_python.converter import CurrencyRates, RatesNotAvailableError

PIVOT = "EUR"
MEMORY_BYTES = 1 << 30
RATES_LIMIT = 1000


class RatesFrom(CurrencyRates):  # type: ignore[misc]
    """The package's client, for another address than its own, which no longer answers."""

    def __init__(self, url: str) -> None:
        super().__init__(force_decimal=True)
        self._url = url.rstrip("/") + "/"
        self.stated = ""

    def _source_url(self) -> str:
        return self._url

    def _decode_rates(
        self, response: Any, use_decimal: bool = False, date_str: str | None = None
    ) -> dict[str, Decimal]:
        # The package drops the date, which tells how old the rates are.
        self.stated = str(response.json().get("date", ""))
        return dict(super()._decode_rates(response, use_decimal, date_str))


def main() -> None:
    url, day, seconds = sys.argv[1:]
    signal.alarm(int(seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    client = RatesFrom(url)
    try:
        # What requests raises is an OSError.
        rates = client.get_rates(PIVOT, date.fromisoformat(day))
    except (RatesNotAvailableError, OSError, ValueError, AttributeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    if len(rates) > RATES_LIMIT:
        sys.exit(f"{len(rates)} rates are more than there are currencies")
    answer = {"date": client.stated, "rates": {name: str(rate) for name, rate in rates.items()}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
