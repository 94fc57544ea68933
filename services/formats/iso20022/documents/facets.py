"""Whether an element's text keeps the facets of its simple type."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from services.formats.iso20022.documents.values import date_from, digits_of, instant_from

_TIME = re.compile(r"([01][0-9]|2[0-4]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_PERIOD = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}(Z|[+-][0-9]{2}:[0-9]{2})?|--[0-9]{2}(-[0-9]{2})?")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


@dataclass(frozen=True)
class Facets:
    """A simple type: its base and limits. Lengths are in characters."""

    base: str
    values: frozenset[str] | None = None
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    min_inclusive: Decimal | None = None

    @cached_property
    def admits(self) -> Callable[[str], bool]:
        """The test a text has to pass."""
        if self.values is not None:
            return self.values.__contains__
        match self.base:
            case "Decimal":
                return self._decimal
            case "XmlDate":
                return lambda text: date_from(text) is not None
            case "XmlDateTime":
                return lambda text: instant_from(text) is not None
            case "bool":
                return frozenset(("true", "false", "1", "0")).__contains__
            case "XmlTime":
                return lambda text: _TIME.fullmatch(text) is not None
            case "XmlPeriod":
                return lambda text: _PERIOD.fullmatch(text) is not None
            case "bytes":
                return lambda text: _BASE64.fullmatch(text) is not None
            case _:
                return self._text()

    def _text(self) -> Callable[[str], bool]:
        least, most = self.min_length, self.max_length
        if self.pattern is not None:
            fits = re.compile(self.pattern).fullmatch
            return lambda text: fits(text) is not None and (most is None or len(text) <= most)
        if most is None:
            return lambda text: len(text) >= least
        return lambda text: least <= len(text) <= most

    def _decimal(self, text: str) -> bool:
        if len(text) <= (self.total_digits or 0) and text.isascii() and text.isdigit():
            return self.min_inclusive is None or self.min_inclusive <= 0
        digits = digits_of(text)
        if digits is None:
            return False
        if self.total_digits is not None and digits[0] > self.total_digits:
            return False
        if self.fraction_digits is not None and digits[1] > self.fraction_digits:
            return False
        return self.min_inclusive is None or Decimal(text.strip()) >= self.min_inclusive

    def described(self) -> str:
        """What would be right, for a sentence."""
        if self.values is not None:
            return "one of " + ", ".join(sorted(self.values)[:12])
        if self.base == "Decimal":
            most, places = self.total_digits, self.fraction_digits
            return f"a decimal of at most {most} digits, {places} of them decimals"
        if self.pattern is not None:
            return f"text of the form {self.pattern}"
        if self.base == "str":
            return f"text of {self.min_length} to {self.max_length or 'any number of'} characters"
        return {"XmlDate": "a date", "XmlDateTime": "a date and time", "bool": "true or false"}.get(
            self.base, self.base
        )
