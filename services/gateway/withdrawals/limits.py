"""Limits by law and by banks' contracts on what payers draw. Pure.

A rule of the withdrawal flow limits each withdrawal, or each payer per local day or calendar year
of the wallet. What it names has to fit: the wallet's country, the wallet, the bank as the
collecting partner; and the currency. What was taken is given back where nothing was drawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.limits import Usage, rule_key, usage_of
from services.gateway.reference import LimitFlow, LimitPeriod, LimitRule, Participant
from services.gateway.withdrawals.model import Ask, Withdrawal
from services.gateway.withdrawals.refusals import (
    WithdrawalBelowLimit,
    WithdrawalLimitReached,
    WithdrawalOverLimit,
)


def rules_for(
    rules: Iterable[LimitRule], wallet: Participant, bank_id: str
) -> tuple[LimitRule, ...]:
    """The rules that count for a withdrawal, in the order of their ids."""
    return tuple(
        rule
        for rule in sorted(rules, key=lambda rule: rule.limit_rule_id)
        if rule.flow is LimitFlow.WITHDRAWAL
        and rule.active
        and rule.maximum.currency == wallet.home_currency
        and rule.wallet_country in ("", wallet.country_code)
        and rule.wallet_id in ("", wallet.participant_id)
        and rule.collect_partner_id in ("", bank_id)
    )


def keyed(rules: Iterable[LimitRule], wallet_id: str, payer_id: str) -> dict[str, LimitRule]:
    """The rules per day and year, by the key their use is counted under."""
    payer = f"{wallet_id}/{payer_id}"
    return {rule_key(rule, payer): rule for rule in rules if rule.period is not LimitPeriod.PAYMENT}


def amount_refusal(rules: Iterable[LimitRule], amount: Money) -> KawaseError | None:
    """Why a withdrawal of this size is not made; None where it is."""
    for rule in rules:
        if amount.minor < rule.minimum:
            return WithdrawalBelowLimit(rule, amount)
        if 0 < rule.maximum.minor < amount.minor:
            return WithdrawalOverLimit(rule, amount)
    return None


def period_refusal(
    rules: Mapping[str, LimitRule], amount: Money, day: date, used: Mapping[Usage, int]
) -> KawaseError | None:
    """Why limits per day and year do not allow it, given what was `used` so far."""
    for key, rule in rules.items():
        left = rule.maximum.minor - used.get(usage_of(key, day), 0)
        if amount.minor > left:
            return WithdrawalLimitReached(rule, Money(max(left, 0), amount.currency))
    return None


def taken_by(ask: Ask) -> Iterator[tuple[Usage, int]]:
    """What a withdrawal takes from limits, in minor units."""
    for key in ask.limit_keys:
        yield usage_of(key, ask.limit_day), ask.amount_minor


def taken_by_all(withdrawals: Iterable[Withdrawal]) -> dict[Usage, int]:
    """What several have taken together."""
    taken: dict[Usage, int] = {}
    for each in withdrawals:
        for usage, minor in taken_by(each.ask):
            taken[usage] = taken.get(usage, 0) + minor
    return taken
