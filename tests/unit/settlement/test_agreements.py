"""Agreements: what is refused, and how a window's nets become positions."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.agreements import (
    Agreement,
    AgreementMalformed,
    Payee,
    positions_of,
)

DAY = date(2026, 10, 30)
PAYEE = Payee("0005", "001", "1", "1234567", "エドアクワイアリング")
AGREEMENT = Agreement("edo", "edo-acquirer", ("a:JPY", "b:JPY"), "JPY", "JPY", payee=PAYEE)
BANKED = replace(AGREEMENT, bank_partner="japan-bank")


def test_a_whole_agreement_is_taken() -> None:
    BANKED.check()
    replace(AGREEMENT, payee=Payee()).check()
    replace(BANKED, account_ids=(), every_shop=True).check()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(BANKED, account_ids=()), "account_ids"),
        (replace(BANKED, account_ids=tuple(f"{n}:JPY" for n in range(1_001))), "account_ids"),
        (replace(BANKED, account_ids=("a:KRW",)), "account_ids"),
        (replace(BANKED, settlement_currency="XXQ"), "currency_code"),
        (replace(BANKED, minimum_payout=-1), "minimum_payout"),
        (replace(BANKED, reserve_basis_points=10_001), "reserve_basis_points"),
        (replace(BANKED, reserve_days=-1), "reserve_days"),
        (AGREEMENT, "bank_partner_id"),
        (replace(BANKED, payee=replace(PAYEE, account_number="***567")), "payee.account_number"),
        (replace(BANKED, payee=replace(PAYEE, holder_name="")), "payee.holder_name"),
    ],
)
def test_an_agreement_that_cannot_be_kept_is_refused_with_its_field(
    wrong: Agreement, field: str
) -> None:
    with pytest.raises(AgreementMalformed) as caught:
        wrong.check()
    assert caught.value.metadata == {"field": field}


def test_a_payee_is_shown_by_bank_and_last_digits() -> None:
    assert PAYEE.masked == "0005-001 ***567"


@given(
    nets=st.dictionaries(
        st.sampled_from(["a:JPY", "b:JPY", "c:JPY"]), st.integers(-(10**9), 10**9)
    ),
    points=st.integers(0, 10_000),
    days=st.integers(0, 366),
)
def test_positions_add_up_to_each_account_and_no_account_keeps_back_more_than_it_has(
    nets: dict[str, int], points: int, days: int
) -> None:
    agreement = replace(AGREEMENT, reserve_basis_points=points, reserve_days=days)
    positions = positions_of(agreement, "w", nets, DAY)
    own = {account: net for account, net in nets.items() if account != "c:JPY" and net}
    assert {each.account_id for each in positions} == set(own)
    for account, net in own.items():
        parts = {each.part: each for each in positions if each.account_id == account}
        assert sum(each.amount_minor for each in parts.values()) == net
        if reserve := parts.get("reserve"):
            assert 0 < reserve.amount_minor <= net
            assert reserve.due_date == DAY + timedelta(days=days)
        if due := parts.get("net"):
            assert due.due_date == DAY
    kept = sum(each.amount_minor for each in positions if each.part == "reserve")
    assert kept == max(0, sum(own.values())) * points // 10_000
