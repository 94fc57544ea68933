"""One field of a Zengin record: what may stand there, as a pattern and as findings.

The pattern decides at speed whether a whole record is in order; only where it is not, `problems`
looks at the field and says what is wrong. Character classes: facts.md §5.1, by field class.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from services.formats.findings import Severity, quoted
from services.formats.zengin.layouts.text import decode

_KANA = rb"\xB1-\xDF"
_WORDS = rb"0-9A-Z" + _KANA
_MARKS = rb"\xDE\xDF"
# A mark where its kana takes none: ﾞ behind ｳ, ｶ to ﾄ, ﾊ to ﾎ; ﾟ behind ﾊ to ﾎ.
MISPLACED_MARK = re.compile(
    rb"[\xDE\xDF](?<![\xB3\xB6-\xC4\xCA-\xCE]\xDE)(?<![\xCA-\xCE]\xDF)",
)


class Kind(StrEnum):
    """How a field is filled."""

    DIGITS = "digits"
    CHOICE = "one of a list"
    TEXT = "text"
    FILLER = "spaces"
    MONTH_DAY = "MMDD"
    ERA_DATE = "era YYMMDD"


class Problem(NamedTuple):
    """What is wrong in a field; `at` counts bytes within it. A fatal one hides its value."""

    code: str
    severity: Severity
    at: int
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What may stand in a field. `charset` is the inside of a byte class."""

    kind: Kind
    charset: bytes = b""
    choices: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    code: str = "CODE_LIST"
    blank: bool = False
    required: bool = False
    note: str = ""


DIGITS = Rule(Kind.DIGITS)
DIGITS_OR_BLANK = Rule(Kind.DIGITS, blank=True)
FILLER = Rule(Kind.FILLER)
MONTH_DAY = Rule(Kind.MONTH_DAY)
ERA_DATE = Rule(Kind.ERA_DATE)
ERA_DATE_OR_NONE = Rule(Kind.ERA_DATE, blank=True)

BANK_NAME = Rule(Kind.TEXT, _WORDS + rb"\-")
PARTY_NAME = Rule(Kind.TEXT, _WORDS + rb"().\-", required=True)
PARTY_NAME_OR_NONE = Rule(Kind.TEXT, _WORDS + rb"().\-")
PAYROLL_NAME = Rule(Kind.TEXT, b"0-9" + _KANA, required=True)
EDI = Rule(Kind.TEXT, _WORDS + rb"\xA6\\\xA2\xA3()/.\-")


def constant(value: str) -> Rule:
    return Rule(Kind.CHOICE, choices=(value,), code="CONSTANT")


def choice(*choices: str, blank: bool = False) -> Rule:
    """A code that decides what the record means: another one is an error."""
    return Rule(Kind.CHOICE, choices=choices, blank=blank)


def hint(*choices: str, blank: bool = False) -> Rule:
    """A code that decides nothing: another one is a warning."""
    return Rule(Kind.CHOICE, choices=choices, severity=Severity.WARNING, blank=blank)


@dataclass(frozen=True)
class Field:
    """A field of a record: `name` as in the tables, `label` as Japanese banks call it."""

    name: str
    label: str
    type: str
    length: int
    rule: Rule
    offset: int = field(default=0)

    @property
    def place(self) -> slice:
        return slice(self.offset, self.offset + self.length)

    @property
    def title(self) -> str:
        return f"{self.label} ({self.name})"

    @cached_property
    def pattern(self) -> bytes:
        """A byte expression of this field's length that holds where nothing is to be said."""
        rule, size = self.rule, b"{%d}" % self.length
        if rule.kind is Kind.FILLER:
            return b" " + size
        if rule.kind is Kind.CHOICE:
            inner = b"|".join(re.escape(one.encode()) for one in rule.choices)
        elif rule.kind is Kind.TEXT:
            rest = b"{%d}" % (self.length - 1)
            first = b"(?![" + _MARKS + b"])[" + rule.charset + b"]"
            inner = first + b"[ " + rule.charset + b"]" + rest
        else:
            inner = b"[0-9]" + size
        blank = b"" if rule.required or not (rule.blank or rule.kind is Kind.TEXT) else b"| " + size
        return b"(?:" + inner + blank + b")"

    @cached_property
    def _holds(self) -> re.Pattern[bytes]:
        return re.compile(self.pattern)

    @cached_property
    def _foreign(self) -> re.Pattern[bytes]:
        """The first byte that may not stand here."""
        charset = b"0-9" if self.rule.kind is not Kind.TEXT else b" " + self.rule.charset
        return re.compile(b"[^" + charset + b"]")

    def problems(self, value: bytes) -> Iterator[Problem]:
        """What is wrong with `value`, which has this field's length. Dates are not looked up."""
        if self.rule.kind is Kind.TEXT:
            yield from self._in_text(value)
        elif self._holds.fullmatch(value):
            return
        elif self.rule.kind is Kind.FILLER:
            index = len(value) - len(value.lstrip(b" "))
            message = f"{self.title} has to be spaces."
            yield Problem("FILLER", Severity.WARNING, index, message)
        elif self.rule.kind is Kind.CHOICE:
            yield self._not_a_choice(value)
        else:
            found = self._foreign.search(value)
            message = f"{self.title} has to be {self.length} digits, not {quoted(decode(value))}."
            yield Problem("DIGITS", Severity.ERROR, found.start() if found else 0, message, True)

    def _not_a_choice(self, value: bytes) -> Problem:
        rule = self.rule
        said = quoted(decode(value))
        message = f"{self.title} has to be {', '.join(rule.choices)}, not {said}.{rule.note}"
        return Problem(rule.code, rule.severity, 0, message, rule.severity is Severity.ERROR)

    def _in_text(self, value: bytes) -> Iterator[Problem]:
        foreign = self._foreign.search(value)
        if foreign:
            sign = quoted(decode(foreign[0]))
            message = f"{self.title} may not hold {sign}, in {quoted(decode(value).rstrip())}."
            yield Problem("CHARSET", Severity.ERROR, foreign.start(), message)
        mark = MISPLACED_MARK.search(value)
        if mark:
            message = f"{self.title} has a mark behind a character that takes none."
            yield Problem("MARK", Severity.ERROR, mark.start(), message)
        if self.rule.required and not value.strip():
            yield Problem("FIELD_BLANK", Severity.WARNING, 0, f"{self.title} is blank.")
        elif value[:1] == b" " and value.strip():
            message = f"{self.title} has to begin at the left."
            yield Problem("ALIGNMENT", Severity.WARNING, 0, message)
