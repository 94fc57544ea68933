"""Policies of refunds: whatever is kept, at whichever rate, no more is given than there was."""

from dataclasses import astuple
from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import given

from services.core.money import Money, Rounding
from services.core.rate import convert, price
from services.gateway.disputes.claim import covered_shares
from services.gateway.payments.model import NOTHING, Parts, Terms
from services.gateway.payments.saga import Side
from services.gateway.reference import RefundPolicy, RefundRate
from services.gateway.refunds.policy import Already, Reckoning, reckon
from services.gateway.refunds.reversal import parts_of, reversed_legs, reversed_parts
from tests.unit.gateway.payments_builders import terms

POLICIES = st.builds(
    RefundPolicy,
    st.sampled_from(RefundRate),
    st.booleans(),
    st.booleans(),
    st.just(0),
)
DAY_MIDS = st.decimals("0.001", "0.02", places=6)


@st.composite
def priced(draw: st.DrawFn) -> Terms:
    """A payment in won that somebody pays in yuan, charged by a partner or not."""
    target = draw(st.integers(1, 10**9))
    mid = draw(st.decimals("0.001", "0.02", places=6))
    paid = price(Money(target, "KRW"), "CNY", mid, draw(st.integers(0, 500)))
    return terms(
        target_minor=target,
        fee_minor=draw(st.integers(0, target)),
        home_minor=paid.home.minor,
        spread_minor=paid.spread.minor,
        mid=mid,
        collect_partner_id=draw(st.sampled_from(["", "kakaopay-online"])),
    )


def plus(one: Parts, other: Parts) -> Parts:
    return Parts(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))


def refund(
    agreed: Terms, already: Already, minor: int, policy: RefundPolicy, day: Decimal
) -> tuple[Parts, Parts, Already]:
    """Its shares, what it moves, and what is given back after it."""
    shares = reversed_parts(parts_of(agreed), already.shares, minor)
    mid = day if policy.rate is RefundRate.DAY else None
    moved = reckon(policy, agreed, shares, already, mid).applied(shares)
    home = already.home_minor + moved.mid + moved.spread
    return shares, moved, Already(plus(already.shares, shares), home)


