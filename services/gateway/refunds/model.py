"""A refund: what is given back, and where it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.payments.model import Terms
from services.gateway.refunds.reversal import Parts


class State(StrEnum):
    """Where a refund is in its life."""

    # Ledger and partners are asked; until the last agrees (COMPLETED) or one refuses (DECLINED).
    PENDING = "pending"
    # All partners have given back. Final; the ledger is still to post.
    COMPLETED = "completed"
    # The ledger or a partner refused. Final; what was reserved is still to be given free.
    DECLINED = "declined"


class Step(StrEnum):
    """What the work waits for; the sweeper repeats the command of this step."""

    RESERVE = "reserve"  # the ledger: all reversed legs pending
    DELIVER = "deliver"  # the merchant's network, which gives back what was delivered
    COLLECT = "collect"  # the payer's wallet, which gives its user back what was collected
    POST = "post"  # the ledger: all legs posted
    VOID = "void"  # the ledger: all legs free again
    OPERATOR = "operator"  # a person: one partner gave back, the other refused
    DONE = "done"  # nothing


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for, and what it comes to. Never changes. `note` is the asker's reason."""

    reference: str
    participant_id: str
    refund_id: str
    digest: bytes
    payment_reference: str
    payment_id: str
    note: str
    target_minor: int
    parts: Parts
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Life:
    """Where a refund stands."""

    state: State
    step: Step
    update_time: datetime
    reason: str = ""
    message: str = ""
    repeat_count: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund with the terms of its payment."""

    ask: Ask
    terms: Terms
    life: Life

    @property
    def resource_id(self) -> str:
        """What commands and events carry; the ledger's link."""
        return resource_id(Resource.REFUND, self.ask.reference)

    @property
    def deliver_refund_id(self) -> str:
        return f"{self.resource_id}-deliver"

    @property
    def collect_refund_id(self) -> str:
        return f"{self.resource_id}-collect"

    @property
    def target(self) -> Money:
        """What the merchant's side gives back."""
        return Money(self.ask.target_minor, self.terms.target_currency)

    @property
    def home(self) -> Money:
        """What the payer gets back."""
        same = self.terms.home_currency == self.terms.target_currency
        minor = self.ask.target_minor if same else self.ask.parts.mid + self.ask.parts.spread
        return Money(minor, self.terms.home_currency)
