"""Rules of consumer codes that the golden vectors leave out, and writing them."""

import base64

import pytest

from services.codes import CodeInvalid, decode, encode_consumer
from services.codes.building import ConsumerValue
from services.codes.consumer.bertlv import join_ber
from tests.unit.codes.vectors import CONSUMER

ADF = bytes.fromhex("A0000000555555")
PAN = bytes.fromhex("1234567890123458")
APPLICATION: dict[str, ConsumerValue] = {"4F": ADF, "5A": PAN}


def payload(*objects: tuple[str, bytes]) -> str:
    return base64.b64encode(join_ber([("85", b"CPV01"), *objects])).decode()


def application(*objects: tuple[str, bytes]) -> tuple[str, bytes]:
    return ("61", join_ber([("4F", ADF), ("5A", PAN), *objects]))


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        pytest.param(
            payload(("61", join_ber([("4F", ADF)]))), "PAYMENT_DATA_MISSING", "61", id="no account"
        ),
        pytest.param(payload(application(("50", b"L" * 17))), "LENGTH", "61.50", id="long label"),
        pytest.param(payload(application(("5F20", b"N"))), "LENGTH", "61.5F20", id="short name"),
        pytest.param(
            payload(application(), ("62", join_ber([("5F2D", b"ja")]))),
            "COMMON_TEMPLATE_UNEXPECTED",
            "62",
            id="common data of one application",
        ),
        pytest.param(
            payload(application(("50", b"L"), ("50", b"L"))), "DUPLICATE_TAG", "50", id="50 twice"
        ),
        pytest.param(
            payload(("85", b"CPV01"), application()), "DUPLICATE_TAG", "85", id="two formats"
        ),
        pytest.param("hQVDUFYwMWGA", "TLV_MALFORMED", "61", id="a length without end"),
        pytest.param("hQVDUFYwMWGC/w==", "TLV_TRUNCATED", "61", id="a length cut off"),
        pytest.param("hQVDUFYwMR+A", "TLV_TRUNCATED", "1F80", id="a tag cut off"),
    ],
)
def test_a_consumer_code_that_breaks_a_rule_is_found(text: str, code: str, path: str) -> None:
    assert [(one.code, one.path) for one in decode(text).findings] == [(code, path)]


def test_a_jpqr_payment_id_is_not_held_to_the_length_of_track_2() -> None:
    text = encode_consumer([{"4F": b"12345678", "57": b"9" * 24}], format_indicator="JPQR1")
    code = decode(text, "jpqr")

    assert (code.scheme, code.valid) == ("jpqr", True)
    assert code.consumer is not None
    assert code.consumer.applications[0].payment_id == "9" * 24


def test_the_jpqr_profile_wants_the_jpqr_format() -> None:
    emvco = CONSUMER[0]["payload"]

    assert [one.code for one in decode(emvco, "jpqr").findings] == ["CPV_UNKNOWN"]


def test_a_written_code_is_the_published_one() -> None:
    track2 = bytes.fromhex("1234567890123458D191220112345F")

    assert encode_consumer([{"4F": ADF, "57": track2}]) == CONSUMER[0]["payload"]


def test_two_applications_with_common_data_are_the_published_ones() -> None:
    def product(name: bytes, adf: str) -> dict[str, ConsumerValue]:
        return {"4F": bytes.fromhex(adf), "50": name}

    text = encode_consumer(
        [product(b"Product1", "A0000000555555"), product(b"Product2", "A0000000666666")],
        {
            "5A": PAN,
            "5F20": b"CARDHOLDER/EMV",
            "5F2D": b"ruesdeen",
            "64": {
                "9F10": bytes.fromhex("06010A03000000"),
                "9F26": bytes.fromhex("584FD385FA234BCC"),
                "9F36": bytes.fromhex("0001"),
                "9F37": bytes.fromhex("6D58EF13"),
            },
        },
    )

    assert text == CONSUMER[1]["payload"]


@pytest.mark.parametrize(
    ("applications", "code"),
    [
        pytest.param([], "APPLICATION_TEMPLATE_MISSING", id="none"),
        pytest.param([{"5A": PAN}], "ADF_NAME_MISSING", id="nameless"),
        pytest.param([APPLICATION] * 3, "TOO_MANY_APPLICATIONS", id="three"),
        pytest.param([APPLICATION | {"ZZ": b"1"}], "TLV_MALFORMED", id="not a tag"),
        pytest.param([APPLICATION | {"9F": b"1"}], "TLV_MALFORMED", id="half a tag"),
        pytest.param([APPLICATION | {"99": b"1" * 600}], "LENGTH", id="too much"),
        pytest.param([APPLICATION | {"63": {"9F10": b"1" * 505}}], "LENGTH", id="too much inside"),
    ],
)
def test_what_would_not_be_valid_is_not_written(
    applications: list[dict[str, ConsumerValue]], code: str
) -> None:
    with pytest.raises(CodeInvalid) as refusal:
        encode_consumer(applications)

    assert [one.code for one in refusal.value.findings] == [code]


def test_a_payload_without_the_format_is_still_known_as_a_consumer_code() -> None:
    text = base64.b64encode(join_ber([application()])).decode()

    assert [one.code for one in decode(text).findings] == ["CPV_MISSING"]


def test_of_a_repeated_object_the_first_value_is_shown() -> None:
    code = decode(payload(application(("50", b"A"), ("50", b"B"))))

    assert code.templates["61"]["50"] == "41"
