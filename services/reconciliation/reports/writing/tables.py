"""A report as tables of texts and whole numbers: what CSV, XLSX and HTML show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.reconciliation.breaks.words import amount_text
from services.reconciliation.reports.model import DayReport, Line

Cell = str | int | None
"""None: the section has no such number."""


@dataclass(frozen=True, slots=True)
class Table:
    """`heads` name the columns of each row of `rows`."""

    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


LINE_HEADS = ("figure", "what", "currency", "count", "minor_units", "amount", "fee", "open")
_FILE_HEADS = ("figure", "file", "format", "rows", "totals", "sha256")
_BREAK_HEADS = (
    "break",
    "kind",
    "state",
    "age",
    "our_reference",
    "their_reference",
    "currency",
    "minor_units",
    "amount",
    "assignee",
    "resolution",
    "reason",
)


def tables_of(report: DayReport) -> Iterator[Table]:
    """Sections in their order, then files, then breaks."""
    for section in report.sections:
        rows = [_line(line) for line in section.lines]
        yield Table(section.name, section.title, LINE_HEADS, rows)
    files: list[Sequence[Cell]] = [
        (
            file.figure,
            file.file_name,
            file.format,
            file.row_count,
            _totals(file.totals),
            file.digest,
        )
        for file in report.files
    ]
    yield Table("files", "Files", _FILE_HEADS, files)
    title = f"Breaks: {len(report.breaks)} of {report.break_count}"
    breaks: list[Sequence[Cell]] = [
        (
            item.break_id,
            item.kind,
            item.state,
            item.age_class,
            item.our_reference,
            item.their_reference,
            item.currency,
            item.size,
            amount_text(item.size, item.currency),
            item.assignee,
            item.resolution,
            item.reason,
        )
        for item in report.breaks
    ]
    yield Table("break_list", title, _BREAK_HEADS, breaks)


def head_lines(report: DayReport) -> Sequence[tuple[str, str]]:
    """What the report is of."""
    return (
        ("partner", report.partner_id),
        ("day", report.day.isoformat()),
        ("state", report.state),
        ("engine", report.engine),
    )


def _line(line: Line) -> Sequence[Cell]:
    return (
        line.figure,
        line.label,
        line.currency,
        line.count,
        line.minor,
        amount_text(line.minor, line.currency),
        line.fee,
        line.open_count,
    )


def _totals(totals: Sequence[tuple[str, int]]) -> str:
    return "; ".join(amount_text(minor, currency) for currency, minor in totals)
