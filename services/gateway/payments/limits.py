"""Limits of a corridor: per payment, and per local day for each payer and all together. Pure.

Amounts are in home currency, minor units; zero stands for no limit. A day is the wallet's own.
"""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.model import Terms
from services.gateway.payments.refusals import (
    AmountBelowMinimum,
    AmountOverLimit,
    CorridorDayLimitReached,
    PayerDayLimitReached,
)
from services.gateway.reference import Corridor, Participant

Usage = tuple[str, date]


def local_day(wallet: Participant, now: datetime) -> date:
    """The date at the wallet."""
    return now.astimezone(ZoneInfo(wallet.time_zone)).date()


def amount_refusal(corridor: Corridor, home_minor: int) -> KawaseError | None:
    """Why one payment of this size is not taken; None where it is."""
    home = Money(home_minor, corridor.home_currency)
    if home_minor < corridor.payment_minimum:
        return AmountBelowMinimum(home, Money(corridor.payment_minimum, home.currency))
    if 0 < corridor.payment_limit < home_minor:
        return AmountOverLimit(home, Money(corridor.payment_limit, home.currency))
    return None


def limit_keys(corridor: Corridor, terms: Terms) -> tuple[str, ...]:
    """The daily limits a payment takes from; the payer's first."""
    keys = []
    if corridor.payer_day_limit:
        keys.append(f"payer:{terms.participant_id}/{terms.payer_id}:{corridor.home_currency}")
    if corridor.corridor_day_limit:
        keys.append(f"corridor:{corridor.corridor_id}")
    return tuple(keys)


def day_refusal(
    corridor: Corridor, terms: Terms, day: date, used: Mapping[Usage, int]
) -> KawaseError | None:
    """Why the day's limits do not allow the payment, given what was `used` so far."""
    for key in limit_keys(corridor, terms):
        of_payer = key.startswith("payer:")
        limit = corridor.payer_day_limit if of_payer else corridor.corridor_day_limit
        left = limit - used.get((key, day), 0)
        if terms.home_minor > left:
            refusal = PayerDayLimitReached if of_payer else CorridorDayLimitReached
            return refusal(Money(max(left, 0), corridor.home_currency))
    return None
