"""The rules of fx: when a source's rates may be used, what a sheet says, when the next is due.

The euro is the pivot: sources give units of each currency for one euro, as the ECB does, and a mid
is the quote's rate divided by the base's (`core.rate.cross_rate`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from zoneinfo import ZoneInfo

from services.core.errors import Malformed, Unavailable
from services.core.ids import checked_id, new_reference
from services.core.money import LARGEST_UNITS, Money
from services.core.rate import Price, cross_rate, price
from services.core.sheet import RateSheet

PIVOT = "EUR"
# The ECB's day, which its rates are dated by.
ECB_ZONE = ZoneInfo("Europe/Berlin")
LARGEST_SPREAD = 2000
OPERATOR_LENGTH = 64
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class EuroRates:
    """What a source gives: units of each currency for one euro, the euro itself among them."""

    source: str
    source_time: datetime
    """The instant the source states for its rates."""
    per_euro: Mapping[str, Decimal]


class SourceFailed(Exception):
    """A source has no usable rates now; the text says why."""


class NoSourceUsable(Unavailable):
    """Every source failed or is stale: no sheet can be published."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        told = "; ".join(f"{source}: {problem}" for source, problem in problems.items())
        super().__init__(f"No rate source is usable: {told}.", **problems)


def ecb_day(instant: datetime) -> date:
    """The ECB's day at an instant."""
    return instant.astimezone(ECB_ZONE).date()


def day_start(day: date) -> datetime:
    """The beginning of the ECB's day: the instant of a source that states a date only."""
    return datetime(day.year, day.month, day.day, tzinfo=ECB_ZONE)


def checked_rates(
    rates: EuroRates, currencies: Iterable[str], limit: timedelta, now: datetime
) -> EuroRates:
    """`rates`, if they are complete, positive and not older than `limit`. Raises `SourceFailed`."""
    missing = [currency for currency in currencies if currency not in rates.per_euro]
    if missing:
        raise SourceFailed(f"it has no rate for {', '.join(missing)}")
    wrong = [
        currency
        for currency in currencies
        if not rates.per_euro[currency].is_finite() or rates.per_euro[currency] <= 0
    ]
    if wrong:
        raise SourceFailed(f"its rate for {', '.join(wrong)} is not a positive number")
    if now - rates.source_time > limit:
        stated = rates.source_time.isoformat(timespec="seconds")
        raise SourceFailed(f"its rates are of {stated}, which is longer ago than {limit}")
    return rates


def cross_mids(rates: EuroRates, currencies: Iterable[str]) -> dict[tuple[str, str], Decimal]:
    """The mid of every ordered pair of `currencies`."""
    return {
        (base, quote): cross_rate(rates.per_euro[base], rates.per_euro[quote])
        for base, quote in permutations(currencies, 2)
    }


def make_sheet(
    rates: EuroRates,
    currencies: Iterable[str],
    spreads: Mapping[str, int],
    now: datetime,
    life: timedelta,
) -> RateSheet:
    """A fresh sheet, valid from `now` for `life`."""
    return RateSheet(
        new_reference(now),
        rates.source,
        rates.source_time,
        now,
        now + life,
        cross_mids(rates, currencies),
        dict(spreads),
    )


def sheet_due(last: RateSheet | None, now: datetime, every: timedelta) -> bool:
    """Whether the next sheet is due: by age, by a new day, or because the clock was set back."""
    if last is None or now < last.publish_time:
        return True
    return now >= last.publish_time + every or ecb_day(now) != ecb_day(last.publish_time)


@dataclass(frozen=True, slots=True)
class SpreadChange:
    """An operator's order to set a corridor's spread, in basis points."""

    corridor_id: str
    basis_points: int
    operator: str
    reason: str


def checked_change(change: SpreadChange) -> SpreadChange:
    """`change`, if it may be carried out.

    Raises `IdMalformed`, `SpreadOutOfRange`, `OperatorMissing`, `ReasonMissing`.
    """
    checked_id(change.corridor_id, "corridor_id")
    if not 0 <= change.basis_points <= LARGEST_SPREAD:
        raise SpreadOutOfRange(change.basis_points)
    if not 0 < len(change.operator.strip()) <= OPERATOR_LENGTH:
        raise OperatorMissing()
    if not 0 < len(change.reason.strip()) <= REASON_LENGTH:
        raise ReasonMissing()
    return change


def quote_price(sheet: RateSheet, corridor_id: str, target: Money, home_currency: str) -> Price:
    """What paying `target` costs over a corridor.

    Raises `AmountOutOfRange`, `CorridorUnpriced`, `RateUnknown`.
    """
    if not 0 < target.minor <= LARGEST_UNITS:
        raise AmountOutOfRange(target)
    mid = sheet.mid(target.currency, home_currency)
    quoted = price(target, home_currency, mid, sheet.spread(corridor_id))
    if quoted.home.minor > LARGEST_UNITS:
        raise AmountOutOfRange(target)
    return quoted


class SpreadOutOfRange(Malformed):
    """A spread below zero or above a fifth."""

    def __init__(self, basis_points: int) -> None:
        super().__init__(
            f"A spread of {basis_points} basis points is out of range: use 0 to {LARGEST_SPREAD}.",
            spread_basis_points=str(basis_points),
        )


class OperatorMissing(Malformed):
    """A change without the name of who orders it."""

    def __init__(self) -> None:
        super().__init__(
            f"Say in operator who changes the spread, in 1 to {OPERATOR_LENGTH} characters."
        )


class ReasonMissing(Malformed):
    """A change without a reason."""

    def __init__(self) -> None:
        super().__init__(
            f"Say in reason why the spread changes, in 1 to {REASON_LENGTH} characters."
        )


class AmountOutOfRange(Malformed):
    """An amount, or its price, that no payment can have."""

    def __init__(self, amount: Money) -> None:
        super().__init__(
            f"The amount of {amount.minor} minor units of {amount.currency} cannot be priced: "
            "it and its price must be above zero and have at most 18 digits.",
            minor_units=str(amount.minor),
            currency_code=amount.currency,
        )
