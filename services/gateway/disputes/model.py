"""A dispute, and where it stands."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.core.accounts import AccountKind, house
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.disputes.claim import (
    Claim,
    claim_legs,
    covered_amount,
    uncovered_legs,
)
from services.gateway.payments.model import Leg, Terms
from services.gateway.payments.saga import Side
from services.gateway.resources import model as resources


class State(StrEnum):
    """Where a dispute is in its life."""

    # What is contested is set aside; an answer is awaited from us.
    OPEN = "open"
    # Our answer is with the partner.
    ANSWERED = "answered"
    # The charge stands: what was set aside is freed. Final.
    WON = "won"
    # The charge was taken back: what was set aside is posted. Final.
    LOST = "lost"


class Step(StrEnum):
    """What the work waits for; the sweeper repeats the command of this step."""

    RESERVE = "reserve"  # the ledger: what is contested, from who bears it
    SUSPEND = "suspend"  # the ledger: from suspense, because the merchant's payable refused
    HOLD = "hold"  # an answer of ours, or the partner's decision
    ANSWER = "answer"  # the partner's decision on our answer
    COLLECT = "collect"  # the payer's wallet, which gives back what the merchant's network did
    POST = "post"  # the ledger: all legs posted
    VOID = "void"  # the ledger: all legs free again
    RECOVER = "recover"  # the ledger: from the merchant's payable to suspense
    WRITE_OFF = "write_off"  # the ledger: what is left to loss
    OPERATOR = "operator"  # a person
    DONE = "done"  # nothing


Life = resources.Life[State, Step]
Decision = resources.Decision[State, Step]


@dataclass(frozen=True, slots=True)
class Answer:
    """What we said to the dispute. Never changes."""

    accept: bool
    evidence: str
    operator: str
    answer_time: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute with the terms of its payment."""

    claim: Claim
    terms: Terms
    life: Life
    answer: Answer | None = None

    @property
    def reference(self) -> str:
        return self.claim.reference

    @property
    def resource_id(self) -> str:
        """What commands and events carry."""
        return resource_id(Resource.DISPUTE, self.claim.reference)

    @property
    def suspended(self) -> bool:
        """Whether suspense holds what the merchant's payable was too low for."""
        return self.life.step is Step.SUSPEND or self.life.stuck_at is Step.SUSPEND

    @property
    def reserve_link_id(self) -> str:
        """The ledger's link of what is set aside."""
        return f"{self.resource_id}-suspense" if self.suspended else self.resource_id

    @property
    def operator_link_id(self) -> str:
        """The ledger's link of what an operator decided last."""
        return f"{self.resource_id}-case{self.life.suffix}"

    @property
    def collect_refund_id(self) -> str:
        return f"{self.resource_id}-collect{self.life.suffix}"

    @property
    def _suspense(self) -> str:
        return house(AccountKind.SUSPENSE, self.terms.target_currency).account_id

    @property
    def legs(self) -> list[Leg]:
        """What is set aside; nothing where refunds have left nothing."""
        return claim_legs(self.claim, self.terms, self._suspense if self.suspended else "")

    @property
    def uncovered(self) -> Money:
        """What the partner claims beyond what refunds have left."""
        return self.claim.amount - covered_amount(self.claim, self.terms)

    @property
    def home(self) -> Money:
        """What a payer who was charged gets back, should the merchant's network give back."""
        shares, terms = self.claim.shares, self.terms
        same = terms.home_currency == terms.target_currency
        minor = shares.payable + shares.fee if same else shares.mid + shares.spread
        return Money(minor, terms.home_currency)

    @property
    def is_collected_last(self) -> bool:
        """Whether the payer's wallet has to be asked, once the merchant's network gave back."""
        claim = self.claim
        asks = claim.side is Side.DELIVER and bool(self.terms.collect_partner_id)
        return asks and self.home.minor > 0

    @property
    def recover_legs(self) -> list[Leg]:
        """From the merchant, who has money again, to suspense."""
        borne = [leg for leg in self.legs if leg.debit_account_id == self._suspense]
        return [
            Leg(self.terms.payable_account_id, self._suspense, leg.amount, "dispute")
            for leg in borne
        ]

    @property
    def write_off_legs(self) -> list[Leg]:
        """What an operator books to loss."""
        more = uncovered_legs(self.claim, self.terms)
        if self.suspended:
            loss = house(AccountKind.LOSS, self.terms.target_currency).account_id
            return [replace(leg, debit_account_id=loss) for leg in self.recover_legs] + more
        if self.life.stuck_at is Step.POST:
            return more
        if self.life.stuck_at is Step.COLLECT:
            return self._without_payer()
        loss = house(AccountKind.LOSS, self.terms.target_currency).account_id
        return claim_legs(self.claim, self.terms, loss) + more

    def _without_payer(self) -> list[Leg]:
        loss = house(AccountKind.LOSS, self.terms.home_currency).account_id
        funding = self.terms.funding_account_id
        return [
            replace(leg, credit_account_id=loss) if leg.credit_account_id == funding else leg
            for leg in self.legs
        ]
