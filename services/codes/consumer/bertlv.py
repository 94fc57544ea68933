"""Splitting and joining BER-TLV (ISO/IEC 8825-1) as consumer codes use it.

Only the templates of EMVCo CPM are opened, so depth is bounded by the format and not by the input.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Application and common data, and inside them the transparent templates (EMVCo QR CPM v1.1).
_TEMPLATES = frozenset({"61", "62"})
_INNER_TEMPLATES = frozenset({"63", "64"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Node:
    """One object; `children` is None for a primitive."""

    tag: str
    value: bytes
    children: tuple["Node", ...] | None = None

    def child(self, tag: str) -> "Node | None":
        return next((one for one in self.children or () if one.tag == tag), None)


class BerMalformed(ValueError):
    """The bytes cannot be read as BER-TLV; `code` and `path` are those of the finding."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.path = path
        self.message = message


def split_ber(data: bytes, opened: frozenset[str] = _TEMPLATES) -> tuple[Node, ...]:
    """Read the objects of one level, and inside those whose tag is in `opened`.

    Raises `BerMalformed`.
    """
    nodes: list[Node] = []
    inner = _INNER_TEMPLATES if opened is _TEMPLATES else _NONE
    position = 0
    while position < len(data):
        tag, after_tag = _read_tag(data, position)
        length, start = _read_length(data, after_tag, tag)
        if start + length > len(data):
            said = f"Tag {tag} runs {start + length - len(data)} byte(s) past the end."
            raise BerMalformed("TLV_TRUNCATED", tag, said)
        value = data[start : start + length]
        nodes.append(Node(tag, value, split_ber(value, inner) if tag in opened else None))
        position = start + length
    return tuple(nodes)


def join_ber(nodes: Iterable[tuple[str, bytes]]) -> bytes:
    """Write objects one after another, lengths in the shortest form. Raises ValueError on a tag
    that is not hex."""
    return b"".join(bytes.fromhex(tag) + _length(len(value)) + value for tag, value in nodes)


def _read_tag(data: bytes, position: int) -> tuple[str, int]:
    end = position + 1
    if data[position] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
    if end > len(data) or end - position > 3:
        tag = data[position:end][:3].hex().upper()
        raise BerMalformed("TLV_TRUNCATED", tag, f"Tag {tag} does not end.")
    return data[position:end].hex().upper(), end


def _read_length(data: bytes, position: int, tag: str) -> tuple[int, int]:
    if position >= len(data):
        raise BerMalformed("TLV_TRUNCATED", tag, f"Tag {tag} has no length.")
    first = data[position]
    if first < 0x80:
        return first, position + 1
    count = first & 0x7F
    if count not in (1, 2):
        said = f"Tag {tag} has a length of an unknown form ({first:02X})."
        raise BerMalformed("TLV_MALFORMED", tag, said)
    if position + 1 + count > len(data):
        raise BerMalformed("TLV_TRUNCATED", tag, f"The length of tag {tag} is cut off.")
    length = int.from_bytes(data[position + 1 : position + 1 + count])
    return length, position + 1 + count


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    if size < 0x100:
        return bytes([0x81, size])
    return bytes([0x82]) + size.to_bytes(2)
