"""Whether one record holds what its layout says, quickly where it does and in words where not."""

from collections.abc import Iterator
from datetime import date

from services.formats.zengin.layouts.fields import MISPLACED_MARK, Field, Kind, Problem
from services.formats.zengin.layouts.shape import Layout
from services.formats.zengin.layouts.text import decode
from services.formats.zengin.reading.parsing import era_day, month_day

DAYS_KEPT = 4096


class Examiner:
    """Looks at records of one layout; dates without a year or era are those near to `near`."""

    def __init__(self, layout: Layout, near: date) -> None:
        self.layout = layout
        self._near = near
        self._matches = layout.pattern.fullmatch
        self._dates = layout.dates
        # A file names few days, and each of its records some.
        self._days: list[tuple[slice, Field, set[bytes]]] = [
            (field.place, field, set()) for field in layout.dates
        ]

    def is_sound(self, data: bytes) -> bool:
        """Whether nothing is to be said about the record: the way almost all of them go."""
        if self._matches(data) is None or MISPLACED_MARK.search(data) is not None:
            return False
        for place, field, known in self._days:
            day = data[place]
            if day not in known:
                if not self._is_day(field, data):
                    return False
                if len(known) < DAYS_KEPT:
                    known.add(day)
        return True

    def problems(self, data: bytes) -> Iterator[tuple[Field, Problem]]:
        """Everything that is to be said about a record that has the layout's length."""
        for field in self.layout.fields:
            said = list(field.problems(data[field.place]))
            yield from ((field, problem) for problem in said)
            if not said and field in self._dates and not self._is_day(field, data):
                text = decode(data[field.place])
                message = f"{field.title} is no day: {text}."
                yield field, Problem("DATE", field.rule.severity, 0, message, fatal=True)

    def _is_day(self, field: Field, data: bytes) -> bool:
        text = decode(data[field.place])
        if field.rule.kind is Kind.MONTH_DAY:
            return month_day(text, self._near) is not None
        if field.rule.blank and not text.strip(" 0"):
            return True
        return text.isdigit() and era_day(text, self._near) is not None
