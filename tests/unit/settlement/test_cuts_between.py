"""Cuts between closes: forward, bounded, and never further than the copy of the facts."""

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.windows import FACTS_PER_CUT, MOST_PER_CUT, cut_between

LAST_AND_AHEAD = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(-10, 100_000)), min_size=64, max_size=64
)


@given(LAST_AND_AHEAD)
def test_a_cut_between_closes_goes_forward_and_no_further_than_the_copy(
    stripes: list[tuple[int, int]],
) -> None:
    last = [near for near, _ in stripes]
    reached = [max(0, near + ahead) for near, ahead in stripes]
    place = cut_between(last, reached)

    come = sum(max(0, ahead) for _, ahead in stripes)
    if place is None:
        assert come < FACTS_PER_CUT
    else:
        assert sum(place) > sum(last)
        assert all(near <= cut for near, cut in zip(last, place, strict=True))
        assert all(
            cut <= max(near, far) for near, cut, far in zip(last, place, reached, strict=True)
        )
        assert sum(place) - sum(last) <= MOST_PER_CUT


@given(st.integers(0, 63), st.integers(FACTS_PER_CUT, MOST_PER_CUT))
def test_what_came_in_one_stripe_is_cut_whole(stripe: int, come: int) -> None:
    last = [7] * 64
    reached = [7 + come * (each == stripe) for each in range(64)]
    assert cut_between(last, reached) == reached
