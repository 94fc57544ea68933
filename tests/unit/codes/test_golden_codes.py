"""Every published and made vector, with the findings it must have and no others."""

from typing import Any

import pytest

from services.codes import decode
from services.codes.merchant.tlv import checksum
from tests.unit.codes.vectors import CONSUMER, PUBLIC, SYNTHETIC, golden, with_checksum

# The wording of `jpqr_profile_issues`, as code and path.
JPQR_ISSUES = {
    "no jp.or.paymentsjapan template": ("SCHEME_TEMPLATE_MISSING", "26-51"),
    "currency not 392": ("SCHEME_VALUE", "53"),
    "country not JP": ("SCHEME_VALUE", "58"),
    "postal code absent": ("MANDATORY_MISSING", "61"),
    "language not JA": ("SCHEME_VALUE", "64.00"),
    "64.02 present": ("SCHEME_FORBIDDEN", "64.02"),
}


def by_id(vector: dict[str, Any]) -> str:
    return str(vector.get("id") or vector.get("name"))


@pytest.mark.parametrize("vector", PUBLIC, ids=by_id)
def test_a_public_code_has_the_findings_of_the_strict_rules(vector: dict[str, Any]) -> None:
    code = decode(vector["payload"])

    assert code.kind == "emv_mpm"
    assert code.valid == vector["emvco_strict_valid"]
    assert {one.code for one in code.findings} == {
        one["code"] for one in vector["emvco_strict_issues"]
    }


@pytest.mark.parametrize("vector", [v for v in PUBLIC if v["root"]], ids=by_id)
def test_a_public_code_is_split_into_its_objects(vector: dict[str, Any]) -> None:
    code = decode(vector["payload"])

    assert code.root == vector["root"]
    assert code.templates == vector["templates"]


@pytest.mark.parametrize("vector", [v for v in PUBLIC if "jpqr_profile_issues" in v], ids=by_id)
def test_a_public_code_has_the_findings_of_jpqr(vector: dict[str, Any]) -> None:
    strict = {(one.code, one.path) for one in decode(vector["payload"]).findings}
    jpqr = {(one.code, one.path) for one in decode(vector["payload"], "jpqr").findings}

    assert jpqr - strict == {JPQR_ISSUES[issue] for issue in vector["jpqr_profile_issues"]}


@pytest.mark.parametrize("vector", SYNTHETIC, ids=by_id)
def test_a_made_code_has_exactly_the_expected_findings(vector: dict[str, Any]) -> None:
    code = decode(vector["payload"])

    assert {one.code for one in code.findings} == set(vector["all_codes"])
    assert code.valid == vector["valid"]
    if vector["expected_code"] is not None:
        assert code.findings[0].code == vector["expected_code"]


@pytest.mark.parametrize("vector", [v for v in SYNTHETIC if v["jpqr_valid"] is not None], ids=by_id)
def test_a_made_code_is_judged_by_jpqr_as_expected(vector: dict[str, Any]) -> None:
    assert decode(vector["payload"], "jpqr").valid == vector["jpqr_valid"]


@pytest.mark.parametrize("vector", CONSUMER, ids=by_id)
def test_a_consumer_code_has_exactly_the_expected_error(vector: dict[str, Any]) -> None:
    code = decode(vector["payload"])
    expected, _, path = vector.get("expected_error", "").partition(" ")

    assert code.kind == "emv_cpm"
    assert code.valid == vector["valid"]
    assert [one.code for one in code.findings] == ([expected] if expected else [])
    if path:
        assert code.findings[0].path == path


@pytest.mark.parametrize("vector", [v for v in CONSUMER if v["valid"]], ids=by_id)
def test_a_consumer_code_is_split_into_its_objects(vector: dict[str, Any]) -> None:
    code = decode(vector["payload"])
    consumer = code.consumer
    assert consumer is not None

    def check(nodes: list[dict[str, Any]], prefix: str) -> None:
        times: dict[str, int] = {}
        for node in nodes:
            times[node["tag"]] = times.get(node["tag"], 0) + 1
            if "children" in node:
                count = times[node["tag"]]
                path = prefix + node["tag"] + (f"#{count}" if count > 1 else "")
                for child in node["children"]:
                    if "hex" in child:
                        assert code.templates[path][child["tag"]] == child["hex"]
                check(node["children"], f"{path}.")

    check(vector["tlv"], "")
    tracks = [
        child["track2"]
        for node in vector["tlv"]
        for child in node.get("children", ())
        if child["tag"] == "57"
    ]
    read = [one.track2 for one in consumer.applications if one.track2 or one.payment_id]
    assert [
        track
        and {
            "pan": track.pan,
            "expiry_yymm": track.expiry_yymm,
            "service_code": track.service_code,
            "discretionary": track.discretionary,
        }
        for track in read
    ] == tracks


@pytest.mark.parametrize(
    "vector",
    [v for v in golden("jpqr_ids.json")["vectors"] if v["value"]],
    ids=lambda vector: vector["why"] or "valid",
)
def test_a_jpqr_account_is_judged_by_its_guid_and_lengths(vector: dict[str, Any]) -> None:
    value = vector["value"]
    payload = with_checksum(
        f"00020126{len(value):02}{value}5204581253033925802JP5912TEST SHOKUDO"
        "6005TOKYO6107100000164150002JA0105テスト食堂"
    )

    assert decode(payload, "jpqr").valid == vector["valid"]


def test_an_empty_jpqr_account_is_refused() -> None:
    payload = with_checksum("0002012600520458125303392")

    assert [one.code for one in decode(payload, "jpqr").findings] == ["TLV_MALFORMED"]


@pytest.mark.parametrize(
    "vector", golden("crc16_ccitt_false.json")["vectors"], ids=lambda vector: vector["crc"]
)
def test_a_checksum_is_that_of_the_vector(vector: dict[str, Any]) -> None:
    assert checksum(vector["text"]) == vector["crc"]
