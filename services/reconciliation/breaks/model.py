"""A break, its resolution, and the notes of its life."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.reconciliation.matching.rows import BreakKind

HOUSE = "reconciliation"
"""Who has done what no person has."""


class State(StrEnum):
    """Where a break is in its life."""

    OPEN = "open"
    ASSIGNED = "assigned"
    PROPOSED = "proposed"
    RESOLVED = "resolved"


class What(StrEnum):
    """What a note is about."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class ResolutionKind(StrEnum):
    """How a break is put right."""

    CORRECTING_TRANSFER = "correcting_transfer"
    WRITE_OFF = "write_off"
    PARTNER_CORRECTED = "partner_corrected"
    EXPLAINED = "explained"


MOVES_MONEY = frozenset({ResolutionKind.CORRECTING_TRANSFER, ResolutionKind.WRITE_OFF})


class Outcome(StrEnum):
    """What has become of a resolution."""

    ASKED = "asked"
    # The ledger has not answered yet.
    APPROVED = "approved"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class FoundBreak:
    """What a run has found of rows that do not match; `size` in minor units, ours less theirs."""

    kind: BreakKind
    our_row: int | None
    their_row: int | None
    size: int
    currency: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """A way to put a break right. Money in minor units; zero where none moves."""

    number: int
    kind: ResolutionKind
    proposed_by: str
    propose_time: datetime
    reason: str
    size: int
    """The break's when it was proposed."""
    currency: str
    debit_account_id: str = ""
    credit_account_id: str = ""
    amount_minor: int = 0
    fee_minor: int = 0
    """What the partner has kept of what it settled; booked as our expense beside the amount."""
    link_id: str = ""
    correct_by: date | None = None
    approved_by: str = ""
    outcome: Outcome = Outcome.ASKED


@dataclass(frozen=True, slots=True)
class Break:
    """A break as it stands. `day`: whose run has opened it last; that day waits for it."""

    break_id: str
    partner_id: str
    day: date
    kind: BreakKind
    our_row: int | None
    their_row: int | None
    size: int
    currency: str
    open_time: datetime
    update_time: datetime
    state: State = State.OPEN
    assignee: str = ""
    reopen_count: int = 0
    note_count: int = 0
    resolution: Resolution | None = None
    joined_to: str = ""

    @property
    def is_in_flight(self) -> bool:
        """Approved, and the ledger has not answered yet."""
        return self.resolution is not None and self.resolution.outcome is Outcome.APPROVED

    @property
    def has_moved_money(self) -> bool:
        """The ledger has booked its last resolution."""
        held = self.resolution
        return held is not None and held.outcome is Outcome.DONE and held.kind in MOVES_MONEY


@dataclass(frozen=True, slots=True)
class Note:
    """One step of a break's life."""

    person: str
    what: What
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A break after something has happened to it, and what is noted of it.

    `sends`: its approved transfer is to be sent to the ledger.
    """

    item: Break
    notes: tuple[Note, ...]
    sends: bool = False
