"""The currencies kawase handles: ISO 4217 alphabetic code, numeric code and minor units.

`minor_units` is how many decimal digits the currency has: 2 for CNY, 0 for JPY and KRW. The list is
that of ISO 4217 list one for the places our corridors reach; `tests/golden/iso4217_minor_units.json`
is the copy it is tested against.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency of ISO 4217; `numeric` keeps its leading zeros."""

    code: str
    numeric: str
    minor_units: int


_LISTED = (
    Currency("AUD", "036", 2),
    Currency("BHD", "048", 3),
    Currency("BRL", "986", 2),
    Currency("CLF", "990", 4),
    Currency("CNY", "156", 2),
    Currency("EUR", "978", 2),
    Currency("GBP", "826", 2),
    Currency("HKD", "344", 2),
    Currency("IDR", "360", 2),
    Currency("INR", "356", 2),
    Currency("JPY", "392", 0),
    Currency("KHR", "116", 2),
    Currency("KRW", "410", 0),
    Currency("KWD", "414", 3),
    Currency("LAK", "418", 2),
    Currency("MNT", "496", 2),
    Currency("MOP", "446", 2),
    Currency("MYR", "458", 2),
    Currency("PHP", "608", 2),
    Currency("SGD", "702", 2),
    Currency("THB", "764", 2),
    Currency("TWD", "901", 2),
    Currency("USD", "840", 2),
    Currency("VND", "704", 0),
)

BY_CODE = MappingProxyType({currency.code: currency for currency in _LISTED})
"""Currencies by alphabetic code, as on the wire."""

BY_NUMERIC = MappingProxyType({currency.numeric: currency for currency in _LISTED})
"""Currencies by numeric code, as in payment codes."""
