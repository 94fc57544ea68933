"""Payouts as the tests of their rules need them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.bridge.domain.answer import Moment, Rules
from services.bridge.payouts.life import lease_payout
from services.bridge.payouts.model import (
    Payee,
    Payout,
    PayoutAnswer,
    PayoutOperation,
    PayoutOrder,
    PayoutState,
    Word,
    payout_answer,
)
from services.core.money import Money

TODAY = datetime(2026, 10, 30, 3, 0, tzinfo=UTC)
MACHINE = datetime(2030, 1, 1, tzinfo=UTC)
NOW = Moment(TODAY, MACHINE)
NEXT_DAY = Moment(TODAY + timedelta(days=1), MACHINE + timedelta(days=1))
RULES = Rules(
    repeatable=False,
    cancels=False,
    inquire_every=timedelta(seconds=3),
    inquiries=5,
    zone=ZoneInfo("Asia/Tokyo"),
)
ORDER = PayoutOrder(
    "payout-1",
    "payout-1",
    "japan-bank",
    Money(120_000, "JPY"),
    Payee("9999", "001", "1", "1234567", "ｶ)ﾃｽﾄｼﾖｳｼﾞ"),
    "Settlement",
    None,
)


def payout(state: PayoutState = PayoutState.STARTED, **changes: Any) -> Payout:
    """A payout in `state`, as it would stand there, due now."""
    settled: dict[str, Any] = {"due_time": MACHINE}
    if state is not PayoutState.STARTED:
        settled |= {"asked": True, "operation": PayoutOperation.SEARCH}
    if state in (PayoutState.SUBMITTED, PayoutState.ACCEPTED, PayoutState.EXECUTED):
        settled |= {"operation": PayoutOperation.INQUIRE, "partner_reference": "P1"}
    if state in (PayoutState.REJECTED, PayoutState.RETURNED):
        settled |= {"operation": None, "due_time": None}
    if state is PayoutState.EXECUTED:
        settled |= {"watch_time": TODAY + RULES.returns_for}
    return Payout(ORDER, TODAY, TODAY, state, **{**settled, **changes})


def under(found: Payout, operation: PayoutOperation | None = None, moment: Moment = NOW) -> Payout:
    """The payout while this process asks for what is due, or for `operation`."""
    return lease_payout(replace(found, operation=operation or found.operation), moment, RULES)


def word(said: Word, **changes: Any) -> PayoutAnswer:
    return payout_answer(said, **{"partner_reference": "P1", **changes})
