"""What the suite has to know of a partner; one `Descriptor` each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.bridge.settings import PartnerConfig
from services.core.clock import Clock
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partners.base import Simulator
from services.sandbox.partners.faults import Fault
from tests.contract.house import Simulated, World


@dataclass(frozen=True, slots=True)
class Place:
    """Where a simulator is made: a folder for keys and files, and the clock of its day."""

    folder: Path
    clock: Clock


async def nothing_first(_world: World, _partner: Simulated) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A partner that charges. Operations are named as its simulator names them to faults."""

    partner_id: str
    simulator: type[Simulator]
    simulate: Callable[[Place], Simulator]
    configure: Callable[[Place, str], PartnerConfig]
    """The configuration for a simulator at this URL."""
    kind: pb.ChargeKind.ValueType
    currency: str
    minor: int
    charges: tuple[str, ...]
    """The operations that make a charge, in order."""
    inquiry: str = "inquiry"
    cancel: str = "cancel"
    refund: str = "refund"
    order: Mapping[str, Any] = field(default_factory=dict)
    """More fields of StartCharge."""
    prepare: Callable[[World, Simulated], Awaitable[dict[str, Any]]] = nothing_first
    """What is done before all orders, such as linking an account; more fields of StartCharge."""
    approve: Callable[[Simulated, str], Awaitable[None]] | None = None
    """What the payer does with the link of an action required, where there is one."""
    ends: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Ends other than usual, by operation and fault."""
    named: Callable[[str], str] = str
    """What the partner knows a charge or refund of ours by; its books and faults name it so."""
    cancelled_as: Callable[[str], str] = str
    """The id, of ours, under which a charge's cancel is asked for."""
    audit: Callable[[Mapping[str, Any]], str] = lambda _books: ""
    """A last look at the partner's books for what ids do not show; what is wrong."""
    without: frozenset[Fault] = frozenset()
    """Faults that are not the adapter's to survive, with the reason beside them."""
