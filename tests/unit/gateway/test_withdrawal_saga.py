"""The saga of withdrawals: whatever is heard, in any order, money is drawn once or not at all."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.core.ids import Resource
from services.core.money import Money
from services.gateway.incoming import Incoming, What
from services.gateway.reference import LimitFlow, LimitPeriod, LimitRule
from services.gateway.resources.model import OPERATOR, Resolution
from services.gateway.withdrawals import saga
from services.gateway.withdrawals.limits import amount_refusal, keyed, period_refusal, rules_for
from services.gateway.withdrawals.model import Ask, State, Step, Withdrawal
from tests.store.gateway.payments_world import SAKURA

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
REFERENCE = "01K8T5Q0000000000000000000"
LINK = f"withdrawal-{REFERENCE}"
PAYEE = b"sealed for the bridge"
ASK = Ask(
    REFERENCE, "sakura", "w1", b"", "l1", "hanako", "bank", 30_000, "JPY", NOW, date(2026, 10, 30)
)
ACCOUNT = "customer:sakura/hanako:JPY"
SAID = tuple(what for what in What if what.startswith(("funds_", "payout_")))


def withdrawal(**life: Any) -> Withdrawal:
    return Withdrawal(ASK, replace(saga.first_life(NOW), **life), PAYEE)


def heard(what: What, link_id: str = LINK, **more: Any) -> Incoming:
    return Incoming(Resource.WITHDRAWAL, REFERENCE, what, link_id, LINK, **more)


def after(made: Withdrawal, *events: Incoming, now: datetime = NOW) -> tuple[Withdrawal, list[str]]:
    """The withdrawal after events, and what was ordered meanwhile."""
    ordered = []
    for event in events:
        decision = saga.decide(made, event, now)
        made = replace(made, life=decision.life or made.life)
        if decision.order is not None:
            ordered.append(str(decision.order))
    return made, ordered


def drawn() -> tuple[Withdrawal, list[str]]:
    return after(
        withdrawal(),
        heard(What.FUNDS_RESERVED),
        heard(What.PAYOUT_SUBMITTED),
        heard(What.PAYOUT_ACCEPTED),
        heard(What.PAYOUT_EXECUTED),
        heard(What.FUNDS_POSTED),
    )


def test_a_withdrawal_is_complete_when_the_money_has_left() -> None:
    accepted, _ = after(withdrawal(), heard(What.FUNDS_RESERVED), heard(What.PAYOUT_ACCEPTED))
    made, ordered = drawn()

    assert accepted.life.state is State.PENDING
    assert (made.life.state, made.life.step) == (State.COMPLETED, Step.DONE)
    assert ordered == ["order", "post"]


def test_what_the_bank_refuses_is_freed() -> None:
    no = heard(What.PAYOUT_REJECTED, reason="NAME_MISMATCH", message="Another name.")
    made, ordered = after(withdrawal(), heard(What.FUNDS_RESERVED), no, heard(What.FUNDS_VOIDED))

    assert (made.life.state, made.life.step) == (State.DECLINED, Step.DONE)
    assert (made.life.reason, ordered) == ("NAME_MISMATCH", ["order", "void"])


def test_what_comes_back_is_credited_by_a_transfer_of_its_own() -> None:
    made, _ = drawn()
    made, ordered = after(made, heard(What.PAYOUT_RETURNED, reason="PAYEE_UNKNOWN"))
    assert made.life.state is State.COMPLETED
    back = made.leg(Step.GIVE_BACK)
    assert (back.debit_account_id, back.credit_account_id) == ("bank-clearing-out:JPY", ACCOUNT)
    made, _ = after(made, heard(What.FUNDS_POSTED, f"{LINK}-back"))

    assert ordered == ["give_back"]
    assert (made.life.state, made.life.reason) == (State.RETURNED, "PAYEE_UNKNOWN")


def test_what_comes_back_before_it_is_posted_is_posted_first() -> None:
    made, ordered = after(
        withdrawal(),
        heard(What.FUNDS_RESERVED),
        heard(What.PAYOUT_RETURNED),
        heard(What.FUNDS_POSTED),
    )

    assert ordered == ["order", "post", "give_back"]
    assert made.life.step is Step.GIVE_BACK


def test_an_empty_account_is_told_as_the_payer_s_funds() -> None:
    no = heard(What.FUNDS_REFUSED, command="reserve", reason="EXCEEDS_CREDITS", account_id=ACCOUNT)
    made, ordered = after(withdrawal(), no)

    assert (made.life.state, made.life.reason, ordered) == (State.DECLINED, "PAYER_FUNDS", [])


def test_money_set_aside_too_late_is_never_ordered() -> None:
    later = NOW + timedelta(minutes=16)
    made, ordered = after(withdrawal(), heard(What.FUNDS_RESERVED), now=later)

    assert (made.life.state, made.life.reason) == (State.DECLINED, "WITHDRAWAL_EXPIRED")
    assert ordered == ["void"]


def test_an_account_that_cannot_be_read_is_never_ordered() -> None:
    unread = replace(withdrawal(), sealed_payee=b"")
    made, ordered = after(unread, heard(What.FUNDS_RESERVED))

    assert (made.life.reason, ordered) == ("ACCOUNT_UNREADABLE", ["void"])


def test_what_comes_back_before_a_person_has_decided_is_no_case_any_more() -> None:
    made, _ = after(withdrawal(state=State.DECLINED, step=Step.DONE), heard(What.PAYOUT_EXECUTED))
    made, ordered = after(made, heard(What.PAYOUT_RETURNED), heard(What.PAYOUT_EXECUTED))

    assert (made.life.state, made.life.step, ordered) == (State.DECLINED, Step.DONE, [])


@pytest.mark.parametrize("taken", [True, False])
def test_what_comes_back_while_it_is_taken_is_given_back(taken: bool) -> None:
    made, _ = after(withdrawal(state=State.DECLINED, step=Step.DONE), heard(What.PAYOUT_EXECUTED))
    decision = saga.resolve(made, Resolution.RETRY, NOW)
    assert decision.life is not None
    made = replace(made, life=decision.life)
    take = f"{LINK}-take-1"
    said = What.FUNDS_POSTED if taken else What.FUNDS_REFUSED
    back = heard(What.PAYOUT_RETURNED)
    made, ordered = after(made, back, back, heard(said, take), heard(What.PAYOUT_EXECUTED))
    if not taken:
        assert (made.life.state, made.life.step, ordered) == (State.DECLINED, Step.DONE, [])
        return
    assert (made.life.step, ordered) == (Step.GIVE_BACK, ["give_back"])
    made, _ = after(made, back, heard(What.FUNDS_POSTED, f"{LINK}-back-1"), back)
    assert (made.life.state, made.life.step) == (State.RETURNED, Step.DONE)


@pytest.mark.parametrize(
    ("word", "state", "ordered"),
    [
        (Resolution.RETRY, State.COMPLETED, "take"),
        (Resolution.WRITE_OFF, State.DECLINED, "write_off"),
        (Resolution.SETTLED, State.DECLINED, ""),
    ],
)
def test_what_a_bank_pays_after_its_refusal_is_a_person_s_to_decide(
    word: Resolution, state: State, ordered: str
) -> None:
    made, orders = after(
        withdrawal(state=State.DECLINED, step=Step.DONE), heard(What.PAYOUT_EXECUTED)
    )
    assert (made.life.step, orders) == (Step.OPERATOR, [])
    decision = saga.resolve(made, word, NOW)
    assert decision.life is not None
    made = replace(made, life=decision.life)
    if ordered:
        assert decision.order is not None
        link = made.link_id(decision.order)
        made, _ = after(made, heard(What.FUNDS_POSTED, link), heard(What.PAYOUT_EXECUTED))

    assert str(decision.order or "") == ordered
    assert (made.life.state, made.life.step) == (state, Step.DONE)


def decided(made: Withdrawal, word: Resolution) -> tuple[Withdrawal, str]:
    """The case after an operator's word, and what is ordered."""
    decision = saga.resolve(made, word, NOW)
    return replace(made, life=decision.life or made.life), str(decision.order or "")


