"""Amounts as people read them: `¥1,200`, `CN¥56.00`, `-₩18,900`.

The signs are those the Unicode CLDR gives for English; a currency without one of its own shows its
letters: `KWD 1.250`.
"""

from services.core.currencies import minor_units
from services.core.money import Money, major

_SIGNS = {
    "AUD": "A$",
    "BRL": "R$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "PHP": "₱",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}


def display(money: Money) -> str:
    """`money` for people, whichever language they read. Raises `CurrencyUnknown`."""
    places = minor_units(money.currency)
    sign = _SIGNS.get(money.currency, f"{money.currency} ")
    minus = "-" if money.minor < 0 else ""
    return f"{minus}{sign}{abs(major(money)):,.{places}f}"
