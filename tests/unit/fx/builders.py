"""Rates and sources that tests of fx share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.fx.domain import EuroRates, SourceFailed, day_start

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)
CURRENCIES = ("CNY", "EUR", "JPY", "KRW")
PER_EURO = {
    "CNY": Decimal("7.4326"),
    "EUR": Decimal(1),
    "JPY": Decimal("175.68"),
    "KRW": Decimal("1491.76"),
}
RATES = EuroRates("steady", day_start(NOON.date()), PER_EURO)


class SteadySource:
    """Gives what it was told to give, whoever asks; counts."""

    def __init__(
        self,
        name: str,
        given: EuroRates | SourceFailed = RATES,
        limit: timedelta = timedelta(days=1),
    ) -> None:
        self.name = name
        self.limit = limit
        self.given = given
        self.asked = 0

    async def fetch(self, now: datetime, currencies: Sequence[str]) -> EuroRates:
        self.asked += 1
        if isinstance(self.given, SourceFailed):
            raise self.given
        return self.given
