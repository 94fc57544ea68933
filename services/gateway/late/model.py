"""A late charge, and where it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.accounts import AccountKind, house
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.payments.model import Leg
from services.gateway.payments.saga import Side
from services.gateway.resources import model as resources


class State(StrEnum):
    """Where a late charge is in its life."""

    # Ledger and partner are asked, until nothing is left of it.
    PENDING = "pending"
    # The partner gave it back; nothing is left in suspense. Final.
    REFUNDED = "refunded"
    # An operator settled outside what the ledger never booked. Final.
    SETTLED = "settled"
    # An operator had it booked to loss; nothing is left in suspense. Final.
    WRITTEN_OFF = "written_off"


class Step(StrEnum):
    """What the work waits for; the sweeper repeats the command of this step."""

    BOOK = "book"  # the ledger: the charge against suspense
    REFUND = "refund"  # the partner, which is to give it back
    RETURN = "return"  # the ledger: the reverse of the booking
    WRITE_OFF = "write_off"  # the ledger: loss bears what suspense has, or would have
    OPERATOR = "operator"  # a person: ledger or partner refused
    DONE = "done"  # nothing


Life = resources.Life[State, Step]
Decision = resources.Decision[State, Step]


@dataclass(frozen=True, slots=True)
class LateCharge:
    """One late charge. `debit_account_id` and `credit_account_id` are of its booking."""

    reference: str
    charge_id: str
    payment_reference: str
    participant_id: str
    side: Side
    partner_id: str
    partner_reference: str
    amount: Money
    create_time: datetime
    debit_account_id: str
    credit_account_id: str
    life: Life

    @property
    def resource_id(self) -> str:
        """What commands and events carry."""
        return resource_id(Resource.LATE, self.reference)

    @property
    def ask_id(self) -> str:
        """The ledger's link and the partner's refund of the present attempt."""
        return f"{self.resource_id}{self.life.suffix}"

    def link_id(self, step: Step) -> str:
        """The ledger's link at a step."""
        return f"{self.ask_id}{_ENDINGS[step]}"

    @property
    def funding_account_id(self) -> str:
        """The account beside suspense, both ways: those with a limit are one row."""
        return self.credit_account_id if self.side is Side.DELIVER else self.debit_account_id

    def leg(self, step: Step) -> Leg:
        """What the ledger is to move at a step."""
        debit, credit = self.debit_account_id, self.credit_account_id
        if step is Step.RETURN:
            debit, credit = credit, debit
        elif step is Step.WRITE_OFF:
            debit, credit = self._written_off()
        return Leg(debit, credit, self.amount, "late")

    def _written_off(self) -> tuple[str, str]:
        debit, credit = self.debit_account_id, self.credit_account_id
        loss = house(AccountKind.LOSS, self.amount.currency).account_id
        if self.life.stuck_at is not Step.BOOK:
            return (loss, debit) if self.side is Side.DELIVER else (credit, loss)
        # Never booked: loss takes the place that suspense would have had.
        return (loss, credit) if self.side is Side.DELIVER else (debit, loss)


_ENDINGS = {Step.BOOK: "", Step.RETURN: "-back", Step.WRITE_OFF: "-loss"}
