"""Check digits and references, against numbers that public specifications print."""

from datetime import date
from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.money import Money
from services.gateway.bills.checkdigits import CheckMethod, CheckTen, check_of, mod11
from services.gateway.bills.model import Alphabet, Amounts, Biller, DueForm, ReferenceFormat
from services.gateway.bills.reading import amount_findings, plain, read_reference
from services.gateway.bills.refusals import BillerMalformed
from services.gateway.bills.rules import check_biller, search_text_of, searched

TODAY = date(2026, 10, 30)
ISBN = (2, 3, 4, 5, 6, 7, 8, 9, 10)
BODIES = st.text(digits, min_size=1, max_size=30)
WEIGHTS = st.lists(st.integers(1, 10), min_size=1, max_size=12).map(tuple)


def form(method: CheckMethod, **more: object) -> ReferenceFormat:
    return ReferenceFormat(3, 40, Alphabet.DIGITS, method, **more)  # type: ignore[arg-type]


LUHN = form(CheckMethod.LUHN)
MOD97 = form(CheckMethod.MOD97)


def codes(form: ReferenceFormat, typed: str) -> list[str]:
    return [finding.code for finding in read_reference(form, typed, TODAY).findings]


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("7992739871", "3"),  # the worked example of Luhn's formula
        ("411111111111111", "1"),  # the test number that card networks print
        ("0", "0"),
    ],
)
def test_luhn_gives_the_printed_digit(body: str, check: str) -> None:
    assert check_of(body, CheckMethod.LUHN) == check


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("030640615", "2"),  # ISBN 0-306-40615-2
        ("080442957", "X"),  # ISBN 0-8044-2957-X
    ],
)
def test_mod_11_gives_the_check_character_of_an_isbn(body: str, check: str) -> None:
    assert check_of(body, CheckMethod.MOD11, ISBN, CheckTen.LETTER_X) == check


def test_mod_11_gives_the_check_digit_of_a_my_number() -> None:
    # Order 85 of 2014, article 5: weights 2 to 7 and 2 to 6 from the right, a remainder of 0 or 1
    # gives 0. 1x7+2x6+3x5+4x4+5x3+6x2 = 77 is 0 by 11; one more in the last place leaves 2.
    assert mod11("123456", (2, 3, 4, 5, 6, 7), CheckTen.ZERO) == "0"
    assert mod11("123457", (2, 3, 4, 5, 6, 7), CheckTen.ZERO) == "9"
    assert mod11("000005", (2, 3, 4, 5, 6, 7), CheckTen.ZERO) == "1"
    assert mod11("000006", (2, 3, 4, 5, 6, 7), CheckTen.ZERO) == "0"


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("794", "44"),  # ISO/IEC 7064, the example of MOD 97-10
        ("539007547034RF", "18"),  # ISO 11649: RF18 5390 0754 7034, its head moved to the end
        ("WEST12345698765432GB", "82"),  # ISO 13616: GB82 WEST 1234 5698 7654 32
    ],
)
def test_mod_97_gives_the_printed_digits(body: str, check: str) -> None:
    assert check_of(body, CheckMethod.MOD97) == check


def test_a_number_whose_check_would_be_ten_is_never_right_where_none_is_given_out() -> None:
    unused = form(CheckMethod.MOD11, weights=ISBN, check_ten=CheckTen.UNUSED)

    assert [codes(unused, f"080442957{last}") for last in digits] == [["CHECK_DIGIT_WRONG"]] * 10
    assert codes(unused, "080442957X") == ["LETTER_WRONG"]


@given(BODIES, st.data())
def test_luhn_finds_every_single_wrong_digit(body: str, data: st.DataObject) -> None:
    whole = body + check_of(body, CheckMethod.LUHN)
    wrong = with_one_wrong(whole, data)

    assert check_of(wrong[:-1], CheckMethod.LUHN) != wrong[-1]


@given(BODIES, WEIGHTS, st.data())
def test_mod_11_with_an_x_finds_every_single_wrong_digit(
    body: str, weights: tuple[int, ...], data: st.DataObject
) -> None:
    check = check_of(body, CheckMethod.MOD11, weights, CheckTen.LETTER_X)
    wrong = with_one_wrong(body, data)

    assert check_of(wrong, CheckMethod.MOD11, weights, CheckTen.LETTER_X) != check


@given(st.text(digits, min_size=2, max_size=30), st.data())
def test_mod_11_with_rising_weights_finds_neighbours_that_changed_places(
    body: str, data: st.DataObject
) -> None:
    body = body[-9:]
    place = data.draw(st.integers(0, len(body) - 2))
    turned = body[:place] + body[place + 1] + body[place] + body[place + 2 :]

    check, other = (
        check_of(each, CheckMethod.MOD11, ISBN, CheckTen.LETTER_X) for each in (body, turned)
    )
    assert (check == other) == (body == turned)


@given(BODIES, st.data())
def test_mod_97_finds_every_single_wrong_digit_and_turned_neighbours(
    body: str, data: st.DataObject
) -> None:
    whole = body + check_of(body, CheckMethod.MOD97)
    place = data.draw(st.integers(0, len(whole) - 2))
    turned = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]

    for wrong in (with_one_wrong(whole, data), turned):
        assert (check_of(wrong[:-2], CheckMethod.MOD97) == wrong[-2:]) == (wrong == whole)


@given(st.text(digits + ascii_uppercase, min_size=1, max_size=20), st.data())
def test_mod_97_finds_every_letter_taken_for_another_letter(body: str, data: st.DataObject) -> None:
    body += "A"
    place = data.draw(st.sampled_from([at for at, each in enumerate(body) if each.isalpha()]))
    other = data.draw(st.sampled_from(ascii_uppercase.replace(body[place], "")))
    wrong = body[:place] + other + body[place + 1 :]

    assert check_of(wrong, CheckMethod.MOD97) != check_of(body, CheckMethod.MOD97)


