"""Names as Japanese banks write and compare them: half-width katakana, capitals, digits.

Sources: facts.md §5.1: full-size kana only, `-` for the long sound, a mark is a character of its
own, party names may have ( ) - . and spaces. Kanji has no reading by rule and is refused.
"""

import re
import unicodedata

import jaconv

from services.core.errors import Malformed

_LONG = str.maketrans(dict.fromkeys("ー－―‐−–—ｰ", "-"))
# ヲ is not in the character set of names: banks print オ. The small ones are those jaconv leaves.
_REPLACED = str.maketrans("ヲヮヵヶ", "オワカケ")
_ALLOWED = re.compile(r"(?:[0-9A-Z()\-. ｱ-ﾝ]|(?<=[ｳｶ-ﾄﾊ-ﾎ])ﾞ|(?<=[ﾊ-ﾎ])ﾟ)+")
_MARKS = ("ﾞ", "ﾟ")

# Kinds of company, in full and as a transfer abbreviates them. Longer ones stand first.
_COMPANIES = {
    "ﾄｸﾃｲﾋｴｲﾘｶﾂﾄﾞｳﾎｳｼﾞﾝ": "ﾄｸﾋ",
    "ｲﾂﾊﾟﾝｼﾔﾀﾞﾝﾎｳｼﾞﾝ": "ｼﾔ",
    "ｺｳｴｷｼﾔﾀﾞﾝﾎｳｼﾞﾝ": "ｼﾔ",
    "ｲﾂﾊﾟﾝｻﾞｲﾀﾞﾝﾎｳｼﾞﾝ": "ｻﾞｲ",
    "ｺｳｴｷｻﾞｲﾀﾞﾝﾎｳｼﾞﾝ": "ｻﾞｲ",
    "ｼﾔｶｲﾌｸｼﾎｳｼﾞﾝ": "ﾌｸ",
    "ｶﾌﾞｼｷｶﾞｲｼﾔ": "ｶ",
    "ﾕｳｹﾞﾝｶﾞｲｼﾔ": "ﾕ",
    "ｺﾞｳﾄﾞｳｶﾞｲｼﾔ": "ﾄﾞ",
    "ｺﾞｳﾒｲｶﾞｲｼﾔ": "ﾒ",
    "ｺﾞｳｼｶﾞｲｼﾔ": "ｼ",
    "ｶﾞﾂｺｳﾎｳｼﾞﾝ": "ｶﾞｸ",
    "ｲﾘﾖｳﾎｳｼﾞﾝ": "ｲ",
    "ｼﾕｳｷﾖｳﾎｳｼﾞﾝ": "ｼﾕｳ",
}
_FULL = "|".join(_COMPANIES)
_SHORT = "|".join(sorted(set(_COMPANIES.values()), key=len, reverse=True))
_BEFORE = re.compile(rf"^(?:({_FULL})|\(?({_SHORT})\))(?=.)")
_BEHIND = re.compile(rf"(?<=.)(?:({_FULL})|\(({_SHORT})\)?)$")


class NameNotWritable(Malformed):
    """A bank has no characters for this name; kanji needs its reading from the holder."""


def bank_name(name: str) -> str:
    """`ヤマダ　タロー` → `ﾔﾏﾀﾞ ﾀﾛ-`. Raises `NameNotWritable` for what banks cannot write."""
    text = unicodedata.normalize("NFKC", name)
    text = jaconv.hira2kata(text).translate(_LONG).translate(_REPLACED).upper()
    text = jaconv.enlarge_smallkana(" ".join(text.split()))
    half: str = jaconv.z2h(text, kana=True, ascii=False, digit=False)
    if not _ALLOWED.fullmatch(half):
        raise NameNotWritable(
            "a bank writes names in katakana, capital letters, digits and ( ) - . only; "
            "give the reading of a name in kanji"
        )
    return half


def cut(name: str, size: int) -> str:
    """The first `size` characters of a name in half width, never parting a kana from its mark."""
    if len(name) <= size:
        return name
    return name[: size - 1] if size and name[size] in _MARKS else name[:size]


def comparable(name: str) -> str:
    """What banks compare of a name: no spaces, and the kind of a company abbreviated.

    `カブシキガイシャ テスト`, `(ｶ)ﾃｽﾄ` and `ｶ)ﾃｽﾄ` are one; `ﾃｽﾄ(ｶ` is another company.
    Raises `NameNotWritable`.
    """
    key = bank_name(name).replace(" ", "")
    key = _BEFORE.sub(lambda found: _short(found) + ")", key)
    return _BEHIND.sub(lambda found: "(" + _short(found), key)


def same_name(one: str, other: str) -> bool:
    """Whether a bank takes both for one holder. A name in kanji is nobody's."""
    try:
        return comparable(one) == comparable(other)
    except NameNotWritable:
        return False


def _short(found: re.Match[str]) -> str:
    return _COMPANIES[found[1]] if found[1] else found[2]
