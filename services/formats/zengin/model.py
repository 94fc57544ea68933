"""What Zengin records say, as an adapter or reconciliation wants it.

Amounts are yen. Names and texts are half-width as they stand in the file, without the spaces that
fill a field. A code of digits is text; where it may be left out, zeros and spaces read as "".
Trailers and the end are read only: what is written gets computed ones.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DebitResult(StrEnum):
    """What became of a direct debit. In a request every item carries `COLLECTED`'s 0."""

    COLLECTED = "0"
    INSUFFICIENT_FUNDS = "1"
    NO_SUCH_ACCOUNT = "2"
    STOPPED_BY_DEPOSITOR = "3"
    NO_MANDATE = "4"
    STOPPED_BY_ORIGINATOR = "8"
    OTHER = "9"


class Direction(StrEnum):
    """Which way money went on an account."""

    IN = "1"
    OUT = "2"


ACCOUNT_TYPES = {
    "1": "ordinary",
    "2": "current",
    "3": "tax reserve",
    "4": "savings",
    "5": "notice",
    "6": "time",
    "7": "instalment time",
    "8": "instalment savings",
    "9": "other",
}
ENTRY_KINDS = {
    "10": "cash",
    "11": "transfer",
    "12": "other-bank cheque",
    "13": "clearing",
    "14": "book transfer",
    "18": "other",
    "19": "correction",
}
# Standing for no code where a field of ten digits has to be filled.
NO_CODE = "0000000000"


@dataclass(frozen=True, slots=True)
class Account:
    """An account: bank of 4 digits, branch of 3, type of 1, number of 7 (10 in a statement)."""

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    bank_name: str = ""
    branch_name: str = ""


@dataclass(frozen=True, slots=True)
class OrderHeader:
    """Who orders, from or to which account, for which day: business types 11, 12, 21 and 91."""

    business_type: str
    originator_code: str
    originator_name: str
    value_date: date
    account: Account


@dataclass(frozen=True, slots=True)
class BulkTransfer:
    """A transfer of 21. `edi` stands in the place of the customer codes."""

    payee: Account
    payee_name: str
    yen: int
    new_code: str = "0"
    customer_codes: tuple[str, str] = (NO_CODE, NO_CODE)
    edi: str | None = None
    method: str = "7"
    identification: str = ""
    clearing_house: str = "0000"


@dataclass(frozen=True, slots=True)
class PayrollTransfer:
    """A wage (11) or bonus (12)."""

    payee: Account
    payee_name: str
    yen: int
    new_code: str = "0"
    employee_number: str = ""
    department_code: str = ""
    clearing_house: str = "0000"


@dataclass(frozen=True, slots=True)
class DirectDebit:
    """An item of 91, asked for or answered."""

    payer: Account
    payer_name: str
    yen: int
    customer_number: str = ""
    new_code: str = "0"
    result: DebitResult = DebitResult.COLLECTED


@dataclass(frozen=True, slots=True)
class NoticeHeader:
    """Whose incoming transfers (01) follow, posted on which days."""

    created: date
    from_date: date
    to_date: date
    account: Account
    account_name: str


@dataclass(frozen=True, slots=True)
class IncomingNotice:
    """A transfer that came in (01), or the cancellation of one."""

    inquiry_number: str
    posting_date: date
    value_date: date
    yen: int
    payer_name: str
    payer_code: str = ""
    sending_bank_name: str = ""
    sending_branch_name: str = ""
    cancelled: bool = False
    edi: str = ""
    cheque_yen: int = 0


@dataclass(frozen=True, slots=True)
class StatementHeader:
    """Whose statement (03) follows, and the balance before its first entry, negative if owed."""

    created: date
    from_date: date
    to_date: date
    account: Account
    account_name: str
    opening_yen: int
    passbook_kind: str = "1"


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """A line of a statement (03). `kind` is one of `ENTRY_KINDS`, or a bank's own."""

    inquiry_number: str
    posting_date: date
    value_date: date
    direction: Direction
    kind: str
    yen: int
    payer_name: str = ""
    payer_code: str = ""
    sending_bank_name: str = ""
    sending_branch_name: str = ""
    summary: str = ""
    edi: str = ""
    cheque_yen: int = 0
    presentation_date: date | None = None
    return_date: date | None = None
    bill_kind: str = ""
    bill_number: str = ""
    other_branch: str = ""

    @property
    def signed_yen(self) -> int:
        """What the entry adds to the balance."""
        return self.yen if self.direction is Direction.IN else -self.yen


@dataclass(frozen=True, slots=True)
class TransferTrailer:
    """Sums of 11, 12 and 21."""

    count: int
    yen: int


@dataclass(frozen=True, slots=True)
class DebitTrailer:
    """Sums of 91; the last four are zero in a request."""

    count: int
    yen: int
    collected_count: int
    collected_yen: int
    failed_count: int
    failed_yen: int

    @property
    def answered(self) -> bool:
        """Whether this ends a result file rather than a request."""
        return self.collected_count + self.failed_count > 0


@dataclass(frozen=True, slots=True)
class NoticeTrailer:
    """Sums of 01: cancellations count apart."""

    count: int
    yen: int
    cancelled_count: int
    cancelled_yen: int


@dataclass(frozen=True, slots=True)
class StatementTrailer:
    """Sums of 03 and the balance after its last entry, negative if owed."""

    in_count: int
    in_yen: int
    out_count: int
    out_yen: int
    closing_yen: int
    entry_count: int


@dataclass(frozen=True, slots=True)
class End:
    """The end of a file. 03 counts its records and accounts there; other types say nothing."""

    record_count: int | None = None
    account_count: int | None = None


Header = OrderHeader | NoticeHeader | StatementHeader
Entry = BulkTransfer | PayrollTransfer | DirectDebit | IncomingNotice | StatementEntry
Trailer = TransferTrailer | DebitTrailer | NoticeTrailer | StatementTrailer
Body = Header | Entry | Trailer | End
