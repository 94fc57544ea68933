"""The findings of one reading: of each code the first ones, the others counted.

A broken file of a million records would otherwise tell a million times what is wrong with it.
"""

from collections import Counter

from services.formats.findings import Finding, Severity, warning


class Notes:
    """Takes findings as they are made; `take` gives those that are to be told."""

    def __init__(self, most_of_a_code: int) -> None:
        self._most = most_of_a_code
        self._count: Counter[str] = Counter()
        self._pending: list[Finding] = []
        self.errors = 0
        self.warnings = 0

    def __bool__(self) -> bool:
        return bool(self._pending)

    def error(self, code: str, record: int, offset: int, message: str, path: str = "") -> None:
        self.add(Finding(code, Severity.ERROR, record, offset, message, path))

    def warning(self, code: str, record: int, offset: int, message: str, path: str = "") -> None:
        self.add(Finding(code, Severity.WARNING, record, offset, message, path))

    def add(self, finding: Finding) -> None:
        if finding.severity is Severity.ERROR:
            self.errors += 1
        else:
            self.warnings += 1
        self._count[finding.code] += 1
        if self._count[finding.code] <= self._most:
            self._pending.append(finding)

    def take(self) -> list[Finding]:
        pending, self._pending = self._pending, []
        return pending

    def left_out(self, record: int, offset: int) -> list[Finding]:
        """How many findings of which code were not told, at the end of the file."""
        more = {code: count - self._most for code, count in self._count.items()}
        return [
            warning(
                "FINDINGS_OMITTED",
                f"{count} more findings {code} are not listed.",
                record=record,
                offset=offset,
            )
            for code, count in more.items()
            if count > 0
        ]
