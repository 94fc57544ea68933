"""What a person is shown as: a name they chose, or a real one masked. Pure."""

import unicodedata

from services.gateway.personal.refusals import PersonalNameMalformed

# As many as EMVCo's 59 holds.
LONGEST_NAME = 25
LONGEST_REAL_NAME = 100
MOST_WORDS = 4
# Always three, so that how long the name is stays unknown.
MASK = "***"
_NAMELESS = "PERSON"


def display_name(text: str) -> str:
    """A name that somebody chose, as it is kept. Raises `PersonalNameMalformed`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    _check(name, text, "display_name", LONGEST_NAME)
    return name


def masked(real_name: str) -> str:
    """Of each word the first character: `Yamada Taro` is `Y*** T***`.

    Of one-word names, as Japanese, Chinese and Korean ones may be written, that is the family's.
    Raises `PersonalNameMalformed`.
    """
    name = " ".join(unicodedata.normalize("NFC", real_name).split())
    _check(name, real_name, "real_name", LONGEST_REAL_NAME)
    return " ".join(f"{word[0]}{MASK}" for word in name.split()[:MOST_WORDS])


def _check(name: str, given: str, field: str, longest: int) -> None:
    # Controls, and marks that turn the direction of text, would let a name look like another.
    if not 0 < len(name) <= longest or any(unicodedata.category(c)[0] == "C" for c in given):
        raise PersonalNameMalformed(field, longest)


def name_in_code(shown_name: str) -> str:
    """What a code carries, which is printable ASCII: others learn the name as the code is paid."""
    return shown_name if shown_name.isascii() else _NAMELESS
