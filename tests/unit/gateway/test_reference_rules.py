"""What may be put as reference data, one line per clause."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.core.currencies import CurrencyUnknown
from services.core.errors import KawaseError
from services.core.ids import IdMalformed
from services.core.money import Money, Rounding
from services.gateway import opening
from services.gateway.admin import errors, rules
from services.gateway.reference import (
    Corridor,
    FeePayer,
    FeePlan,
    Funding,
    Merchant,
    Participant,
    ParticipantKind,
    Reference,
    Scheme,
)

PANDA = Participant(
    "panda", ParticipantKind.WALLET, "Panda Wallet", Funding.PREFUND, "CNY", "Asia/Shanghai", "", 9
)
KOKO = Participant(
    "koko", ParticipantKind.WALLET, "Koko", Funding.PARTNER, "KRW", "Asia/Seoul", "kakaopay", 500
)
MOMO = Participant("momo", ParticipantKind.WALLET, "Momo", Funding.HOSTED, "JPY", "Asia/Tokyo")
SAKURA = Participant("sakura", ParticipantKind.ACQUIRER, "Sakura Acquiring")
PLAN = FeePlan("jp", FeePayer.MERCHANT, 198, Money(0, "JPY"), Money(1, "JPY"), Rounding.DOWN)
JPQR = Scheme("jpqr", "", "JPY", "JP")
KAKAO = Scheme("kakaopay", "kakaopay", "KRW", "KR", resolved_by_partner=True)
SHOP = Merchant(
    "shop-1", "sakura", "Soba", "Tokyo", "JP", "5812", "JPY", "jpqr", "0001", "jp", 10_000
)
WAY = Corridor("panda-jp", "panda", "", "CNY", "JPY", "jp", 60, 1, 500_00, 0, 0)
KNOWN = Reference(
    participants={"panda": PANDA, "koko": KOKO, "momo": MOMO, "sakura": SAKURA},
    merchants={"shop-1": SHOP},
    merchants_by_account={("jpqr", "0001"): SHOP},
    schemes={"jpqr": JPQR, "kawase-person": Scheme("kawase-person", "", "", "")},
    fee_plans={"jp": PLAN},
    corridors={("panda", "", "JPY"): WAY},
)


def to_persons(wallet_id: str) -> Corridor:
    return replace(WAY, corridor_id="persons", acceptance_partner_id=wallet_id, personal=True)


@pytest.mark.parametrize(
    ("check", "refusal"),
    [
        (lambda: replace(PANDA, participant_id="a b"), IdMalformed),
        (lambda: replace(PANDA, display_name=" "), errors.FieldMissing),
        (lambda: replace(PANDA, display_name="x" * 101), errors.TextTooLong),
        (lambda: replace(PANDA, net_debit_limit=-1), errors.LimitOutOfRange),
        (lambda: replace(PANDA, net_debit_limit=10**15 + 1), errors.LimitOutOfRange),
        (lambda: replace(PANDA, funding=None), errors.FieldMissing),
        (lambda: replace(PANDA, home_currency="CNX"), CurrencyUnknown),
        (lambda: replace(PANDA, time_zone="Asia/Atlantis"), errors.TimeZoneUnknown),
        (lambda: replace(KOKO, collect_partner_id=""), IdMalformed),
        (lambda: replace(PANDA, collect_partner_id="kakaopay"), errors.FieldOutOfPlace),
        (lambda: replace(SAKURA, home_currency="JPY"), errors.FieldOutOfPlace),
        (lambda: replace(PANDA, funding=Funding.HOSTED), errors.FieldFixed),
        (lambda: replace(PANDA, home_currency="JPY"), errors.FieldFixed),
        (lambda: replace(PANDA, net_debit_limit=10), errors.FieldFixed),
        (lambda: replace(JPQR, currency="YEN"), CurrencyUnknown),
        (lambda: replace(JPQR, country_code="Jp"), errors.CountryMalformed),
        (lambda: replace(KAKAO, acceptance_partner_id=""), IdMalformed),
        (lambda: replace(PLAN, rate_basis_points=10_001), errors.FeeRateOutOfRange),
        (lambda: replace(PLAN, rate_basis_points=-1), errors.FeeRateOutOfRange),
        (lambda: replace(PLAN, minimum=Money(1, "KRW")), errors.CurrencyDiffers),
        (lambda: replace(PLAN, fixed=Money(-1, "JPY")), errors.LimitOutOfRange),
        (
            lambda: replace(PLAN, fixed=Money(0, "KRW"), minimum=Money(0, "KRW")),
            errors.FieldFixed,
        ),
        (lambda: replace(SHOP, acquirer_id="nobody"), errors.ParticipantUnknown),
        (lambda: replace(SHOP, acquirer_id="panda"), errors.ParticipantOfOtherKind),
        (lambda: replace(SHOP, category_code="58"), errors.CategoryMalformed),
        (lambda: replace(SHOP, currency="JPX"), CurrencyUnknown),
        (lambda: replace(SHOP, scheme="promptpay"), errors.SchemeUnknown),
        (lambda: replace(SHOP, scheme="kawase-person"), errors.SchemeUnknown),
        (lambda: replace(SHOP, fee_plan_id="none"), errors.FeePlanUnknown),
        (lambda: replace(SHOP, currency="KRW"), errors.CurrencyDiffers),
        (lambda: replace(SHOP, merchant_id="shop-2"), errors.MerchantCodeTaken),
        (lambda: replace(SHOP, net_debit_limit=0), errors.FieldFixed),
        (lambda: replace(WAY, wallet_id="nobody"), errors.ParticipantUnknown),
        (lambda: replace(WAY, wallet_id="sakura"), errors.ParticipantOfOtherKind),
        (lambda: replace(WAY, home_currency="KRW"), errors.CurrencyDiffers),
        (lambda: replace(WAY, target_currency="KRW"), errors.CurrencyDiffers),
        (lambda: replace(WAY, quote_seconds=0), errors.QuoteSecondsOutOfRange),
        (lambda: replace(WAY, payer_day_limit=-1), errors.LimitOutOfRange),
        (lambda: replace(WAY, payment_minimum=500_01), errors.LimitsContradict),
        (lambda: replace(WAY, corridor_id="panda-jp-2"), errors.CorridorTaken),
        (lambda: replace(WAY, personal=True), errors.ParticipantUnknown),
        (lambda: to_persons("sakura"), errors.ParticipantOfOtherKind),
        (lambda: to_persons("koko"), errors.FieldOutOfPlace),
        (lambda: replace(to_persons("momo"), target_currency="CNY"), errors.CurrencyDiffers),
        (lambda: replace(WAY, authorisation_days=31), errors.AuthorisationDaysOutOfRange),
        (lambda: replace(WAY, escrow_days=91), errors.EscrowDaysOutOfRange),
        (
            lambda: replace(WAY, acceptance_partner_id="kakaopay", escrow_days=14),
            errors.EscrowAtPartner,
        ),
        (
            lambda: replace(WAY, acceptance_partner_id="kakaopay", authorisation_days=7),
            errors.AuthorisationAtPartner,
        ),
        (lambda: replace(WAY, acceptance_partner_id="x"), errors.FieldFixed),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_name(
    check: Callable[[], Participant | Merchant | Scheme | FeePlan | Corridor],
    refusal: type[KawaseError],
) -> None:
    with pytest.raises(refusal):
        check_any(check())


def check_any(new: Participant | Merchant | Scheme | FeePlan | Corridor) -> None:
    match new:
        case Participant():
            rules.check_participant(KNOWN, new)
        case Merchant():
            rules.check_merchant(KNOWN, new)
        case Scheme():
            rules.check_scheme(KNOWN, new)
        case FeePlan():
            rules.check_fee_plan(KNOWN, new)
        case Corridor():
            rules.check_corridor(KNOWN, new)


@pytest.mark.parametrize("same", [PANDA, KOKO, SAKURA, JPQR, KAKAO, PLAN, SHOP, WAY])
def test_what_is_known_may_be_put_again(
    same: Participant | Merchant | Scheme | FeePlan | Corridor,
) -> None:
    check_any(same)


def test_a_prefunded_wallet_opens_its_deposit_with_its_cap() -> None:
    [deposit] = opening.accounts_of_participant(PANDA)

    assert (deposit.account_id, deposit.net_debit_limit) == ("prefund:panda:CNY", 9)
    assert not deposit.striped


def test_a_collecting_wallet_opens_what_it_may_owe() -> None:
    [debt] = opening.accounts_of_participant(KOKO)

    assert (debt.account_id, debt.net_debit_limit) == ("partner-receivable:koko:KRW", 500)


def test_acquirers_and_hosted_wallets_open_nothing_by_themselves() -> None:
    hosted = replace(PANDA, funding=Funding.HOSTED)

    assert opening.accounts_of_participant(SAKURA) == []
    assert opening.accounts_of_participant(hosted) == []
    assert opening.funding_account(hosted, "li").account_id == "customer:panda/li:CNY"


def test_a_corridor_opens_positions_of_both_sides_and_income() -> None:
    opened = {spec.account_id for spec in opening.accounts_of_corridor(WAY)}

    assert opened == {
        "position:CNY",
        "position:JPY",
        "fx-income:CNY",
        "suspense:CNY",
        "fee-income:JPY",
        "suspense:JPY",
        "loss:CNY",
        "loss:JPY",
    }


def test_a_corridor_to_persons_stands_beside_one_to_shops_and_owes_no_partner() -> None:
    new = to_persons("momo")
    rules.check_corridor(KNOWN, new)
    opened = {spec.account_id for spec in opening.accounts_of_corridor(new)}

    assert new.way != WAY.way
    assert opened == {spec.account_id for spec in opening.accounts_of_corridor(WAY)}


def test_a_corridor_of_one_currency_opens_no_position() -> None:
    home = replace(WAY, home_currency="JPY")

    opened = {spec.account_id for spec in opening.accounts_of_corridor(home)}

    assert opened == {"fee-income:JPY", "suspense:JPY", "loss:JPY"}


def test_only_schemes_of_partners_open_a_payable() -> None:
    assert opening.accounts_of_scheme(JPQR) == []
    assert [spec.account_id for spec in opening.accounts_of_scheme(KAKAO)] == [
        "partner-payable:kakaopay:KRW"
    ]
