"""Zengin text: JIS X 0201 as CP932 writes it, one byte a character, both ways.

Every byte decodes, so that a damaged record can be shown; what is no character becomes U+FFFD.
"""

import codecs

_HALF_WIDTH = 0xFF61 - 0xA1
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def _sign(byte: int) -> str:
    if byte < 0x80:
        return chr(byte)
    return chr(byte + _HALF_WIDTH) if 0xA1 <= byte <= 0xDF else _UNKNOWN


_SIGNS = "".join(map(_sign, range(256)))
_BYTES = {ord(sign): byte for byte, sign in enumerate(_SIGNS) if sign != _UNKNOWN}


def decode(data: bytes) -> str:
    """One character for each byte."""
    return codecs.charmap_decode(data, "strict", _SIGNS)[0]


def encode(text: str) -> bytes:
    """One byte for each character. Raises UnicodeEncodeError for what has no single byte."""
    return codecs.charmap_encode(text, "strict", _BYTES)[0]
