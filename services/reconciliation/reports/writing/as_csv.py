"""A report as CSV: tables one below the other, each under the line that names it. UTF-8."""

import csv
import io
from collections.abc import Sequence

from services.reconciliation.reports.model import DayReport
from services.reconciliation.reports.writing.tables import Cell, head_lines, tables_of

# What a spreadsheet would take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(report: DayReport) -> bytes:
    """The same report gives the same bytes. Texts of a partner's never become formulas."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows(_row(line) for line in head_lines(report))
    for table in tables_of(report):
        writer.writerow(())
        writer.writerow(("#", table.name, table.title))
        writer.writerow(table.heads)
        writer.writerows(_row(row) for row in table.rows)
    return text.getvalue().encode()


def _row(cells: Sequence[Cell]) -> Sequence[Cell]:
    return [_safe(cell) if isinstance(cell, str) else cell for cell in cells]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
