"""What a check has to say about a file: a code, a severity, where, and a sentence.

`record` counts the file's records from 1 (a Zengin record, a CSV line, an entry of a statement) and
is 0 for the file as a whole. `offset` is the byte at which the record or field begins, counted from
0, and None where it is not known. `path` names the field: an XML path or a column. Codes are few
and stable; sentences are for people and may change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.core.errors import Malformed

SHOWN_FINDINGS = 5


class Severity(StrEnum):
    """An error makes the file not valid; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or odd, about a file."""

    code: str
    severity: Severity
    record: int
    offset: int | None
    message: str
    path: str = ""


def error(
    code: str, message: str, *, record: int = 0, offset: int | None = None, path: str = ""
) -> Finding:
    return Finding(code, Severity.ERROR, record, offset, message, path)


def warning(
    code: str, message: str, *, record: int = 0, offset: int | None = None, path: str = ""
) -> Finding:
    return Finding(code, Severity.WARNING, record, offset, message, path)


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def quoted(value: str) -> str:
    """`value` in quotes for a sentence, cut at 40 characters; what cannot be shown is escaped."""
    cut = value if len(value) <= 40 else value[:40] + "…"
    return "'" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut) + "'"


class FileInvalid(Malformed):
    """A file that was to be written, or was to be read whole, is not valid; `findings` say why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        shown = " ".join(finding.message for finding in findings[:SHOWN_FINDINGS])
        more = len(findings) - SHOWN_FINDINGS
        rest = f" And {more} more." if more > 0 else ""
        super().__init__(f"The file is not valid. {shown}{rest}")
        self.findings = findings
