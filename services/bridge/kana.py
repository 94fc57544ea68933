"""Names as Japanese banks write them: half-width katakana in the zengin character set.

Source: facts.md §5.1: full-size kana only, `-` for the long sound, a mark is a character of its
own, party names may have ( ) - . and spaces. Kanji has no reading by rule and is refused.
"""

import re
import unicodedata

_HALF = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF71, 0xFF9E)} | {
    "\u3099": "ﾞ",
    "\u309a": "ﾟ",
}
_FULL_SIZE = str.maketrans("ァィゥェォッャュョヮヵヶヲ", "アイウエオツヤユヨワカケオ")
_LONG = str.maketrans(dict.fromkeys("ー－―‐−–—ｰ", "-"))
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_ALLOWED = re.compile(r"[0-9A-Z()\-. ｱ-ﾟ]+")


def bank_name(name: str) -> str:
    """`ヤマダ　タロー` → `ﾔﾏﾀﾞ ﾀﾛ-`. Raises ValueError for what banks cannot write."""
    text = unicodedata.normalize("NFKC", name).translate(_HIRAGANA).upper()
    text = " ".join(text.translate(_LONG).translate(_FULL_SIZE).split())
    half = "".join(_HALF.get(char, char) for char in unicodedata.normalize("NFD", text))
    if not _ALLOWED.fullmatch(half):
        raise ValueError("a bank writes names in katakana, capital letters, digits and ( ) - .")
    return half
