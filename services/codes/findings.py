"""What a check has to say about a payment code: a code, a severity, a path and a sentence.

Paths are object ids joined by points (`62.09`), tags for consumer codes (`61.4F`), or empty for the
whole payload. Codes are few and stable; sentences are for people and may change.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.core.errors import Malformed


class Severity(StrEnum):
    """An error makes the code not valid; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or odd, about a code."""

    code: str
    severity: Severity
    path: str
    message: str


def error(code: str, path: str, message: str) -> Finding:
    return Finding(code, Severity.ERROR, path, message)


def warning(code: str, path: str, message: str) -> Finding:
    return Finding(code, Severity.WARNING, path, message)


def has_errors(findings: tuple[Finding, ...] | list[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def quoted(value: str) -> str:
    """`value` in quotes for a sentence, cut at 40 characters; what cannot be shown is escaped."""
    cut = value if len(value) <= 40 else value[:40] + "…"
    return "'" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut) + "'"


class CodeInvalid(Malformed):
    """A code that was to be written would not be valid; `findings` say why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        sentences = " ".join(finding.message for finding in findings)
        super().__init__(f"The code cannot be written. {sentences}")
        self.findings = findings


class ProfileUnknown(Malformed):
    """No scheme of that name is in the table."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no profile {quoted(name)}: use one of {', '.join(known)}.")
