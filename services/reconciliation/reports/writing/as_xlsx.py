"""A report as XLSX: a sheet per table. Dated with the report's day, so that its bytes repeat."""

import io
from datetime import datetime, time

import xlsxwriter

from services.reconciliation.reports.model import DayReport
from services.reconciliation.reports.writing.tables import Table, head_lines, tables_of

WIDTH = 18
# Beyond it a number in a sheet is no longer exact.
_EXACT = 2**53


def write_xlsx(report: DayReport) -> bytes:
    """The same report gives the same bytes. No cell is a formula."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    book.set_properties(
        {
            "title": f"{report.partner_id} {report.day}",
            "created": datetime.combine(report.day, time()),
        }
    )
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("day")
    sheet.set_column(0, 1, WIDTH)
    for number, (name, value) in enumerate(head_lines(report)):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, value)
    for table in tables_of(report):
        _add(book.add_worksheet(table.name), table, bold)
    book.close()
    return held.getvalue()


def _add(sheet: "xlsxwriter.worksheet.Worksheet", table: Table, bold: object) -> None:
    sheet.write_string(0, 0, table.title, bold)
    sheet.set_column(0, len(table.heads) - 1, WIDTH)
    for column, head in enumerate(table.heads):
        sheet.write_string(1, column, head, bold)
    sheet.freeze_panes(2, 0)
    for number, row in enumerate(table.rows, 2):
        for column, cell in enumerate(row):
            if isinstance(cell, int) and abs(cell) <= _EXACT:
                sheet.write_number(number, column, cell)
            elif cell is not None:
                sheet.write_string(number, column, str(cell))
