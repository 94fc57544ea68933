"""The objects of EMVCo QR MPM v1.1 as tables: names, formats, lengths.

`tests/golden/emv_mpm_fields.csv` is the same table as data; a test holds the two together.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Field(NamedTuple):
    """A primitive object: `format` is N (digits), ans (printable ASCII) or S (any Unicode)."""

    name: str
    format: str
    shortest: int
    longest: int


def ids(first: int, last: int) -> tuple[str, ...]:
    """The ids from `first` to `last`, both included."""
    return tuple(f"{number:02}" for number in range(first, last + 1))


# 00, 01, 54, 55, 56, 57 and 63 are missing here on purpose: rules.py checks them as a whole.
ROOT: Mapping[str, Field] = {
    **{object_id: Field("merchant account", "ans", 1, 99) for object_id in ids(2, 25)},
    "52": Field("merchant category code", "N", 4, 4),
    "53": Field("currency", "N", 3, 3),
    "58": Field("country", "ans", 2, 2),
    "59": Field("merchant name", "ans", 1, 25),
    "60": Field("merchant city", "ans", 1, 15),
    "61": Field("postal code", "ans", 1, 10),
}
ADDITIONAL: Mapping[str, Field] = {
    "01": Field("bill number", "ans", 1, 25),
    "02": Field("mobile number", "ans", 1, 25),
    "03": Field("store label", "ans", 1, 25),
    "04": Field("loyalty number", "ans", 1, 25),
    "05": Field("reference label", "ans", 1, 25),
    "06": Field("customer label", "ans", 1, 25),
    "07": Field("terminal label", "ans", 1, 25),
    "08": Field("purpose of transaction", "ans", 1, 25),
}
LANGUAGE: Mapping[str, Field] = {
    "00": Field("language preference", "ans", 2, 2),
    "01": Field("merchant name in the local language", "S", 1, 25),
    "02": Field("merchant city in the local language", "S", 1, 15),
}
GUID = Field("globally unique identifier", "ans", 1, 32)

ACCOUNT_IDS = frozenset(ids(2, 51))
ACCOUNT_TEMPLATES = frozenset(ids(26, 51))
GUID_TEMPLATES = ACCOUNT_TEMPLATES | frozenset(ids(80, 99))
TEMPLATES = GUID_TEMPLATES | {"62", "64"}
MANDATORY = ("52", "53", "58", "59", "60")

NAMES: Mapping[str, str] = {
    **{object_id: field.name for object_id, field in ROOT.items()},
    **dict.fromkeys(ACCOUNT_TEMPLATES, "merchant account template"),
    **dict.fromkeys(ids(65, 79), "reserved by EMVCo"),
    **dict.fromkeys(ids(80, 99), "unreserved template"),
    **{f"62.{object_id}": field.name for object_id, field in ADDITIONAL.items()},
    **{f"64.{object_id}": field.name for object_id, field in LANGUAGE.items()},
    "00": "payload format indicator",
    "01": "point of initiation",
    "54": "amount",
    "55": "tip or convenience indicator",
    "56": "convenience fee, fixed",
    "57": "convenience fee, percentage",
    "62": "additional data template",
    "62.09": "additional consumer data request",
    "63": "checksum",
    "64": "merchant information language template",
}

# Who the primitive account ids belong to (EMVCo MPM v1.1, table 4.3).
CARD_NETWORKS: Mapping[str, str] = {
    **dict.fromkeys(ids(2, 3), "visa"),
    **dict.fromkeys(ids(4, 5), "mastercard"),
    **dict.fromkeys(ids(9, 10), "discover"),
    **dict.fromkeys(ids(11, 12), "amex"),
    **dict.fromkeys(ids(13, 14), "jcb"),
    **dict.fromkeys(ids(15, 16), "unionpay"),
}


def name_of(path: str) -> str:
    """What people call the object at `path`, or plainly `object`."""
    if path in NAMES:
        return NAMES[path]
    return GUID.name if path.endswith(".00") else "object"
