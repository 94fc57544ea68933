"""A payout's words: what was ordered, where it stands, and what a bank can say of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum

from services.bridge.domain.answer import Answer, Outcome
from services.core.ids import short_reference
from services.core.money import Money


class PayoutState(IntEnum):
    """Numbers as on the wire and in the table. Without a word they are in the order of a life."""

    STARTED = 1
    UNKNOWN = 2
    SUBMITTED = 3
    ACCEPTED = 4
    EXECUTED = 5
    REJECTED = 6
    RETURNED = 7


OPEN = frozenset(
    {PayoutState.STARTED, PayoutState.UNKNOWN, PayoutState.SUBMITTED, PayoutState.ACCEPTED}
)


class PayoutOperation(StrEnum):
    """What is asked of the bank next."""

    SUBMIT = "submit"
    INQUIRE = "inquire"  # by the bank's own reference
    SEARCH = "search"  # in its lists and statements, by what we sent


class PayoutSaid(StrEnum):
    """The events of a payout."""

    SUBMITTED = "payout_submitted"
    ACCEPTED = "payout_accepted"
    EXECUTED = "payout_executed"
    REJECTED = "payout_rejected"
    RETURNED = "payout_returned"


class Word(StrEnum):
    """What a bank says of a payout."""

    SUBMITTED = "submitted"  # it has the order; a person may still have to approve it
    ACCEPTED = "accepted"  # it will be carried out
    EXECUTED = "executed"  # the money has left our account
    REJECTED = "rejected"  # nothing has left, and nothing will
    RETURNED = "returned"  # the money left, and has come back
    NOT_FOUND = "not_found"  # it does not know of it, or no longer
    SILENT = "silent"  # no answer, or one that leaves it open
    NOT_TAKEN = "not_taken"  # this call did nothing: not reached, or the bank is closed now


@dataclass(frozen=True, slots=True)
class PayoutAnswer(Answer):
    """A bank's answer about a payout. `amount` is what the bank says it moves, `bank_fee` what it
    took for it; None where it says neither."""

    word: Word = Word.SILENT
    bank_fee: Money | None = None


_OUTCOMES = {
    Word.SUBMITTED: Outcome.ACCEPTED,
    Word.ACCEPTED: Outcome.ACCEPTED,
    Word.EXECUTED: Outcome.ACCEPTED,
    Word.RETURNED: Outcome.ACCEPTED,
    Word.REJECTED: Outcome.REJECTED,
    Word.NOT_FOUND: Outcome.REJECTED,
    Word.SILENT: Outcome.UNKNOWN,
    Word.NOT_TAKEN: Outcome.UNSENT,
}


def payout_answer(
    word: Word,
    *,
    partner_reference: str = "",
    amount: Money | None = None,
    bank_fee: Money | None = None,
    reason: str = "",
    message: str = "",
    partner_code: str = "",
    detail: str = "",
    request: str = "",
    response: str = "",
) -> PayoutAnswer:
    """A bank's answer; how the call went is told by its word."""
    return PayoutAnswer(
        outcome=_OUTCOMES[word],
        word=word,
        partner_reference=partner_reference,
        amount=amount,
        bank_fee=bank_fee,
        reason=reason,
        message=message,
        partner_code=partner_code,
        detail=detail,
        request=request,
        response=response,
    )


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid: bank code 4, branch code 3 digits, account type 1, 2, 4 or 9, number 7 digits,
    the holder's name in kana."""

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """What was asked for; a repeat has to be equal in all of it.

    `value_date` is the banking day on which the payee is to have it; None: as soon as possible.
    """

    payout_id: str
    resource_id: str
    partner_id: str
    amount: Money
    payee: Payee
    description: str
    value_date: date | None
    sealed_payee: bytes = b""
    """As it is stored: with it `payee` is only what people may be shown."""

    @property
    def short_reference(self) -> str:
        """What stands for `payout_id` at the bank: it goes with the remittance and is searched for
        in lists and statements."""
        return short_reference(self.payout_id)


@dataclass(frozen=True, slots=True)
class Payout:
    """An order and where it stands. `due_time` is when `operation` is due, or a lease's end."""

    order: PayoutOrder
    create_time: datetime
    update_time: datetime
    state: PayoutState = PayoutState.STARTED
    operation: PayoutOperation | None = PayoutOperation.SUBMIT
    due_time: datetime | None = None
    leased: bool = False
    asked: bool = False
    """The bank may have the order: it is never sent again."""
    turn: int = 0
    """How often it was leased: tells whose attempt an answer belongs to."""
    inquiries: int = 0
    """Answers in a row that said nothing new."""
    watch_time: datetime | None = None
    """Until then the bank is asked about it though its life is over."""
    contradicted: bool = False
    """The bank has spoken against the last word on it: an operator has to look."""
    partner_reference: str = ""
    bank_fee: Money | None = None
    reason: str = ""
    message: str = ""
    partner_code: str = ""

    @property
    def payout_id(self) -> str:
        return self.order.payout_id