def with_one_wrong(number: str, data: st.DataObject) -> str:
    place = data.draw(st.integers(0, len(number) - 1))
    digit = data.draw(st.sampled_from(digits.replace(number[place], "")))
    return number[:place] + digit + number[place + 1 :]


@given(BODIES.filter(lambda body: len(body) > 1), st.sampled_from([LUHN, MOD97]))
def test_what_was_given_out_is_read_without_a_finding(body: str, form: ReferenceFormat) -> None:
    whole = body + check_of(body, form.check_method)
    typed = " - ".join((whole[:2], whole[2:]))

    read = read_reference(form, typed, TODAY)

    assert (read.reference, read.findings) == (whole, ())


@given(st.text(max_size=60))
def test_anything_typed_is_read(typed: str) -> None:
    due = form(CheckMethod.MOD97, due_position=1, due_form=DueForm.YYMMDD)

    for each in (LUHN, MOD97, due):
        read = read_reference(each, typed, TODAY)
        assert read.findings or plain(read.reference) == read.reference


def test_width_hyphens_and_case_make_no_difference() -> None:
    assert plain(" ａｂ‐１２ー３\u3000４") == "AB1234"


def test_findings_name_length_and_places() -> None:
    short = read_reference(form(CheckMethod.NONE), "1A", TODAY)

    assert [(each.code, each.position) for each in short.findings] == [
        ("LENGTH_WRONG", 0),
        ("LETTER_WRONG", 2),
    ]


def test_a_due_date_is_read_and_one_that_is_over_refused() -> None:
    due = form(CheckMethod.NONE, due_position=2, due_form=DueForm.YYYYMMDD)
    late = form(CheckMethod.NONE, due_position=2, due_form=DueForm.YYYYMMDD, accepts_overdue=True)

    assert read_reference(due, "9202610301", TODAY).due == TODAY
    assert codes(due, "9202610301") == []
    assert codes(due, "9202610291") == ["BILL_OVERDUE"]
    assert codes(late, "9202610291") == []
    assert codes(due, "9202613011") == ["DUE_DATE_WRONG"]


LIGHT = Biller(
    "light", "edo", "電灯", "デントウ", "4900", "TOKYO", "JP", "JPY", "Asia/Tokyo", LUHN,
    Amounts(minimum=100, maximum=300),
)  # fmt: skip


def changed(**fields: object) -> Biller:
    return Biller(**{name: getattr(LIGHT, name) for name in Biller.__slots__} | fields)


def test_amounts_are_held_to_the_billers_range() -> None:
    def found(amount: int, biller: Biller = LIGHT) -> list[str]:
        return [each.code for each in amount_findings(biller, Money(amount, "JPY"))]

    assert [found(minor) for minor in (99, 100, 300, 301)] == [
        ["AMOUNT_TOO_SMALL"], [], [], ["AMOUNT_TOO_LARGE"],
    ]  # fmt: skip
    fixed = changed(amounts=Amounts(fixed=1_225))
    assert (found(1_224, fixed), found(1_225, fixed)) == (["AMOUNT_DISAGREES"], [])
    assert amount_findings(fixed, None) == ()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kana_name": "電灯"}, "kana_name"),
        ({"name": " "}, "name"),
        ({"category_code": "49"}, "category_code"),
        ({"country_code": "jp"}, "country_code"),
        ({"time_zone": "Tokyo"}, "time_zone"),
        ({"time_zone": "../etc"}, "time_zone"),
        ({"repeat_days": 0}, "repeat_days"),
        ({"amounts": Amounts(fixed=1, maximum=2)}, "amounts.fixed_minor_units"),
        ({"amounts": Amounts(minimum=3, maximum=2)}, "amounts.minimum_minor_units"),
        (
            {"form": ReferenceFormat(5, 4, Alphabet.DIGITS, CheckMethod.NONE)},
            "reference_format.minimum_length",
        ),
        (
            {"form": ReferenceFormat(2, 4, Alphabet.DIGITS, CheckMethod.MOD97)},
            "reference_format.minimum_length",
        ),
        (
            {"form": ReferenceFormat(3, 4, Alphabet.ALPHANUMERIC, CheckMethod.LUHN)},
            "reference_format.alphabet",
        ),
        ({"form": form(CheckMethod.MOD11)}, "reference_format.check_ten"),
        ({"form": form(CheckMethod.LUHN, weights=(2,))}, "reference_format.weights"),
        (
            {"form": form(CheckMethod.MOD11, weights=(11,), check_ten=CheckTen.ZERO)},
            "reference_format.weights",
        ),
        ({"form": form(CheckMethod.NONE, due_position=1)}, "reference_format.due_date_form"),
        (
            {"form": form(CheckMethod.NONE, due_position=1, due_form=DueForm.YYMMDD)},
            "reference_format.due_date_position",
        ),
    ],
)
def test_what_cannot_be_said_of_a_biller_names_its_field(
    fields: dict[str, object], field: str
) -> None:
    with pytest.raises(BillerMalformed) as refused:
        check_biller(changed(**fields))
    assert refused.value.metadata["field"] == field


def test_a_biller_is_searched_without_case_width_spaces_and_kind_of_kana() -> None:
    check_biller(LIGHT)
    assert searched("でん とう") in search_text_of(LIGHT)
    assert searched("ﾃﾞﾝﾄｳ") in search_text_of(LIGHT)
