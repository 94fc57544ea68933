"""A withdrawal: what was asked for, where it stands, whom it pays."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.core.accounts import AccountKind, customer, house
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.payments.model import Leg
from services.gateway.resources import model as resources


class State(StrEnum):
    """Where a withdrawal is in its life."""

    # Set aside on the payer's account; a bank that does not answer leaves it here.
    PENDING = "pending"
    # The money has left for the payer's bank.
    COMPLETED = "completed"
    # Nothing was taken. Final, unless an operator finds that the bank paid after all.
    DECLINED = "declined"
    # The payer's bank sent it back, and the payer's account has it again. Final.
    RETURNED = "returned"


class Step(StrEnum):
    """What the work waits for; the sweeper repeats the command of this step."""

    RESERVE = "reserve"  # the ledger: the payer's account has it
    ORDER = "order"  # the bank's word that the money has left, or will not
    POST = "post"  # the ledger: taken from the payer's account
    POST_BACK = "post_back"  # the same, of what the bank has back already
    VOID = "void"  # the ledger: no longer set aside
    GIVE_BACK = "give_back"  # the ledger: what came back, to the payer's account
    TAKE = "take"  # the ledger: what a bank paid after its refusal, from the payer's account
    WRITE_OFF = "write_off"  # the ledger: against loss
    OPERATOR = "operator"  # a person
    DONE = "done"  # nothing


@dataclass(frozen=True, slots=True)
class Payee:
    """A bank account, as its bank knows it. Told to nobody but the bank that pays."""

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str

    @property
    def text(self) -> str:
        """What is sealed; no part has a line break."""
        parts = (self.bank_code, self.branch_code, self.account_type, self.account_number)
        return "\n".join((*parts, self.holder_name))

    @classmethod
    def read(cls, text: str) -> "Payee":
        """From a `text` once sealed."""
        bank, branch, kind, number, holder = text.split("\n", 4)
        return cls(bank, branch, kind, number, holder)


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for. Never changes; field order is that of the store's columns.

    `limit_keys` are the limits per day and year that it took from on `limit_day`.
    """

    reference: str
    participant_id: str
    withdrawal_id: str
    digest: bytes
    bank_link_id: str
    payer_id: str
    partner_id: str
    amount_minor: int
    currency: str
    create_time: datetime
    limit_day: date
    limit_keys: tuple[str, ...] = ()


Life = resources.Life[State, Step]
Decision = resources.Decision[State, Step]

_LINKS = {Step.GIVE_BACK: "-back", Step.TAKE: "-take", Step.WRITE_OFF: "-loss"}


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal whole. `sealed_payee` is for the bridge; empty where nothing is to be ordered,
    or where the account cannot be read any more."""

    ask: Ask
    life: Life
    sealed_payee: bytes = b""

    @property
    def reference(self) -> str:
        return self.ask.reference

    @property
    def resource_id(self) -> str:
        """What commands and events carry: the payout's id, and the link of what is set aside."""
        return resource_id(Resource.WITHDRAWAL, self.ask.reference)

    def link_id(self, step: Step) -> str:
        """The ledger's link at a step that transfers."""
        return f"{self.resource_id}{_LINKS[step]}{self.life.suffix}"

    @property
    def amount(self) -> Money:
        return Money(self.ask.amount_minor, self.ask.currency)

    @property
    def customer_account_id(self) -> str:
        """The payer's own account in the hosted wallet."""
        return customer(self.ask.participant_id, self.ask.payer_id, self.ask.currency).account_id

    def leg(self, step: Step) -> Leg:
        """Order accepted (design §6): out to clearing. The statement moves it to the bank later.

        What goes wrong afterwards is between clearing and the payer's account or, where an
        operator writes it off, loss.
        """
        clearing = house(AccountKind.BANK_CLEARING_OUT, self.ask.currency).account_id
        account = self.customer_account_id
        if step is Step.WRITE_OFF:
            account = house(AccountKind.LOSS, self.ask.currency).account_id
        came_back = step is Step.GIVE_BACK or (
            step is Step.WRITE_OFF
            and (self.life.state is State.COMPLETED or self.life.stuck_at is Step.GIVE_BACK)
        )
        if came_back:
            return Leg(clearing, account, self.amount, "withdrawal")
        return Leg(account, clearing, self.amount, "withdrawal")
