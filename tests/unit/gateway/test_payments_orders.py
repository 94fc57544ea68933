"""Any order and repetition of what wallet and partners say ends in one final state.

The model: wallet and bridge answer each order with events, as their contracts say; events arrive
in any order between the two topics, repeated at will. What the partners decided fixes the end.
"""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.incoming import Incoming, What
from services.gateway.payments.model import FINAL, Payment, State, Step
from services.gateway.payments.saga import Order, confirmed, decide, order_of
from tests.unit.gateway.payments_builders import LATER, heard, quoted

Script = dict[str, bool]


def answers(order: Order, script: Script) -> list[Incoming]:
    """What wallet or bridge says to an order, by what they have decided."""
    match order:
        case Order.RESERVE if script["funds"]:
            return [heard(What.FUNDS_RESERVED)]
        case Order.RESERVE:
            return [heard(What.FUNDS_REFUSED, command="reserve", reason="EXCEEDS_CREDITS")]
        case Order.POST:
            return [heard(What.FUNDS_POSTED)]
        case Order.VOID:
            return [heard(What.FUNDS_VOIDED)]
        case Order.EXPIRE:
            return [heard(What.FUNDS_EXPIRED)]
        case Order.UNDO:
            return [heard(What.CHARGE_CANCELLED, "collect")]
        case Order.COLLECT | Order.DELIVER:
            return list(charge(order.value, script))


def charge(side: str, script: Script) -> Iterable[Incoming]:
    if script["slow"]:
        yield heard(What.CHARGE_UNKNOWN, side)
    if side == "collect":
        yield heard(What.CHARGE_ACTION_REQUIRED, side, action_url="https://a")
    if script[side]:
        yield heard(What.CHARGE_ACCEPTED, side)
    else:
        yield heard(What.CHARGE_REJECTED, side, reason="NO")


def expected(script: Script, payment: Payment) -> State:
    """The end that the decisions of all parties lead to."""
    says_yes = script["funds"] and script["deliver"]
    if payment.terms.collect_partner_id:
        says_yes = says_yes and script["collect"]
    return State.COMPLETED if says_yes else State.DECLINED


scripts = st.fixed_dictionaries(
    {name: st.booleans() for name in ("funds", "collect", "deliver", "slow")}
)


@given(script=scripts, collects=st.booleans(), data=st.data())
def test_any_order_and_repetition_of_events_ends_in_one_final_state(
    script: Script, collects: bool, data: st.DataObject
) -> None:
    payment = quoted(collect_partner_id="kakaopay-online" if collects else "")
    payment = Payment(payment.terms, confirmed(payment.life, LATER))
    pending = answers(Order.RESERVE, script)
    past: list[Incoming] = []
    orders = [Order.RESERVE]
    for _ in range(200):
        if not pending:
            break
        if bool(past) and data.draw(st.booleans(), label="repeat"):
            event = data.draw(st.sampled_from(past), label="again")
        else:
            # A partner's own events keep their order: they share a key.
            event = pending.pop(0)
            past.append(event)
        decision = decide(payment, event, LATER)
        assert decision.late is None
        if decision.life is not None:
            was_final = payment.life.state in FINAL
            assert not was_final or decision.life.state is payment.life.state
            payment = Payment(payment.terms, decision.life)
        if decision.order is not None:
            orders.append(decision.order)
            pending += answers(decision.order, script)
        # The sweeper may repeat the present order at any time.
        if data.draw(st.booleans(), label="sweep") and (order := order_of(payment.life.step)):
            pending += answers(order, script)
    while pending:
        decision = decide(payment, pending.pop(0), LATER)
        if decision.life is not None:
            payment = Payment(payment.terms, decision.life)
        if decision.order is not None:
            orders.append(decision.order)
            pending += answers(decision.order, script)

    assert payment.life.state is expected(script, payment)
    assert payment.life.step is Step.DONE
    assert (Order.POST in orders) == (payment.life.state is State.COMPLETED)
    if payment.life.state is State.COMPLETED:
        assert Order.VOID not in orders
    assert (Order.UNDO in orders) == (
        collects and script["funds"] and script["collect"] and not script["deliver"]
    )
