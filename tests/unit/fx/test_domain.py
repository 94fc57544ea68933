"""The rules of fx: usable rates, mids of all pairs, when a sheet is due, what a change must say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import KawaseError
from services.core.ids import IdMalformed
from services.core.money import Money
from services.core.sheet import CorridorUnpriced, RateUnknown
from services.fx.domain import (
    AmountOutOfRange,
    EuroRates,
    OperatorMissing,
    ReasonMissing,
    SourceFailed,
    SpreadChange,
    SpreadOutOfRange,
    checked_change,
    checked_rates,
    cross_mids,
    day_start,
    ecb_day,
    make_sheet,
    quote_price,
    sheet_due,
)
from tests.unit.fx.builders import CURRENCIES, NOON, PER_EURO, RATES

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SHEET = make_sheet(RATES, CURRENCIES, {"panda-kakaopay": 150}, NOON, 30 * MINUTE)
CHANGE = SpreadChange("panda-kakaopay", 150, "aiko", "the won moves more than it did")


def test_the_ecbs_day_is_that_of_frankfurt() -> None:
    assert ecb_day(datetime(2026, 10, 29, 22, 59, tzinfo=UTC)) == date(2026, 10, 29)
    assert ecb_day(datetime(2026, 10, 29, 23, 0, tzinfo=UTC)) == date(2026, 10, 30)
    assert day_start(date(2026, 7, 1)) == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_every_ordered_pair_has_a_mid() -> None:
    mids = cross_mids(RATES, CURRENCIES)

    assert len(mids) == 12
    assert mids["JPY", "KRW"] == Decimal("8.491347905282")
    assert mids["EUR", "CNY"] == Decimal("7.432600000000")


rate = st.decimals("0.0001", "100000", places=4)


@given(rate, rate)
def test_there_and_back_is_one_but_for_rounding(base: Decimal, quote: Decimal) -> None:
    rates = EuroRates("any", NOON, {"JPY": base, "KRW": quote})
    mids = cross_mids(rates, ("JPY", "KRW"))

    larger = max(mids.values())
    assert abs(mids["JPY", "KRW"] * mids["KRW", "JPY"] - 1) <= larger * Decimal("1e-12")


def test_rates_that_are_complete_and_fresh_are_usable() -> None:
    assert checked_rates(RATES, CURRENCIES, DAY, NOON) is RATES


def test_rates_are_usable_up_to_their_limit_and_not_past_it() -> None:
    end = RATES.source_time + DAY

    assert checked_rates(RATES, CURRENCIES, DAY, end) is RATES
    with pytest.raises(SourceFailed, match="longer ago than 1 day"):
        checked_rates(RATES, CURRENCIES, DAY, end + timedelta(microseconds=1))


@pytest.mark.parametrize("bad", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_that_is_not_a_positive_number_is_not_usable(bad: str) -> None:
    rates = replace(RATES, per_euro={**PER_EURO, "KRW": Decimal(bad)})

    with pytest.raises(SourceFailed, match="KRW"):
        checked_rates(rates, CURRENCIES, DAY, NOON)


def test_rates_without_a_configured_currency_are_not_usable() -> None:
    with pytest.raises(SourceFailed, match="no rate for THB"):
        checked_rates(RATES, (*CURRENCIES, "THB"), DAY, NOON)


def test_a_sheet_states_its_source_and_lives_as_long_as_configured() -> None:
    assert SHEET.source == "steady"
    assert SHEET.source_time == RATES.source_time
    assert SHEET.expire_time - SHEET.publish_time == 30 * MINUTE
    assert len(SHEET.sheet_id) == 26


@pytest.mark.parametrize(
    ("now", "due"),
    [
        pytest.param(NOON + timedelta(seconds=59), False, id="young"),
        pytest.param(NOON + MINUTE, True, id="a minute old"),
        pytest.param(NOON - MINUTE, True, id="the clock was set back"),
    ],
)
def test_a_sheet_is_due_by_age_or_when_the_clock_goes_back(now: datetime, due: bool) -> None:
    assert sheet_due(SHEET, now, MINUTE) is due


def test_the_first_sheet_is_due_at_once() -> None:
    assert sheet_due(None, NOON, MINUTE)


def test_a_sheet_is_due_when_the_ecbs_day_changes() -> None:
    midnight = datetime(2026, 10, 30, 23, tzinfo=UTC)
    late = replace(SHEET, publish_time=midnight - timedelta(seconds=5))

    assert not sheet_due(late, midnight - timedelta(seconds=1), MINUTE)
    assert sheet_due(late, midnight, MINUTE)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (replace(CHANGE, corridor_id=""), IdMalformed),
        (replace(CHANGE, corridor_id="panda kakaopay"), IdMalformed),
        (replace(CHANGE, basis_points=-1), SpreadOutOfRange),
        (replace(CHANGE, basis_points=2001), SpreadOutOfRange),
        (replace(CHANGE, operator=" "), OperatorMissing),
        (replace(CHANGE, operator="x" * 65), OperatorMissing),
        (replace(CHANGE, reason=""), ReasonMissing),
        (replace(CHANGE, reason="x" * 501), ReasonMissing),
    ],
)
def test_a_change_that_may_not_be_is_refused(
    change: SpreadChange, refusal: type[KawaseError]
) -> None:
    with pytest.raises(refusal):
        checked_change(change)


@pytest.mark.parametrize("basis_points", [0, 2000])
def test_a_spread_may_be_anything_from_nothing_to_a_fifth(basis_points: int) -> None:
    change = replace(CHANGE, basis_points=basis_points)

    assert checked_change(change) is change


def test_a_quote_rounds_the_total_up_and_shows_the_spread_within() -> None:
    quoted = quote_price(SHEET, "panda-kakaopay", Money(18_900, "KRW"), "CNY")

    # 18,900 × 7.4326 ÷ 1491.76 = 94.168…, up to 94.17; with 1.5 % 95.581…, up to 95.59.
    assert quoted.home == Money(9559, "CNY")
    assert quoted.spread == Money(142, "CNY")


@pytest.mark.parametrize("minor", [0, -5, 10**18])
def test_a_quote_for_an_amount_no_payment_can_have_is_refused(minor: int) -> None:
    with pytest.raises(AmountOutOfRange):
        quote_price(SHEET, "panda-kakaopay", Money(minor, "KRW"), "CNY")


def test_a_quote_whose_price_is_too_large_is_refused() -> None:
    with pytest.raises(AmountOutOfRange):
        quote_price(SHEET, "panda-kakaopay", Money(2 * 10**17, "JPY"), "KRW")


def test_a_quote_needs_a_priced_corridor_and_a_listed_currency() -> None:
    with pytest.raises(CorridorUnpriced):
        quote_price(SHEET, "panda-jpqr", Money(1, "KRW"), "CNY")
    with pytest.raises(RateUnknown):
        quote_price(SHEET, "panda-kakaopay", Money(1, "THB"), "CNY")
