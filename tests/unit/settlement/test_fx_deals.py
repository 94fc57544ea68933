"""A rebalancing deal: what it books and how it moves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.money import Money
from services.settlement.fx_book.deals import (
    SETTLE,
    Deal,
    DealMalformed,
    DealState,
    Terms,
    hear_posted,
    hear_refused,
    make_deal,
    see,
    settle,
)

NOW = datetime(2026, 10, 30, 3, tzinfo=UTC)
TERMS = Terms(
    "deal-1", "mizuho", Money(100_000, "JPY"), Money(905_000, "KRW"),
    date(2026, 10, 30), date(2026, 11, 2), "aiko",
)  # fmt: skip
MID = Decimal("9.1")


def deal(bought: int = 905_000) -> Deal:
    return make_deal(
        "01ARZ3NDEKTSV4RRFFQ69G5FAV", replace(TERMS, bought=Money(bought, "KRW")), MID, NOW
    )


def nets(deal: Deal) -> dict[str, int]:
    """Credits less debits by account."""
    found: dict[str, int] = {}
    for move in deal.moves:
        found[move.debit_account_id] = found.get(move.debit_account_id, 0) - move.amount.minor
        found[move.credit_account_id] = found.get(move.credit_account_id, 0) + move.amount.minor
    return found


def test_the_position_gets_what_the_sold_money_is_worth_and_the_result_the_difference() -> None:
    assert nets(deal()) == {
        "position:JPY": -100_000,
        "fx-deal-clearing:JPY": 100_000,
        "fx-deal-clearing:KRW": -905_000,
        "position:KRW": 910_000,
        "fx-result:KRW": -5_000,
    }
    assert nets(deal(912_000))["fx-result:KRW"] == 2_000


def test_a_deal_at_mid_has_no_result() -> None:
    assert "fx-result:KRW" not in nets(deal(910_000))


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_what_a_deal_books_and_settles_leaves_nothing_in_clearing(sold: int, bought: int) -> None:
    terms = replace(TERMS, sold=Money(sold, "JPY"), bought=Money(bought, "KRW"))
    booked = make_deal("01ARZ3NDEKTSV4RRFFQ69G5FAV", terms, MID, NOW)
    recorded = hear_posted(booked, booked.link_id)
    seen = see(see(recorded, credit=True, witness="a"), credit=False, witness="b")

    total = nets(booked)
    for account, minor in nets(seen).items():
        total[account] = total.get(account, 0) + minor
    assert total["fx-deal-clearing:JPY"] == total["fx-deal-clearing:KRW"] == 0
    assert total["bank:JPY"] == sold
    assert total["bank:KRW"] == -bought
    assert total["position:KRW"] == booked.mid_value.minor
    assert all(move.amount.minor > 0 for move in (*booked.moves, *seen.moves))


EVENTS = st.lists(
    st.sampled_from(
        [
            lambda d: hear_posted(d, d.resource_id),
            lambda d: hear_posted(d, d.resource_id + SETTLE),
            lambda d: hear_refused(d, d.resource_id, "ACCOUNT_UNKNOWN"),
            lambda d: hear_refused(d, d.link_id, "ACCOUNT_UNKNOWN"),
            lambda d: settle(d, "operator aiko"),
            lambda d: see(d, credit=True, witness="statement"),
            lambda d: see(d, credit=False, witness="statement"),
        ]
    ),
    max_size=12,
)


@given(EVENTS)
def test_events_in_any_order_and_number_never_lead_back(
    events: list[Callable[[Deal], Deal]],
) -> None:
    order = [DealState.BOOKING, DealState.RECORDED, DealState.SETTLED]
    now = deal()
    for event in events:
        after = event(now)
        if now.state in order and after.state in order:
            assert order.index(after.state) >= order.index(now.state)
        if now.state in (DealState.SETTLED, DealState.REFUSED):
            assert after.state is now.state
        now = after


def test_a_deal_is_settled_only_when_both_sides_are_on_the_statement() -> None:
    recorded = hear_posted(deal(), deal().link_id)
    one = see(recorded, credit=True, witness="bank/17")

    assert one.moves == []
    both = see(one, credit=False, witness="bank/18")
    assert both.link_id.endswith(SETTLE)
    assert hear_posted(both, both.link_id).state is DealState.SETTLED


def test_a_settlement_that_is_refused_waits_for_a_person_and_another_link() -> None:
    recorded = hear_posted(deal(), deal().link_id)
    seen = settle(recorded, "operator aiko")
    refused = hear_refused(seen, seen.link_id, "ACCOUNT_UNKNOWN")
    assert (refused.state, refused.reason, refused.moves) == (
        DealState.RECORDED,
        "ACCOUNT_UNKNOWN",
        [],
    )
    anew = settle(refused, "operator kenji")
    assert (anew.link_id, anew.sold_seen) == (f"{seen.link_id}-2", "operator aiko")
    assert anew.moves == seen.moves
    assert hear_refused(anew, seen.link_id, "ACCOUNT_UNKNOWN") == anew
    assert hear_posted(anew, anew.link_id).state is DealState.SETTLED


@pytest.mark.parametrize(
    "terms",
    [
        replace(TERMS, bought=Money(1, "JPY")),
        replace(TERMS, bought=Money(0, "KRW")),
        replace(TERMS, sold=Money(5, "XXQ")),
        replace(TERMS, value_date=date(2026, 10, 29)),
        replace(TERMS, operator=""),
    ],
)
def test_a_deal_that_cannot_be_booked_is_refused(terms: Terms) -> None:
    with pytest.raises(DealMalformed):
        terms.check()
