"""Which faults befall which operations of a partner, and how such a charge may end."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.sandbox.partners.faults import NOTICE, OF_NOTICES, Fault
from tests.contract.conformance.descriptor import Descriptor


class End(StrEnum):
    """How a charge ends. A refund or cancel that follows is part of it."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    LATE_REFUNDED = "late, refunded"
    OPERATOR = "operator"


class Step(StrEnum):
    """What the case does."""

    CHARGE = "charge"
    INQUIRE = "inquire"
    CANCEL = "cancel"
    REFUND = "refund"
    SILENCE = "silence"


NO_FAULT = "none"
_EITHER = frozenset({End.ACCEPTED, End.REJECTED})
_ALWAYS_ACCEPTED = frozenset({NO_FAULT, Fault.DELAY, *OF_NOTICES})
_DELAY_MS = 100
# How long a line without an answer stays open.
SILENT_MS = 300


@dataclass(frozen=True, slots=True)
class Case:
    """One charge of a partner under one fault of one operation."""

    partner_id: str
    step: Step
    operation: str
    fault: str
    ends: frozenset[str]

    def __str__(self) -> str:
        return f"{self.partner_id}-{self.step}-{self.operation}-{self.fault}"

    def rules(self, charge_id: str, refund_id: str) -> list[dict[str, Any]]:
        """The rules that have the fault befall this case and no other."""
        if self.fault == NO_FAULT:
            return []
        return [
            {
                "fault": self.fault,
                "match": {
                    "operation": operation,
                    "id": refund_id if self.step is Step.REFUND else charge_id,
                },
                "times": 0 if self.step is Step.SILENCE else 1,
                "delay_ms": _DELAY_MS if self.fault == Fault.DELAY else SILENT_MS,
            }
            for operation in self.operation.split("+")
        ]


def cases_of(descriptor: Descriptor) -> list[Case]:
    """All cases of a partner, by the faults its simulator has."""
    found = [_case(descriptor, Step.CHARGE, descriptor.charges[-1], NO_FAULT)]
    for fault in sorted(descriptor.simulator.frame_faults - descriptor.without):
        if fault is Fault.REJECT:
            continue
        found += _of_frame(descriptor, fault)
    for name, own in sorted(descriptor.simulator.own_faults.items()):
        found += [
            _case(descriptor, step, operation, name)
            for step, operation in _steps(descriptor)
            if operation in own.operations
        ]
    for step in (Step.CANCEL, Step.REFUND):
        found.append(_case(descriptor, step, _operation(descriptor, step), NO_FAULT))
    everything = Case(
        descriptor.partner_id,
        Step.SILENCE,
        "+".join((descriptor.charges[-1], descriptor.inquiry, descriptor.cancel)),
        Fault.NO_ANSWER_BEFORE_WORK,
        frozenset({End.OPERATOR}),
    )
    return [*found, everything]


def _of_frame(descriptor: Descriptor, fault: Fault) -> Iterator[Case]:
    if fault in OF_NOTICES:
        yield _case(descriptor, Step.CHARGE, NOTICE, fault)
        return
    for step, operation in _steps(descriptor):
        yield _case(descriptor, step, operation, fault)


def _steps(descriptor: Descriptor) -> list[tuple[Step, str]]:
    return [
        *((Step.CHARGE, operation) for operation in descriptor.charges),
        (Step.INQUIRE, descriptor.inquiry),
        (Step.CANCEL, descriptor.cancel),
        (Step.REFUND, descriptor.refund),
    ]


def _operation(descriptor: Descriptor, step: Step) -> str:
    return descriptor.cancel if step is Step.CANCEL else descriptor.refund


def _case(descriptor: Descriptor, step: Step, operation: str, fault: str) -> Case:
    ends = descriptor.ends.get((operation, fault)) or _usual_ends(step, fault)
    return Case(descriptor.partner_id, step, operation, fault, ends)


def _usual_ends(step: Step, fault: str) -> frozenset[str]:
    if step is Step.CANCEL:
        return frozenset({End.CANCELLED})
    if step is Step.REFUND:
        return frozenset({End.REFUNDED})
    if fault in _ALWAYS_ACCEPTED and step is Step.CHARGE:
        return frozenset({End.ACCEPTED})
    if fault == Fault.LATE_WORK and step is Step.CHARGE:
        return frozenset({End.LATE_REFUNDED, End.ACCEPTED, End.REJECTED})
    if fault not in frozenset(Fault) and step is Step.CHARGE:
        return frozenset({End.REJECTED})
    return _EITHER