def paid_after_refusal() -> Withdrawal:
    made, _ = after(withdrawal(state=State.DECLINED, step=Step.DONE), heard(What.PAYOUT_EXECUTED))
    return made


BACK = heard(What.PAYOUT_RETURNED)


@pytest.mark.parametrize("meanwhile", [True, False])
def test_what_was_written_off_and_comes_back_leaves_loss_again(meanwhile: bool) -> None:
    made, ordered = decided(paid_after_refusal(), Resolution.WRITE_OFF)
    lost = heard(What.FUNDS_POSTED, f"{LINK}-loss-1")
    assert (made.leg(Step.WRITE_OFF).debit_account_id, ordered) == ("loss:JPY", "write_off")
    made, orders = after(made, *((BACK, BACK, lost) if meanwhile else (lost, BACK, BACK)))

    assert (made.life.step, orders) == (Step.WRITE_OFF, ["write_off"])
    leg = made.leg(Step.WRITE_OFF)
    accounts = leg.debit_account_id, leg.credit_account_id
    assert accounts == ("bank-clearing-out:JPY", "loss:JPY")
    assert made.link_id(Step.WRITE_OFF) == f"{LINK}-loss-2"
    made, orders = after(made, BACK, heard(What.FUNDS_POSTED, f"{LINK}-loss-2"), BACK)
    assert (made.life.state, made.life.step, orders) == (State.DECLINED, Step.DONE, [])
    assert made.life.reason == "RETURNED_MEANWHILE"


def test_what_comes_back_before_a_refused_write_off_is_no_case_any_more() -> None:
    made, _ = decided(paid_after_refusal(), Resolution.WRITE_OFF)
    made, ordered = after(made, BACK, heard(What.FUNDS_REFUSED, f"{LINK}-loss-1"), BACK)

    assert (made.life.step, made.life.reason, ordered) == (Step.DONE, "RETURNED_MEANWHILE", [])


