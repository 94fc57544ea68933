"""A payout and its agreement for tests."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from services.core.money import Money
from services.settlement.domain.agreements import Agreement, Payee
from services.settlement.payouts.model import Payout, Share

NOW = datetime(2026, 10, 30, 3, tzinfo=UTC)
PAYEE = Payee("0005", "001", "1", "1234567", "エドアクワイアリング")
AGREEMENT = Agreement(
    "edo",
    "edo-acquirer",
    ("a:JPY", "b:JPY"),
    "JPY",
    "JPY",
    bank_partner="japan-bank",
    payee=PAYEE,
)
PAYOUT = Payout(
    payout_id="payout-01ARZ3NDEKTSV4RRFFQ69G5FAV",
    agreement_id="edo",
    participant_id="edo-acquirer",
    amount=Money(700, "JPY"),
    owed=Money(700, "JPY"),
    rate=None,
    shares=(Share("a:JPY", 1_000), Share("b:JPY", -300)),
    settle_date=date(2026, 10, 30),
    window_ids=("window-1",),
    bank_partner="japan-bank",
    payee=PAYEE,
    create_time=NOW,
    update_time=NOW,
)
CONVERTED = replace(
    PAYOUT,
    amount=Money(70, "KRW"),
    rate=Decimal("0.1"),
)
