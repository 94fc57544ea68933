"""The rows behind a number: what a figure's name asks for."""

from dataclasses import dataclass

from services.reconciliation.breaks.ages import AGE_CLASSES
from services.reconciliation.matching.rows import BreakKind
from services.reconciliation.reports.refusals import FigureUnknown, PageTokenMalformed

SECTIONS = frozenset({"ours", "theirs", "net", "matched", "breaks", "age", "fx", "files"})
_SIDES = frozenset({"ours", "theirs"})
_CURRENCY_LENGTH = 3
_CLASSES = frozenset(name for _, name in AGE_CLASSES)


@dataclass(frozen=True, slots=True)
class Question:
    """A figure taken apart; an empty currency is any."""

    section: str
    name: str
    currency: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A row's place in a list: 1 our side, 2 theirs, then the row's number."""

    side: int = 0
    row: int = 0

    @property
    def token(self) -> str:
        return f"{self.side}-{self.row}"


def parse_figure(figure: str) -> Question:
    """`breaks.AMOUNT.JPY` or `breaks.AMOUNT`. Raises `FigureUnknown`."""
    section, _, rest = figure.partition(".")
    if section not in SECTIONS or not rest:
        raise FigureUnknown(figure)
    if section == "files":
        return Question(section, rest)
    name, dot, currency = rest.rpartition(".")
    if not dot:
        name, currency = rest, ""
    elif len(currency) != _CURRENCY_LENGTH or not currency.isupper():
        raise FigureUnknown(figure)
    known = {"breaks": frozenset(BreakKind), "age": _CLASSES, "net": _SIDES}.get(section)
    if known is not None and name not in known:
        raise FigureUnknown(figure)
    return Question(section, name, currency)


def parse_place(token: str) -> Place:
    """The place a page begins after; an empty token is the beginning.

    Raises `PageTokenMalformed`.
    """
    if not token:
        return Place()
    side, _, row = token.partition("-")
    if side not in ("1", "2") or not row.isascii() or not row.isdigit() or len(row) > 18:
        raise PageTokenMalformed(token)
    return Place(int(side), int(row))
