"""Writing merchant codes: what is written reads back, what is wrong is refused with its finding."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import CodeInvalid, compose, decode, encode
from services.codes.building import Value
from services.codes.composing import Draft
from tests.unit.codes.vectors import PUBLIC, public

SHOP: dict[str, Value] = {
    "01": "11",
    "26": {"00": "jp.or.paymentsjapan", "01": "0" * 13, "02": "0001", "03": "0" * 6, "04": "0" * 6},
    "52": "5812",
    "53": "392",
    "58": "JP",
    "59": "TEST SHOKUDO",
    "60": "TOKYO",
    "61": "1000001",
    "64": {"00": "JA", "01": "テスト食堂"},
}


@pytest.mark.parametrize(
    "vector", [v for v in PUBLIC if v["emvco_strict_valid"]], ids=lambda v: v["id"]
)
def test_the_objects_of_a_public_code_give_its_payload_again(vector: dict[str, Any]) -> None:
    assert encode(vector["root"] | vector["templates"]) == vector["payload"]


@given(
    name=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=25),
    local=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=25),
    amount=st.integers(1, 10**13 - 1),
)
def test_what_is_written_reads_back(name: str, local: str, amount: int) -> None:
    written: dict[str, Value] = {"59": name, "54": str(amount), "64": {"00": "JA", "01": local}}
    code = decode(encode(SHOP | written, "jpqr"), "jpqr")

    assert code.valid
    assert code.merchant is not None
    assert (code.merchant.name, code.merchant.local_name) == (name, local)
    assert code.amount_minor == amount


@pytest.mark.parametrize(
    ("objects", "code", "path"),
    [
        pytest.param({"54": "12.5"}, "AMOUNT_DECIMALS_WARN", "54", id="yen with decimals"),
        pytest.param({"59": ""}, "LENGTH", "59", id="empty name"),
        pytest.param({"59": "N" * 26}, "LENGTH", "59", id="long name"),
        pytest.param({"59": "N" * 100}, "LENGTH", "59", id="name past any object"),
        pytest.param({"59": "食堂"}, "FORMAT_ANS", "59", id="kanji in the plain name"),
        pytest.param({"5": "x"}, "TLV_MALFORMED", "5", id="id of one digit"),
        pytest.param({"62": {"05": ""}}, "LENGTH", "62.05", id="empty reference"),
        pytest.param({"62": {}}, "LENGTH", "62", id="empty template"),
        pytest.param({"58": "US"}, "SCHEME_VALUE", "58", id="another country"),
        pytest.param({"55": "02"}, "TIP_56_REQUIRED", "56", id="tip without fee"),
        pytest.param({"65": "食" * 99, "66": "食" * 99}, "LENGTH", "", id="too many bytes"),
        pytest.param({"65": "\ud800"}, "ENCODING", "", id="not Unicode"),
        pytest.param(
            {"80": {"00": {"00": {"00": {"00": "x"}}}}}, "TLV_MALFORMED", "80.00.00.00", id="deep"
        ),
    ],
)
def test_what_would_not_be_valid_is_not_written(
    objects: dict[str, Value], code: str, path: str
) -> None:
    with pytest.raises(CodeInvalid) as refusal:
        encode(SHOP | objects, "jpqr")

    assert [(one.code, one.path) for one in refusal.value.findings] == [(code, path)]
    assert refusal.value.findings[0].message in refusal.value.message


def test_a_draft_takes_from_its_scheme_what_that_fixes() -> None:
    draft = Draft(
        profile="jpqr",
        account="0000000000001.0001.000001.000001",
        name="TEST SHOKUDO",
        city="TOKYO",
        category_code="5812",
        postal_code="1000001",
        local_name="テスト食堂",
        reference="REF0001",
        tip="percent:5",
    )
    code = decode(encode(compose(draft), "jpqr"), "jpqr")

    assert (code.currency_code, code.point_of_initiation) == ("JPY", "static")
    assert code.reference == "REF0001"
    assert code.tip is not None
    assert code.tip.value == "5"


def test_a_draft_with_an_amount_is_dynamic() -> None:
    assert compose(Draft(amount="5"))["01"] == "12"
    assert compose(Draft(amount="5", dynamic=False))["01"] == "11"


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (Draft(profile="jpqr", account="1.2"), "SCHEME_VALUE"),
        (Draft(profile="promptpay", account="0066801234567"), "SCHEME_VALUE"),
        (Draft(account="1.2"), "SCHEME_TEMPLATE_MISSING"),
        (Draft(tip="lots"), "TIP_VALUE"),
        (Draft(objects={"62": "x", "62.05": "y"}), "TLV_MALFORMED"),
        (Draft(objects={"62.05": "y", "62": "x"}), "TLV_MALFORMED"),
    ],
)
def test_a_draft_that_cannot_be_read_is_refused(draft: Draft, code: str) -> None:
    with pytest.raises(CodeInvalid) as refusal:
        compose(draft)

    assert [one.code for one in refusal.value.findings] == [code]


def test_the_checksum_given_is_replaced_by_the_right_one() -> None:
    payload = public("mpm-007")
    root = decode(payload).root

    assert encode({**root, "63": "0000"}) == payload
