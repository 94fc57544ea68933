"""Goes through a report: header, rows, end; what is wrong with the file as such."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from services.formats.findings import Finding, error, quoted
from services.formats.partner_files.lines import Line, read_lines
from services.formats.partner_files.table import Layout, RowReader

MOST_FINDINGS = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """Which report a file is, by its header. `extra`: columns after those known."""

    layout: Layout[Any]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A row, and where it stands."""

    record: int
    offset: int
    row: Any


def read_report(
    chunks: Iterable[bytes], layouts: tuple[Layout[Any], ...]
) -> Iterator[Report | Placed | Finding]:
    """First the report the header names, then rows; findings where they belong. No bytes raise.

    All of `layouts` have one encoding and end mark. After `MOST_FINDINGS` findings the file is not
    read further: it will not be taken anyway.
    """
    shown = 0
    for item in _read(chunks, layouts):
        yield item
        if isinstance(item, Finding):
            shown += 1
            if shown == MOST_FINDINGS:
                yield error("findings-cut", f"After {MOST_FINDINGS} findings reading ended.")
                return


def _read(
    chunks: Iterable[bytes], layouts: tuple[Layout[Any], ...]
) -> Iterator[Report | Placed | Finding]:
    mark = layouts[0].end_mark
    reader: RowReader[Any] | None = None
    header: list[str] = []
    over = False
    last = True
    for line in read_lines(chunks, layouts[0].encoding):
        if isinstance(line, Finding):
            yield line
            if reader is None:
                return
            continue
        last = line.ended
        if over:
            yield _at(line, "after-end", f"There is a record after {mark}.")
        elif mark and line.fields == [mark]:
            over = True
        elif reader is None:
            report = _report(line, layouts)
            yield report
            if isinstance(report, Finding):
                return
            header, reader = line.fields, RowReader(report.layout, line.fields)
        elif line.fields == header:
            yield _at(line, "header-repeated", "The header stands again.")
        else:
            row = reader.row(line)
            yield row if isinstance(row, Finding) else Placed(line.record, line.offset, row)
    yield from _ending(mark, reader is not None, over, last)


def _ending(mark: str, begun: bool, over: bool, last: bool) -> Iterator[Finding]:
    if not begun:
        yield error("header", "There is no header.")
    if mark and not over:
        yield error("end-missing", f"The last line is not {mark}: the file was cut short.")
    if not mark and not last:
        yield error("end-missing", "The last record has no line end: the file was cut short.")


def _report(line: Line, layouts: tuple[Layout[Any], ...]) -> Report | Finding:
    for layout in layouts:
        if layout.fits(line.fields):
            return Report(layout, tuple(line.fields[len(layout.headers) :]))
    names = ", ".join(layout.name for layout in layouts)
    begin = quoted(",".join(line.fields[:4]))
    return _at(line, "header", f"The header {begin} is none of {names}.")


def _at(line: Line, code: str, message: str) -> Finding:
    return error(code, message, record=line.record, offset=line.offset)
