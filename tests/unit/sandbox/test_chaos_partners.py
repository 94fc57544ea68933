"""The plan of a run under faults, and what its comparison calls a difference."""

from dataclasses import replace

import pytest

from services.sandbox.chaos.partners.comparing import compare
from services.sandbox.chaos.partners.facts import (
    ChargeFact,
    Claim,
    GivingBack,
    OurSide,
    PaymentFact,
    RefundFact,
    TheirBooks,
)
from services.sandbox.chaos.partners.plan import top_ups, wishes

CHARGE = ChargeFact("payment-a-deliver", "payment-a", "paypay", "accepted", 900, False, False)
PAYMENT = PaymentFact("a", "payment-a", "completed", "", True, "paypay", {"payment-a-deliver": 900})
BACK = GivingBack("refund-r", "payment-a-deliver", "refund-r", "paypay", "accepted", 300)
REFUND = RefundFact("refund-r", "payment-a", "paypay", "completed", True)
OURS = OurSide((PAYMENT,), (CHARGE,), (BACK,), (REFUND,), {}, (Claim("paypay", "JPY", 600),))
THEIRS = TheirBooks({"payment-a-deliver": 900}, {"refund-r": 300})
DECLINED = replace(PAYMENT, state="declined", reason="NO_ANSWER")


def differences(ours: OurSide, theirs: TheirBooks) -> tuple[str, ...]:
    return compare(ours, {"paypay": theirs}).differences


def test_equal_books_have_no_difference() -> None:
    verdict = compare(OURS, {"paypay": THEIRS})
    assert verdict.differences == ()
    assert verdict.table == {("paypay", "completed"): 1, ("paypay", "refund completed"): 1}


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param(TheirBooks({"payment-a-deliver": 1_800}, {"refund-r": 300}), id="twice"),
        pytest.param(TheirBooks({}, {"refund-r": 300}), id="not charged"),
        pytest.param(TheirBooks(THEIRS.accepted, {}), id="not given back"),
        pytest.param(TheirBooks(THEIRS.accepted, {"refund-r": 600}), id="given back twice"),
        pytest.param(TheirBooks({**THEIRS.accepted, "x": 1}, THEIRS.refunded), id="a stranger"),
        pytest.param(
            TheirBooks(THEIRS.accepted, {"refund-r": 300, "x": 1}), id="given for nothing"
        ),
    ],
)
def test_a_partner_that_holds_something_else_is_a_difference(theirs: TheirBooks) -> None:
    assert differences(OURS, theirs) != ()


@pytest.mark.parametrize(
    "ours",
    [
        pytest.param(replace(OURS, payments=(DECLINED,)), id="declined, but charged"),
        pytest.param(replace(OURS, payments=(replace(PAYMENT, is_done=False),)), id="not ended"),
        pytest.param(replace(OURS, charges=(replace(CHARGE, is_open=True),)), id="charge open"),
        pytest.param(replace(OURS, refunds=(replace(REFUND, state="declined"),)), id="refund"),
        pytest.param(replace(OURS, claims=(Claim("paypay", "JPY", 601),)), id="ledger"),
    ],
)
def test_what_we_have_otherwise_is_a_difference(ours: OurSide) -> None:
    assert len(differences(ours, THEIRS)) == 1


def test_a_late_charge_that_was_given_back_is_none() -> None:
    late = replace(CHARGE, state="rejected", is_late=True)
    back = replace(BACK, amount_minor=900, resource_id="late-l")
    ours = OurSide((DECLINED,), (late,), (back,), (), {late.charge_id: "refunded"}, ())
    theirs = TheirBooks({"payment-a-deliver": 900}, {"refund-r": 900})
    verdict = compare(ours, {"paypay": theirs})
    assert verdict.differences == ()
    assert verdict.table["paypay", "late charge refunded"] == 1


def test_a_cancel_that_came_too_late_counts_as_given_back() -> None:
    ours = replace(
        OURS,
        payments=(DECLINED,),
        charges=(replace(CHARGE, state="cancelled", captured_minor=0),),
        givings=(),
        refunds=(),
        claims=(Claim("paypay", "JPY", 0),),
    )
    books = TheirBooks({"payment-a-deliver": 900}, {"payment-a-deliver-void": 900})
    assert differences(ours, books) == ()


def test_a_run_repeats_by_its_seed() -> None:
    assert list(wishes(7, 500)) == list(wishes(7, 500))
    assert list(wishes(7, 500)) != list(wishes(8, 500))


def test_a_run_has_as_many_payments_as_asked_each_with_an_id_of_its_own() -> None:
    ids = [wish.top_up_id for wish in top_ups(7, 500)] + [w.payment_id for w in wishes(7, 500)]
    assert len(set(ids)) == 500


def test_no_two_payments_of_a_way_have_the_same_amount() -> None:
    found = [(wish.way.code, wish.amount) for wish in wishes(7, 2_000)]
    assert len(set(found)) == len(found)
