"""Pricing: where a code leads, what is paid, what the fee is, and which legs follow."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import Tip, decode
from services.core.errors import KawaseError
from services.core.money import Money, Rounding
from services.core.sheet import RateSheet
from services.gateway.payments.model import legs_of
from services.gateway.payments.pricing import (
    LARGEST_PAYMENT,
    AskPartner,
    Place,
    Wish,
    agree,
    fee_of,
    find_place,
    target_amount,
)
from services.gateway.payments.refusals import (
    AmountBelowFee,
    AmountCurrencyDiffers,
    AmountDisagrees,
    AmountNotPositive,
    AmountRequired,
    AmountTooLarge,
    CodeRefused,
    CorridorClosed,
    CorridorUnknown,
    CurrencyUnfit,
    FeePlanUnfit,
    MerchantUnknown,
    SchemeUnknown,
)
from services.gateway.reference import FeePayer, FeePlan, Reference
from services.sandbox.demo.codes import (
    SEOUL_SHOP,
    SHANGHAI_TAXI,
    TOKYO_DYNAMIC,
    TOKYO_STATIC,
    WRONG_CHECKSUM,
)
from tests.store.gateway.payments_world import (
    KAKAO,
    NOW,
    PANDA,
    REFERENCE,
    SAKURA,
    SHEET,
    SHOP,
    corridor,
    reference_of,
)
from tests.unit.gateway.payments_builders import terms


def place_of(payload: str, reference: Reference = REFERENCE) -> Place:
    place = find_place(decode(payload, "auto"), reference)
    assert isinstance(place, Place)
    return place


def test_a_jpqr_code_leads_to_a_shop_of_our_own() -> None:
    place = place_of(TOKYO_DYNAMIC)
    assert (place.merchant_id, place.name, place.currency) == ("shokudo", "SHOKUDO", "JPY")
    assert place.stated == Money(1_200, "JPY")
    assert place.payable_account_id == "merchant-payable:shokudo:JPY"


def test_a_code_of_an_unknown_network_leads_to_its_country_s_partner() -> None:
    place = place_of(SHANGHAI_TAXI)
    assert (place.scheme.acceptance_partner_id, place.name) == ("shanghai", "BEST TRANSPORT")
    assert (place.stated, place.tip_open) == (Money(2_372, "CNY"), True)


def test_a_link_is_for_its_partner_to_resolve() -> None:
    asked = find_place(decode(SEOUL_SHOP, "auto"), REFERENCE)
    assert isinstance(asked, AskPartner)
    assert asked.scheme.acceptance_partner_id == "kakaopay"


def test_codes_that_lead_nowhere_are_refused_by_name() -> None:
    with pytest.raises(CodeRefused) as wrong:
        place_of(WRONG_CHECKSUM)
    assert wrong.value.metadata["findings"] == "CRC_MISMATCH"
    with pytest.raises(MerchantUnknown):
        place_of(TOKYO_STATIC, replace(REFERENCE, merchants_by_account={}))
    with pytest.raises(SchemeUnknown):
        place_of(TOKYO_STATIC, replace(REFERENCE, schemes={}))
    with pytest.raises(SchemeUnknown):
        place_of(SEOUL_SHOP, replace(REFERENCE, schemes={}))
    dear = replace(SHOP, currency="USD")
    key = (SHOP.scheme, SHOP.scheme_account_id)
    with pytest.raises(CurrencyUnfit):
        place_of(TOKYO_STATIC, replace(REFERENCE, merchants_by_account={key: dear}))


STATIC = place_of(TOKYO_STATIC)
DYNAMIC = place_of(TOKYO_DYNAMIC)
TAXI = place_of(SHANGHAI_TAXI)


@pytest.mark.parametrize(
    ("place", "typed", "paid"),
    [
        (STATIC, Money(500, "JPY"), 500),
        (DYNAMIC, None, 1_200),
        (DYNAMIC, Money(1_200, "JPY"), 1_200),
        (TAXI, None, 2_372),
        (TAXI, Money(2_600, "CNY"), 2_600),
        (STATIC, None, AmountRequired),
        (STATIC, Money(0, "JPY"), AmountNotPositive),
        (STATIC, Money(-1, "JPY"), AmountNotPositive),
        (STATIC, Money(5, "USD"), AmountCurrencyDiffers),
        (STATIC, Money(LARGEST_PAYMENT + 1, "JPY"), AmountTooLarge),
        (DYNAMIC, Money(1_199, "JPY"), AmountDisagrees),
        (DYNAMIC, Money(0, "JPY"), AmountNotPositive),
        (TAXI, Money(2_371, "CNY"), AmountDisagrees),
    ],
)
def test_the_amount_is_the_code_s_or_the_payer_s(
    place: Place, typed: Money | None, paid: int | type[KawaseError]
) -> None:
    if isinstance(paid, int):
        assert target_amount(place, typed).minor == paid
    else:
        with pytest.raises(paid):
            target_amount(place, typed)


@pytest.mark.parametrize(
    ("tip", "minor"),
    [
        (Tip("fixed", "50"), 1_250),
        (Tip("percentage", "5"), 1_260),
        (Tip("percentage", "0.04"), 1_200),
        (Tip("prompt", None), 1_200),
    ],
)
def test_a_convenience_fee_of_the_code_is_added(tip: Tip, minor: int) -> None:
    code = replace(decode(TOKYO_DYNAMIC, "auto"), tip=tip)
    place = find_place(code, REFERENCE)
    assert isinstance(place, Place)
    assert place.stated == Money(minor, "JPY")


def plan(points: int = 160, fixed: int = 0, minimum: int = 0, **changes: object) -> FeePlan:
    made = FeePlan(
        "plan",
        FeePayer.MERCHANT,
        points,
        Money(fixed, "JPY"),
        Money(minimum, "JPY"),
        Rounding.DOWN,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chosen", "fee"),
    [
        (plan(), 16),
        (plan(165), 16),
        (plan(165, rounding=Rounding.UP), 17),
        (plan(165, rounding=Rounding.HALF_UP), 17),
        (plan(164, rounding=Rounding.HALF_UP), 16),
        (plan(160, fixed=10), 26),
        (plan(160, minimum=50), 50),
        (plan(160, payer=FeePayer.HOUSE), 0),
        (plan(0), 0),
        (plan(9_000, fixed=200), AmountBelowFee),
    ],
)
def test_a_fee_is_rate_plus_fixed_amount_and_at_least_the_minimum(
    chosen: FeePlan, fee: int | type[KawaseError]
) -> None:
    target = Money(1_000, "JPY")
    if isinstance(fee, int):
        assert fee_of(chosen, target).minor == fee
    else:
        with pytest.raises(fee):
            fee_of(chosen, target)


def test_a_fee_plan_of_another_currency_is_the_operator_s_fault() -> None:
    with pytest.raises(FeePlanUnfit):
        fee_of(plan(), Money(1_000, "CNY"))


def wish(wallet: object = PANDA, typed: Money | None = None) -> Wish:
    return Wish(wallet, "p1", b"", "li-na", "code", typed)  # type: ignore[arg-type]


def test_terms_hold_every_amount() -> None:
    made = agree(wish(), DYNAMIC, REFERENCE, lambda: SHEET, NOW)
    assert (made.target_minor, made.fee_minor) == (1_200, 19)
    assert (made.home_minor, made.spread_minor, made.mid) == (5_725, 85, Decimal("0.047"))
    assert made.quote_expire_time == NOW + timedelta(seconds=120)
    assert made.merchant_code == ""


def test_one_currency_needs_no_rates() -> None:
    def no_rates() -> RateSheet:
        raise AssertionError("nobody asks")

    made = agree(wish(SAKURA), DYNAMIC, REFERENCE, no_rates, NOW)
    assert (made.home_minor, made.spread_minor, made.mid) == (1_200, 0, Decimal(1))
    assert made.funding_account_id == "customer:sakura/li-na:JPY"


def test_a_partner_s_merchant_is_paid_by_the_scanned_code() -> None:
    made = agree(wish(KAKAO), TAXI, REFERENCE, lambda: SHEET, NOW)
    assert (made.merchant_code, made.acceptance_partner_id) == ("code", "shanghai")
    assert (made.collect_partner_id, made.funding_account_id) == (
        "kakao-online",
        "partner-receivable:kakao:KRW",
    )
    assert made.payable_account_id == "partner-payable:shanghai:CNY"


def test_corridors_must_exist_and_be_open() -> None:
    with pytest.raises(CorridorUnknown):
        agree(wish(PANDA), TAXI, REFERENCE, lambda: SHEET, NOW)
    closed = reference_of(corridor(PANDA, "", "JPY", open=False))
    with pytest.raises(CorridorClosed):
        agree(wish(PANDA), DYNAMIC, closed, lambda: SHEET, NOW)


def test_legs_between_currencies_pass_through_positions() -> None:
    legs = [(x.debit_account_id, x.credit_account_id, str(x.amount)) for x in legs_of(terms())]
    assert legs == [
        ("prefund:panda:CNY", "position:CNY", "CNY 94.50"),
        ("prefund:panda:CNY", "fx-income:CNY", "CNY 0.95"),
        ("position:KRW", "partner-payable:kakaopay:KRW", "KRW 18,787"),
        ("position:KRW", "fee-income:KRW", "KRW 113"),
    ]


def test_legs_of_one_currency_have_no_position_and_legs_of_zero_are_left_out() -> None:
    home = {"home_currency": "KRW", "home_minor": 18_900, "spread_minor": 0, "mid": Decimal(1)}
    legs = legs_of(terms(**home, fee_minor=0))
    assert [(leg.purpose, leg.amount.minor) for leg in legs] == [("payable", 18_900)]


@given(
    target=st.integers(1, 10**12),
    fee_share=st.integers(0, 100),
    home=st.integers(1, 10**12),
    spread_share=st.integers(0, 100),
)
def test_the_legs_of_each_currency_balance(
    target: int, fee_share: int, home: int, spread_share: int
) -> None:
    made = terms(
        target_minor=target,
        fee_minor=target * fee_share // 100,
        home_minor=home,
        spread_minor=home * spread_share // 100,
    )
    legs = legs_of(made)
    assert all(leg.amount.minor > 0 for leg in legs)
    for currency, total in (("CNY", home), ("KRW", target)):
        parts = [leg.amount.minor for leg in legs if leg.amount.currency == currency]
        assert sum(parts) == total
