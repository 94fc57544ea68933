"""Limits by law and by contract on a real Postgres: taken, given back, never exceeded."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.money import Money
from services.gateway.payments.refusals import AmountOverLimitRule, PayerLimitRuleReached
from services.gateway.reference import LimitPeriod, LimitRule, Reference
from services.gateway.reference.limits import rules_by_corridor
from tests.store.gateway.payments_world import (
    PANDA,
    SHEET,
    Gateway,
    corridor,
    reference_of,
    refused,
)

HOUR = timedelta(hours=1)
# One payment of 1,000 yen costs 4,771 fen.
HOME = 4_771
TARGET = 1_000


def rule(name: str, period: LimitPeriod, maximum: int, currency: str = "CNY") -> LimitRule:
    most = Money(maximum, currency)
    return LimitRule(name, period, "", "panda", "", "", most, 0, "a law", active=True)


def ruled(*rules: LimitRule, **limits: int) -> Reference:
    """The shop's corridor under these rules."""
    known = reference_of(corridor(PANDA, "", "JPY", **limits))
    found = rules_by_corridor(known.participants, known.corridors.values(), rules)
    return replace(known, rules_of=found)


async def used(pool: asyncpg.Pool) -> dict[tuple[str, date], int]:
    rows = await pool.fetch("SELECT limit_key, local_day, used_minor FROM limit_usages")
    return {(row["limit_key"], row["local_day"]): row["used_minor"] for row in rows}


async def confirmed(gateway: Gateway, name: str, payer: str = "li-na") -> None:
    await gateway.create(name, payer=payer)
    await gateway.confirm(name)


async def test_a_rule_is_told_at_the_quote(pool: asyncpg.Pool, clock: ManualClock) -> None:
    gateway = Gateway(pool, clock, ruled(rule("most", LimitPeriod.PAYMENT, TARGET, "JPY")))
    await gateway.create("p1")
    with pytest.raises(AmountOverLimitRule) as refusal:
        await gateway.create("p2", typed=Money(TARGET + 1, "JPY"))
    assert refusal.value.metadata["limit_rule_id"] == "most"
    assert refusal.value.metadata["source"] == "a law"


async def test_a_rule_put_after_the_quote_is_looked_at_when_it_is_confirmed(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, ruled())
    await gateway.create("p1")
    gateway.board.current = ruled(rule("most", LimitPeriod.PAYMENT, HOME - 1))
    with pytest.raises(AmountOverLimitRule):
        await gateway.confirm("p1")
    assert await gateway.state("p1") == ("quoted", "quote")


async def test_a_payment_takes_from_all_its_limits_and_a_decline_gives_all_back_once(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    rules = (
        rule("day", LimitPeriod.DAY, 10_000, "JPY"),
        rule("year", LimitPeriod.YEAR, 10 * HOME),
    )
    gateway = Gateway(pool, clock, ruled(*rules, payer_day_limit=10 * HOME))
    payment = await gateway.create("p1")
    await gateway.confirm("p1")
    day, year = date(2026, 10, 30), date(2026, 1, 1)
    assert await used(pool) == {
        ("payer:panda/li-na:CNY", day): HOME,
        ("rule-day:day:panda/li-na:JPY", day): TARGET,
        ("rule-year:year:panda/li-na:CNY", year): HOME,
    }

    # What was taken is given back, also where the rules are no longer there.
    gateway.board.current = ruled()
    await gateway.hear(refused(payment), refused(payment))
    await gateway.hear(refused(payment))
    assert set((await used(pool)).values()) == {0}


async def test_a_payment_that_one_limit_refuses_takes_from_none(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    rules = (rule("day", LimitPeriod.DAY, 10 * HOME), rule("year", LimitPeriod.YEAR, HOME))
    gateway = Gateway(pool, clock, ruled(*rules))
    await confirmed(gateway, "p1")
    before = await used(pool)
    await gateway.create("p2")
    with pytest.raises(PayerLimitRuleReached) as refusal:
        await gateway.confirm("p2")
    assert refusal.value.metadata["limit_rule_id"] == "year"
    assert await used(pool) == before
    await confirmed(gateway, "other", payer="wang")


async def test_a_year_goes_on_over_its_days_and_ends_at_the_wallet_s_new_year(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    gateway = Gateway(pool, clock, ruled(rule("year", LimitPeriod.YEAR, 2 * HOME)))
    await confirmed(gateway, "p1")
    # The last minute of the year in Shanghai, which is 16:00 in UTC.
    clock.set(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    gateway.sheets.offer(
        replace(SHEET, publish_time=clock.now(), expire_time=clock.now() + HOUR), 2
    )
    await confirmed(gateway, "p2")
    await gateway.create("p3")
    with pytest.raises(PayerLimitRuleReached):
        await gateway.confirm("p3")
    clock.advance(timedelta(minutes=1))
    await gateway.confirm("p3")

    key = "rule-year:year:panda/li-na:CNY"
    assert await used(pool) == {(key, date(2026, 1, 1)): 2 * HOME, (key, date(2027, 1, 1)): HOME}


async def test_confirms_at_two_gateways_never_take_more_than_a_rule_allows(
    pool: asyncpg.Pool, clock: ManualClock
) -> None:
    rules = (
        rule("day", LimitPeriod.DAY, 5 * TARGET + 10, "JPY"),
        rule("year", LimitPeriod.YEAR, 9 * HOME),
    )
    gateways = [Gateway(pool, clock, ruled(*rules)) for _ in range(2)]
    for number in range(20):
        await gateways[0].create(f"p{number}")
    answers = await asyncio.gather(
        *(gateways[number % 2].confirm(f"p{number}") for number in range(20)),
        return_exceptions=True,
    )

    refusals = [each for each in answers if isinstance(each, PayerLimitRuleReached)]
    assert len(refusals) == 15
    assert set((await used(pool)).values()) == {5 * TARGET, 5 * HOME}


async def test_a_gateway_cannot_forget_what_was_used(pool: asyncpg.Pool) -> None:
    may = "SELECT has_table_privilege(current_user, 'limit_usages', $1)"
    assert await pool.fetchval(may, "UPDATE")
    assert not await pool.fetchval(may, "DELETE")
