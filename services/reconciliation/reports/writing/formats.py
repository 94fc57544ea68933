"""The formats of a report: each a file of bytes with a name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.reconciliation.reports.model import DayReport
from services.reconciliation.reports.writing.as_csv import write_csv
from services.reconciliation.reports.writing.as_html import write_html
from services.reconciliation.reports.writing.as_json import write_json
from services.reconciliation.reports.writing.as_xlsx import write_xlsx
from services.reconciliation.reports.writing.settlement import write_details, write_totals

CANONICAL = "json"
"""Its digest is the day's."""
WRITERS: dict[str, Callable[[DayReport], bytes]] = {
    CANONICAL: write_json,
    "csv": write_csv,
    "xlsx": write_xlsx,
    "html": write_html,
}
SETTLEMENTS: dict[str, Callable[[Path, DayReport], Iterator[bytes]]] = {
    "settlement": write_details,
    "settlement_summary": write_totals,
}
FORMATS = (*WRITERS, *SETTLEMENTS)


@dataclass(frozen=True, slots=True)
class Source:
    """What files are written of: a report, and its settlement's lines as a CSV."""

    report: DayReport
    lines: Path


def file_name(format_: str, partner_id: str, day: date, version: int = 1) -> str:
    """Such as `kakaopay_2026-11-20.xlsx`; amended, `kakaopay_2026-11-20_v2.xlsx`."""
    name = f"{partner_id}_{day}" + (f"_v{version}" if version > 1 else "")
    return f"{name}_{format_}.csv" if format_ in SETTLEMENTS else f"{name}.{format_}"


def write_report(source: Source, format_: str) -> Iterator[bytes]:
    """The bytes of a format, in pieces of any size."""
    if format_ in SETTLEMENTS:
        yield from SETTLEMENTS[format_](source.lines, source.report)
    else:
        yield WRITERS[format_](source.report)
