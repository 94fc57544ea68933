"""A record's bytes from the values of its fields, refused where a reader would find an error."""

from collections.abc import Iterator
from datetime import date

from services.formats.findings import FileInvalid, Finding, Severity, error, quoted
from services.formats.zengin.layouts.dates import era_date
from services.formats.zengin.layouts.fields import Field, Kind
from services.formats.zengin.layouts.shape import Layout
from services.formats.zengin.layouts.text import encode
from services.formats.zengin.reading.examining import Examiner
from services.formats.zengin.writing.values import Values

_FIXED = ("CONSTANT", "CODE_SET")


class Composer:
    """Writes records of one layout."""

    def __init__(self, layout: Layout, near: date) -> None:
        self._layout = layout
        self._examiner = Examiner(layout, near)

    def record(self, values: Values, number: int, offset: int) -> bytes:
        """The record that is to be number `number` at `offset`. Raises `FileInvalid`."""
        parts, refused = [], []
        for field in self._layout.fields:
            part = _render(field, values)
            if isinstance(part, bytes):
                parts.append(part)
            else:
                place = offset + field.offset
                refused.append(error(*part, record=number, offset=place, path=field.name))
        if refused:
            raise FileInvalid(tuple(refused))
        data = b"".join(parts)
        if not self._examiner.is_sound(data):
            refused = list(self._errors(data, number, offset))
            if refused:
                raise FileInvalid(tuple(refused))
        return data

    def _errors(self, data: bytes, number: int, offset: int) -> Iterator[Finding]:
        for field, problem in self._examiner.problems(data):
            if problem.severity is Severity.ERROR:
                place = offset + field.offset + problem.at
                yield error(
                    problem.code, problem.message, record=number, offset=place, path=field.name
                )


def _render(field: Field, values: Values) -> bytes | tuple[str, str]:
    """The bytes of a field, or the code and sentence of why there are none."""
    rule = field.rule
    if rule.code in _FIXED or (rule.choices and field.name not in values):
        return rule.choices[0].encode()
    if rule.kind is Kind.FILLER:
        return b" " * field.length
    value = values[field.name]
    if isinstance(value, int):
        return _render_number(field, value)
    if isinstance(value, date):
        text = f"{value:%m%d}" if rule.kind is Kind.MONTH_DAY else era_date(value)
    else:
        text = value or ("0" * field.length if _may_be_zeros(field) else "")
    if len(text) > field.length:
        message = f"{field.title} takes {field.length} characters, not {len(text)}: {quoted(text)}."
        return "FIELD_TOO_LONG", message
    try:
        return encode(text).ljust(field.length)
    except UnicodeEncodeError as problem:
        sign = quoted(text[problem.start])
        return "CHARSET", f"{field.title} may not hold {sign}, in {quoted(text)}."


def _render_number(field: Field, value: int) -> bytes | tuple[str, str]:
    if value < 0:
        return "AMOUNT_NEGATIVE", f"{field.title} is written without a sign, not {value:,}."
    if value >= 10**field.length:
        return "AMOUNT_TOO_LARGE", f"{field.title} takes {field.length} digits, not {value:,}."
    return b"%0*d" % (field.length, value)


def _may_be_zeros(field: Field) -> bool:
    return field.rule.blank and field.rule.kind in (Kind.DIGITS, Kind.ERA_DATE)
