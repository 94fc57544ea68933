"""The trace parent (W3C Trace Context) of what is done now: taken from a call, carried by messages.

A call that brings a `traceparent` is traced by it; what brings none by one that is made of the
reference it is about, so that every process makes the same. It is passed on as it came: no spans
are made here. What handles a batch says message by message whose turn it is (`follow`).
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar

HEADER = "traceparent"

_CURRENT: ContextVar[str] = ContextVar(HEADER, default="")
_VALID = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_LENGTH = 55
_NAMES = (HEADER, HEADER.encode())
_TRACE_ID = slice(3, 35)

# A ULID as Crockford's base 32 writes it, and its digits as Python's does.
_REFERENCE = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DIGITS = str.maketrans("0123456789ABCDEFGHJKMNPQRSTVWXYZ", "0123456789ABCDEFGHIJKLMNOPQRSTUV")

current = _CURRENT.get
"""The trace parent of what is done now; empty where there is none."""


def follow(trace: str) -> None:
    """From now on, in this task, it is `trace` that is followed."""
    _CURRENT.set(trace)


def read(header: str) -> str:
    """A trace parent as it came; empty where it is none (section 3.2 of the recommendation)."""
    return header if len(header) == _LENGTH and _VALID.fullmatch(header) else ""


def follow_call(metadata: Iterable[tuple[str | bytes, str | bytes]]) -> None:
    """Follow what a call brings in its metadata or headers, whose names are in lower case."""
    for name, value in metadata:
        if name in _NAMES:
            return follow(read(value if isinstance(value, str) else value.decode("latin-1")))
    return follow("")


def made_of(text: str) -> str:
    """The trace parent of the first reference in `text`; empty where there is none.

    The 128 bits of a reference are the trace's id, its last 64, which are random, the parent's.
    """
    found = _REFERENCE.search(text)
    if found is None:
        return ""
    number = int(found.group().translate(_DIGITS), 32)
    return f"00-{number:032x}-{number & (1 << 64) - 1:016x}-01"


def trace_id() -> str:
    """The id of the trace that is followed; empty where there is none."""
    return _CURRENT.get()[_TRACE_ID]
