"""Ids: our own 26-character references, the callers' ids, and what is derived from them."""

import hashlib
import re
from datetime import datetime
from enum import StrEnum
from zlib import crc32

from ulid import ULID

from services.core.errors import Malformed

STRIPE_COUNT = 64
_SHORT_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHORT_LENGTH = 16
_BITS_PER_CHARACTER = 5


class Resource(StrEnum):
    """What a message between services is about; the first part of a resource id."""

    PAYMENT = "payment"
    REFUND = "refund"
    TOP_UP = "topup"
    WITHDRAWAL = "withdrawal"
    LATE = "late"
    PAYOUT = "payout"
    DISPUTE = "dispute"
    ESCROW = "escrow"
    DEAL = "deal"
    CORRECTION = "correction"


def resource_id(kind: Resource, reference: str) -> str:
    """`payment-01ARZ3NDEKTSV4RRFFQ69G5FAV`: the id that commands and events carry."""
    return f"{kind}-{reference}"


def parse_resource_id(value: str) -> tuple[Resource, str]:
    """The kind and the 26-character reference of a resource id. Raises ValueError."""
    kind, _, reference = value.partition("-")
    return Resource(kind), reference


def short_reference(payout_id: str) -> str:
    """16 digits and capitals that stand for `payout_id` where a bank has room for few: 80 bits of
    its digest. Fixed for ever: it stands on statements."""
    number = int.from_bytes(hashlib.sha256(payout_id.encode()).digest())
    return "".join(
        _SHORT_ALPHABET[number >> (_BITS_PER_CHARACTER * place) & 31]
        for place in range(_SHORT_LENGTH)
    )


_CALLER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def new_reference(now: datetime) -> str:
    """A fresh ULID: 26 characters, ordered by `now`."""
    return str(ULID.from_datetime(now))


def stripe_of(key: str) -> int:
    """The stripe of a funding account, 0 to 63. Fixed for ever: stored transfers depend on it."""
    return crc32(key.encode()) % STRIPE_COUNT


def checked_id(value: str, field: str) -> str:
    """`value` if it is 1 to 64 of letters, digits, `-`, `_`. Raises `IdMalformed`."""
    if not _CALLER_ID.fullmatch(value):
        raise IdMalformed(value, field)
    return value


class IdMalformed(Malformed):
    """An id chosen by the caller has a wrong shape."""

    def __init__(self, value: str, field: str) -> None:
        super().__init__(
            f"{field} {value[:80]!r} is not an id: use 1 to 64 of letters, digits, '-' and '_'.",
            field=field,
        )
