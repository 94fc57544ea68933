"""Faults a simulator is told to have, by rule.

    {"match": {"operation": "pay", "amount": 18900}, "fault": "no_answer_after_work", "times": 1}

`match` is compared with the call's fields; what it does not name is left open. A rule is used up
after `times` calls (default 1; 0: never).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What goes wrong with a call."""

    NO_ANSWER_BEFORE_WORK = "no_answer_before_work"
    NO_ANSWER_AFTER_WORK = "no_answer_after_work"
    LATE_WORK = "late_work"  # no answer; the work waits for POST /_control/late, even if cancelled
    DELAY = "delay"
    ERROR_500 = "error_500"
    REJECT = "reject"  # with the partner's own `code`


@dataclass(slots=True)
class FaultRule:
    """One rule. `delay_ms`: the delay; for a missing answer how long the line stays open."""

    match: dict[str, Any]
    fault: Fault
    times: int = 1
    delay_ms: int = 0
    code: str = ""
    used: int = 0

    def fits(self, call: Mapping[str, Any]) -> bool:
        is_left = self.times == 0 or self.used < self.times
        return is_left and all(call.get(name) == value for name, value in self.match.items())


class FaultBook:
    """The rules in force; the first that fits a call is used."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def add(self, fields: Mapping[str, Any]) -> None:
        """Raises ValueError, TypeError or KeyError where `fields` are no rule."""
        self.rules.append(FaultRule(**{**fields, "fault": Fault(fields["fault"])}))

    def take(self, call: Mapping[str, Any]) -> FaultRule | None:
        for rule in self.rules:
            if rule.fits(call):
                rule.used += 1
                return rule
        return None
