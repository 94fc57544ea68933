"""Check digits of reference numbers. Pure; the rules are the biller's data.

Each function takes a whole reference, its check characters last, and says what they should be.
"""

from collections.abc import Sequence
from enum import StrEnum

DEFAULT_WEIGHTS = (2, 3, 4, 5, 6, 7)


class CheckMethod(StrEnum):
    """By which rule the last characters of a reference follow from those before."""

    NONE = "none"
    LUHN = "luhn"  # ISO/IEC 7812-1, annex B
    MOD11 = "mod11"  # a weighted sum that is a multiple of 11, as ISBN-10 and My Number have it
    MOD97 = "mod97"  # ISO/IEC 7064 MOD 97-10


class CheckTen(StrEnum):
    """What stands for a check digit of ten (MOD11). With a zero some single errors pass."""

    LETTER_X = "letter_x"
    ZERO = "zero"
    UNUSED = "unused"  # no number that would need it is given out


CHECK_LENGTHS = {
    CheckMethod.NONE: 0,
    CheckMethod.LUHN: 1,
    CheckMethod.MOD11: 1,
    CheckMethod.MOD97: 2,
}
"""How many characters at the end are the check."""


def luhn(body: str) -> str:
    """The check digit of `body`, which is digits: every second one from the right doubled."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def mod11(body: str, weights: Sequence[int], ten: CheckTen) -> str:
    """The check character of `body`, which is digits; empty where none may be given out.

    `weights` go from the right to the left, and begin anew where they run out.
    """
    total = sum(
        int(digit) * weights[place % len(weights)] for place, digit in enumerate(reversed(body))
    )
    check = -total % 11
    if check < 10:
        return str(check)
    return {CheckTen.LETTER_X: "X", CheckTen.ZERO: "0", CheckTen.UNUSED: ""}[ten]


def mod97(body: str) -> str:
    """The two check digits of `body`; a letter counts as two digits, A as 10 to Z as 35."""
    number = int("".join(str(int(letter, 36)) for letter in body) + "00")
    return f"{98 - number % 97:02}"


def check_of(
    body: str, method: CheckMethod, weights: Sequence[int] = DEFAULT_WEIGHTS,
    ten: CheckTen = CheckTen.LETTER_X,
) -> str:  # fmt: skip
    """The check characters that follow `body`; empty where there are none."""
    match method:
        case CheckMethod.LUHN:
            return luhn(body)
        case CheckMethod.MOD11:
            return mod11(body, weights, ten)
        case CheckMethod.MOD97:
            return mod97(body)
    return ""
