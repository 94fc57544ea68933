"""What of the ledger's facts settlement keeps, and in which column of a window it counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

OTHER = "other"
REFERENCE_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg that was posted. `amount_minor` in minor units, more than zero."""

    stripe: int
    sequence: int
    leg: int
    link_id: str
    kind: str
    reference: str
    debit_account_id: str
    credit_account_id: str
    amount_minor: int
    currency: str
    purpose: str
    post_time: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """A payment, refund or release from escrow, and whose it is. A refund's corridor is that of its
    payment."""

    reference: str
    kind: str
    participant_id: str
    payment_id: str
    corridor_id: str = ""
    merchant_id: str = ""


class Class(StrEnum):
    """The columns of a window."""

    PAYMENT = "payment"
    REFUND = "refund"
    FEE = "fee"
    ESCROW = "escrow"
    """What releases move from escrow to merchants: shown under payments, which it makes payable."""
    PAYOUT = "payout"
    """What payouts and their reversals move: shown under other, and no part of what is owed."""
    OTHER = "other"


FEE_PURPOSE = "fee"
# Of a payment's or refund's legs in one currency just one has one of these.
COUNTED_PURPOSES = ("mid", "payable")
# Links of these kinds are a class of their own, but for the fee in them.
CLASSED_KINDS = (Class.PAYMENT, Class.REFUND, Class.PAYOUT, Class.ESCROW)
# A cut waits until it is known whose links of these kinds are.
OWNED_KINDS = (Class.PAYMENT, Class.REFUND, Class.ESCROW)


def parse_link(link_id: str) -> tuple[str, str]:
    """Kind and reference of a link: `payment-01AR…` → ("payment", "01AR…"); else ("other", "")."""
    kind, dash, rest = link_id.partition("-")
    reference = rest[:REFERENCE_LENGTH]
    if not dash or len(reference) < REFERENCE_LENGTH or not kind.isalpha():
        return OTHER, ""
    return kind, reference


@dataclass(frozen=True, slots=True)
class Sums:
    """What moved on one account within one corridor, by class; debit and credit minor units."""

    account_id: str
    klass: Class
    debit_minor: int
    credit_minor: int

    @property
    def net_minor(self) -> int:
        """Credits less debits."""
        return self.credit_minor - self.debit_minor


def nets_of(sums: Iterable[Sums]) -> dict[str, int]:
    """What a window has brought each account but for payouts, credits less debits."""
    nets: dict[str, int] = {}
    for each in sums:
        if each.klass is not Class.PAYOUT:
            nets[each.account_id] = nets.get(each.account_id, 0) + each.net_minor
    return nets
