"""A report as JSON: keys in the order of the dataclasses, amounts as whole minor units."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from services.reconciliation.reports.model import DayReport


def write_json(report: DayReport) -> bytes:
    """The same report gives the same bytes."""
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1, default=_text)
    return f"{text}\n".encode()


def _text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no place in a report")
