"""The golden Zengin files, and short ways to read and break files in tests."""

import base64
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

from services.formats.zengin import Body, Checks, Finding, Record, Separator, Verdict, read

GOLDEN = Path(__file__).parents[3] / "golden"
SAMPLES: list[dict[str, Any]] = json.loads((GOLDEN / "zengin_samples.json").read_text())["samples"]
AS_OF = date(2026, 8, 1)
CHECKS = Checks(AS_OF)
TRANSFERS = "synthetic two payments"
STATEMENT = "synthetic account statement: credit and fee"
NOTICE = "synthetic incoming notice: one transfer, one cancellation"
DEBITS = "synthetic direct debit result: one collected, one short of funds"


def sample(name: str) -> dict[str, Any]:
    return next(one for one in SAMPLES if one["name"] == name)


def records_of(name: str) -> list[bytes]:
    """The records of a golden file without separators."""
    return [base64.b64decode(record["base64"]) for record in sample(name)["records"]]


def separator_of(one: dict[str, Any]) -> Separator:
    return Separator.CRLF if one["separator"] == "CRLF" else Separator.CR


def file_of(records: list[bytes], separator: bytes = b"\r\n") -> bytes:
    return b"".join(record + separator for record in records)


def golden_file(one: dict[str, Any]) -> bytes:
    return file_of(records_of(one["name"]), separator_of(one).value)


class Reading:
    """Everything that reading `data` gives, sorted out."""

    def __init__(self, data: bytes, checks: Checks = CHECKS) -> None:
        items = list(read(io.BytesIO(data), checks))
        last = items.pop()
        assert isinstance(last, Verdict)
        self.verdict = last
        self.records = [item for item in items if isinstance(item, Record)]
        self.findings = [item for item in items if isinstance(item, Finding)]

    @property
    def bodies(self) -> list[Body]:
        return [record.body for record in self.records]

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.findings]


def changed(name: str, record: int, offset: int, text: bytes) -> bytes:
    """A golden file with other bytes in one record, counted from 1."""
    records = records_of(name)
    old = records[record - 1]
    records[record - 1] = old[:offset] + text + old[offset + len(text) :]
    return file_of(records)
