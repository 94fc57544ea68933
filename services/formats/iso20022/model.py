"""What the messages say, in frozen dataclasses: parties, orders, reports, returns, statements.

Text that a message does not hold is empty; other things are None. An instant has the zone the file
gave it, or none.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from services.core.money import Money, major


class Direction(StrEnum):
    """CRDT: money comes onto the account (a balance: is owed to its owner); DBIT: it leaves."""

    CREDIT = "CRDT"
    DEBIT = "DBIT"

    def signed(self, minor: int) -> int:
        return minor if self is Direction.CREDIT else -minor


@dataclass(frozen=True, slots=True)
class PartyId:
    """An id a scheme gave: `code` from ISO's list (BANK), or `proprietary` (`Customer Code1`)."""

    id: str
    code: str = ""
    proprietary: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who pays, is paid, or asks for it."""

    name: str = ""
    town: str = ""
    country: str = ""
    ids: tuple[PartyId, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An account: an IBAN, or the number its bank gave it."""

    number: str = ""
    iban: str = ""
    kind: str = ""
    own_kind: str = ""
    currency: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """A bank: by BIC, or as `member` of a clearing system (JPZGN and four digits) and a branch."""

    bic: str = ""
    clearing_system: str = ""
    member: str = ""
    name: str = ""
    branch: str = ""


@dataclass(frozen=True, slots=True)
class BusinessHeader:
    """head.001: who sends which message to whom."""

    sender: Agent
    receiver: Agent
    message_id: str
    definition: str
    created: datetime


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One transfer of an order to a bank. `remittance` lines are at most 140 characters each."""

    end_to_end_id: str
    amount: Money
    creditor: Party
    creditor_account: Account | None = None
    creditor_agent: Agent | None = None
    instruction_id: str = ""
    uetr: str = ""
    charge_bearer: str = ""
    ultimate_debtor: Party | None = None
    ultimate_creditor: Party | None = None
    purpose: str = ""
    remittance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """Transfers of one account on one day."""

    id: str
    execution_date: date
    debtor: Party
    debtor_account: Account
    debtor_agent: Agent
    transfers: tuple[CreditTransfer, ...]
    method: str = "TRF"
    batch_booking: bool | None = None
    charge_bearer: str = ""

    @property
    def count(self) -> int:
        return len(self.transfers)

    @property
    def control_sum(self) -> Decimal:
        return control_sum(self.transfers)


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """pain.001: an order to a bank."""

    message_id: str
    created: datetime
    initiator: Party
    batches: tuple[OrderBatch, ...]

    @property
    def count(self) -> int:
        return sum(batch.count for batch in self.batches)

    @property
    def control_sum(self) -> Decimal:
        return sum((batch.control_sum for batch in self.batches), Decimal(0))


@dataclass(frozen=True, slots=True)
class InterbankTransfer:
    """One transfer between institutions; `rate` is the amount settled per unit instructed."""

    end_to_end_id: str
    amount: Money
    charge_bearer: str
    debtor: Party
    debtor_agent: Agent
    creditor_agent: Agent
    creditor: Party
    instruction_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    settlement_date: date | None = None
    instructed: Money | None = None
    rate: Decimal | None = None
    ultimate_debtor: Party | None = None
    debtor_account: Account | None = None
    creditor_account: Account | None = None
    ultimate_creditor: Party | None = None
    purpose: str = ""
    remittance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InterbankTransfers:
    """pacs.008: transfers from one institution to another."""

    message_id: str
    created: datetime
    transfers: tuple[InterbankTransfer, ...]
    settlement_date: date | None = None
    settlement_method: str = "CLRG"
    clearing_system: str = ""

    @property
    def count(self) -> int:
        return len(self.transfers)

    @property
    def total(self) -> Money | None:
        return total(self.transfers)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of ISO's list (AC01) or the bank's own, and words."""

    code: str = ""
    proprietary: str = ""
    information: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OriginalGroup:
    """The message a report is about, and the state of it as a whole."""

    message_id: str
    message_name: str
    status: str = ""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class TransferStatus:
    """What became of one transfer: ACSC, ACCP, PDNG, RJCT and others of ISO's list."""

    status: str = ""
    status_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    reasons: tuple[Reason, ...] = ()
    accepted: datetime | None = None
    servicer_reference: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """pacs.002: transfers accepted or refused."""

    message_id: str
    created: datetime
    groups: tuple[OriginalGroup, ...] = ()
    transfers: tuple[TransferStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Return:
    """One transfer that comes back."""

    amount: Money
    return_id: str = ""
    original_message_id: str = ""
    original_message_name: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    original_amount: Money | None = None
    settlement_date: date | None = None
    charge_bearer: str = ""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Returns:
    """pacs.004: transfers returned."""

    message_id: str
    created: datetime
    returns: tuple[Return, ...] = ()
    settlement_date: date | None = None
    settlement_method: str = "CLRG"
    clearing_system: str = ""

    @property
    def count(self) -> int:
        return len(self.returns)

    @property
    def total(self) -> Money | None:
        return total(self.returns)


def control_sum(items: tuple[CreditTransfer, ...]) -> Decimal:
    """The sum of amounts in whole units whatever their currency, as ISO defines CtrlSum."""
    return sum((major(item.amount) for item in items), Decimal(0))


def total(items: tuple[InterbankTransfer, ...] | tuple[Return, ...]) -> Money | None:
    """The sum of amounts of one currency; None of several currencies or of nothing."""
    currencies = {item.amount.currency for item in items}
    if len(currencies) != 1:
        return None
    return Money(sum(item.amount.minor for item in items), currencies.pop())
