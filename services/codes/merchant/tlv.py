"""Splitting and joining EMVCo merchant-presented objects, and their checksum.

An object is two digits of id, two digits of length (01-99, in characters) and the value.
Source: EMVCo QR MPM v1.1, section 3.
"""

import binascii
from collections.abc import Iterable
from typing import NamedTuple

IDS = frozenset(f"{number:02}" for number in range(100))
LONGEST_VALUE = 99
_LENGTHS = {f"{number:02}": number for number in range(1, LONGEST_VALUE + 1)}


class Split(NamedTuple):
    """One level of objects in payload order; of a repeated id the first value.

    `problem` is None, or a sentence about the place where reading had to stop.
    """

    objects: dict[str, str]
    repeated: tuple[str, ...]
    last: str | None
    problem: str | None


def split(text: str) -> Split:
    """Read the objects of one level. Never raises: what cannot be read is a `problem`."""
    objects: dict[str, str] = {}
    repeated: tuple[str, ...] = ()
    object_id = None
    position, end = 0, len(text)
    while position < end:
        value_start = position + 4
        object_id = text[position : position + 2]
        length = _LENGTHS.get(text[position + 2 : value_start])
        if length is None or object_id not in IDS or value_start + length > end:
            return Split(objects, repeated, object_id, _problem(text, position))
        position = value_start + length
        if object_id in objects:
            repeated += (object_id,)
        else:
            objects[object_id] = text[value_start:position]
    return Split(objects, repeated, object_id, None)


def _problem(text: str, position: int) -> str:
    header = text[position : position + 4]
    if len(header) < 4 or not (header.isascii() and header.isdigit()):
        return (
            f"At character {position + 1} an object should start with two digits of id and two "
            "of length"
        )
    if header[2:] == "00":
        return f"Object {header[:2]} at character {position + 1} has the length 00"
    missing = int(header[2:]) - (len(text) - position - 4)
    return f"Object {header[:2]} runs {missing} character(s) past the end"


def join(objects: Iterable[tuple[str, str]]) -> str:
    """Write objects one after another. Values must be 1 to 99 characters long."""
    return "".join(f"{object_id}{len(value):02}{value}" for object_id, value in objects)


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE over the UTF-8 bytes of `text`, as four upper-case hex digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
