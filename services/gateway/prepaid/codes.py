"""Pick-up codes: nine characters that people can read to each other. Pure but for the dice.

Eight characters are random (31 to the 8th: 39 bits), which is more than a shop's staff can try; the
last completes a weighted sum to a multiple of 31. As 31 is a prime and no weight a multiple of it,
one wrong character and two neighbours that changed places are always found.
"""

import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"  # without 0, 1, I, O and U
RANDOM_LENGTH = 8
CODE_LENGTH = RANDOM_LENGTH + 1
LONGEST_TYPED = 40


def new_code() -> str:
    """A fresh code, without hyphens."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + check_character(body)


def check_character(body: str) -> str:
    """What follows eight characters of the alphabet."""
    total = sum(weight * ALPHABET.index(letter) for weight, letter in enumerate(body, start=2))
    return ALPHABET[-total % len(ALPHABET)]


def shown(code: str) -> str:
    """A code as people read it: `K7Q-2MX-9DF`."""
    return "-".join(code[start : start + 3] for start in range(0, CODE_LENGTH, 3))


def read_code(typed: str) -> str | None:
    """The code somebody typed; None where it cannot be one."""
    narrow = unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).upper()
    code = "".join(letter for letter in narrow if letter not in "- \u3000")
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        return None
    return code if check_character(code[:-1]) == code[-1] else None
