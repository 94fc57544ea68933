"""A biller, and how its bills look. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.core.money import Money
from services.gateway.bills.checkdigits import CheckMethod, CheckTen
from services.gateway.payments.model import State
from services.gateway.reference import Merchant

BILL_SCHEME = "bill"
"""The scheme of merchants that are billers; no code leads there."""
DEFAULT_REPEAT_DAYS = 90


class Alphabet(StrEnum):
    """What a reference is written with."""

    DIGITS = "digits"
    ALPHANUMERIC = "alphanumeric"


class DueForm(StrEnum):
    """How a due date is written inside a reference."""

    NONE = ""
    YYMMDD = "yymmdd"
    YYYYMMDD = "yyyymmdd"


@dataclass(frozen=True, slots=True)
class ReferenceFormat:
    """How references look, without spaces and hyphens. `due_position` counts from 1; 0: none."""

    minimum_length: int
    maximum_length: int
    alphabet: Alphabet
    check_method: CheckMethod
    weights: tuple[int, ...] = ()
    check_ten: CheckTen | None = None
    due_position: int = 0
    due_form: DueForm = DueForm.NONE
    accepts_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Amounts:
    """What bills may come to, in minor units; zero says nothing."""

    fixed: int = 0
    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class Biller:
    """Who sends bills. `open`, `fee_plan_id` and `net_debit_limit` are the operator's to say."""

    biller_id: str
    acquirer_id: str
    name: str
    kana_name: str
    category_code: str
    city: str
    country_code: str
    currency: str
    time_zone: str
    form: ReferenceFormat
    amounts: Amounts = Amounts()
    repeat_days: int = DEFAULT_REPEAT_DAYS
    open: bool = False
    fee_plan_id: str = ""
    net_debit_limit: int = 0

    @property
    def merchant(self) -> Merchant:
        """As payments, settlement and refunds know it."""
        return Merchant(
            self.biller_id,
            self.acquirer_id,
            self.name,
            self.city,
            self.country_code,
            self.category_code,
            self.currency,
            BILL_SCHEME,
            self.biller_id,
            self.fee_plan_id,
            self.net_debit_limit,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a bill. `position` in the reference counts from 1; 0 is all of it."""

    code: str
    position: int
    message: str


@dataclass(frozen=True, slots=True)
class Read:
    """A reference as it was read: as it is kept, what is wrong with it, and its due date."""

    reference: str
    findings: tuple[Finding, ...]
    due: date | None = None


@dataclass(frozen=True, slots=True)
class BillPayment:
    """The merchant's side of a payment of a bill."""

    payment_reference: str
    biller_id: str
    bill_reference: str
    state: State
    target: Money
    refunded: Money
    create_time: datetime
    update_time: datetime
