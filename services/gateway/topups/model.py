"""Bank links, and top-ups with where they stand."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.accounts import AccountKind, customer, house
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.payments.model import Leg
from services.gateway.resources import model as resources


@dataclass(frozen=True, slots=True)
class BankLink:
    """A payer's bank account as its partner knows it. The account's number is kept sealed, for
    withdrawals alone."""

    participant_id: str
    bank_link_id: str
    digest: bytes
    payer_id: str
    partner_id: str
    payer_reference: str
    display_name: str
    create_time: datetime


class State(StrEnum):
    """Where a top-up is in its life."""

    # The bank, then the ledger is asked; a bank that does not answer leaves it here.
    PENDING = "pending"
    # The payer's account has the money. Final.
    COMPLETED = "completed"
    # The bank refused; nothing was drawn. Final.
    DECLINED = "declined"


class Step(StrEnum):
    """What the work waits for; the sweeper repeats the command of this step."""

    CHARGE = "charge"  # the bank's word that the order is accepted
    CREDIT = "credit"  # the ledger: from bank clearing to the payer's account
    GIVE_BACK = "give_back"  # the bank, which accepted after all what had been declined
    WRITE_OFF = "write_off"  # the ledger: what was drawn to loss
    OPERATOR = "operator"  # a person: drawn, but neither credited nor given back
    DONE = "done"  # nothing


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for. Never changes; field order is that of the store's columns."""

    reference: str
    participant_id: str
    top_up_id: str
    digest: bytes
    bank_link_id: str
    payer_id: str
    partner_id: str
    payer_reference: str
    amount_minor: int
    currency: str
    create_time: datetime


Life = resources.Life[State, Step]
Decision = resources.Decision[State, Step]


@dataclass(frozen=True, slots=True)
class TopUp:
    """A top-up whole."""

    ask: Ask
    life: Life

    @property
    def reference(self) -> str:
        return self.ask.reference

    @property
    def resource_id(self) -> str:
        """What commands and events carry."""
        return resource_id(Resource.TOP_UP, self.ask.reference)

    @property
    def charge_id(self) -> str:
        return f"{self.resource_id}-draw"

    @property
    def give_back_id(self) -> str:
        return f"{self.resource_id}-back{self.life.suffix}"

    def link_id(self, step: Step) -> str:
        """The ledger's link at a step."""
        ending = "-loss" if step is Step.WRITE_OFF else ""
        return f"{self.resource_id}{ending}{self.life.suffix}"

    @property
    def amount(self) -> Money:
        return Money(self.ask.amount_minor, self.ask.currency)

    @property
    def customer_account_id(self) -> str:
        """The payer's own account in the hosted wallet."""
        return customer(self.ask.participant_id, self.ask.payer_id, self.ask.currency).account_id

    def leg(self, step: Step) -> Leg:
        """Order accepted (design §6); the statement moves it from bank to bank clearing later."""
        clearing = house(AccountKind.BANK_CLEARING_IN, self.ask.currency).account_id
        account = self.customer_account_id
        if step is Step.WRITE_OFF:
            account = house(AccountKind.LOSS, self.ask.currency).account_id
        return Leg(clearing, account, self.amount, "topup")