@given(priced(), POLICIES, st.data())
def test_refunds_in_any_number_of_parts_come_to_the_whole_of_what_is_not_kept(
    agreed: Terms, policy: RefundPolicy, data: st.DataObject
) -> None:
    whole, already, moved = parts_of(agreed), Already(), NOTHING
    while (left := agreed.target_minor - already.shares.payable - already.shares.fee) > 0:
        minor = data.draw(st.integers(max(1, left // 5), left))
        _, part, already = refund(agreed, already, minor, policy, agreed.mid)
        assert part.payable + part.fee == minor
        assert min(astuple(part)) >= 0
        moved = plus(moved, part)

    assert already.shares == whole
    assert moved.fee == (0 if policy.keeps_fee else whole.fee)
    assert moved.payable + moved.fee == agreed.target_minor
    assert moved.spread == (0 if policy.keeps_spread else whole.spread)
    if policy.rate is RefundRate.ORIGINAL:
        assert moved.mid == whole.mid
    else:
        assert moved.mid <= whole.mid


@given(priced(), st.lists(st.tuples(st.integers(1, 60), POLICIES, DAY_MIDS), max_size=12))
def test_a_policy_that_changes_between_refunds_never_gives_back_more_than_was_captured(
    agreed: Terms, asked: list[tuple[int, RefundPolicy, Decimal]]
) -> None:
    whole, already, moved = parts_of(agreed), Already(), NOTHING
    for share, policy, day in asked:
        left = agreed.target_minor - already.shares.payable - already.shares.fee
        minor = min(max(1, agreed.target_minor * share // 100), left)
        if minor <= 0:
            break
        _, part, already = refund(agreed, already, minor, policy, day)
        moved = plus(moved, part)
        assert min(astuple(part)) >= 0

    assert moved.payable + moved.fee <= agreed.target_minor
    assert moved.fee <= whole.fee
    assert moved.spread <= whole.spread
    if agreed.collect_partner_id:
        assert moved.mid + moved.spread <= agreed.home_minor


@given(priced(), POLICIES, DAY_MIDS, st.data())
def test_the_legs_of_a_refund_move_both_currencies_from_the_merchant_s_side_to_the_payer(
    agreed: Terms, policy: RefundPolicy, day: Decimal, data: st.DataObject
) -> None:
    minor = data.draw(st.integers(1, agreed.target_minor))
    _, moved, _ = refund(agreed, Already(), minor, policy, day)
    legs = reversed_legs(agreed, moved)

    target = [leg for leg in legs if leg.amount.currency == agreed.target_currency]
    assert sum(leg.amount.minor for leg in target) == minor
    assert {leg.credit_account_id for leg in target} == {"position:KRW"}
    home = [leg for leg in legs if leg.amount.currency == agreed.home_currency]
    assert {leg.credit_account_id for leg in home} <= {agreed.funding_account_id}
    if policy.keeps_fee:
        assert {leg.debit_account_id for leg in target} == {agreed.payable_account_id}
    if policy.keeps_spread:
        assert {leg.debit_account_id for leg in home} <= {"position:CNY"}


@given(priced(), DAY_MIDS)
def test_at_the_day_s_rate_the_payer_gets_the_target_at_the_day_s_mid_rounded_down(
    agreed: Terms, day: Decimal
) -> None:
    policy = RefundPolicy(RefundRate.DAY, keeps_spread=True)
    _, moved, _ = refund(agreed, Already(), agreed.target_minor, policy, day)

    worth = convert(agreed.target, "CNY", day, Rounding.DOWN).minor
    most = agreed.home_minor if agreed.collect_partner_id else worth
    assert (moved.mid, moved.spread) == (min(worth, most), 0)


def test_a_kept_fee_is_borne_by_the_merchant_and_a_kept_spread_by_the_payer() -> None:
    agreed = terms()
    whole = parts_of(agreed)
    policy = RefundPolicy(keeps_fee=True, keeps_spread=True)

    assert reckon(policy, agreed, whole, Already(), None) == Reckoning(
        RefundRate.ORIGINAL, True, True, None, whole.mid, 0
    )
    _, moved, _ = refund(agreed, Already(), 18_900, policy, agreed.mid)
    assert moved == Parts(whole.mid, 0, 18_900, 0)


@given(priced(), st.lists(st.tuples(st.booleans(), st.integers(1, 70)), max_size=10))
def test_refunds_and_disputes_together_never_take_more_than_was_captured(
    agreed: Terms, asked: list[tuple[bool, int]]
) -> None:
    whole, already = parts_of(agreed), Already()
    for disputes, share in asked:
        left = agreed.target_minor - already.shares.payable - already.shares.fee
        if disputes:
            contested = max(1, agreed.home_minor * share // 100)
            shares = covered_shares(agreed, Side.COLLECT, contested, already)
            assert shares.mid + shares.spread == min(
                contested, agreed.home_minor - already.home_minor
            )
            home = already.home_minor + shares.mid + shares.spread
            already = Already(plus(already.shares, shares), home)
        elif left > 0:
            minor = min(max(1, agreed.target_minor * share // 100), left)
            _, _, already = refund(agreed, already, minor, RefundPolicy(), agreed.mid)
        assert already.shares.payable + already.shares.fee <= agreed.target_minor
        assert already.shares.mid <= whole.mid
        assert already.shares.spread <= whole.spread
        assert already.home_minor <= agreed.home_minor


@given(priced())
def test_a_dispute_of_the_whole_covers_the_whole(agreed: Terms) -> None:
    whole = parts_of(agreed)

    assert covered_shares(agreed, Side.COLLECT, agreed.home_minor, Already()) == whole
    assert covered_shares(agreed, Side.DELIVER, agreed.target_minor, Already()) == whole
    gone = Already(whole, agreed.home_minor)
    assert covered_shares(agreed, Side.COLLECT, agreed.home_minor, gone) == NOTHING
    assert covered_shares(agreed, Side.DELIVER, agreed.target_minor, gone) == NOTHING
