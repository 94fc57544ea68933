"""Rules of merchant codes that the golden vectors leave out, and what a code says."""

import pytest

from services.codes import Tip, decode
from services.codes.findings import Severity
from services.codes.merchant.tlv import join
from tests.unit.codes.vectors import JPQR_DYNAMIC, JPQR_STATIC, jpqr_with, synthetic


def found(payload: str, profile: str = "emvco") -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in decode(payload, profile).findings]


@pytest.mark.parametrize(
    ("objects", "finding"),
    [
        pytest.param([("54", "00")], ("AMOUNT_ZERO", "54"), id="zero"),
        pytest.param([("54", ".")], ("AMOUNT_FORMAT", "54"), id="a point alone"),
        pytest.param([("54", "-1")], ("AMOUNT_FORMAT", "54"), id="a sign"),
        pytest.param([("54", "1,200")], ("AMOUNT_FORMAT", "54"), id="a comma"),
        pytest.param([("54", "１２３")], ("AMOUNT_FORMAT", "54"), id="wide digits"),
        pytest.param([("55", "02")], ("TIP_56_REQUIRED", "56"), id="no fixed fee"),
        pytest.param([("55", "02"), ("56", "x")], ("AMOUNT_FORMAT", "56"), id="fee not a number"),
        pytest.param([("55", "02"), ("56", "0")], ("AMOUNT_ZERO", "56"), id="fee of zero"),
        pytest.param([("55", "01"), ("57", "5")], ("TIP_57_FORBIDDEN", "57"), id="fee unasked"),
        pytest.param([("55", "03"), ("57", "0")], ("TIP_VALUE", "57"), id="no percent"),
        pytest.param([("55", "03"), ("57", "100")], ("TIP_VALUE", "57"), id="all of it"),
        pytest.param([("55", "03"), ("57", "5%")], ("TIP_VALUE", "57"), id="a percent sign"),
        pytest.param([("62", "0903AMA")], ("CONSUMER_DATA_REQUEST", "62.09"), id="A twice"),
        pytest.param([("62", "abcde")], ("SUBTEMPLATE_MALFORMED", "62"), id="62 broken"),
        pytest.param([("62", "0501a0501b")], ("DUPLICATE_ID", "62.05"), id="a reference twice"),
        pytest.param([("62", "5003abc")], ("SUBTEMPLATE_MALFORMED", "62.50"), id="62.50 broken"),
        pytest.param([("62", "50070103abc")], ("GUID_MISSING", "62.50"), id="62.50 nobody's"),
        pytest.param([("27", "0004ＡＢＣＤ")], ("FORMAT_ANS", "27.00"), id="GUID not ASCII"),
    ],
)
def test_an_object_that_breaks_a_rule_is_found(
    objects: list[tuple[str, str]], finding: tuple[str, str]
) -> None:
    assert found(jpqr_with(join(objects))) == [finding]


@pytest.mark.parametrize(
    "objects",
    [
        [("54", "100")],
        [("54", "100.")],
        [("54", "1234567890123")],
        [("55", "03"), ("57", "00.01")],
        [("55", "03"), ("57", "99.99")],
    ],
)
def test_an_amount_or_percentage_at_the_edge_is_accepted(objects: list[tuple[str, str]]) -> None:
    assert found(jpqr_with(join(objects))) == []


def test_text_that_ends_within_an_object_cannot_be_read() -> None:
    assert found(JPQR_STATIC + "62") == [("TLV_MALFORMED", "")]


def test_a_point_of_initiation_of_another_value_is_found() -> None:
    assert found(jpqr_with("010213", without="010211")) == [("POI_VALUE", "01")]


def test_a_second_checksum_is_not_the_last_object() -> None:
    code = decode(JPQR_STATIC + "6304FFFF")

    assert [one.code for one in code.findings] == ["CRC_NOT_LAST", "DUPLICATE_ID"]


def test_a_code_of_many_bytes_is_only_warned_about() -> None:
    code = decode(jpqr_with(join([("65", "食" * 99), ("66", "食" * 99)])))

    assert [(one.code, one.severity) for one in code.findings] == [("LENGTH", Severity.WARNING)]
    assert code.valid


def test_a_dynamic_code_says_amount_currency_and_references() -> None:
    code = decode(JPQR_DYNAMIC)

    assert (code.currency_code, code.amount, code.amount_minor) == ("JPY", "1200", 1200)
    assert code.reference == "REF0001"
    assert code.additional == {
        "bill_number": "INV-2026-0001",
        "reference_label": "REF0001",
        "terminal_label": "POS01",
    }


def test_a_static_code_says_who_the_merchant_is() -> None:
    code = decode(JPQR_STATIC)
    merchant = code.merchant

    assert code.point_of_initiation == "static"
    assert (code.amount, code.amount_minor) == (None, None)
    assert merchant is not None
    assert (merchant.name, merchant.local_name) == ("TEST SHOKUDO", "テスト食堂")
    assert (merchant.city, merchant.country_code, merchant.postal_code) == (
        "TOKYO",
        "JP",
        "1000001",
    )
    assert merchant.account_ids == {"jpqr": "0000000000001.0001.000001.000001"}


def test_a_yen_amount_with_decimals_has_no_minor_units() -> None:
    code = decode(synthetic("yen with decimals"))

    assert (code.amount, code.amount_minor, code.valid) == ("999.50", None, False)


@pytest.mark.parametrize(
    ("value", "amount", "minor"),
    [("23.72", "23.72", 2372), ("5.", "5", 500), ("007.5", "7.5", 750), (".5", "0.5", 50)],
)
def test_an_amount_is_exact_in_text_and_in_minor_units(value: str, amount: str, minor: int) -> None:
    yuan = jpqr_with(join([("53", "156"), ("54", value)]), without="5303392")
    code = decode(yuan)

    assert (code.currency_code, code.amount, code.amount_minor) == ("CNY", amount, minor)


def test_a_currency_we_do_not_know_leaves_the_amount_as_text() -> None:
    code = decode(jpqr_with("53039525403100", without="5303392"))

    assert (code.currency_code, code.amount, code.amount_minor) == (None, "100", None)
    assert code.valid


@pytest.mark.parametrize(
    ("objects", "tip"),
    [
        ([("55", "01")], Tip("prompt", None)),
        ([("55", "02"), ("56", "100")], Tip("fixed", "100")),
        ([("55", "03"), ("57", "5.25")], Tip("percentage", "5.25")),
    ],
)
def test_a_tip_is_read(objects: list[tuple[str, str]], tip: Tip) -> None:
    assert decode(jpqr_with(join(objects))).tip == tip


def test_every_finding_is_a_sentence() -> None:
    for payload in (JPQR_STATIC[:-1] + "0", "0002", synthetic("promptpay shape")):
        for finding in decode(payload).findings:
            assert finding.message[0].isupper()
            assert finding.message.endswith(".")
