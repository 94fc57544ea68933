"""A rate sheet: prices for everybody until the next sheet or its expiry, whichever is first.

fx publishes sheets; the gateway prices from the newest one in memory, so that fx may be down for a
sheet's life.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from services.core.errors import NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class RateSheet:
    """What one sheet says. Times are aware, in UTC; mids are rates of 12 places.

    `mids` are by (base, quote): units of quote for one of base. `spreads` are basis points by
    corridor id.
    """

    sheet_id: str
    source: str
    source_time: datetime
    """The instant the source states for its rates."""
    publish_time: datetime
    expire_time: datetime
    mids: Mapping[tuple[str, str], Decimal]
    spreads: Mapping[str, int]

    def mid(self, base: str, quote: str) -> Decimal:
        """Units of `quote` for one of `base`; 1 for the same currency. Raises `RateUnknown`."""
        if base == quote:
            return Decimal(1)
        try:
            return self.mids[base, quote]
        except KeyError:
            raise RateUnknown(base, quote) from None

    def spread(self, corridor_id: str) -> int:
        """The margin of a corridor in basis points. Raises `CorridorUnpriced`."""
        try:
            return self.spreads[corridor_id]
        except KeyError:
            raise CorridorUnpriced(corridor_id) from None

    def valid_at(self, now: datetime) -> bool:
        """Whether prices may still be made from this sheet."""
        return now < self.expire_time


class RateUnknown(NotFound):
    """The sheet has no rate for a pair of currencies."""

    def __init__(self, base: str, quote: str) -> None:
        super().__init__(
            f"There is no rate of {base[:10]!r} in {quote[:10]!r}: use currencies that ListRates "
            "shows, or have the operator add the currency to the rate sheet.",
            base_currency_code=base[:10],
            quote_currency_code=quote[:10],
        )


class CorridorUnpriced(NotFound):
    """No spread has been set for a corridor."""

    def __init__(self, corridor_id: str) -> None:
        super().__init__(
            f"The corridor {corridor_id[:80]!r} has no spread: the operator sets it by SetSpread.",
            corridor_id=corridor_id[:80],
        )


class RatesStale(Unavailable):
    """There is no rate sheet, or the newest one has expired: nothing can be priced."""

    def __init__(self, newest: RateSheet | None) -> None:
        known = (
            f"the last one expired at {newest.expire_time.isoformat()}" if newest else "none yet"
        )
        super().__init__(
            f"There is no valid rate sheet ({known}); try again in a minute, and see the rate "
            "sources in ListRates.",
            **({"sheet_id": newest.sheet_id} if newest else {}),
        )
