"""Numbers and texts of payers' codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import decode, encode_consumer
from services.core.errors import Malformed
from services.gateway.presenting.numbers import (
    OFFLINE_LENGTH,
    ONLINE_LENGTH,
    OfflineNumber,
    OnlineNumber,
    check_digit,
    new_key_number,
    new_online_number,
    offline_number,
    parse_number,
)
from services.gateway.presenting.texts import code_text, read_code
from services.sandbox.demo.codes import TOKYO_STATIC

DIGITS = st.text("0123456789", min_size=1, max_size=30)
OFFLINE = st.builds(
    offline_number,
    st.from_regex(r"\A[0-9]{10}\Z"),
    st.integers(0, 999_999),
    st.from_regex(r"\A[0-9]{8}\Z"),
)
ONLINE = st.builds(new_online_number)


def test_check_digits_are_those_of_iso_7812() -> None:
    assert check_digit("7992739871") == "3"
    assert check_digit("0") == "0"


@given(DIGITS, st.data())
def test_a_misread_digit_changes_the_check_digit(digits: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    misread = digits[:place] + other + digits[place + 1 :]
    assert check_digit(misread) != check_digit(digits)


def test_numbers_have_an_even_count_of_digits_for_code_128() -> None:
    assert len(new_online_number()) == ONLINE_LENGTH == 20
    assert len(offline_number(new_key_number(), 0, "00000000")) == OFFLINE_LENGTH == 26


@given(st.one_of(ONLINE, OFFLINE), st.sampled_from(["", "12345678", "0000000000017"]))
def test_a_text_says_what_its_number_says(number: str, operator_code: str) -> None:
    text = code_text(number, operator_code)
    assert read_code(text) == read_code(number) == parse_number(number)
    assert decode(text, "auto").valid
    assert len(text) <= 684


def test_emvco_and_jpqr_texts_start_as_their_readers_expect() -> None:
    number = new_online_number()
    assert code_text(number).startswith("hQVDUFY")
    assert code_text(number, "12345678").startswith("hQVKUFFS")
    jpqr = decode(code_text(number, "12345678"), "jpqr")
    assert jpqr.consumer is not None
    assert jpqr.consumer.applications[0].adf_name == "12345678"


def test_a_number_names_a_code_or_a_phones_key_and_counter() -> None:
    assert isinstance(parse_number(new_online_number()), OnlineNumber)
    read = parse_number(offline_number("0123456789", 42, "00000007"))
    assert read == OfflineNumber("0123456789", 42, "00000007")


@given(st.one_of(DIGITS, st.text(max_size=40)))
def test_other_texts_are_refused_and_nothing_breaks(text: str) -> None:
    try:
        read_code(text)
    except Malformed:
        return
    assert len(text) in (ONLINE_LENGTH, OFFLINE_LENGTH)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TOKYO_STATIC, "PAYER_CODE_MALFORMED"),
        ("https://qr.kakaopay.com/281006011000000070000999", "PAYER_CODE_MALFORMED"),
        ("hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=", "PAYER_CODE_FOREIGN"),
        (
            encode_consumer(
                [{"4F": b"12345678", "57": b"87654321"}],
                format_indicator="JPQR1",
                profile="jpqr",
            ),
            "PAYER_CODE_FOREIGN",
        ),
        ("3" + "0" * 18 + check_digit("3" + "0" * 18), "PAYER_CODE_MALFORMED"),
        ("", "CODE_UNREADABLE"),
    ],
)
def test_codes_of_others_are_told_from_what_is_no_code(text: str, reason: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_code(text)
    assert refused.value.reason == reason
