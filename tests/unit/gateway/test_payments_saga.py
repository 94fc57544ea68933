"""The saga: each state and event has one consequence, and all others change nothing."""

import itertools

import pytest

from services.gateway.incoming import What
from services.gateway.payments.model import FINAL, Payment, State, Step
from services.gateway.payments.saga import STAY, Order, Side, decide
from tests.unit.gateway.payments_builders import LATER, heard, payment

CONFIRMED, WAITING = State.CONFIRMED, State.ACTION_REQUIRED
COMPLETED, DECLINED = State.COMPLETED, State.DECLINED
RESERVE = payment(CONFIRMED, Step.RESERVE)
COLLECT = payment(CONFIRMED, Step.COLLECT, collect=True)
APPROVE = payment(WAITING, Step.COLLECT, collect=True, action_url="https://a")
DELIVER = payment(CONFIRMED, Step.DELIVER)
DELIVER_COLLECTED = payment(CONFIRMED, Step.DELIVER, collect=True, collected=True)
POST = payment(COMPLETED, Step.POST)
UNDO = payment(DECLINED, Step.UNDO, collect=True, collected=True)
VOID = payment(DECLINED, Step.VOID)

# Where the payment is, what it hears, about which charge: state, step and order that follow.
MOVES = [
    (RESERVE, What.FUNDS_RESERVED, "", CONFIRMED, Step.DELIVER, Order.DELIVER),
    (payment(CONFIRMED, Step.RESERVE, collect=True), What.FUNDS_RESERVED, "",
     CONFIRMED, Step.COLLECT, Order.COLLECT),
    (RESERVE, What.FUNDS_REFUSED, "", DECLINED, Step.DONE, None),
    (COLLECT, What.CHARGE_ACCEPTED, "collect", CONFIRMED, Step.DELIVER, Order.DELIVER),
    (APPROVE, What.CHARGE_ACCEPTED, "collect", CONFIRMED, Step.DELIVER, Order.DELIVER),
    (COLLECT, What.CHARGE_ACCEPTED_LATE, "collect", CONFIRMED, Step.DELIVER, Order.DELIVER),
    (COLLECT, What.CHARGE_REJECTED, "collect", DECLINED, Step.VOID, Order.VOID),
    (APPROVE, What.CHARGE_REJECTED, "collect", DECLINED, Step.VOID, Order.VOID),
    (COLLECT, What.CHARGE_CANCELLED, "collect", DECLINED, Step.VOID, Order.VOID),
    (COLLECT, What.CHARGE_ACTION_REQUIRED, "collect", WAITING, Step.COLLECT, None),
    (COLLECT, What.CHARGE_UNKNOWN, "collect", CONFIRMED, Step.COLLECT, None),
    (APPROVE, What.CHARGE_UNKNOWN, "collect", WAITING, Step.COLLECT, None),
    (APPROVE, What.CHARGE_ACTION_REQUIRED, "collect", WAITING, Step.COLLECT, None),
    (APPROVE, What.CHARGE_ACCEPTED_LATE, "collect", CONFIRMED, Step.DELIVER, Order.DELIVER),
    (APPROVE, What.CHARGE_CANCELLED, "collect", DECLINED, Step.VOID, Order.VOID),
    (DELIVER_COLLECTED, What.CHARGE_ACCEPTED_LATE, "deliver", COMPLETED, Step.POST, Order.POST),
    (DELIVER_COLLECTED, What.CHARGE_CANCELLED, "deliver", DECLINED, Step.UNDO, Order.UNDO),
    (DELIVER_COLLECTED, What.CHARGE_UNKNOWN, "deliver", CONFIRMED, Step.DELIVER, None),
    (DELIVER_COLLECTED, What.CHARGE_ACTION_REQUIRED, "deliver", WAITING, Step.DELIVER, None),
    (DELIVER, What.CHARGE_ACCEPTED, "deliver", COMPLETED, Step.POST, Order.POST),
    (DELIVER, What.CHARGE_ACCEPTED_LATE, "deliver", COMPLETED, Step.POST, Order.POST),
    (DELIVER, What.CHARGE_REJECTED, "deliver", DECLINED, Step.VOID, Order.VOID),
    (DELIVER, What.CHARGE_CANCELLED, "deliver", DECLINED, Step.VOID, Order.VOID),
    (DELIVER, What.CHARGE_UNKNOWN, "deliver", CONFIRMED, Step.DELIVER, None),
    (DELIVER, What.CHARGE_ACTION_REQUIRED, "deliver", WAITING, Step.DELIVER, None),
    (DELIVER_COLLECTED, What.CHARGE_ACCEPTED, "deliver", COMPLETED, Step.POST, Order.POST),
    (DELIVER_COLLECTED, What.CHARGE_REJECTED, "deliver", DECLINED, Step.UNDO, Order.UNDO),
    (POST, What.FUNDS_POSTED, "", COMPLETED, Step.DONE, None),
    (UNDO, What.CHARGE_CANCELLED, "collect", DECLINED, Step.VOID, Order.VOID),
    (UNDO, What.REFUND_ACCEPTED, "collect", DECLINED, Step.VOID, Order.VOID),
    (VOID, What.FUNDS_VOIDED, "", DECLINED, Step.DONE, None),
    (VOID, What.FUNDS_EXPIRED, "", DECLINED, Step.DONE, None),
]  # fmt: skip


