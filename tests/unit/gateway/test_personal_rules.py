"""The rules of persons who are paid by codes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import decode
from services.core.accounts import customer, customer_of, merchant_payable
from services.core.money import Money
from services.gateway.payments.asking import Outcome
from services.gateway.payments.limits import (
    first_day,
    receiver_key,
    taken_by,
    usage_of,
    usages_taken,
)
from services.gateway.payments.model import Payment, first_life
from services.gateway.payments.pricing import AskPerson, Wish, agree
from services.gateway.payments.refusals import CurrencyUnfit
from services.gateway.payments.saga import confirmed
from services.gateway.personal.model import PersonalCode
from services.gateway.personal.names import LONGEST_NAME, MASK, display_name, masked, name_in_code
from services.gateway.personal.payload import payload_of
from services.gateway.personal.places import place_of_person
from services.gateway.personal.refusals import (
    PersonalCodeRevoked,
    PersonalNameMalformed,
    ReceiverLimitReached,
    WalletCountryMissing,
)
from services.gateway.personal.rules import Receiving, caps_of, receipt_refusal
from services.gateway.reference import LimitFlow, LimitPeriod, Scheme
from tests.store.gateway.payments_world import NOW, PANDA, SAKURA, SHEET
from tests.store.gateway.personal_world import (
    AT_ONCE,
    DAY,
    HANAKO,
    HOME,
    RULES,
    persons_known,
    rule,
)
from tests.unit.gateway.payments_builders import terms as terms_of

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
KNOWN = persons_known(*RULES)
TOKEN = "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7"
CODE = PersonalCode(TOKEN, "sakura", "case", "hanako", "Hanako", "JPY", "", NOW)
ASKED = AskPerson(Scheme("kawase-person", "", "", ""), TOKEN, "JPY", None)
LETTERS = st.text(st.characters(categories=("L", "M", "N", "Zs")), min_size=1, max_size=100)


@given(IDS, IDS, st.sampled_from(["JPY", "KRW"]))
def test_an_account_tells_whose_it_is_and_a_merchant_s_tells_of_nobody(
    wallet: str, payer: str, currency: str
) -> None:
    assert customer_of(customer(wallet, payer, currency).account_id) == (wallet, payer)
    assert customer_of(merchant_payable(wallet, currency, 0).account_id) is None


@given(LETTERS)
def test_of_a_masked_name_no_more_than_the_first_of_each_word_is_left(name: str) -> None:
    try:
        shown = masked(name)
    except PersonalNameMalformed:
        assert not name.split()
        return
    words = shown.split(" ")
    assert all(word.endswith(MASK) and len(word) == 1 + len(MASK) for word in words)
    assert len(shown) <= LONGEST_NAME
    assert display_name(shown) == shown
    assert name_in_code(shown) in (shown, "PERSON")


@given(st.text(max_size=40))
def test_a_code_is_made_for_every_name_that_can_be_shown(name: str) -> None:
    try:
        shown = display_name(name)
    except PersonalNameMalformed:
        return
    read = decode(payload_of(HOME, TOKEN, shown), "auto")

    assert read.valid
    assert read.merchant is not None
    assert read.merchant.account_ids == {"kawase-person": TOKEN}
    assert read.merchant.name == (shown if shown.isascii() else "PERSON")


def test_a_wallet_of_no_country_has_no_codes() -> None:
    with pytest.raises(WalletCountryMissing):
        payload_of(SAKURA, TOKEN, "Hanako")


@given(st.sampled_from(LimitPeriod), st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.dates())
def test_what_a_receiver_is_paid_is_counted_in_their_own_period_whatever_day_the_payer_has(
    period: LimitPeriod, day: date, payers_day: date
) -> None:
    one = rule("r", LimitFlow.RECEIPT, period, 1)
    key = receiver_key(one, "sakura/hanako", day)

    assert usage_of(key, payers_day) == (key, first_day(period, day))
    assert key == receiver_key(one, "sakura/hanako", first_day(period, day))
    assert " " not in key


@given(st.lists(st.integers(1, AT_ONCE), max_size=30))
def test_nobody_is_paid_more_in_a_day_than_the_rules_allow(amounts: list[int]) -> None:
    used: dict[tuple[str, date], int] = {}
    paid = 0
    for minor in amounts:
        terms = terms_of(
            payable_account_id=HANAKO,
            target_currency="JPY",
            target_minor=minor,
            home_currency="JPY",
            home_minor=minor,
        )
        caps = caps_of(terms, KNOWN, NOW)
        if receipt_refusal(terms, KNOWN, caps, used) is not None:
            assert paid + minor > DAY
            continue
        for usage, taken in usages_taken([cap.key for cap in caps], date.min, terms):
            used[usage] = used.get(usage, 0) + taken
        paid += minor
    assert paid <= DAY


def test_what_is_taken_of_a_receiver_is_in_their_money_and_found_again_from_the_payment() -> None:
    place = place_of_person(CODE, ASKED, ("panda", "li-na"), KNOWN)
    known = replace(SHEET, spreads={"panda_persons": 150})
    wish = Wish(PANDA, "p1", b"", "li-na", "", Money(1_000, "JPY"))
    terms = agree(wish, place, KNOWN, lambda: known, NOW)
    receiving = Receiving(KNOWN, {terms.reference: caps_of(terms, KNOWN, NOW)}, frozenset())
    payment = Payment(terms, first_life(NOW))
    day = date(2026, 10, 30)
    outcome = receiving.decide(
        payment, Outcome(confirmed(payment.life, NOW)), {}, day, authorises=False
    )

    assert outcome.life is not None
    taken = taken_by([Payment(terms, outcome.life)])
    assert set(taken) == receiving.usages()
    assert set(taken.values()) == {terms.target_minor}
    full = dict.fromkeys(taken, DAY)
    refused = receiving.decide(
        payment, Outcome(confirmed(payment.life, NOW)), full, day, authorises=False
    )
    assert isinstance(refused.refusal, ReceiverLimitReached)
    assert refused.life is None


def test_a_code_that_was_tampered_with_leads_nowhere() -> None:
    with pytest.raises(CurrencyUnfit):
        place_of_person(CODE, replace(ASKED, currency="CNY"), ("panda", "li-na"), KNOWN)
    gone = replace(CODE, revoke_time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1))
    with pytest.raises(PersonalCodeRevoked):
        place_of_person(gone, ASKED, ("panda", "li-na"), KNOWN)
