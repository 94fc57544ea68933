"""What a bank's account statement and a partner's file are, as adapters hand them out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

from services.core.money import Money


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One line of a statement. Days are the bank's; `amount` is positive, `credit`: it came in."""

    entry_reference: str
    book_date: date
    value_date: date
    credit: bool
    amount: Money
    balance: Money | None
    counterparty_name: str
    remittance_text: str


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of a statement, oldest first. `next_page` is empty on the last."""

    entries: tuple[StatementEntry, ...]
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """A partner's file as it is; `chunks` are its bytes in order, each of at most 64 KiB."""

    name: str
    chunks: AsyncIterator[bytes]