def event_of(what: What, side: str) -> object:
    command = "reserve" if what is What.FUNDS_REFUSED else ""
    return heard(what, side, command=command, action_url="https://b")


@pytest.mark.parametrize(("before", "what", "side", "state", "step", "order"), MOVES)
def test_an_event_that_was_waited_for_moves_the_payment(
    before: Payment, what: What, side: str, state: State, step: Step, order: Order | None
) -> None:
    decision = decide(before, event_of(what, side), LATER)  # type: ignore[arg-type]
    assert decision.life is not None
    assert (decision.life.state, decision.life.step) == (state, step)
    assert decision.life.version == before.life.version + 1
    assert decision.order == order
    assert decision.late is None


PLACES = [
    payment(State.QUOTED, Step.QUOTE),
    RESERVE,
    COLLECT,
    APPROVE,
    DELIVER,
    DELIVER_COLLECTED,
    POST,
    payment(COMPLETED, Step.DONE),
    UNDO,
    VOID,
    payment(DECLINED, Step.DONE),
    payment(State.CANCELLED, Step.DONE),
    payment(State.EXPIRED, Step.DONE),
]
LATE = {What.CHARGE_ACCEPTED, What.CHARGE_ACCEPTED_LATE}


@pytest.mark.parametrize("place", PLACES, ids=lambda p: f"{p.life.state}-{p.life.step}")
def test_every_other_event_leaves_the_payment_where_it_is(place: Payment) -> None:
    moving = {(what, side) for before, what, side, *_ in MOVES if before is place}
    for what, side in itertools.product(What, ("", "collect", "deliver", "other")):
        if any(what is one and (side == other or not other) for one, other in moving):
            continue
        decision = decide(place, event_of(what, side), LATER)  # type: ignore[arg-type]
        assert decision.life is None
        if decision.order is not None:
            assert (what, decision.order) == (What.FUNDS_RESERVED, Order.VOID)
        if decision.late is not None:
            assert what in LATE


def test_funds_reserved_for_a_payment_that_ended_are_given_back() -> None:
    for state in (DECLINED, State.CANCELLED, State.EXPIRED):
        decision = decide(payment(state, Step.DONE), heard(What.FUNDS_RESERVED), LATER)
        assert decision.order is Order.VOID


def test_funds_reserved_again_after_completion_stay_for_the_post() -> None:
    for step in (Step.POST, Step.DONE):
        assert decide(payment(COMPLETED, step), heard(What.FUNDS_RESERVED), LATER) == STAY


@pytest.mark.parametrize("step", [Step.UNDO, Step.VOID, Step.DONE])
def test_an_acceptance_after_the_decline_is_a_late_charge(step: Step) -> None:
    declined = payment(DECLINED, step, collect=True, collected=True)
    event = heard(What.CHARGE_ACCEPTED_LATE, "deliver", partner_reference="T9")
    late = decide(declined, event, LATER).late
    assert late is not None
    assert (late.side, late.partner_id, late.partner_reference) == (Side.DELIVER, "kakaopay", "T9")
    assert late.amount == declined.terms.target


def test_a_repeat_of_the_acceptance_that_was_undone_is_no_late_charge() -> None:
    assert decide(UNDO, heard(What.CHARGE_ACCEPTED, "collect"), LATER) == STAY


def test_a_collected_charge_accepted_after_it_was_cancelled_is_late() -> None:
    done = payment(DECLINED, Step.DONE, collect=True, collected=True)
    late = decide(done, heard(What.CHARGE_ACCEPTED_LATE, "collect"), LATER).late
    assert late is not None
    assert (late.side, late.amount) == (Side.COLLECT, done.terms.home)


def test_the_ledger_s_reason_becomes_the_payer_s() -> None:
    event = heard(What.FUNDS_REFUSED, command="reserve", reason="EXCEEDS_CREDITS")
    life = decide(RESERVE, event, LATER).life
    assert life is not None
    assert life.reason == "INSUFFICIENT_FUNDS"


def test_a_decline_gives_back_the_limits_that_were_taken() -> None:
    taken = payment(CONFIRMED, Step.DELIVER, limit_keys=("corridor:c",), limit_day=LATER.date())
    decision = decide(taken, heard(What.CHARGE_REJECTED, "deliver"), LATER)
    assert decision.gives_back
    assert decision.life is not None
    assert decision.life.limit_keys == ()


def test_a_partner_s_silence_is_told_once_and_forgotten_when_it_speaks() -> None:
    silent = decide(DELIVER, heard(What.CHARGE_UNKNOWN, "deliver"), LATER).life
    assert silent is not None
    assert silent.reason == "PARTNER_SILENT"
    again = Payment(DELIVER.terms, silent)
    assert decide(again, heard(What.CHARGE_UNKNOWN, "deliver"), LATER) == STAY
    spoken = decide(again, heard(What.CHARGE_ACCEPTED, "deliver"), LATER).life
    assert spoken is not None
    assert (spoken.state, spoken.reason) == (COMPLETED, "")


def test_no_event_moves_a_final_state() -> None:
    for place, what, side in itertools.product(PLACES, What, ("", "collect", "deliver")):
        life = decide(place, event_of(what, side), LATER).life  # type: ignore[arg-type]
        if place.life.state in FINAL and life is not None:
            assert life.state is place.life.state
