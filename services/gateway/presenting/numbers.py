"""The numbers under the bars, as shops' scanners read them. Pure.

An even count of digits, which Code 128 packs in pairs (ISO/IEC 15417, set C). The last digit is the
check digit of ISO/IEC 7812-1 (Luhn), so that a misread number is told from an unknown one:

    1 RRRRRRRRRRRRRRRRRR C                20 digits: a code made here, R random
    2 KKKKKKKKKK NNNNNN OOOOOOOO C        26 digits: a code made by the phone; K its key's number,
                                          N the counter, O the one-time digits
"""

import secrets
from dataclasses import dataclass

from services.gateway.presenting.refusals import PayerCodeMalformed

_ONLINE, _OFFLINE = "1", "2"
_RANDOM_DIGITS = 18
KEY_DIGITS = 10
COUNTER_DIGITS = 6
ONE_TIME_DIGITS = 8
ONLINE_LENGTH = 1 + _RANDOM_DIGITS + 1
OFFLINE_LENGTH = 1 + KEY_DIGITS + COUNTER_DIGITS + ONE_TIME_DIGITS + 1


@dataclass(frozen=True, slots=True)
class OnlineNumber:
    """Of a code that was made here."""

    number: str


@dataclass(frozen=True, slots=True)
class OfflineNumber:
    """Of a code that the payer's phone made."""

    key_number: str
    counter: int
    one_time: str


def check_digit(digits: str) -> str:
    """The digit that is put behind `digits` (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def new_online_number() -> str:
    """A fresh number that nobody can guess within its minute."""
    return _checked(_ONLINE + _random_digits(_RANDOM_DIGITS))


def new_key_number() -> str:
    """A fresh name for an offline key."""
    return _random_digits(KEY_DIGITS)


def offline_number(key_number: str, counter: int, one_time: str) -> str:
    """The number of a phone's code."""
    return _checked(f"{_OFFLINE}{key_number}{counter:0{COUNTER_DIGITS}d}{one_time}")


def looks_like_number(text: str) -> bool:
    """Whether `text` has the length of a number and nothing but digits."""
    return text.isascii() and text.isdigit() and len(text) in (ONLINE_LENGTH, OFFLINE_LENGTH)


def parse_number(text: str) -> OnlineNumber | OfflineNumber:
    """What a number names. Raises `PayerCodeMalformed`."""
    if not looks_like_number(text) or check_digit(text[:-1]) != text[-1]:
        raise PayerCodeMalformed
    match text[0], len(text):
        case "1", length if length == ONLINE_LENGTH:
            return OnlineNumber(text)
        case "2", length if length == OFFLINE_LENGTH:
            counter_at = 1 + KEY_DIGITS
            one_time_at = counter_at + COUNTER_DIGITS
            return OfflineNumber(
                text[1:counter_at], int(text[counter_at:one_time_at]), text[one_time_at:-1]
            )
    raise PayerCodeMalformed


def _random_digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}d}"


def _checked(digits: str) -> str:
    return digits + check_digit(digits)
