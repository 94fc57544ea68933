"""Ids: our own 26-character references, the callers' ids, and what is derived from them."""

import re
from datetime import datetime
from enum import StrEnum
from zlib import crc32

from ulid import ULID

from services.core.errors import Malformed

STRIPE_COUNT = 64


class Resource(StrEnum):
    """What a message between services is about; the first part of a resource id."""

    PAYMENT = "payment"
    REFUND = "refund"
    TOP_UP = "topup"
    LATE = "late"
    PAYOUT = "payout"
    DISPUTE = "dispute"
    DEAL = "deal"
    CORRECTION = "correction"


def resource_id(kind: Resource, reference: str) -> str:
    """`payment-01ARZ3NDEKTSV4RRFFQ69G5FAV`: the id that commands and events carry."""
    return f"{kind}-{reference}"


def parse_resource_id(value: str) -> tuple[Resource, str]:
    """The kind and the 26-character reference of a resource id. Raises ValueError."""
    kind, _, reference = value.partition("-")
    return Resource(kind), reference


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
