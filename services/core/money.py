"""Money is a whole number of minor units of one currency; floats never come near it.

There is one rounding function, `round_units`, and every caller names the direction.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from services.core.currencies import minor_units
from services.core.errors import Malformed

# Amounts have at most 18 digits (BIGINT) and rates 12 places before and after the point.
_CONTEXT = Context(prec=60)
LARGEST_UNITS = 10**18 - 1


class Rounding(StrEnum):
    """Which way a fraction of a minor unit goes."""

    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"


_MODES = {
    Rounding.UP: ROUND_CEILING,
    Rounding.DOWN: ROUND_FLOOR,
    Rounding.HALF_UP: ROUND_HALF_UP,
}


def round_units(exact: Decimal, rounding: Rounding) -> int:
    """`exact` minor units as a whole number."""
    return int(exact.to_integral_value(_MODES[rounding]))


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` minor units of `currency` (ISO 4217 letters). A difference may be negative."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._units_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._units_of(other), self.currency)

    def __str__(self) -> str:
        """For people, such as `JPY 18,900` or `CNY 12.34`."""
        places = minor_units(self.currency)
        return f"{self.currency} {major(self):,.{places}f}"

    def _units_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} cannot be added to {self.currency}")
        return other.minor


def major(money: Money) -> Decimal:
    """The amount in whole units of its currency, exactly."""
    return Decimal(money.minor).scaleb(-minor_units(money.currency), _CONTEXT)


def money_from_text(text: str, currency: str) -> Money:
    """Read a decimal amount such as `12.34`.

    Raises `AmountMalformed` for anything but digits with at most the currency's decimals, and for
    amounts beyond 18 digits: nothing is rounded here.
    """
    places = minor_units(currency)
    whole, point, fraction = text.partition(".")
    if not whole.isascii() or not whole.isdigit() or (point and not fraction.isascii()):
        raise AmountMalformed(text, currency, places)
    if len(fraction) > places or (fraction and not fraction.isdigit()):
        raise AmountMalformed(text, currency, places)
    units = int(whole + fraction.ljust(places, "0"))
    if units > LARGEST_UNITS:
        raise AmountMalformed(text, currency, places)
    return Money(units, currency)


class AmountMalformed(Malformed):
    """An amount's text does not fit its currency."""

    def __init__(self, text: str, currency: str, places: int) -> None:
        super().__init__(
            f"The amount {text[:40]!r} is not one of {currency}: "
            f"write digits with at most {places} decimals, without signs or separators.",
            currency_code=currency,
        )
