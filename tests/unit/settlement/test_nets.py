"""What a window has brought each account: payouts are shown, and are no part of it."""

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.postings import Class, Sums, nets_of
from services.settlement.domain.windows import movements

SUMS = st.builds(
    Sums,
    st.sampled_from(["a:JPY", "b:JPY"]),
    st.sampled_from(Class),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)


@given(st.lists(SUMS))
def test_a_movement_is_its_net_and_what_payouts_have_moved(sums: list[Sums]) -> None:
    nets = nets_of(sums)
    for movement in movements({}, sums):
        paid = sum(
            each.net_minor
            for each in sums
            if each.account_id == movement.account_id and each.klass is Class.PAYOUT
        )
        assert movement.net_minor == nets.get(movement.account_id, 0) + paid
