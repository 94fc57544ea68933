"""ISO 4217: the currencies we know, with their numbers and minor units.

Source: ISO 4217 list one, as in `tests/golden/iso4217_minor_units.json`.
"""

from services.core.errors import Malformed

# letters: (three-digit number, decimals)
CURRENCIES: dict[str, tuple[str, int]] = {
    "AUD": ("036", 2),
    "BHD": ("048", 3),
    "BRL": ("986", 2),
    "CLF": ("990", 4),
    "CNY": ("156", 2),
    "EUR": ("978", 2),
    "GBP": ("826", 2),
    "HKD": ("344", 2),
    "IDR": ("360", 2),
    "INR": ("356", 2),
    "JPY": ("392", 0),
    "KHR": ("116", 2),
    "KRW": ("410", 0),
    "KWD": ("414", 3),
    "LAK": ("418", 2),
    "MNT": ("496", 2),
    "MOP": ("446", 2),
    "MYR": ("458", 2),
    "PHP": ("608", 2),
    "SGD": ("702", 2),
    "THB": ("764", 2),
    "TWD": ("901", 2),
    "USD": ("840", 2),
    "VND": ("704", 0),
}
_LETTERS = {number: letters for letters, (number, _) in CURRENCIES.items()}


def minor_units(currency: str) -> int:
    """Decimals of `currency`: 0 for JPY and KRW, 2 for CNY. Raises `CurrencyUnknown`."""
    try:
        return CURRENCIES[currency][1]
    except KeyError:
        raise CurrencyUnknown(currency) from None


def currency_of_number(number: str) -> str | None:
    """`392` → `JPY`; None for a number we do not know."""
    return _LETTERS.get(number)


def number_of_currency(currency: str) -> str:
    """`JPY` → `392`. Raises `CurrencyUnknown`."""
    minor_units(currency)
    return CURRENCIES[currency][0]


class CurrencyUnknown(Malformed):
    """A currency code that is not in our table."""

    def __init__(self, currency: str) -> None:
        super().__init__(
            f"The currency {currency[:10]!r} is not known here: use ISO 4217 letters such as JPY.",
            currency_code=currency[:10],
        )
