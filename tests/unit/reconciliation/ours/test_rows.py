"""Rules of our rows: shares of a fee, and what is merged of a charge."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reconciliation.ours.rows import ChargeSaid, Said, charge_rows, fee_shares, merged
from services.reconciliation.partners import partners_of

NOON = datetime(2026, 10, 30, 3, tzinfo=UTC)
PARTNERS = partners_of(None)
SAID = Said("bridge", 1, 1)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(0, 10**4))
def test_shares_of_a_fee_add_up_when_all_is_given_back(parts: list[int], fee: int) -> None:
    shares = fee_shares(fee, sum(parts), parts)
    assert sum(share or 0 for share in shares) == fee
    assert all(share is not None and share >= 0 for share in shares)


def test_a_fee_that_is_not_known_has_no_shares() -> None:
    assert fee_shares(None, 10, [4, 6]) == [None, None]


times = st.none() | st.integers(0, 100).map(lambda hours: NOON + timedelta(hours=hours))
said = st.builds(
    ChargeSaid,
    st.just("c"),
    st.just("payment-1"),
    partner_id=st.just("kakaopay"),
    kind=st.just("payment"),
    currency=st.just("KRW"),
    minor=st.just(1_000),
    accept_time=times,
    cancel_time=times,
    late_time=times,
)


@given(said, said)
def test_what_is_said_of_a_charge_merges_in_any_order(one: ChargeSaid, other: ChargeSaid) -> None:
    assert merged(one, other) == merged(other, one)
    assert merged(one, one) == one


@given(said)
def test_a_cancelled_charge_comes_to_nothing(charge: ChargeSaid) -> None:
    rows = charge_rows(charge, [], PARTNERS["kakaopay"], SAID)
    assert sum(row.minor for row in rows) == (
        1_000 if charge.stands_since and not charge.is_cancelled else 0
    )


def test_a_charge_of_an_unknown_partner_has_no_rows() -> None:
    assert charge_rows(ChargeSaid("c", "r", accept_time=NOON), [], None, SAID) == []
