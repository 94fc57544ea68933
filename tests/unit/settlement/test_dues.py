"""What is due becomes one payout, or is carried."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.money import Money
from services.core.sheet import RatesStale
from services.settlement.payouts.dues import Due, payout_of
from services.settlement.payouts.model import Share
from tests.unit.settlement.payouts import AGREEMENT, NOW

DAY = date(2026, 10, 30)


def no_rate(_base: str, _quote: str) -> Decimal:
    raise RatesStale(None)


def due(account: str, minor: int, window: str = "w1", part: str = "net") -> Due:
    return Due(window, account, part, minor, DAY)


def test_dues_of_several_windows_and_accounts_are_netted_into_one_payout() -> None:
    dues = [due("a:JPY", 900), due("b:JPY", -300), due("a:JPY", 100, "w2", "reserve")]
    payout = payout_of(AGREEMENT, dues, "payout-1", no_rate, NOW)
    assert payout is not None
    assert payout.amount == Money(700, "JPY")
    assert payout.shares == (Share("a:JPY", 1_000), Share("b:JPY", -300))
    assert payout.window_ids == ("w1", "w2")
    assert payout.rate is None


@pytest.mark.parametrize("minors", [[], [99], [0], [-5], [200, -101]])
def test_what_is_below_the_minimum_is_carried(minors: list[int]) -> None:
    agreement = replace(AGREEMENT, minimum_payout=100)
    dues = [due("a:JPY", minor) for minor in minors]
    assert payout_of(agreement, dues, "payout-1", no_rate, NOW) is None


def test_another_settlement_currency_is_converted_at_mid_in_favour_of_the_house() -> None:
    agreement = replace(AGREEMENT, settlement_currency="CNY")
    mid = Decimal("0.0471239")
    payout = payout_of(agreement, [due("a:JPY", 1_001)], "p", lambda _a, _b: mid, NOW)
    assert payout is not None
    assert (payout.owed, payout.rate) == (Money(1_001, "JPY"), mid)
    assert payout.amount == Money(4_717, "CNY")


def test_without_a_rate_nothing_is_paid() -> None:
    agreement = replace(AGREEMENT, settlement_currency="CNY")
    with pytest.raises(RatesStale):
        payout_of(agreement, [due("a:JPY", 1_001)], "p", no_rate, NOW)


@given(
    st.lists(st.tuples(st.sampled_from(["a:JPY", "b:JPY"]), st.integers(-(10**9), 10**9))),
    st.integers(0, 10**6),
)
def test_a_payout_is_the_sum_of_its_shares_and_each_share_that_of_its_account(
    moves: list[tuple[str, int]], minimum: int
) -> None:
    agreement = replace(AGREEMENT, minimum_payout=minimum)
    dues = [due(account, minor, f"w{number}") for number, (account, minor) in enumerate(moves)]
    payout = payout_of(agreement, dues, "p", no_rate, NOW)
    total = sum(minor for _, minor in moves)
    if total < max(minimum, 1):
        assert payout is None
        return
    assert payout is not None
    assert payout.amount.minor == total == sum(share.amount_minor for share in payout.shares)
    for share in payout.shares:
        assert share.amount_minor == sum(m for account, m in moves if account == share.account_id)
