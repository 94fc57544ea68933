"""The conformance suite's table in the test report: partner × fault × end state."""

from collections.abc import Iterable
from pathlib import Path

import pytest

CONFORMANCE = "conformance"
REPORT = Path(".local") / "conformance.txt"
_HEAD = ("partner", "operation", "fault", "end", "")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and keep it in a file. Rows come with the reports, also from workers."""
    rows = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            mark = "" if outcome == "passed" else "FAILED"
            rows += [
                (*map(str, value), mark)
                for name, value in getattr(report, "user_properties", ())
                if name == CONFORMANCE
            ]
    if not rows:
        return
    lines = list(_lines(sorted(rows)))
    terminalreporter.section("partner × fault × end state")
    for line in lines:
        terminalreporter.line(line)
    path = terminalreporter.config.rootpath / REPORT
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def _lines(rows: list[tuple[str, ...]]) -> Iterable[str]:
    table = [_HEAD, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(_HEAD))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
