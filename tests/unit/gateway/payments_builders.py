"""Payments and events for tests of the pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.core.ids import Resource
from services.core.money import Money
from services.gateway.incoming import Incoming, What
from services.gateway.payments.model import Life, Payment, State, Step, Terms, first_life

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
REFERENCE = "01K8TESTTESTTESTTESTTEST00"


def terms(**changes: object) -> Terms:
    """18,900 won at a partner's shop for 95.45 yuan, of which 0.95 are spread; fee 113 won."""
    made = Terms(
        reference=REFERENCE,
        participant_id="panda",
        payment_id="p1",
        digest=b"",
        payer_id="li-na",
        corridor_id="panda_kakaopay",
        acceptance_partner_id="kakaopay",
        collect_partner_id="",
        merchant_id="m1",
        merchant_name="Seoul Shop",
        merchant_city="SEOUL",
        merchant_country="KR",
        merchant_code="https://qr.kakaopay.com/281006011000000070000999",
        funding_account_id="prefund:panda:CNY",
        payable_account_id="partner-payable:kakaopay:KRW",
        target_currency="KRW",
        target_minor=18_900,
        fee_minor=113,
        home_currency="CNY",
        home_minor=9_545,
        spread_minor=95,
        mid=Decimal("0.005"),
        quote_expire_time=NOW + timedelta(seconds=120),
        create_time=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def payment(state: State, step: Step, *, collect: bool = False, **life: object) -> Payment:
    """A payment at a place in its life; `collect` where the payer's wallet charges its user."""
    agreed = terms(collect_partner_id="kakaopay-online" if collect else "")
    where = replace(first_life(NOW), state=state, step=step, version=3, **life)  # type: ignore[arg-type]
    return Payment(agreed, where)


def quoted(**changes: object) -> Payment:
    """A fresh quote."""
    return Payment(terms(**changes), Life(State.QUOTED, Step.QUOTE, 1, NOW))


def heard(what: What, side: str = "", **fields: object) -> Incoming:
    """An event about the payment; `side` names the charge it is about."""
    link_id = f"payment-{REFERENCE}"
    charge_id = f"{link_id}-{side}" if side else ""
    made = Incoming(Resource.PAYMENT, REFERENCE, what, link_id, charge_id)
    return replace(made, **fields)  # type: ignore[arg-type]


def won(minor: int) -> Money:
    return Money(minor, "KRW")
