"""What reconciliation reads of a deal's legs is the result that settlement has reckoned."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.core.money import Money
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1.transfer_pb2 import Leg
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.reports.store.incomes import earned_of
from services.settlement.fx_book.deals import Terms, make_deal

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
TERMS = Terms(
    "deal-1",
    "japan-bank",
    Money(100_000, "CNY"),
    Money(190_000, "KRW"),
    date(2026, 11, 20),
    date(2026, 11, 20),
    "mei",
)


def event_of(legs: list[Leg]) -> WalletEvent:
    event = WalletEvent(link_id="deal-1")
    event.funds_posted.legs.extend(legs)
    return event


@pytest.mark.parametrize("bought", [180_000, 189_999, 190_000, 190_001, 200_000])
def test_a_deals_result_is_what_it_brought_beyond_its_value_at_mid(bought: int) -> None:
    terms = replace(TERMS, bought=Money(bought, "KRW"))
    deal = make_deal("0" * 26, terms, Decimal("190"), NOW)
    legs = [
        Leg(
            debit_account_id=move.debit_account_id,
            credit_account_id=move.credit_account_id,
            amount=money_pb2.Money(
                minor_units=move.amount.minor, currency_code=move.amount.currency
            ),
        )
        for move in deal.moves
    ]
    gain = bought - deal.mid_value.minor
    found = {key: minor for key, minor in earned_of(event_of(legs)).items() if minor}
    assert found == ({("result", "KRW"): gain} if gain else {})
