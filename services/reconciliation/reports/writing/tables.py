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


LINE_HEADS = (
    "figure",
    "what",
    "currency",
    "count",
    "minor_units",
    "amount",
    "fee_minor_units",
    "fee",
    "open",
)
_FILE_HEADS = ("figure", "file", "format", "rows", "totals", "sha256", "replaced_by")
_BREAK_HEADS = (
    "break",
    "kind",
    "state",
    "day",
    "age_days",
    "age",
    "our_reference",
    "their_reference",
    "currency",
    "minor_units",
    "amount",
    "assignee",
    "resolution",
    "reason",
    "proposed_by",
    "approved_by",
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
            file.replaced_by,
        )
        for file in report.files
    ]
    yield Table("files", "Files", _FILE_HEADS, files)
    title = f"Breaks: {len(report.breaks)} of {report.break_count}; sizes are ours less theirs"
    breaks: list[Sequence[Cell]] = [
        (
            item.break_id,
            item.kind,
            item.state,
            item.day,
            item.age_days,
            item.age_class,
            item.our_reference,
            item.their_reference,
            item.currency,
            item.size,
            amount_text(item.size, item.currency),
            item.assignee,
            item.resolution,
            item.reason,
            item.proposed_by,
            item.approved_by,
        )
        for item in report.breaks
    ]
    yield Table("break_list", title, _BREAK_HEADS, breaks)


def head_lines(report: DayReport) -> Sequence[tuple[str, str]]:
    """What the report is of."""
    lines = [
        ("partner", report.partner_id),
        ("day", report.day.isoformat()),
        ("time zone of the day", report.zone),
        ("state", report.state),
        ("closed by", report.closed_by),
        ("matched by", report.engine),
        ("report", f"version {report.version}"),
        ("signs", "payments and credits are positive, what goes back or out is negative"),
        ("minor_units", "whole numbers of the currency's smallest unit, beside amounts for people"),
    ]
    if report.amends is not None:
        amends = report.amends
        lines += [
            ("amends", f"version {report.version - 1}, SHA-256 of its JSON {amends.digest}"),
            ("because", amends.reason),
            ("opened again by", f"{amends.proposed_by} and {amends.approved_by}"),
        ]
    return [line for line in lines if line[1]]


def _line(line: Line) -> Sequence[Cell]:
    return (
        line.figure if line.followable else "",
        line.label,
        line.currency,
        line.count if line.followable else None,
        line.minor,
        amount_text(line.minor, line.currency),
        line.fee,
        "" if line.fee is None else amount_text(line.fee, line.currency),
        line.open_count,
    )


def _totals(totals: Sequence[tuple[str, int]]) -> str:
    return "; ".join(amount_text(minor, currency) for currency, minor in totals)
