"""Confirm and cancel, and the limits that are looked at: pure rules, a line each."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.payments.asking import cancel, confirm, price_refusal
from services.gateway.payments.limits import (
    amount_refusal,
    limit_keys,
    local_day,
    period_refusal,
)
from services.gateway.payments.model import State, Step
from services.gateway.payments.refusals import (
    AmountBelowMinimum,
    AmountOverLimit,
    CorridorClosed,
    CorridorDayLimitReached,
    MaximumCurrencyDiffers,
    PayerDayLimitReached,
    PaymentCancelled,
    PaymentConfirmed,
    PriceAboveMaximum,
    QuoteExpired,
)
from services.gateway.reference import Corridor
from tests.store.gateway.payments_world import PANDA
from tests.unit.gateway.payments_builders import LATER, NOW, payment, quoted, terms

DAY = date(2026, 10, 30)
PAYER, ALL = "payer:panda/li-na:CNY", "corridor:panda_kakaopay"


def corridor(**limits: object) -> Corridor:
    return Corridor(
        "panda_kakaopay", "panda", "kakaopay", "CNY", "KRW", "plan", 120, **limits  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_quote_is_confirmed() -> None:
    outcome = confirm(quoted(), corridor(), DAY, {}, LATER)
    assert outcome.refusal is None
    assert outcome.life is not None
    assert (outcome.life.state, outcome.life.step) == (State.CONFIRMED, Step.RESERVE)
    assert outcome.life.limit_keys == ()


def test_the_instant_of_expiry_is_too_late() -> None:
    expiry = NOW + timedelta(seconds=120)
    just = confirm(quoted(), corridor(), DAY, {}, expiry - timedelta(microseconds=1))
    late = confirm(quoted(), corridor(), DAY, {}, expiry)
    assert just.refusal is None
    assert isinstance(late.refusal, QuoteExpired)
    assert late.life is not None
    assert late.life.state is State.EXPIRED


@pytest.mark.parametrize(
    ("state", "step", "refusal"),
    [
        (State.CONFIRMED, Step.DELIVER, None),
        (State.ACTION_REQUIRED, Step.COLLECT, None),
        (State.COMPLETED, Step.POST, None),
        (State.DECLINED, Step.VOID, None),
        (State.CANCELLED, Step.DONE, PaymentCancelled),
        (State.EXPIRED, Step.DONE, QuoteExpired),
    ],
)
def test_a_confirm_beyond_the_quote_changes_nothing(
    state: State, step: Step, refusal: type[KawaseError] | None
) -> None:
    outcome = confirm(payment(state, step), corridor(open=False), DAY, {}, LATER)
    assert outcome.life is None
    assert (type(outcome.refusal) if outcome.refusal else None) is refusal


@pytest.mark.parametrize(
    ("state", "step", "refusal"),
    [
        (State.CONFIRMED, Step.RESERVE, PaymentConfirmed),
        (State.ACTION_REQUIRED, Step.COLLECT, PaymentConfirmed),
        (State.COMPLETED, Step.DONE, PaymentConfirmed),
        (State.DECLINED, Step.DONE, PaymentConfirmed),
        (State.CANCELLED, Step.DONE, None),
        (State.EXPIRED, Step.DONE, QuoteExpired),
    ],
)
def test_a_cancel_beyond_the_quote_changes_nothing(
    state: State, step: Step, refusal: type[KawaseError] | None
) -> None:
    outcome = cancel(payment(state, step), LATER)
    assert outcome.life is None
    assert (type(outcome.refusal) if outcome.refusal else None) is refusal


def test_a_quote_is_cancelled() -> None:
    life = cancel(quoted(), LATER).life
    assert life is not None
    assert (life.state, life.step) == (State.CANCELLED, Step.DONE)


@pytest.mark.parametrize("way", [None, corridor(open=False)])
def test_a_corridor_that_is_gone_or_closed_takes_no_confirm(way: Corridor | None) -> None:
    assert isinstance(confirm(quoted(), way, DAY, {}, LATER).refusal, CorridorClosed)


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        ({}, None),
        ({"payment_minimum": 9_545}, None),
        ({"payment_minimum": 9_546}, AmountBelowMinimum),
        ({"payment_limit": 9_545}, None),
        ({"payment_limit": 9_544}, AmountOverLimit),
    ],
)
def test_limits_per_payment_include_their_own_amount(
    limits: dict[str, int], refusal: type[KawaseError] | None
) -> None:
    found = amount_refusal(corridor(**limits), terms().home, terms().target)
    assert (type(found) if found else None) is refusal


@pytest.mark.parametrize(
    ("limits", "used", "refusal"),
    [
        ({}, {}, None),
        ({"payer_day_limit": 9_545}, {}, None),
        ({"payer_day_limit": 9_545}, {(PAYER, DAY): 1}, PayerDayLimitReached),
        ({"payer_day_limit": 9_545}, {(PAYER, DAY - timedelta(days=1)): 9_000}, None),
        ({"corridor_day_limit": 10_000}, {(ALL, DAY): 455}, None),
        ({"corridor_day_limit": 10_000}, {(ALL, DAY): 456}, CorridorDayLimitReached),
        (
            {"payer_day_limit": 1, "corridor_day_limit": 1},
            {(ALL, DAY): 456},
            PayerDayLimitReached,
        ),
    ],
)
def test_limits_per_day_count_what_was_used(
    limits: dict[str, int], used: dict[tuple[str, date], int], refusal: type[KawaseError] | None
) -> None:
    found = period_refusal(corridor(**limits), terms(), DAY, used)
    assert (type(found) if found else None) is refusal


def test_what_is_left_is_told() -> None:
    way = corridor(payer_day_limit=10_000)
    found = period_refusal(way, terms(), DAY, {(PAYER, DAY): 9_000})
    assert found is not None
    assert found.metadata == {"left_minor_units": "1000"}


def test_limits_are_taken_where_they_are_set() -> None:
    assert limit_keys(corridor(), terms()) == ()
    both = corridor(payer_day_limit=1, corridor_day_limit=1)
    assert limit_keys(both, terms()) == (PAYER, ALL)


def test_the_day_is_the_wallet_s() -> None:
    assert local_day(PANDA, datetime(2026, 10, 30, 15, 59, tzinfo=UTC)) == date(2026, 10, 30)
    assert local_day(PANDA, datetime(2026, 10, 30, 16, 0, tzinfo=UTC)) == date(2026, 10, 31)


def test_a_price_up_to_the_maximum_is_agreed_to_and_one_above_is_not() -> None:
    assert price_refusal(quoted(), Money(9_545, "CNY")) is None
    above = price_refusal(quoted(), Money(9_544, "CNY"))
    assert isinstance(above, PriceAboveMaximum)
    assert "CNY 95.45" in above.message
    assert isinstance(price_refusal(quoted(), Money(9_545, "KRW")), MaximumCurrencyDiffers)


def test_what_was_confirmed_is_past_asking_for_a_price() -> None:
    paid = payment(State.COMPLETED, Step.POST)
    assert price_refusal(paid, Money(1, "XXX")) is None
