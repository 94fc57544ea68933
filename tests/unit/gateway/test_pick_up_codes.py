"""Pick-up codes: read as people type them, and a mistyped one is never another's."""

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.prepaid.codes import (
    ALPHABET,
    CODE_LENGTH,
    check_character,
    new_code,
    read_code,
    shown,
)

BODIES = st.text(ALPHABET, min_size=8, max_size=8)


@given(BODIES)
def test_a_code_is_read_as_it_is_shown(body: str) -> None:
    code = body + check_character(body)

    assert read_code(shown(code)) == code
    assert read_code(f" {code.lower()} ") == code


@given(BODIES, st.integers(0, CODE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(body: str, place: int, other: str) -> None:
    code = body + check_character(body)
    wrong = code[:place] + other + code[place + 1 :]

    assert (read_code(wrong) is None) == (wrong != code)


@given(BODIES, st.integers(0, CODE_LENGTH - 2))
def test_neighbours_that_changed_places_are_always_found(body: str, place: int) -> None:
    code = body + check_character(body)
    turned = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

    assert (read_code(turned) is None) == (turned != code)


@given(st.text(max_size=60))
def test_anything_typed_is_a_code_or_none(typed: str) -> None:
    code = read_code(typed)

    assert code is None or read_code(shown(code)) == code


def test_fresh_codes_differ_and_are_right() -> None:
    codes = {new_code() for _ in range(500)}

    assert len(codes) == 500
    assert all(read_code(code) == code for code in codes)
