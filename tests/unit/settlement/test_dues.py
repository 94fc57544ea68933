"""What is due becomes one payout, several where it is on many accounts, or is carried."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.money import Money
from services.core.sheet import RatesStale
from services.settlement.domain.agreements import Agreement
from services.settlement.payouts.dues import Due, Mid, Paid, payouts_of
from services.settlement.payouts.model import Payout, Share
from tests.unit.settlement.payouts import AGREEMENT, NOW

DAY = date(2026, 10, 30)


def no_rate(_base: str, _quote: str) -> Decimal:
    raise RatesStale(None)


def due(account: str, minor: int, window: str = "w1", part: str = "net") -> Due:
    return Due(window, account, part, minor, DAY)


def pay(
    agreement: Agreement, dues: list[Due], mid: Mid = no_rate, account_limit: int = 1_000
) -> list[Paid]:
    ids = (f"payout-{number}" for number in count(1))
    return payouts_of(agreement, dues, lambda: next(ids), mid, NOW, account_limit)


def pay_one(agreement: Agreement, dues: list[Due], mid: Mid = no_rate) -> Payout | None:
    found = pay(agreement, dues, mid)
    assert len(found) <= 1
    return found[0].payout if found else None


def test_dues_of_several_windows_and_accounts_are_netted_into_one_payout() -> None:
    dues = [due("a:JPY", 900), due("b:JPY", -300), due("a:JPY", 100, "w2", "reserve")]
    payout = pay_one(AGREEMENT, dues)
    assert payout is not None
    assert payout.amount == Money(700, "JPY")
    assert payout.shares == (Share("a:JPY", 1_000), Share("b:JPY", -300))
    assert payout.window_ids == ("w1", "w2")
    assert payout.rate is None


@pytest.mark.parametrize("minors", [[], [99], [0], [-5], [200, -101]])
def test_what_is_below_the_minimum_is_carried(minors: list[int]) -> None:
    agreement = replace(AGREEMENT, minimum_payout=100)
    dues = [due("a:JPY", minor) for minor in minors]
    assert pay_one(agreement, dues) is None


def test_another_settlement_currency_is_converted_at_mid_in_favour_of_the_house() -> None:
    agreement = replace(AGREEMENT, settlement_currency="CNY")
    mid = Decimal("0.0471239")
    payout = pay_one(agreement, [due("a:JPY", 1_001)], lambda _a, _b: mid)
    assert payout is not None
    assert (payout.owed, payout.rate) == (Money(1_001, "JPY"), mid)
    assert payout.amount == Money(4_717, "CNY")


def test_without_a_rate_nothing_is_paid() -> None:
    agreement = replace(AGREEMENT, settlement_currency="CNY")
    with pytest.raises(RatesStale):
        pay(agreement, [due("a:JPY", 1_001)])


@given(
    st.lists(st.tuples(st.sampled_from(["a:JPY", "b:JPY"]), st.integers(-(10**9), 10**9))),
    st.integers(0, 10**6),
)
def test_a_payout_is_the_sum_of_its_shares_and_each_share_that_of_its_account(
    moves: list[tuple[str, int]], minimum: int
) -> None:
    agreement = replace(AGREEMENT, minimum_payout=minimum)
    dues = [due(account, minor, f"w{number}") for number, (account, minor) in enumerate(moves)]
    payout = pay_one(agreement, dues)
    total = sum(minor for _, minor in moves)
    if total < max(minimum, 1):
        assert payout is None
        return
    assert payout is not None
    assert payout.amount.minor == total == sum(share.amount_minor for share in payout.shares)
    for share in payout.shares:
        assert share.amount_minor == sum(m for account, m in moves if account == share.account_id)


def test_more_accounts_than_one_payout_relieves_are_paid_by_several() -> None:
    dues = [due(f"{number:04}:JPY", 10 + number) for number in range(2_500)]
    payouts = [paid.payout for paid in pay(AGREEMENT, dues)]
    assert [len(payout.shares) for payout in payouts] == [1_000, 1_000, 500]
    assert len({payout.payout_id for payout in payouts}) == 3
    assert sum(payout.amount.minor for payout in payouts) == sum(d.amount_minor for d in dues)


def test_a_debt_that_no_payout_can_net_keeps_dues_of_its_worth_back() -> None:
    dues = [due(f"{number}:JPY", 1) for number in range(11)] + [due("owes:JPY", -8)]
    (paid,) = pay(AGREEMENT, dues, account_limit=5)
    assert paid.payout.amount.minor == 3
    assert all(share.amount_minor == 1 for share in paid.payout.shares)


def test_debts_are_netted_first_and_against_the_largest_dues() -> None:
    dues = [due("small:JPY", 5), due("large:JPY", 900), due("owes:JPY", -800)]
    first, second = pay(AGREEMENT, dues, account_limit=2)
    assert first.payout.shares == (Share("large:JPY", 900), Share("owes:JPY", -800))
    assert second.payout.shares == (Share("small:JPY", 5),)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 3), st.integers(-50, 50) | st.integers())
    ),
    st.integers(0, 60),
    st.integers(1, 8),
)
def test_what_is_paid_and_what_is_carried_is_what_was_due_per_account(
    moves: list[tuple[int, int, int]], minimum: int, limit: int
) -> None:
    agreement = replace(AGREEMENT, minimum_payout=minimum)
    found = {(account, window): minor for account, window, minor in moves}
    dues = [due(f"{a}:JPY", minor, f"w{window}") for (a, window), minor in found.items()]
    paid = pay(agreement, dues, account_limit=limit)
    taken = [each for one in paid for each in one.dues]
    assert len(taken) == len(set(taken))
    carried = [each for each in dues if each not in set(taken)]
    for account in {each.account_id for each in dues}:
        relieved = sum(
            share.amount_minor
            for one in paid
            for share in one.payout.shares
            if share.account_id == account
        )
        left = sum(each.amount_minor for each in carried if each.account_id == account)
        assert relieved + left == sum(d.amount_minor for d in dues if d.account_id == account)
    total = sum(each.amount_minor for each in dues)
    for one in paid:
        assert len(one.payout.shares) <= limit
        assert one.payout.owed.minor >= max(minimum, 1)
        assert one.payout.owed.minor == sum(each.amount_minor for each in one.dues)
    if paid:
        assert sum(each.amount_minor for each in carried) >= 0
    if total < max(minimum, 1):
        assert paid == []
    elif len({each.account_id for each in dues}) <= limit:
        assert [one.payout.owed.minor for one in paid] == [total]
