"""What banks' statements are to show of an FX deal, by what settlement says of it."""

from datetime import date

import pytest

from services.kit.facts.projection import KeptFact
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.pb.kawase.settlement.v1.settlement_event_pb2 import SettlementEvent
from services.reconciliation.ours.deals import deal_of, deal_rows
from services.reconciliation.ours.rows import Said
from services.reconciliation.partners import (
    Partners,
    PartnersMalformed,
    partners_of,
    read_partners,
)

SEOUL = """
[[partner]]
id = "seoul-bank"
zone = "Asia/Seoul"
formats = ["camt053"]
deals = ["KRW"]
"""
JAPAN = partners_of(None)
BOTH = {**JAPAN, **read_partners(SEOUL, "banks.toml")}
SAID = Said("settlement", 3, 7)


def fact(
    state: int = fx.FX_DEAL_STATE_RECORDED, bought_seen: str = "", sold_seen: str = ""
) -> KeptFact:
    event = SettlementEvent()
    deal = event.fx_deal_changed.deal
    deal.deal_id, deal.resource_id, deal.value_date = "FX-17", "deal-1", "2026-11-02"
    deal.sold.minor_units, deal.sold.currency_code = 100_000, "JPY"
    deal.bought.minor_units, deal.bought.currency_code = 905_000, "KRW"
    deal.state, deal.bought_seen, deal.sold_seen = state, bought_seen, sold_seen  # type: ignore[assignment]
    return KeptFact("settlement", 3, 7, deal.resource_id, event.SerializeToString())


def rows(partners: Partners, told: KeptFact) -> dict[str, tuple[str, str, str, int, bool]]:
    """By resource and kind: bank, reference, currency, minor units, whether vouched for."""
    deal = deal_of(told)
    assert deal is not None
    found = deal_rows(deal, partners, SAID)
    assert {(row.day, row.resource_id) for row, _ in found} == {(date(2026, 11, 2), "deal-1")}
    return {
        row.kind: (row.partner_id, row.reference, row.currency, row.minor, by_hand)
        for row, by_hand in found
    }


def test_each_side_stands_at_the_bank_of_its_currency() -> None:
    assert rows(BOTH, fact()) == {
        "credit": ("seoul-bank", "FX-17", "KRW", 905_000, False),
        "debit": ("japan-bank", "FX-17", "JPY", -100_000, False),
    }


def test_a_side_in_a_currency_without_a_bank_has_no_row() -> None:
    assert set(rows(JAPAN, fact())) == {"debit"}


@pytest.mark.parametrize("state", [fx.FX_DEAL_STATE_BOOKING, fx.FX_DEAL_STATE_REFUSED])
def test_a_deal_that_the_ledger_has_not_booked_is_on_no_statement(state: int) -> None:
    assert deal_of(fact(state)) is None


def test_a_side_that_a_person_has_seen_is_vouched_for_and_one_on_a_statement_is_not() -> None:
    told = fact(fx.FX_DEAL_STATE_SETTLED, "operator aiko", "japan-bank/00000017")
    found = rows(BOTH, told)
    assert (found["credit"][-1], found["debit"][-1]) == (True, False)


def test_a_fact_of_something_else_says_nothing_of_deals() -> None:
    event = SettlementEvent()
    event.window_closed.SetInParent()
    assert deal_of(KeptFact("settlement", 3, 8, "w", event.SerializeToString())) is None


def test_two_banks_for_the_deals_of_a_currency_are_refused() -> None:
    text = SEOUL + SEOUL.replace("seoul-bank", "busan-bank")
    with pytest.raises(PartnersMalformed, match="two banks for deals in KRW"):
        read_partners(text, "banks.toml")
