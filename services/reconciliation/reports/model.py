"""A day's report: sections of lines, files, breaks. All money in minor units."""

from dataclasses import dataclass
from datetime import date, datetime

BREAKS_LISTED = 1000
"""More breaks than this are counted and summed, and listed by `ListBreaks`."""


@dataclass(frozen=True, slots=True)
class About:
    """Whose day it is: from `begin` until before `end`, in the partner's own `zone`.

    `name`: as its files call us; `closed_by` is empty while the day is open.
    """

    zone: str
    begin: datetime
    end: datetime
    is_bank: bool = False
    name: str = ""
    closed_by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which day of which partner is reported."""

    partner_id: str
    day: date
    about: About


@dataclass(frozen=True, slots=True)
class Amendment:
    """Why a closed day was opened again. `digest`: of the report's JSON that is amended."""

    digest: str
    reason: str
    proposed_by: str
    approved_by: str


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
    followable: bool = True
    """Whether it has rows of its own, or is worked out of numbers above it."""


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
    replaced_by: str = ""
    """The file that holds instead."""


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
    day: str = ""
    age_days: int = 0
    proposed_by: str = ""
    approved_by: str = ""


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
    zone: str = "UTC"
    """Whose days these are: the partner's own."""
    closed_by: str = ""
    name: str = ""
    version: int = 1
    amends: Amendment | None = None
