"""Charges as the tests of the bridge's rules need them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.bridge.domain.answer import Answer, Moment, Outcome, Rules
from services.bridge.domain.charge import Charge, Closing, Kind, Operation, Order, State, lease
from services.core.money import Money

TODAY = datetime(2026, 10, 30, 3, 0, tzinfo=UTC)
MACHINE = datetime(2030, 1, 1, tzinfo=UTC)
NOW = Moment(TODAY, MACHINE)
EXPIRED = Moment(TODAY + timedelta(hours=1), MACHINE)
RULES = Rules(
    repeatable=False,
    cancels=True,
    inquire_every=timedelta(seconds=3),
    inquiries=10,
    late_checks=(timedelta(seconds=10), timedelta(minutes=2)),
)
PATIENT = replace(RULES, cancels=False)
ORDER = Order(
    "payment-1-deliver",
    "payment-1",
    Kind.DELIVER,
    "kakaopay",
    Money(18_900, "KRW"),
    "https://qr.kakaopay.com/1",
    "",
    "Lunch",
    TODAY + timedelta(minutes=2),
)


def charge(state: State = State.STARTED, **changes: Any) -> Charge:
    """A charge in `state`, as it would stand there."""
    settled: dict[str, Any] = {"due_time": MACHINE}
    match state:
        case State.ACCEPTED:
            settled = {"operation": None, "captured_minor": ORDER.amount.minor, "asked": True}
        case State.REJECTED | State.CANCELLED:
            settled = {"operation": None, "asked": True, "reason": "NO_ANSWER"}
        case State.ACTION_REQUIRED | State.UNKNOWN:
            settled |= {"operation": Operation.INQUIRE, "asked": True}
    return Charge(ORDER, TODAY, TODAY, state, **{**settled, **changes})


def under(found: Charge, operation: Operation) -> Charge:
    """The charge while this process asks for `operation`."""
    return lease(replace(found, operation=operation, due_time=MACHINE), NOW, RULES)


def closing(state: State = State.UNKNOWN, why: Closing = Closing.RULE) -> Charge:
    return charge(state, closing=why)


def answer(outcome: Outcome, **changes: Any) -> Answer:
    return Answer(outcome, **{"partner_reference": "P1", **changes})
