"""Whether codes may be charged, and what wallets may ask for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import KawaseError, Malformed, Unavailable
from services.core.money import Money
from services.gateway.payments.messages import STATE_NUMBERS, payment_message
from services.gateway.payments.model import FINAL, State, Step
from services.gateway.payments.refusals import (
    AmountCurrencyDiffers,
    CorridorClosed,
    PayerDayLimitReached,
)
from services.gateway.presenting import rules
from services.gateway.presenting.messages import NEVER_CONFIRMED, presented_message
from services.gateway.presenting.model import Charge, CodeState, Lifetime, PaymentCode, Policy
from services.gateway.reference import Participant, ParticipantKind
from services.kit.unit import KafkaBacklog
from services.pb.kawase.gateway.v1 import payment_pb2
from tests.unit.gateway.payments_builders import payment

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
CODE = PaymentCode(
    "panda", "c1", b"", "li-na", "JP", "1", "", NOW, NOW + timedelta(seconds=60)
)  # fmt: skip
LIFETIMES = {"": Lifetime("", 60, 60, "ours"), "KR": Lifetime("KR", 60, 180, "FSC")}
CHARGE = Charge("edo", "t1", b"", "m1", "panda", "presented-1", "R" * 26, False, NOW, "c1")


@given(st.booleans(), st.booleans(), st.integers(-100, 100), st.sampled_from(["JP", "KR"]))
def test_a_code_is_charged_only_while_it_is_active_and_in_its_country(
    used: bool, cancelled: bool, seconds: int, country: str
) -> None:
    code = replace(CODE, payment_id="p" if used else "", cancel_time=NOW if cancelled else None)
    now = NOW + timedelta(seconds=seconds)
    refusal = rules.online_refusal(code, country, now)
    active = code.state(now) is CodeState.ACTIVE
    assert (refusal is None) == (active and country == "JP")
    if used:
        assert refusal is not None
        assert refusal.reason == "CODE_USED"


@pytest.mark.parametrize(
    ("country", "asked", "given_seconds"),
    [("CN", 0, 60), ("CN", 60, 60), ("", 1, 1), ("KR", 0, 60), ("KR", 180, 180)],
)
def test_codes_live_as_long_as_the_wallets_country_says(
    country: str, asked: int, given_seconds: int
) -> None:
    wallet = Participant("w", ParticipantKind.WALLET, "W", country_code=country)
    lifetime = rules.lifetime_of(LIFETIMES, wallet)
    assert rules.validity_seconds(asked, lifetime) == given_seconds
    for wrong in (-1, lifetime.longest_seconds + 1):
        with pytest.raises(Malformed):
            rules.validity_seconds(wrong, lifetime)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_payers_confirm_above_the_limit_and_always_without_one(limit: int, minor: int) -> None:
    waits = rules.waits_for_payer(Policy("w", confirm_above=limit), minor)
    assert waits == (limit == 0 or minor > limit)


@pytest.mark.parametrize(
    "policy",
    [
        Policy("w", confirm_above=-1),
        Policy("w", offline_maximum=10**15),
        Policy("w", jpqr_operator_code="1234"),
        Policy("w", jpqr_operator_code="1234567\n"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(policy: Policy) -> None:
    with pytest.raises(Malformed):
        rules.check_policy(policy)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (PayerDayLimitReached(Money(1_200, "CNY")), "CHARGE_REFUSED"),
        (CorridorClosed("panda_edo"), "CHARGE_UNAVAILABLE"),
        (KafkaBacklog("away"), "CHARGE_UNAVAILABLE"),
        (AmountCurrencyDiffers("CNY", "JPY"), "AMOUNT_CURRENCY_DIFFERS"),
    ],
)
def test_an_acquirer_is_told_nothing_of_the_payer(refusal: KawaseError, told: str) -> None:
    masked = rules.masked(refusal)
    assert masked.reason == told
    assert isinstance(masked, Unavailable) == isinstance(refusal, Unavailable)
    assert "1200" not in f"{masked.message} {masked.metadata}"


@pytest.mark.parametrize("state", list(State))
def test_the_merchants_side_of_a_payment_shows_nothing_of_the_payer(state: State) -> None:
    snapshot = payment_message(payment(State.QUOTED, Step.QUOTE))
    snapshot.state = STATE_NUMBERS[state]
    for waits in (False, True):
        told = presented_message(replace(CHARGE, waits_for_payer=waits), snapshot)
        text = str(told)
        assert not any(word in text for word in ("li-na", "CNY", "panda", "mid", "spread"))
        if state is State.QUOTED:
            asked = payment_pb2.PAYMENT_STATE_ACTION_REQUIRED
            assert told.state == (asked if waits else payment_pb2.PAYMENT_STATE_CONFIRMED)
        elif state in NEVER_CONFIRMED and not waits:
            assert told.state == payment_pb2.PAYMENT_STATE_DECLINED
        else:
            assert told.state == snapshot.state
        assert told.HasField("expire_time") == (state is State.QUOTED)
        assert state in FINAL or told.message
