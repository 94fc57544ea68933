"""Exchange rates and the price of a payment.

A rate is a Decimal of 12 places: units of the quote currency for one unit of the base currency.
The payer's total is rounded up once and the mid value once, both in favour of the house; the
spread is their difference, so that rate and margin can be read apart (design §7).
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from services.core.currencies import minor_units
from services.core.money import Money, Rounding, round_units

RATE_PLACES = Decimal("0.000000000001")
BASIS_POINTS = 10_000
_CONTEXT = Context(prec=60)
_RATE_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def cross_rate(base_per_pivot: Decimal, quote_per_pivot: Decimal) -> Decimal:
    """Units of quote for one of base, both given per one unit of a pivot such as the euro."""
    exact = _RATE_CONTEXT.divide(quote_per_pivot, base_per_pivot)
    return exact.quantize(RATE_PLACES, context=_RATE_CONTEXT)


def with_spread(mid: Decimal, spread_basis_points: int) -> Decimal:
    """The rate a payer sees: `mid` made dearer by the spread, to 12 places."""
    factor = Decimal(BASIS_POINTS + spread_basis_points) / BASIS_POINTS
    return _RATE_CONTEXT.multiply(mid, factor).quantize(RATE_PLACES, context=_RATE_CONTEXT)


def convert(money: Money, currency: str, rate: Decimal, rounding: Rounding) -> Money:
    """`money` in `currency` at `rate`, rounded once."""
    shift = minor_units(currency) - minor_units(money.currency)
    exact = _CONTEXT.multiply(Decimal(money.minor), rate).scaleb(shift, _CONTEXT)
    return Money(round_units(exact, rounding), currency)


@dataclass(frozen=True, slots=True)
class Price:
    """What a payment of `target` costs its payer: `home`, of which `spread` is our margin."""

    target: Money
    home: Money
    spread: Money
    mid: Decimal

    @property
    def mid_value(self) -> Money:
        """What the target amount is worth at mid, in home money."""
        return self.home - self.spread


def price(target: Money, home_currency: str, mid: Decimal, spread_basis_points: int) -> Price:
    """The price of paying `target`; `mid` is home currency for one unit of target currency."""
    if home_currency == target.currency:
        return Price(target, target, Money(0, home_currency), Decimal(1))
    mid_value = convert(target, home_currency, mid, Rounding.UP)
    rate = with_spread(mid, spread_basis_points)
    total = convert(target, home_currency, rate, Rounding.UP)
    return Price(target, total, total - mid_value, mid)
