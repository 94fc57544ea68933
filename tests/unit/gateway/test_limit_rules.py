"""Limits by law and by contract: which payments a rule counts for, and what it counts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.asking import confirm
from services.gateway.payments.limits import (
    Usage,
    amount_refusal,
    limit_keys,
    local_day,
    period_refusal,
    taken_by,
    usage_of,
    usages_taken,
)
from services.gateway.payments.model import Life, Payment, State, Step
from services.gateway.payments.refusals import (
    AmountBelowLimitRule,
    AmountOverLimitRule,
    PayerLimitRuleReached,
)
from services.gateway.reference import (
    Corridor,
    Funding,
    LimitPeriod,
    LimitRule,
    Participant,
    ParticipantKind,
)
from services.gateway.reference.limits import fits, rules_by_corridor
from tests.unit.gateway.payments_builders import LATER, quoted, terms

WALLET = Participant(
    "panda", ParticipantKind.WALLET, "Panda", Funding.PARTNER, "CNY", "Asia/Shanghai",
    "shanghai-online", 0, "CN",
)  # fmt: skip
WAY = Corridor("panda_kakaopay", "panda", "kakaopay", "CNY", "KRW", "plan", 120)
DAY = date(2026, 10, 30)
PAYER = "panda/li-na"


def rule(name: str = "r", period: LimitPeriod = LimitPeriod.PAYMENT, **fields: object) -> LimitRule:
    """A rule for everybody, in the home currency of the payment of the builders."""
    made = LimitRule(name, period, "", "", "", "", Money(10_000, "CNY"), 0, "a law", active=True)
    return replace(made, **fields)  # type: ignore[arg-type]


def day_rule(maximum: int = 10_000, currency: str = "CNY", name: str = "d") -> LimitRule:
    return rule(name, LimitPeriod.DAY, maximum=Money(maximum, currency))


def month_rule(maximum: int) -> LimitRule:
    return rule("m", LimitPeriod.MONTH, maximum=Money(maximum, "CNY"))


def year_rule(maximum: int = 10_000, currency: str = "CNY", name: str = "y") -> LimitRule:
    return rule(name, LimitPeriod.YEAR, maximum=Money(maximum, currency))


NAMED = {
    "wallet_country": ("CN", "KR"),
    "wallet_id": ("panda", "sakura"),
    "acceptance_partner_id": ("kakaopay", "shanghai"),
    "collect_partner_id": ("shanghai-online", "kakaopay-online"),
}


@given(st.dictionaries(st.sampled_from(sorted(NAMED)), st.booleans()))
def test_a_rule_fits_where_all_it_names_fits(chosen: dict[str, bool]) -> None:
    names: dict[str, Any] = {
        field: NAMED[field][0 if fitting else 1] for field, fitting in chosen.items()
    }
    assert fits(rule(**names), WALLET, WAY) == all(chosen.values())


@pytest.mark.parametrize(
    ("currency", "fitting"), [("CNY", True), ("KRW", True), ("USD", False), ("JPY", False)]
)
def test_a_rule_counts_in_home_or_target_currency_only(currency: str, fitting: bool) -> None:
    assert fits(rule(maximum=Money(1, currency)), WALLET, WAY) is fitting


def test_a_rule_that_is_not_active_counts_for_nothing() -> None:
    assert not fits(rule(active=False), WALLET, WAY)


def test_the_rules_of_a_corridor_are_picked_once_and_in_order() -> None:
    other = replace(WAY, corridor_id="other", acceptance_partner_id="shanghai")
    rules = [rule("b"), rule("a", acceptance_partner_id="kakaopay"), rule("c", wallet_country="JP")]
    found = rules_by_corridor({"panda": WALLET}, [WAY, other], rules)

    assert {name: [one.limit_rule_id for one in ones] for name, ones in found.items()} == {
        "panda_kakaopay": ["a", "b"],
        "other": ["b"],
    }


def test_a_corridor_without_rules_has_no_entry() -> None:
    assert rules_by_corridor({"panda": WALLET}, [WAY], [rule(wallet_id="sakura")]) == {}


@pytest.mark.parametrize(
    ("one", "refusal"),
    [
        (rule(maximum=Money(9_545, "CNY")), None),
        (rule(maximum=Money(9_544, "CNY")), AmountOverLimitRule),
        (rule(maximum=Money(18_900, "KRW")), None),
        (rule(maximum=Money(18_899, "KRW")), AmountOverLimitRule),
        (rule(maximum=Money(0, "KRW"), minimum=18_900), None),
        (rule(maximum=Money(0, "KRW"), minimum=18_901), AmountBelowLimitRule),
        (day_rule(9_544), AmountOverLimitRule),
        (year_rule(18_900, "KRW"), None),
        (year_rule(18_899, "KRW"), AmountOverLimitRule),
    ],
)
def test_one_payment_keeps_within_every_rule(
    one: LimitRule, refusal: type[KawaseError] | None
) -> None:
    found = amount_refusal(WAY, terms().home, terms().target, [rule("wide"), one])
    assert (type(found) if found else None) is refusal


def test_a_refusal_names_rule_and_source() -> None:
    over = rule("kakao-most", maximum=Money(9_544, "CNY"), source="the contract")
    found = amount_refusal(WAY, terms().home, terms().target, [over])
    assert found is not None
    assert found.metadata["limit_rule_id"] == "kakao-most"
    assert found.metadata["source"] == "the contract"
    assert "the contract" in found.message
    assert found.reason == "AMOUNT_OVER_LIMIT_RULE"


@pytest.mark.parametrize(
    ("one", "used", "refused"),
    [
        (day_rule(9_545), {}, False),
        (day_rule(10_000), {(f"rule-day:d:{PAYER}:CNY", DAY): 456}, True),
        (day_rule(10_000), {(f"rule-day:d:{PAYER}:CNY", DAY - timedelta(days=1)): 456}, False),
        (day_rule(20_000, "KRW"), {(f"rule-day:d:{PAYER}:KRW", DAY): 1_101}, True),
        (day_rule(20_000, "KRW"), {(f"rule-day:d:{PAYER}:KRW", DAY): 1_100}, False),
        (month_rule(10_000), {(f"rule-month:m:{PAYER}:CNY", date(2026, 10, 1)): 456}, True),
        (month_rule(10_000), {(f"rule-month:m:{PAYER}:CNY", date(2026, 9, 1)): 456}, False),
        (year_rule(10_000), {(f"rule-year:y:{PAYER}:CNY", date(2026, 1, 1)): 456}, True),
        (year_rule(10_000), {(f"rule-year:y:{PAYER}:CNY", date(2025, 1, 1)): 9_999}, False),
    ],
)
def test_rules_per_day_month_and_year_count_what_the_payer_used(
    one: LimitRule, used: dict[Usage, int], refused: bool
) -> None:
    found = period_refusal(WAY, terms(), DAY, used, [one])
    assert isinstance(found, PayerLimitRuleReached) is refused


def test_what_a_rule_leaves_is_told() -> None:
    used = {(f"rule-year:y:{PAYER}:KRW", date(2026, 1, 1)): 19_000}
    found = period_refusal(WAY, terms(), DAY, used, [year_rule(20_000, "KRW")])
    assert found is not None
    assert found.metadata["left_minor_units"] == "1000"
    assert found.metadata["period"] == "year"
    assert found.metadata["source"] == "a law"


def test_rules_per_payment_take_from_nothing() -> None:
    assert limit_keys(WAY, terms(), [rule()]) == ()


def test_a_payment_that_one_rule_refuses_takes_from_no_other() -> None:
    rules = [day_rule(), year_rule(20_000)]
    used = {(f"rule-year:y:{PAYER}:CNY", date(2026, 1, 1)): 15_000}
    outcome = confirm(quoted(), WAY, DAY, used, LATER, rules)
    assert isinstance(outcome.refusal, PayerLimitRuleReached)
    assert outcome.life is None


ZONES = st.sampled_from(["Asia/Seoul", "Asia/Shanghai", "America/Los_Angeles", "Asia/Kathmandu"])
START = datetime(2024, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 6 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@given(ZONES, INSTANTS, INSTANTS)
def test_days_and_years_turn_at_the_wallet_s_midnight(
    zone: str, first: datetime, second: datetime
) -> None:
    wallet = replace(WALLET, time_zone=zone)
    days = [local_day(wallet, instant) for instant in (first, second)]
    local = [instant.astimezone(ZoneInfo(zone)) for instant in (first, second)]
    key = limit_keys(WAY, terms(), [year_rule()])[0]

    assert (days[0] == days[1]) == (local[0].date() == local[1].date())
    assert (usage_of(key, days[0]) == usage_of(key, days[1])) == (local[0].year == local[1].year)


RULES = st.lists(
    st.builds(
        lambda name, period, currency, maximum: rule(
            f"rule-{name}", period, maximum=Money(maximum, currency)
        ),
        st.integers(0, 9),
        st.sampled_from([LimitPeriod.DAY, LimitPeriod.YEAR]),
        st.sampled_from(["CNY", "KRW"]),
        st.integers(1, 200_000),
    ),
    max_size=5,
    unique_by=lambda one: one.limit_rule_id,
)
STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 30_000), st.integers(1, 30_000), st.booleans()),
    max_size=25,
)


@given(RULES, STEPS, st.integers(0, 60_000))
def test_no_rule_is_ever_exceeded_and_declines_give_everything_back(
    rules: list[LimitRule], steps: list[tuple[int, int, int, bool]], payer_day_limit: int
) -> None:
    way = replace(WAY, payer_day_limit=payer_day_limit)
    used: dict[Usage, int] = {}
    taken: list[Payment] = []
    days = accumulate(days for days, *_ in steps)
    for after, (_, home, target, declines) in zip(days, steps, strict=True):
        day = DAY + timedelta(days=after)
        asked = quoted(home_minor=home, target_minor=target)
        outcome = confirm(asked, way, day, used, LATER, rules)
        if outcome.life is not None:
            payment = Payment(asked.terms, outcome.life)
            if outcome.life.limit_day is not None:
                keys = outcome.life.limit_keys
                for usage, minor in usages_taken(keys, outcome.life.limit_day, asked.terms):
                    used[usage] = used.get(usage, 0) + minor
            taken.append(payment)
        if declines and taken:
            for usage, minor in taken_by([taken.pop(0)]).items():
                used[usage] -= minor
        for one in rules:
            ours = [minor for (key, _), minor in used.items() if f":{one.limit_rule_id}:" in key]
            assert all(0 <= minor <= one.maximum.minor for minor in ours)
    for usage, minor in taken_by(taken).items():
        used[usage] -= minor
    assert set(used.values()) <= {0}


def test_a_payment_that_took_from_nothing_gives_nothing_back() -> None:
    life = Life(State.CONFIRMED, Step.RESERVE, 2, LATER)
    assert taken_by([Payment(terms(), life)]) == {}
