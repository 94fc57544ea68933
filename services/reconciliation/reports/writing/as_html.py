"""A report as one HTML page: charts, then tables; no scripts, nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from html import escape

from services.reconciliation.reports.model import DayReport, Section
from services.reconciliation.reports.writing.charts import bars
from services.reconciliation.reports.writing.tables import Cell, Table, head_lines, tables_of

CHARTED = ("matched", "breaks", "age")
_STYLE = (
    "body{font-family:sans-serif;margin:2em;max-width:75em}"
    "table{border-collapse:collapse;margin:.5em 0 1.5em}"
    "th,td{border:1px solid #ccc;padding:.2em .6em;text-align:left}"
    "td.number{text-align:right;font-variant-numeric:tabular-nums}"
    "th{background:#f2f2f2}figure{margin:0 0 1.5em}"
)


def write_html(report: DayReport) -> bytes:
    """The same report gives the same bytes. A number's figure is its row's first cell."""
    name = escape(f"{report.partner_id}, {report.day}")
    parts = [
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1><table>",
        *(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in head_lines(report)),
        "</table>",
        *_charts(report.sections),
        *(part for table in tables_of(report) for part in _table(table)),
        "</body></html>\n",
    ]
    return "".join(parts).encode()


def _charts(sections: Sequence[Section]) -> Iterator[str]:
    for section in sections:
        if section.name in CHARTED and section.lines:
            lines = [
                (f"{line.label} {line.currency}", line.count, line.open_count or 0)
                for line in section.lines
            ]
            title = escape(section.title)
            yield f"<figure><figcaption><b>{title}</b></figcaption>"
            yield f"{bars(section.title, lines)}</figure>"


def _table(table: Table) -> Iterator[str]:
    yield f'<h2>{escape(table.title)}</h2><table id="{escape(table.name)}"><tr>'
    yield "".join(f"<th>{escape(head)}</th>" for head in table.heads)
    yield "</tr>"
    for row in table.rows:
        yield f"<tr>{''.join(_cell(cell) for cell in row)}</tr>"
    yield "</table>"


def _cell(cell: Cell) -> str:
    if cell is None:
        return "<td></td>"
    if isinstance(cell, int):
        return f'<td class="number">{cell}</td>'
    return f"<td>{escape(cell)}</td>"
