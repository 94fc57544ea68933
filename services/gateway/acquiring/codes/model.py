"""A code that was given out."""

import re
from dataclasses import dataclass
from datetime import datetime

from services.core.money import Money

TERMINAL_LABEL = re.compile(r"[\x20-\x7e]{0,25}")


@dataclass(frozen=True, slots=True)
class GivenCode:
    """`amount` is None where the payer types it."""

    acquirer_id: str
    code_id: str
    merchant_id: str
    amount: Money | None
    terminal_label: str
    code: str
    create_time: datetime
