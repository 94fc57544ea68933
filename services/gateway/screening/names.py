"""How ids and names are compared: without case, width, accents, marks and word order. Pure.

Two names are the same where their words are, in any order, or where they are the same letters with
the spaces taken out. Nothing is guessed beyond that: no likeness, no transliteration. A list that
wants another spelling found has to hold it.
"""

import re
import unicodedata

_NOT_WORD = re.compile(r"[\W_]+")
_KANA_MARKS = 8  # canonical combining class of dakuten and handakuten: they tell kana apart
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}  # to katakana


def fold(text: str) -> str:
    """`text` without case, width, accents, and the difference of the two kana."""
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(
        letter
        for letter in apart
        if not unicodedata.combining(letter) or unicodedata.combining(letter) == _KANA_MARKS
    )
    return unicodedata.normalize("NFKC", plain).casefold().translate(_HIRAGANA)


def fold_id(text: str) -> str:
    """An id as ids are compared."""
    return fold(text).strip()


def name_keys(name: str) -> tuple[str, ...]:
    """What a name is looked up by; none where it has no letter."""
    words = _NOT_WORD.sub(" ", fold(name)).split()
    if not words:
        return ()
    return tuple(dict.fromkeys((" ".join(sorted(words)), "".join(words))))
