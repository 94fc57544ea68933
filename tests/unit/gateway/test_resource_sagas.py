"""Sagas of refunds and top-ups: whatever is heard, in any order, they end once and rightly."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.core.ids import Resource
from services.gateway.incoming import Incoming, What
from services.gateway.payments.model import Parts, Terms
from services.gateway.reference import RefundRate
from services.gateway.refunds import model as refunds
from services.gateway.refunds import saga as refund_saga
from services.gateway.refunds.policy import Reckoning
from services.gateway.topups import model as top_ups
from services.gateway.topups import saga as top_up_saga

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
REFERENCE = "01K8T5Q0000000000000000000"
TERMS = Terms(
    REFERENCE, "panda", "p1", b"", "li-na", "panda_edo", "", "", "shokudo", "SHOKUDO", "TOKYO",
    "JP", "code", "prefund:panda:CNY", "merchant-payable:shokudo:JPY", "JPY", 1_000, 16, "CNY",
    4_771, 71, Decimal("0.047"), NOW, NOW,
)  # fmt: skip
PARTS = Parts(1_410, 21, 295, 5)
PLAIN = Reckoning(RefundRate.ORIGINAL, False, False, None, 1_410, 21)


def refund(delivered: bool = False, collected: bool = False) -> refunds.Refund:
    """A fresh refund of a payment to a partner's shop, or of a payer who was charged."""
    terms = replace(
        TERMS,
        acceptance_partner_id="shanghai" if delivered else "",
        collect_partner_id="kakao" if collected else "",
    )
    ask = refunds.Ask(REFERENCE, "panda", "r1", b"", REFERENCE, "p1", "", 300, PARTS, PLAIN, NOW)
    return refunds.Refund(ask, terms, refund_saga.first_life(NOW))


def top_up() -> top_ups.TopUp:
    ask = top_ups.Ask(
        REFERENCE, "sakura", "t1", b"", "l1", "hanako", "bank", "acct", 30_000, "JPY", NOW
    )
    return top_ups.TopUp(ask, top_up_saga.first_life(NOW))


def heard(what: What, side: str = "", command: str = "reserve") -> Incoming:
    link = f"refund-{REFERENCE}"
    charge_id = f"{link}-{side}" if side else ""
    return Incoming(Resource.REFUND, REFERENCE, what, link, charge_id, command, "NO", "No.")


EVENTS = st.builds(
    heard,
    st.sampled_from(What),
    st.sampled_from(["", "deliver", "collect"]),
    st.sampled_from(["reserve", "post", "void", "transfer"]),
)


@given(st.booleans(), st.booleans(), st.lists(EVENTS, max_size=30))
def test_a_refund_that_has_ended_never_ends_otherwise(
    delivered: bool, collected: bool, events: list[Incoming]
) -> None:
    made = refund(delivered, collected)
    reserved = False
    given_back = set()
    for event in events:
        decision = refund_saga.decide(made, event, NOW)
        reserved |= event.what is What.FUNDS_RESERVED
        if event.what is What.REFUND_ACCEPTED:
            given_back.add(event.charge_id.rpartition("-")[2])
        after = replace(made, life=decision.life or made.life)
        if made.life.state is not refunds.State.PENDING:
            assert after.life.state is made.life.state
        if after.life.state is refunds.State.COMPLETED:
            assert reserved
            assert not delivered or "deliver" in given_back
            assert not collected or "collect" in given_back
            assert decision.order is not refunds.Step.VOID
        if after.life.state is refunds.State.DECLINED:
            assert decision.order in (None, refunds.Step.VOID)
        made = after


@pytest.mark.parametrize(
    ("delivered", "collected", "steps"),
    [
        (False, False, ["post"]),
        (True, False, ["deliver", "post"]),
        (False, True, ["collect", "post"]),
        (True, True, ["deliver", "collect", "post"]),
    ],
)
def test_a_refund_goes_back_the_way_its_payment_came(
    delivered: bool, collected: bool, steps: list[str]
) -> None:
    made = refund(delivered, collected)
    gone = []
    for event in (
        heard(What.FUNDS_RESERVED),
        heard(What.REFUND_ACCEPTED, "deliver"),
        heard(What.REFUND_ACCEPTED, "collect"),
    ):
        decision = refund_saga.decide(made, event, NOW)
        if decision.life is not None:
            made = replace(made, life=decision.life)
            gone.append(str(decision.order))

    assert gone == steps
    assert made.life.state is refunds.State.COMPLETED


def test_a_wallet_is_not_asked_for_a_share_that_rounds_to_nothing() -> None:
    made = refund(collected=True)
    nothing = replace(
        made,
        ask=replace(
            made.ask,
            shares=Parts(0, 0, 300, 0),
            reckoning=replace(PLAIN, mid_minor=0, spread_minor=0),
        ),
    )

    decision = refund_saga.decide(nothing, heard(What.FUNDS_RESERVED), NOW)

    assert decision.order is refunds.Step.POST


@given(st.lists(EVENTS, max_size=30))
def test_a_top_up_that_has_ended_never_ends_otherwise(events: list[Incoming]) -> None:
    made = top_up()
    drawn = False
    for event in events:
        drawn |= event.what in (What.CHARGE_ACCEPTED, What.CHARGE_ACCEPTED_LATE)
        decision = top_up_saga.decide(made, event, NOW)
        after = replace(made, life=decision.life or made.life)
        if made.life.state is not top_ups.State.PENDING:
            assert after.life.state is made.life.state
        if after.life.step in (top_ups.Step.CREDIT, top_ups.Step.GIVE_BACK):
            assert drawn
        if after.life.state is top_ups.State.DECLINED:
            assert decision.order in (None, top_ups.Step.GIVE_BACK)
        made = after
