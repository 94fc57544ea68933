"""XML Schema's dates, instants, decimals and booleans as Python's, and back.

An instant without a zone stays without one: the file did not say. Fractions beyond microseconds
are cut.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

from services.core.currencies import CURRENCIES
from services.core.money import LARGEST_UNITS, Money, major

_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})" + _ZONE)
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?" + _ZONE
)
_DECIMAL = re.compile(r"[+-]?([0-9]*)(?:\.([0-9]*))?")
_SPACE = " \t\r\n"


@lru_cache(maxsize=4096)
def date_from(text: str) -> date | None:
    """An xs:date; its zone is dropped, for a bank's date is the bank's."""
    found = _DATE.fullmatch(text.strip(_SPACE))
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def instant_from(text: str) -> datetime | None:
    """An xs:dateTime; `24:00:00` is the next day's beginning."""
    found = _INSTANT.fullmatch(text.strip(_SPACE))
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    later = timedelta(days=1 if clock == "24:00:00" and not (fraction or "").strip("0") else 0)
    try:
        at = time.fromisoformat("00:00:00" if later else clock)
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        whole = datetime.combine(date.fromisoformat(day), at.replace(microsecond=micro))
        return (whole + later).replace(tzinfo=_zone(zone))
    except (ValueError, OverflowError):
        return None


def instant_day_from(text: str) -> date | None:
    """The day of an xs:dateTime, in its own zone."""
    instant = instant_from(text)
    return instant.date() if instant else None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def instant_text(instant: datetime) -> str:
    """`instant` as an xs:dateTime. Seconds of a zone's offset, which XML cannot hold, are cut."""
    naive = instant.replace(tzinfo=None).isoformat()
    offset = instant.utcoffset()
    if offset is None:
        return naive
    minutes = int(offset.total_seconds() // 60)
    if minutes == 0:
        return naive + "Z"
    hours, rest = divmod(abs(minutes), 60)
    return f"{naive}{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def digits_of(text: str) -> tuple[int, int] | None:
    """Total and fraction digits that count in an xs:decimal, or None where it is not one."""
    found = _DECIMAL.fullmatch(text.strip(_SPACE))
    if found is None or not (found[1] or found[2]):
        return None
    fraction = (found[2] or "").rstrip("0")
    return max(1, len(found[1].lstrip("0")) + len(fraction)), len(fraction)


def decimal_from(text: str) -> Decimal:
    """An xs:decimal that was checked before."""
    return Decimal(text.strip(_SPACE))


def decimal_text(value: Decimal) -> str:
    """`value` without exponent, and without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def boolean_from(text: str) -> bool:
    """An xs:boolean that was checked before."""
    return text.strip(_SPACE) in ("true", "1")


@lru_cache(maxsize=1 << 12)
def money_from(text: str, currency: str) -> Money | None:
    """An amount whose decimals suit its currency, or None. Nothing is rounded.

    Kept for a while: an entry and its transfer say the same amount, and each is checked, then read.

    The schema allows five decimals for every currency; ISO 4217's exponent decides here.
    """
    entry = CURRENCIES.get(currency)
    if entry is None:
        return None
    if len(text) < 18 - entry[1] and text.isascii() and text.isdigit():
        return Money(int(text) * 10 ** entry[1], currency)
    whole, _, fraction = text.strip(_SPACE).partition(".")
    digits = whole + fraction.ljust(entry[1], "0")
    if len(fraction) > entry[1] or not (digits.isascii() and digits.isdigit()):
        return None
    units = int(digits) if len(digits) < 64 else LARGEST_UNITS + 1
    return Money(units, currency) if units <= LARGEST_UNITS else None


def money_text(money: Money) -> str:
    """The amount in whole units with its currency's decimals."""
    return f"{major(money):f}"
