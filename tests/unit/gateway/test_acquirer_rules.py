"""Rules of shops and orders: names as banks compare them, plans, eyes, labels, claims."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import decode
from services.core.errors import Forbidden, KawaseError
from services.core.ids import new_reference
from services.core.money import Money
from services.formats.banks import ZenginBanks
from services.gateway.access.approvals.voices import Hand
from services.gateway.acquiring.codes.payload import payload_of
from services.gateway.acquiring.merchants import checks
from services.gateway.acquiring.merchants.model import Content, Finding, State, Version
from services.gateway.acquiring.merchants.refund_limits import day_start
from services.gateway.acquiring.orders.labels import is_label, label_of
from services.gateway.acquiring.orders.model import (
    Claim,
    Order,
    OrderState,
    confirm_refusal,
    expiry_of,
    quote_refusal,
    state_of,
)
from services.gateway.payments.model import State as PaymentState
from services.gateway.reference import ApiKey, FeePayer
from tests.store.gateway.payments_world import EDO, NOW, REFERENCE, fee_plan
from tests.unit.gateway.payments_builders import terms

SHOP = Content(
    "shop-7", "TEST SHOKUDO", "テスト食堂", "カブシキガイシャ テストショクドウ", "5812", "1000001",
    "TOKYO", "JP", "JPY", "jpqr", "0000000000001.0001.000002.000001", "", "jp-shop", 0, 0,
    "9901", "101", "1", "1234567", "カ)テストショクドウ",
)  # fmt: skip
VERSION = Version(SHOP, "edo", 1, State.PENDING, (), "key", "ada", NOW)
FREE = replace(fee_plan("free", 0, "JPY"))
KNOWN = replace(REFERENCE, fee_plans={**REFERENCE.fee_plans, "free": FREE})
BANKS = ZenginBanks()


def test_a_shop_that_is_whole_can_be_opened() -> None:
    checks.check_content(KNOWN, "edo", checks.cleaned(SHOP))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "食堂"}, "NAME_NOT_PRINTABLE"),
        ({"name": "T" * 26}, "NAME_NOT_PRINTABLE"),
        ({"local_name": "テスト\x00"}, "NAME_NOT_PRINTABLE"),
        ({"kana_name": ""}, "FIELD_MISSING"),
        ({"category_code": "58"}, "CATEGORY_MALFORMED"),
        ({"postal_code": ""}, "CODE_INVALID"),
        ({"scheme": "nothing"}, "SCHEME_UNKNOWN"),
        ({"scheme_account_id": "0000000000001.0001.000001.000001"}, "SCHEME_ACCOUNT_TAKEN"),
        ({"merchant_id": "shokudo"}, "FIELD_FIXED"),
        ({"refund_day_limit": -1}, "LIMIT_OUT_OF_RANGE"),
        ({"account_number": "123456"}, "ACCOUNT_NUMBER_MALFORMED"),
        ({"bank_code": ""}, "FIELD_MISSING"),
        ({"parent_merchant_id": "shop-7"}, "PARENT_UNFIT"),
    ],
)
def test_a_shop_that_cannot_be_is_refused(changed: dict[str, Any], reason: str) -> None:
    before = {"merchant_id": "shokudo"} if reason == "FIELD_FIXED" else {}
    content = replace(SHOP, **(changed | before))
    if reason == "FIELD_FIXED":
        content = replace(content, currency="CNY", fee_plan_id="cn-partner", scheme="emvco-cn")
    with pytest.raises(KawaseError) as refusal:
        checks.check_content(KNOWN, "edo", checks.cleaned(content))
    assert refusal.value.reason == reason


def test_what_another_acquirer_has_is_not_told() -> None:
    for content in (
        replace(SHOP, merchant_id="shokudo"),
        replace(SHOP, scheme_account_id="0000000000001.0001.000001.000001"),
    ):
        with pytest.raises(KawaseError) as refusal:
            checks.check_content(KNOWN, "kyo", checks.cleaned(content))
        assert "edo" not in str(refusal.value.metadata) + refusal.value.message


@pytest.mark.parametrize(
    ("holder", "found"),
    [
        ("ｶ)ﾃｽﾄｼﾖｸﾄﾞｳ", ()),
        ("カブシキガイシャテストショクドウ", ()),
        ("テストショクドウ(カ", (Finding.HOLDER_NAME_DIFFERS,)),
        ("カ)テストショクドウトウキョウ", (Finding.HOLDER_NAME_CLOSE,)),
        ("ヤマダ タロウ", (Finding.HOLDER_NAME_DIFFERS,)),
    ],
)
def test_names_are_compared_as_banks_do(holder: str, found: tuple[Finding, ...]) -> None:
    assert checks.findings_of(checks.cleaned(replace(SHOP, holder_name=holder)), BANKS) == found


def test_banks_that_nobody_knows_are_found_but_test_banks_pass() -> None:
    known = replace(SHOP, bank_code="0001", branch_code="001")
    assert checks.findings_of(known, BANKS) == ()
    assert checks.findings_of(replace(known, bank_code="0003"), BANKS) == (Finding.BANK_UNKNOWN,)
    unknown_branch = replace(known, branch_code="999")
    assert checks.findings_of(unknown_branch, BANKS) == (Finding.BRANCH_UNKNOWN,)


@pytest.mark.parametrize("field", Content.__dataclass_fields__)
def test_all_but_names_and_address_needs_a_checker(field: str) -> None:
    value: Any = getattr(SHOP, field)
    changed: dict[str, Any] = {field: value + 1 if isinstance(value, int) else value + "x"}
    other = replace(SHOP, **changed)
    free = field in ("name", "local_name", "postal_code", "city")
    assert checks.needs_checker(SHOP, other) is not free


def key(key_id: str, person_id: str, maker_id: str) -> ApiKey:
    return ApiKey(key_id, "boss", b"", None, revoked=False, person_id=person_id, maker_id=maker_id)


KEYS = {
    each.key_id: each
    for each in (
        ApiKey("key", "edo", b"", None, revoked=False, maker_id="ada"),
        key("ada-key", "ada", "root"),
        key("ken-key", "ken", ""),
        key("ken-by-ada", "ken", "ada"),
        key("root-key", "root", ""),
    )
}


@pytest.mark.parametrize(
    ("person", "key_id"), [("ada", "ada-key"), ("ken", "ken-by-ada"), ("root", "root-key")]
)
def test_who_may_have_had_the_proposing_key_in_hand_does_not_decide(
    person: str, key_id: str
) -> None:
    with pytest.raises(Forbidden):
        checks.check_checker(VERSION, KEYS, Hand(key_id, person))


@pytest.mark.parametrize(("person", "key_id"), [("ken", "ken-key"), ("bootstrap", "setting")])
def test_whose_key_nobody_else_has_had_decides(person: str, key_id: str) -> None:
    checks.check_checker(VERSION, KEYS, Hand(key_id, person))


def test_a_plan_that_the_house_bears_is_free_too() -> None:
    assert checks.is_free(FREE)
    assert checks.is_free(replace(fee_plan("x", 160, "JPY"), payer=FeePayer.HOUSE))
    assert not checks.is_free(replace(FREE, minimum=Money(1, "JPY")))


def test_a_paying_plan_is_not_one_for_small_merchants() -> None:
    with pytest.raises(KawaseError) as refusal:
        checks.approved_plan(KNOWN, VERSION, "", NOW + timedelta(days=1), "jp-shop", NOW)
    assert refusal.value.reason == "FEE_PLAN_NOT_FREE"


@given(st.datetimes(timezones=st.just(UTC), min_value=NOW.replace(tzinfo=None)))
def test_labels_of_orders_are_told_from_other_labels(instant: Any) -> None:
    label = label_of(new_reference(instant))
    assert len(label) == 25
    assert is_label(label)
    assert not is_label(label[:-1])
    assert not is_label(f"X{label[1:]}")


@given(amount=st.integers(1, 10**9))
def test_a_codes_amount_and_label_are_read_back(amount: int) -> None:
    label = label_of(new_reference(NOW))
    code = decode(payload_of(SHOP, Money(amount, "JPY"), reference_label=label), "auto")
    assert (code.valid, code.amount_minor, code.reference) == (True, amount, label)


ORDER = Order(
    "edo", "o1", label_of(new_reference(NOW)), "shokudo", Money(1_000, "JPY"), "", 900, "", NOW,
    expiry_of(NOW, 900),
)  # fmt: skip
TERMS = replace(terms(), merchant_id="shokudo", order_label=ORDER.label)


def reason(refusal: KawaseError | None) -> str:
    return "" if refusal is None else refusal.reason


@pytest.mark.parametrize("state", PaymentState)
def test_an_order_is_where_its_payment_is(state: PaymentState) -> None:
    failed = state in (PaymentState.DECLINED, PaymentState.CANCELLED, PaymentState.EXPIRED)
    paid = OrderState.PAID if state is PaymentState.COMPLETED else OrderState.PAYING
    late = NOW + timedelta(hours=1)
    claim = Claim("another", state)
    assert state_of(ORDER, claim, NOW) is (OrderState.OPEN if failed else paid)
    assert state_of(ORDER, claim, late) is (OrderState.EXPIRED if failed else paid)
    assert reason(confirm_refusal(TERMS, claim)) == ("" if failed else "ORDER_TAKEN")
    assert reason(confirm_refusal(TERMS, claim, closed=True)) == "ORDER_CLOSED"
    assert confirm_refusal(TERMS, replace(claim, payment_reference=TERMS.reference)) is None


def test_only_the_order_itself_in_time_can_be_quoted() -> None:
    order = replace(ORDER, amount=TERMS.target)
    assert quote_refusal(TERMS, (order, None), NOW) is None
    assert reason(quote_refusal(TERMS, None, NOW)) == "ORDER_UNPAYABLE"
    assert reason(quote_refusal(TERMS, (order, None), order.expire_time)) == "ORDER_EXPIRED"
    cheaper = replace(order, amount=Money(1, "JPY"))
    assert reason(quote_refusal(TERMS, (cheaper, None), NOW)) == "ORDER_DIFFERS"
    elsewhere = replace(order, merchant_id="other")
    assert reason(quote_refusal(TERMS, (elsewhere, None), NOW)) == "ORDER_DIFFERS"


def test_a_day_of_refunds_begins_at_the_acquirers_midnight() -> None:
    tokyo = replace(EDO, time_zone="Asia/Tokyo")
    assert day_start(tokyo, NOW).isoformat() == "2026-10-30T00:00:00+09:00"
    nowhere = replace(EDO, time_zone="Nowhere")
    assert day_start(nowhere, NOW).isoformat() == "2026-10-30T00:00:00+00:00"
