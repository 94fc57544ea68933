"""Legs of refunds: whatever the parts, the whole reverses the whole, and no leg more."""

from dataclasses import astuple

import hypothesis.strategies as st
from hypothesis import given

from services.gateway.payments.model import NOTHING, Parts
from services.gateway.refunds.reversal import reversed_parts

amounts = st.integers(0, 10**15)


@st.composite
def wholes(draw: st.DrawFn) -> Parts:
    target = draw(st.integers(1, 10**12))
    fee = draw(st.integers(0, target))
    return Parts(draw(amounts), draw(amounts), target - fee, fee)


def plus(one: Parts, other: Parts) -> Parts:
    return Parts(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))


def total(parts: Parts) -> int:
    return parts.payable + parts.fee


@given(wholes(), st.data())
def test_refunds_of_the_whole_reverse_the_whole(whole: Parts, data: st.DataObject) -> None:
    already = NOTHING
    while (left := total(whole) - total(already)) > 0:
        share = data.draw(st.integers(max(1, left // 5), left))
        part = reversed_parts(whole, already, share)
        assert total(part) == share
        already = plus(already, part)

    assert already == whole


@given(wholes(), st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=20))
def test_declined_refunds_leave_nothing_behind(whole: Parts, asked: list[tuple[int, bool]]) -> None:
    """Every refund is under way until the end of the list; then some of them are declined."""
    already = NOTHING
    kept = NOTHING
    for per_mille, is_kept in asked:
        share = min(max(1, total(whole) * per_mille // 1000), total(whole) - total(already))
        if share == 0:
            break
        part = reversed_parts(whole, already, share)
        already = plus(already, part)
        if is_kept:
            kept = plus(kept, part)
    assert all(a <= b for a, b in zip(astuple(kept), astuple(whole), strict=True))

    left = total(whole) - total(kept)
    last = reversed_parts(whole, kept, left) if left else NOTHING

    assert plus(kept, last) == whole
    assert min(astuple(last)) >= 0


@given(wholes(), st.data())
def test_a_first_part_is_never_more_than_its_share_at_home(
    whole: Parts, data: st.DataObject
) -> None:
    share = data.draw(st.integers(1, total(whole)))

    part = reversed_parts(whole, NOTHING, share)

    assert part.mid * total(whole) <= whole.mid * share
    assert part.spread * total(whole) <= whole.spread * share
    assert (whole.mid * share) - part.mid * total(whole) < total(whole)


def test_a_third_of_a_payment_gives_a_third_of_each_leg() -> None:
    whole = Parts(mid=9_003, spread=90, payable=18_522, fee=378)

    assert reversed_parts(whole, NOTHING, 6_300) == Parts(3_001, 30, 6_174, 126)


def test_half_a_unit_of_the_fee_is_given_back_with_the_first_half() -> None:

    whole = Parts(mid=0, spread=0, payable=9, fee=1)

    assert reversed_parts(whole, NOTHING, 5) == Parts(0, 0, 4, 1)
    assert reversed_parts(whole, Parts(0, 0, 4, 1), 5) == Parts(0, 0, 5, 0)