@pytest.mark.parametrize("word", [Resolution.SETTLED, Resolution.WRITE_OFF])
def test_what_was_settled_outside_and_comes_back_is_a_case_that_says_what_to_do(
    word: Resolution,
) -> None:
    made, _ = decided(paid_after_refusal(), Resolution.SETTLED)
    made, ordered = after(made, BACK, BACK)
    assert (made.life.step, made.life.reason) == (Step.OPERATOR, "RETURNED_AFTER_SETTLEMENT")
    assert (made.life.stuck_at, ordered) == (Step.GIVE_BACK, [])
    assert decided(made, Resolution.RETRY) == (made, "")

    made, order = decided(made, word)
    if order:
        assert made.leg(Step.WRITE_OFF).credit_account_id == "loss:JPY"
        made, _ = after(made, heard(What.FUNDS_POSTED, f"{LINK}-loss-1"))
    made, ordered = after(made, BACK)
    assert (made.life.state, made.life.step, ordered) == (State.DECLINED, Step.DONE, [])


def test_a_write_off_that_cannot_be_undone_is_a_case_again() -> None:
    made, _ = decided(paid_after_refusal(), Resolution.WRITE_OFF)
    made, _ = after(made, heard(What.FUNDS_POSTED, f"{LINK}-loss-1"), BACK)
    made, _ = after(made, heard(What.FUNDS_REFUSED, f"{LINK}-loss-2"))
    assert (made.life.step, made.life.stuck_at) == (Step.OPERATOR, Step.GIVE_BACK)
    assert made.life.reason == "RETURNED_AFTER_WRITE_OFF"
    made, ordered = decided(made, Resolution.WRITE_OFF)
    assert (made.link_id(Step.WRITE_OFF), ordered) == (f"{LINK}-loss-3", "write_off")


EVENTS = st.builds(
    heard,
    st.sampled_from(SAID),
    st.sampled_from([LINK, f"{LINK}-back", f"{LINK}-take-1", f"{LINK}-loss-1", "other"]),
    command=st.sampled_from(["reserve", "post", "transfer"]),
)


@given(st.lists(EVENTS, max_size=30))
def test_no_order_is_given_twice_and_no_end_is_taken_back(events: list[Incoming]) -> None:
    made = withdrawal()
    orders: Counter[str] = Counter()
    for event in events:
        before = made
        made, ordered = after(made, event)
        orders.update(ordered)
        if before.life.state is State.RETURNED:
            assert made == before
        if before.life.state is State.DECLINED:
            assert made.life.state is State.DECLINED
        if before.life.state is State.COMPLETED:
            assert made.life.state in (State.COMPLETED, State.RETURNED)
        if made.life.step == OPERATOR:
            assert made.life.stuck_at in (Step.GIVE_BACK, Step.TAKE)

    assert orders["order"] <= 1
    assert orders["give_back"] <= 1
    assert not (orders["post"] and made.life.state is State.DECLINED)


def rule(period: LimitPeriod, maximum: int, minimum: int = 0, **more: Any) -> LimitRule:
    fields = {"limit_rule_id": f"by-{period}", "collect_partner_id": "", **more}
    return LimitRule(
        period=period, wallet_country="", wallet_id="", acceptance_partner_id="",
        maximum=Money(maximum, "JPY"), minimum=minimum, source="a law", active=True,
        **{"flow": LimitFlow.WITHDRAWAL, **fields},
    )  # fmt: skip


def test_rules_of_other_flows_banks_and_currencies_do_not_count() -> None:
    fits = rule(LimitPeriod.DAY, 50_000)
    others = [
        rule(LimitPeriod.DAY, 1, limit_rule_id="p", flow=LimitFlow.PAYMENT),
        rule(LimitPeriod.DAY, 1, limit_rule_id="b", collect_partner_id="another-bank"),
        replace(rule(LimitPeriod.DAY, 1, limit_rule_id="c"), maximum=Money(1, "CNY")),
        replace(rule(LimitPeriod.DAY, 1, limit_rule_id="i"), active=False),
    ]

    assert rules_for([*others, fits], SAKURA, "bank") == (fits,)


def test_limits_count_what_was_drawn_before() -> None:
    rules = (rule(LimitPeriod.PAYMENT, 30_000, 1_000), rule(LimitPeriod.DAY, 50_000))
    day = ASK.limit_day
    periods = keyed(rules, "sakura", "hanako")
    used = {(key, day): 30_000 for key in periods}

    def refused(minor: int) -> list[bool]:
        amount = Money(minor, "JPY")
        of_period = period_refusal(periods, amount, day, used)
        return [amount_refusal(rules, amount) is not None, of_period is not None]

    assert [refused(minor) for minor in (999, 20_000, 20_001, 30_001)] == [
        [True, False],
        [False, False],
        [False, True],
        [True, True],
    ]
