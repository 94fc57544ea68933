"""Rates, prices and rounding, against the ECB's rates and by property."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.money import Money, Rounding, money_from_text
from services.core.rate import convert, cross_rate, price, with_spread

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "fx_ecb.json").read_text())
DAY = next(row for row in GOLDEN["rows"] if row["date"] == GOLDEN["triangulation"]["date"])
CASES = [
    case
    for case in GOLDEN["triangulation"]["cases"]
    if case["rounding"] in ("UP", "DOWN", "HALF_UP")
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['from']}-{c['to']}-{c['rounding']}")
def test_amounts_convert_as_the_golden_cases_say(case: dict[str, Any]) -> None:
    base, quote = case["from"], case["to"]
    mid = cross_rate(_per_euro(base), _per_euro(quote))
    # The cases add the spread before the mid is cut to 12 places.
    rate = with_spread(_per_euro(quote) / _per_euro(base), case["spread_bp"])
    rounding = Rounding[case["rounding"]]

    assert str(mid) == case["mid"]
    assert str(rate) == case["rate"]
    assert convert(money_from_text(case["from_amount"], base), quote, rate, rounding) == (
        money_from_text(case["to_amount"], quote)
    )


def _per_euro(currency: str) -> Decimal:
    return Decimal(1) if currency == "EUR" else Decimal(DAY[currency])


amounts = st.integers(1, 10**12)
mids = st.decimals(Decimal("0.000001"), Decimal("100000"), places=12)


@given(amounts, mids, st.integers(0, 2000))
def test_the_house_never_loses_by_rounding(minor: int, mid: Decimal, spread: int) -> None:
    priced = price(Money(minor, "KRW"), "CNY", mid, spread)

    assert priced.spread.minor >= 0
    assert priced.mid_value + priced.spread == priced.home
    assert Decimal(priced.mid_value.minor) >= minor * mid * 100
    assert Decimal(priced.mid_value.minor) - minor * mid * 100 < 1


@given(amounts)
def test_a_payment_in_one_currency_costs_what_the_merchant_asks(minor: int) -> None:
    priced = price(Money(minor, "JPY"), "JPY", Decimal("9.9"), 100)

    assert priced.home == priced.target
    assert priced.spread.minor == 0
