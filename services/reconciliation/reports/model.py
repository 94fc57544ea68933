"""A day's report: sections of lines, files, breaks. All money in minor units."""

from dataclasses import dataclass
from datetime import date

BREAKS_LISTED = 1000
"""More breaks than this are counted and summed, and listed by `ListBreaks`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number, or a few about the same rows. `figure` names them for `list_rows`."""

    figure: str
    label: str
    currency: str
    count: int
    minor: int
    fee: int | None = None
    """None where the section has no fees, or no row says one."""
    open_count: int | None = None
    """Of breaks: how many are unresolved."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of one kind."""

    name: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file the day has been matched with; `digest`: SHA-256, hexadecimal."""

    figure: str
    file_name: str
    format: str
    digest: str
    row_count: int
    totals: tuple[tuple[str, int], ...]
    """Currency and sum."""


@dataclass(frozen=True, slots=True)
class BreakLine:
    """A break of the day; `resolution` is empty while it is open."""

    break_id: str
    kind: str
    state: str
    age_class: str
    our_reference: str
    their_reference: str
    size: int
    currency: str
    assignee: str
    resolution: str
    reason: str


@dataclass(frozen=True, slots=True)
class DayReport:
    """All of it."""

    partner_id: str
    day: date
    state: str
    engine: str
    sections: tuple[Section, ...]
    files: tuple[FileLine, ...]
    breaks: tuple[BreakLine, ...]
    break_count: int
