"""Schemes are found by GUID, and each one's rules allow its own codes."""

import pytest

from services.codes import ProfileUnknown, compose, decode, encode
from services.codes.composing import Draft
from services.codes.merchant.profiles import Profile
from services.codes.merchant.schemes import SCHEMES
from tests.unit.codes.vectors import JPQR_STATIC, PUBLIC, public, synthetic, with_checksum, written

SCHEME_OF_VECTOR = {
    "jpqr": "jpqr",
    "khqr-kh": "khqr",
    "paynow/sgqr": "sgqr",
    "pix-br": "pix",
    "qrph": "qrph",
    "qrph-p2p": "qrph",
    "promptpay-th": "promptpay",
    "vietqr": "vietqr",
}
NATIONAL = [one for one in PUBLIC if one["profile"] in SCHEME_OF_VECTOR]


@pytest.mark.parametrize("vector", NATIONAL, ids=lambda vector: vector["id"])
def test_a_national_code_names_its_scheme(vector: dict[str, str]) -> None:
    assert decode(vector["payload"]).scheme == SCHEME_OF_VECTOR[vector["profile"]]


@pytest.mark.parametrize("vector", NATIONAL, ids=lambda vector: vector["id"])
def test_a_national_code_keeps_its_schemes_rules_but_for_its_checksum(
    vector: dict[str, str],
) -> None:
    findings = decode(vector["payload"], "auto").findings

    assert {one.code for one in findings} <= {"CRC_MISMATCH"}


@pytest.mark.parametrize(
    ("payload", "scheme", "account"),
    [
        ("jpqr beside two other networks", "jpqr", "0000000000001.0001.000001.000001"),
        ("hk fps shape", "fps", "02:1234567"),
        ("qris shape, two templates", "qris", "ID0000000000000"),
        ("promptpay shape", "promptpay", "01:0066800000000"),
    ],
)
def test_a_made_code_names_its_scheme_and_account(payload: str, scheme: str, account: str) -> None:
    code = decode(synthetic(payload), "auto")

    assert code.merchant is not None
    assert (code.scheme, code.profile, code.merchant.account_ids[scheme]) == (
        scheme,
        scheme,
        account,
    )
    assert code.valid


def test_a_network_without_a_row_appears_under_its_guid() -> None:
    code = decode(synthetic("korean currency and language"))

    assert code.scheme is None
    assert code.merchant is not None
    assert code.merchant.account_ids == {"com.example.kr": "M000000001"}


def test_the_template_of_a_scheme_may_stand_anywhere() -> None:
    for template_id in ("27", "38", "51"):
        moved = with_checksum(JPQR_STATIC[:-8].replace("2668", f"{template_id}68", 1))

        assert decode(moved, "jpqr").valid


def test_a_guid_has_no_case() -> None:
    assert decode(public("mpm-016")).scheme == decode(public("mpm-035")).scheme == "pix"


def test_of_two_schemes_the_one_of_the_country_is_named() -> None:
    paynow = written("27", "0009SG.PAYNOW01012" + "02041234")
    both = with_checksum("000201" + paynow + JPQR_STATIC[6:-8])
    code = decode(both)

    assert code.scheme == "jpqr"
    assert code.merchant is not None
    assert code.merchant.account_ids["paynow"] == "2.1234"


def test_a_card_account_stands_for_unionpay_only_where_no_template_is_known() -> None:
    unionpay = written("15", ACCOUNTS["unionpay"])
    alone = with_checksum(f"000201{unionpay}5204581253031565802CN5904SHOP6008SHANGHAI")

    assert decode(alone, "unionpay").valid
    assert decode(alone).scheme == "unionpay"
    assert decode(synthetic("jpqr beside two other networks")).scheme == "jpqr"


def test_duitnow_may_carry_its_own_payload_format() -> None:
    template = written("26", "0014A000000615000101065016640212ACCOUNT00001")
    payload = with_checksum(f"000202{template}5204581253034585802MY5904SHOP6004KLCC")

    assert decode(payload, "duitnow").valid
    assert [one.code for one in decode(payload).findings] == ["PFI_VALUE"]


def test_a_profile_finds_another_schemes_code() -> None:
    codes = [one.code for one in decode(JPQR_STATIC, "qris").findings]

    assert codes == ["SCHEME_TEMPLATE_MISSING", "SCHEME_VALUE", "SCHEME_VALUE"]


def test_an_account_of_the_wrong_shape_is_found_at_its_place() -> None:
    payload = synthetic("jpqr: level 1 of 12 chars")

    assert [(one.code, one.path) for one in decode(payload, "jpqr").findings] == [
        ("LENGTH", "26.01")
    ]


def test_a_profile_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ProfileUnknown, match="jpqr"):
        decode(JPQR_STATIC, "jprq")


ACCOUNTS = {
    "jpqr": "0000000000001.0001.000001.000001",
    "sgqr": "2.202012345X",
    "promptpay": "03:012345678901234",
    "qris": "ID0000000000001",
    "duitnow": "501664.ACCOUNT00001",
    "qrph": "GXCHPHM2XXX.217020000054698716099",
    "vietqr": "970415.113366668888",
    "khqr": "your_name@bank",
    "fps": "02:1234567",
    "pix": "01:60701190000104",
    "laoqr": "BANK.1.2.3",
    "kawase-person": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "unionpay": "0039226000392260000000000000000",
}


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_a_code_written_for_a_scheme_is_read_back_as_its_own(scheme: Profile) -> None:
    draft = Draft(
        profile=scheme.name,
        account=ACCOUNTS[scheme.name],
        name="TEST SHOP",
        city="SOMEWHERE",
        country_code=None if scheme.countries else "CN",
        currency_code=None if scheme.values else "CNY",
        category_code="5812",
        postal_code="10000",
        local_name="店",
        language=None if "64.00" in scheme.values else "ZH",
        amount="1200",
    )
    code = decode(encode(compose(draft), scheme.name), "auto")

    assert (code.valid, code.scheme, code.profile) == (True, scheme.name, scheme.name)
    assert code.merchant is not None
    assert ACCOUNTS[scheme.name] in code.merchant.account_ids.values()


def test_an_account_may_name_which_of_the_schemes_templates_it_is() -> None:
    draft = Draft(profile="promptpay", account="promptpay_bill=0112233445566")
    code = decode(encode(compose(draft), "promptpay"), "promptpay")

    assert code.merchant is not None
    assert code.merchant.account_ids == {"promptpay_bill": "0112233445566"}
