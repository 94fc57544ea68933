"""Statements of an account (camt.053) and notices of single movements (camt.054).

What comes by the million is a named tuple, which is made in a fraction of a dataclass's time.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from services.core.money import Money
from services.formats.iso20022.model import Account, Agent, Direction, Party

OPENING = ("OPBD", "PRCD", "ITBD")
CLOSING = ("CLBD", "ITBD")


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance: `kind` OPBD opening booked, CLBD closing booked, ITBD interim, PRCD previous."""

    amount: Money
    direction: Direction
    day: date
    kind: str = ""

    @property
    def signed(self) -> Money:
        """Negative where the account is overdrawn."""
        return Money(self.direction.signed(self.amount.minor), self.amount.currency)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and sums a statement declares about its entries, in whole units."""

    count: int | None = None
    total: Decimal | None = None
    credit_count: int | None = None
    credit_total: Decimal | None = None
    debit_count: int | None = None
    debit_total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """The head of a statement or notification; its entries follow it.

    `number` is the electronic sequence number. A statement of several pages has interim balances
    between them. `copy` is CODU, COPY or DUPL where the bank marked it so.
    """

    id: str
    account: Account
    message_id: str = ""
    created: datetime | None = None
    number: int | None = None
    legal_number: int | None = None
    begin: datetime | None = None
    end: datetime | None = None
    copy: str = ""
    page: int | None = None
    last_page: bool | None = None
    balances: tuple[Balance, ...] = ()
    summary: Summary | None = None

    @property
    def opening(self) -> Balance | None:
        return _balance(self.balances, OPENING)

    @property
    def closing(self) -> Balance | None:
        return _balance(self.balances[::-1], CLOSING)


def _balance(balances: tuple[Balance, ...], kinds: tuple[str, ...]) -> Balance | None:
    for kind in kinds:
        for balance in balances:
            if balance.kind == kind:
                return balance
    return None


@dataclass(frozen=True, slots=True)
class BankCode:
    """What kind of movement: domain, family, sub-family (PMNT RCDT DMCT), or the bank's own."""

    domain: str = ""
    family: str = ""
    sub_family: str = ""
    proprietary: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """A booking of several transfers as one."""

    message_id: str = ""
    payment_information_id: str = ""
    count: int | None = None
    total: Money | None = None
    direction: Direction | None = None


class EntryTransaction(NamedTuple):
    """One transfer within an entry."""

    message_id: str = ""
    servicer_reference: str = ""
    payment_information_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    uetr: str = ""
    transaction_id: str = ""
    clearing_reference: str = ""
    amount: Money | None = None
    direction: Direction | None = None
    instructed_amount: Money | None = None
    transaction_amount: Money | None = None
    debtor: Party | None = None
    debtor_account: Account | None = None
    ultimate_debtor: Party | None = None
    creditor: Party | None = None
    creditor_account: Account | None = None
    ultimate_creditor: Party | None = None
    debtor_agent: Agent | None = None
    creditor_agent: Agent | None = None
    remittance: tuple[str, ...] = ()
    return_reason: str = ""
    information: str = ""

    @property
    def booked_amount(self) -> Money | None:
        """What this transfer is of the entry, where the bank says so."""
        return self.amount or self.transaction_amount


class EntryDetail(NamedTuple):
    """A part of an entry: a batch and what is in it, or one transfer."""

    batch: Batch | None = None
    transactions: tuple[EntryTransaction, ...] = ()


class StatementEntry(NamedTuple):
    """One movement. `direction` is that of this movement, also of a reversal.

    `record` counts entries in the file from 1; `offset` is the byte at which it begins, if known.
    `status` is BOOK, PDNG or INFO; only booked entries change balances.
    """

    amount: Money
    direction: Direction
    status: str
    code: BankCode
    reference: str = ""
    reversal: bool = False
    booked: date | None = None
    value_date: date | None = None
    servicer_reference: str = ""
    details: tuple[EntryDetail, ...] = ()
    information: str = ""
    record: int = 0
    offset: int | None = None

    @property
    def signed(self) -> Money:
        """Positive for a credit."""
        return Money(self.direction.signed(self.amount.minor), self.amount.currency)

    @property
    def transactions(self) -> tuple[EntryTransaction, ...]:
        """Every transfer of the entry."""
        if len(self.details) == 1:
            return self.details[0].transactions
        return tuple(each for detail in self.details for each in detail.transactions)

    def counterparty(self, transaction: EntryTransaction) -> Party | None:
        """Who sent what came, or gets what left."""
        if (transaction.direction or self.direction) is Direction.CREDIT:
            return transaction.debtor
        return transaction.creditor


@dataclass(frozen=True, slots=True)
class StatementEnd:
    """After a statement's last entry: what was read of it, and whether it is whole.

    `credits` and `debits` are sums of booked entries in minor units. `whole` is False where an
    entry was left out because of findings.
    """

    statement: Statement
    entries: int
    credits: int
    debits: int
    whole: bool
