"""Whatever a camera, a stranger or a broken printer gives: an answer, and never an exception."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import PROFILE_NAMES, Code, decode, report
from services.codes.consumer.bertlv import join_ber
from services.codes.findings import has_errors
from tests.unit.codes.vectors import CONSUMER, PUBLIC, SYNTHETIC, with_checksum

PAYLOADS = [vector["payload"] for vector in (*PUBLIC, *SYNTHETIC, *CONSUMER)]
profiles = st.sampled_from(PROFILE_NAMES)


def assert_sound(code: Code) -> None:
    """What holds of every answer."""
    assert code.valid == (not has_errors(code.findings))
    json.dumps(report(code))


@given(st.text(), profiles)
def test_any_text_gets_an_answer(text: str, profile: str) -> None:
    assert_sound(decode(text, profile))


@given(st.text(st.characters(), min_size=1), profiles)
def test_any_text_behind_a_payload_format_gets_an_answer(text: str, profile: str) -> None:
    assert_sound(decode("000201" + text, profile))


@given(st.binary(max_size=700), profiles)
def test_any_bytes_get_an_answer(data: bytes, profile: str) -> None:
    assert_sound(decode(data, profile))


@given(st.binary(max_size=512), profiles)
def test_any_bytes_in_base64_get_an_answer(data: bytes, profile: str) -> None:
    text = base64.b64encode(b"\x85\x05CPV01" + data).decode()

    assert decode(text, profile).kind == "emv_cpm"
    assert_sound(decode(text, profile))


objects = st.tuples(
    st.integers(0, 99).map("{:02}".format),
    st.text("0123456789.AME*食", min_size=1, max_size=20),
).map(lambda pair: f"{pair[0]}{len(pair[1]):02}{pair[1]}")


@given(st.lists(objects, max_size=12).map("".join), profiles)
def test_any_objects_get_an_answer(text: str, profile: str) -> None:
    assert_sound(decode(with_checksum("000201" + text), profile))


@given(st.sampled_from(PAYLOADS), st.integers(0, 400), st.text(max_size=3), profiles)
def test_any_damage_to_a_code_gets_an_answer(
    payload: str, place: int, noise: str, profile: str
) -> None:
    assert_sound(decode(payload[:place] + noise + payload[place + 1 :], profile))


@pytest.mark.parametrize(
    "payload", ["0" * 10_000_000, "6199" * 200_000, "hQV" * 1_000_000, "A" * 685]
)
def test_a_huge_payload_is_refused_by_its_length(payload: str) -> None:
    code = decode(payload)

    assert [one.code for one in code.findings] == ["LENGTH"]
    assert [one.code for one in decode(payload.encode()).findings] == ["LENGTH"]


def test_templates_inside_templates_are_opened_only_as_deep_as_codes_go() -> None:
    value = b""
    while len(value) < 400:
        value = join_ber([("63", value)])
    text = base64.b64encode(join_ber([("85", b"CPV01"), ("61", value)])).decode()

    assert list(decode(text).templates) == ["61", "61.63"]


@pytest.mark.parametrize("payload", ["", " ", "hello", "hello123", "4911", "foobarbaz", "\ud800"])
def test_what_is_no_payment_code_says_so(payload: str) -> None:
    code = decode(payload)

    assert not code.valid
    assert [one.code for one in code.findings] in (["UNKNOWN_KIND"], ["TLV_MALFORMED"])


def test_bytes_are_read_as_utf_8() -> None:
    payload = SYNTHETIC[0]["payload"]

    assert decode(payload.encode()).valid
    assert [one.code for one in decode(payload.encode("cp932")).findings] == ["ENCODING"]
