"""A refund: what is given back, and where it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.escrow.parts import out_of_escrow
from services.gateway.payments.model import Leg, Parts, Terms
from services.gateway.refunds.policy import Reckoning
from services.gateway.refunds.reversal import reversed_legs
from services.gateway.resources import model as resources


class State(StrEnum):
    """Where a refund is in its life."""

    # Ledger and partners are asked; until the last agrees (COMPLETED) or one refuses (DECLINED).
    PENDING = "pending"
    # All partners have given back, or an operator said so. Final; the ledger is still to post.
    COMPLETED = "completed"
    # The ledger or a partner refused. Final; what was reserved is still to be given free.
    DECLINED = "declined"


class Step(StrEnum):
    """What the work waits for; the sweeper repeats the command of this step."""

    RESERVE = "reserve"  # the ledger: all reversed legs pending
    DELIVER = "deliver"  # the merchant's network, which gives back what was delivered
    COLLECT = "collect"  # the payer's wallet, which gives its user back what was collected
    POST = "post"  # the ledger: all legs posted
    WRITE_OFF = "write_off"  # the ledger: the payer's share to loss instead
    VOID = "void"  # the ledger: all legs free again
    OPERATOR = "operator"  # a person: one partner gave back, the other refused
    DONE = "done"  # nothing


Life = resources.Life[State, Step]
Decision = resources.Decision[State, Step]


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for, and what it comes to. Never changes. `note` is the asker's reason.

    `shares` are what of each leg counts as given back, `reckoning` what of it is kept and at which
    rate the rest is. `escrow_minor` of the target comes out of escrow.
    """

    reference: str
    participant_id: str
    refund_id: str
    digest: bytes
    payment_reference: str
    payment_id: str
    note: str
    target_minor: int
    shares: Parts
    reckoning: Reckoning
    create_time: datetime
    escrow_minor: int = 0

    @property
    def parts(self) -> Parts:
        """What each leg moves."""
        return self.reckoning.applied(self.shares)


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund with the terms of its payment."""

    ask: Ask
    terms: Terms
    life: Life

    @property
    def reference(self) -> str:
        return self.ask.reference

    @property
    def resource_id(self) -> str:
        """What commands and events carry; the ledger's link."""
        return resource_id(Resource.REFUND, self.ask.reference)

    @property
    def loss_link_id(self) -> str:
        """The ledger's link of an operator's write-off."""
        return f"{self.resource_id}-loss{self.life.suffix}"

    @property
    def deliver_refund_id(self) -> str:
        return f"{self.resource_id}-deliver"

    @property
    def collect_refund_id(self) -> str:
        return f"{self.resource_id}-collect{self.life.suffix}"

    @property
    def legs(self) -> list[Leg]:
        """What the ledger is to move."""
        legs = reversed_legs(self.terms, self.ask.parts)
        out = self.ask.escrow_minor
        return out_of_escrow(legs, self.terms, out) if out else legs

    @property
    def target(self) -> Money:
        """What the merchant's side gives back."""
        return Money(self.ask.target_minor, self.terms.target_currency)

    @property
    def home(self) -> Money:
        """What the payer gets back."""
        same = self.terms.home_currency == self.terms.target_currency
        parts = self.ask.parts
        minor = self.ask.target_minor if same else parts.mid + parts.spread
        return Money(minor, self.terms.home_currency)
