"""Limits of a corridor, and of the rules by law and contract that fit it. Pure.

A corridor limits each payment, and per local day each payer and all together, in home currency;
zero stands for no limit. A rule limits each payment, or each payer per local day, calendar month or
year, in the home or the target currency. Days, months and years are the wallet's own; where it is a
person who is paid, what limits that person counts by their own wallet's. A payment takes from all
of its limits or from none.

What was taken is found again from a payment's stored keys and terms alone, so it is given back as
it was taken even where rules have changed since.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.model import Payment, Terms
from services.gateway.payments.refusals import (
    AmountBelowLimitRule,
    AmountBelowMinimum,
    AmountOverLimit,
    AmountOverLimitRule,
    CorridorDayLimitReached,
    PayerDayLimitReached,
    PayerLimitRuleReached,
)
from services.gateway.reference import Corridor, LimitPeriod, LimitRule, Participant

Usage = tuple[str, date]
Rules = Sequence[LimitRule]

_RULE = "rule-"
_MONTH = f"{_RULE}{LimitPeriod.MONTH}:"
_YEAR = f"{_RULE}{LimitPeriod.YEAR}:"
# Then the first day of the period: a receiver's days are not the payer's.
_RECEIVER = f"{_RULE}receiver:"


def local_day(wallet: Participant, now: datetime) -> date:
    """The date at the wallet."""
    return now.astimezone(ZoneInfo(wallet.time_zone)).date()


def amount_refusal(
    corridor: Corridor, home: Money, target: Money, rules: Rules = ()
) -> KawaseError | None:
    """Why one payment of this size is not taken; None where it is.

    More than a payer may pay in a day or year is too much for one payment, too.
    """
    if home.minor < corridor.payment_minimum:
        return AmountBelowMinimum(home, Money(corridor.payment_minimum, home.currency))
    if 0 < corridor.payment_limit < home.minor:
        return AmountOverLimit(home, Money(corridor.payment_limit, home.currency))
    for rule in rules:
        amount = home if rule.maximum.currency == home.currency else target
        if amount.minor < rule.minimum:
            return AmountBelowLimitRule(rule, amount)
        if 0 < rule.maximum.minor < amount.minor:
            return AmountOverLimitRule(rule, amount)
    return None


def limit_keys(corridor: Corridor, terms: Terms, rules: Rules = ()) -> tuple[str, ...]:
    """The limits per day and year that a payment takes from; the payer's first."""
    keys = []
    payer = f"{terms.participant_id}/{terms.payer_id}"
    if corridor.payer_day_limit:
        keys.append(f"payer:{payer}:{corridor.home_currency}")
    if corridor.corridor_day_limit:
        keys.append(f"corridor:{corridor.corridor_id}")
    for rule in rules:
        if rule.period is not LimitPeriod.PAYMENT:
            keys.append(_key_of(rule, terms))
    return tuple(keys)


def _key_of(rule: LimitRule, terms: Terms) -> str:
    return rule_key(rule, f"{terms.participant_id}/{terms.payer_id}")


def rule_key(rule: LimitRule, payer: str) -> str:
    """Under which the use of a rule per day or year is counted; `payer` as `wallet/payer`."""
    # With period and currency: a rule that changes them begins to count anew.
    return f"{_RULE}{rule.period}:{rule.limit_rule_id}:{payer}:{rule.maximum.currency}"


def receiver_key(rule: LimitRule, receiver: str, day: date) -> str:
    """Under which what a person, as `wallet/payer`, is paid is counted in the period of their `day`
    that the rule limits."""
    since = first_day(rule.period, day).isoformat()
    currency = rule.maximum.currency
    return f"{_RECEIVER}{since}:{rule.period}:{rule.limit_rule_id}:{receiver}:{currency}"


def first_day(period: LimitPeriod, day: date) -> date:
    """Of the period that `day` is in."""
    if period is LimitPeriod.YEAR:
        return day.replace(month=1, day=1)
    return day.replace(day=1) if period is LimitPeriod.MONTH else day


def usage_of(key: str, day: date) -> Usage:
    """Where a limit's use on a day is counted: a month's and a year's under its first day."""
    if key.startswith(_YEAR):
        return key, first_day(LimitPeriod.YEAR, day)
    if key.startswith(_MONTH):
        return key, first_day(LimitPeriod.MONTH, day)
    if key.startswith(_RECEIVER):
        return key, date.fromisoformat(key[len(_RECEIVER) :].partition(":")[0])
    return key, day


def usages_taken(keys: Sequence[str], day: date, terms: Terms) -> Iterator[tuple[Usage, int]]:
    """What a payment takes, in minor units of each limit's currency."""
    for key in keys:
        in_home = not key.startswith(_RULE) or key.endswith(f":{terms.home_currency}")
        yield usage_of(key, day), terms.home_minor if in_home else terms.target_minor


def taken_by(payments: Iterable[Payment]) -> dict[Usage, int]:
    """What payments have taken from limits per day and year, in minor units of each."""
    taken: dict[Usage, int] = {}
    for payment in payments:
        day = payment.life.limit_day
        if day is None:
            continue
        for usage, minor in usages_taken(payment.life.limit_keys, day, payment.terms):
            taken[usage] = taken.get(usage, 0) + minor
    return taken


def period_refusal(
    corridor: Corridor, terms: Terms, day: date, used: Mapping[Usage, int], rules: Rules = ()
) -> KawaseError | None:
    """Why limits per day and year do not allow the payment, given what was `used` so far."""
    keys = limit_keys(corridor, terms)
    for usage, minor in usages_taken(keys, day, terms):
        of_payer = usage[0].startswith("payer:")
        limit = corridor.payer_day_limit if of_payer else corridor.corridor_day_limit
        left = limit - used.get(usage, 0)
        if minor > left:
            refusal = PayerDayLimitReached if of_payer else CorridorDayLimitReached
            return refusal(Money(max(left, 0), corridor.home_currency))
    for rule in rules:
        if rule.period is LimitPeriod.PAYMENT:
            continue
        ((usage, minor),) = usages_taken([_key_of(rule, terms)], day, terms)
        left = rule.maximum.minor - used.get(usage, 0)
        if minor > left:
            return PayerLimitRuleReached(rule, Money(max(left, 0), rule.maximum.currency))
    return None
