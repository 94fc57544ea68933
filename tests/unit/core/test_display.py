"""Amounts as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.currencies import CURRENCIES
from services.core.display import display
from services.core.money import Money


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (1200, "JPY", "¥1,200"),
        (5600, "CNY", "CN¥56.00"),
        (-18900, "KRW", "-₩18,900"),
        (1250, "KWD", "KWD 1.250"),
        (0, "USD", "$0.00"),
        (-5, "EUR", "-€0.05"),
    ],
)
def test_an_amount_shows_its_currency_s_sign_and_places(
    minor: int, currency: str, shown: str
) -> None:
    assert display(Money(minor, currency)) == shown


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(CURRENCIES)))
def test_the_digits_shown_are_the_minor_units(minor: int, currency: str) -> None:
    digits = "".join(char for char in display(Money(minor, currency)) if char.isdigit())
    assert int(digits) == abs(minor)
