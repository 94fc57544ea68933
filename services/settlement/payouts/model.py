"""A payout: what has been heard of it, which state that makes, and what is wanted next. Pure.

Wallet, bridge and the banks' statements are heard from in any order and more than once. So what is
kept is the set of words heard, which only grows; state and wanted tasks are functions of that set.
Whoever hears the same words, in whatever order, ends at the same state and has asked for the same
things, each under an id of its own that ledger and bridge carry out once.

A payout that no bank of the bridge makes (paid by hand) stays ORDERED until the bank's statement
shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from services.core.money import Money
from services.settlement.domain.agreements import Payee


class State(StrEnum):
    """As the contract names them."""

    BOOKING = "booking"
    ORDERED = "ordered"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    EXECUTED = "executed"
    SETTLED = "settled"
    REJECTED = "rejected"
    RETURNED = "returned"


class Heard(StrEnum):
    """What can be heard of a payout. The first of each task is what ends it."""

    # From the ledger: a transfer is posted.
    BOOKED = "booked"
    SETTLED = "settled"
    PUT_BACK = "put_back"
    BACK_SETTLED = "back_settled"
    FEE_BOOKED = "fee_booked"
    FEE_SETTLED = "fee_settled"
    # From the ledger: the first transfer is refused, or one that may not be.
    REFUSED = "refused"
    STUCK = "stuck"
    # From the bank, through the bridge.
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    EXECUTED = "executed"
    REJECTED = "rejected"
    RETURNED = "returned"
    # From a statement: the money has left, and has come back.
    LEFT = "left"
    CAME_BACK = "came_back"


class Task(StrEnum):
    """What is asked for; a transfer's value is what follows the payout's id in its link."""

    BOOK = ""
    ORDER = "order"
    SETTLE = "settle"
    PUT_BACK = "back"
    SETTLE_BACK = "backsettle"
    BOOK_FEE = "fee"
    SETTLE_FEE = "feesettle"


DONE_BY: Mapping[Task, Heard] = {
    Task.BOOK: Heard.BOOKED,
    Task.SETTLE: Heard.SETTLED,
    Task.PUT_BACK: Heard.PUT_BACK,
    Task.SETTLE_BACK: Heard.BACK_SETTLED,
    Task.BOOK_FEE: Heard.FEE_BOOKED,
    Task.SETTLE_FEE: Heard.FEE_SETTLED,
}
"""The word that says that a transfer is posted."""

_TRANSFERS = {str(task): task for task in DONE_BY}


def task_of(suffix: str) -> Task | None:
    """The transfer that a link's end names: `settle`, or `settle-2` where it is asked for anew."""
    name, dash, tries = suffix.partition("-")
    if dash and not (tries.isascii() and tries.isdigit()):
        return None
    return _TRANSFERS.get(name)


_BANK_HAS_IT = frozenset(
    {
        Heard.SUBMITTED,
        Heard.ACCEPTED,
        Heard.EXECUTED,
        Heard.REJECTED,
        Heard.RETURNED,
        Heard.LEFT,
        Heard.CAME_BACK,
    }
)
_NOTHING_IS_PAID = frozenset({Heard.REJECTED, Heard.RETURNED, Heard.CAME_BACK})
_IT_CAME_BACK = frozenset({Heard.RETURNED, Heard.CAME_BACK})
AGAIN = frozenset({State.REJECTED, State.RETURNED})
"""States in which a payout can be paid again."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a payout relieves one account of, minor units of the owed currency.

    Less than zero: the participant owes us this on the account, and it is netted.
    """

    account_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout whole. `rate` is of the paid currency for one of the owed; None for the same."""

    payout_id: str
    agreement_id: str
    participant_id: str
    amount: Money
    owed: Money
    rate: Decimal | None
    shares: tuple[Share, ...]
    settle_date: date
    window_ids: tuple[str, ...]
    bank_partner: str
    payee: Payee
    create_time: datetime
    update_time: datetime
    retry_of: str = ""
    heard: frozenset[Heard] = frozenset()
    fee_minor: int = 0
    """What the bank took for it, in the paid currency."""
    partner_reference: str = ""
    reason: str = ""
    message: str = ""
    refused: frozenset[str] = frozenset()
    """Links, by what follows the payout's id, that the ledger has refused after the first."""
    released: frozenset[str] = frozenset()
    """Those of them that two people have had asked for anew, each under another link."""
    release_proposed_by: str = ""
    sealed_payee: bytes = b""
    """As it is stored: with it `payee` is only what people may be shown."""

    @property
    def is_stuck(self) -> bool:
        """Nothing is asked for until people have looked."""
        return bool(self.refused - self.released)

    def suffix_of(self, task: Task) -> str:
        """What follows the payout's id in the link of a transfer: the ledger repeats a refusal for
        ever, so what is asked for anew has another."""
        tries = 1 + sum(task_of(suffix) is task for suffix in self.released)
        return task if tries == 1 else f"{task}-{tries}"

    @property
    def state(self) -> State:
        heard = self.heard
        if Heard.REFUSED in heard:
            return State.REJECTED
        if Heard.PUT_BACK in heard:
            return State.RETURNED if heard & _IT_CAME_BACK else State.REJECTED
        for word, state in _PROGRESS:
            if word in heard:
                return state
        return State.BOOKING


_PROGRESS = (
    (Heard.SETTLED, State.SETTLED),
    (Heard.LEFT, State.EXECUTED),
    (Heard.EXECUTED, State.EXECUTED),
    (Heard.ACCEPTED, State.ACCEPTED),
    (Heard.SUBMITTED, State.SUBMITTED),
    (Heard.BOOKED, State.ORDERED),
)


@dataclass(frozen=True, slots=True)
class Word:
    """One thing heard, and what came with it."""

    heard: Heard
    fee: Money | None = None
    partner_reference: str = ""
    reason: str = ""
    message: str = ""
    suffix: str = ""
    """Of a refusal: what follows the payout's id in the link."""


def hear(payout: Payout, word: Word, now: datetime) -> Payout:
    """The payout that has heard `word`; the same one where that is nothing new.

    The first fee stands: it may be booked already. One in a currency that is not the payout's is
    none of the payout's account at the bank.
    """
    fee = word.fee.minor if word.fee and word.fee.currency == payout.amount.currency else 0
    is_new_refusal = word.heard is Heard.STUCK and word.suffix not in payout.refused
    if word.heard in payout.heard and (payout.fee_minor or not fee) and not is_new_refusal:
        return payout
    return replace(
        payout,
        heard=payout.heard | {word.heard},
        refused=payout.refused | {word.suffix} if is_new_refusal else payout.refused,
        fee_minor=payout.fee_minor or fee,
        partner_reference=payout.partner_reference or word.partner_reference,
        reason=payout.reason or word.reason,
        message=payout.message or word.message,
        update_time=now,
    )


def is_contradicted(payout: Payout) -> bool:
    """Whether the bank says that nothing was paid, and its statement that it was."""
    heard = payout.heard
    return {Heard.REJECTED, Heard.LEFT} <= heard and not heard & _IT_CAME_BACK


def released(payout: Payout, now: datetime) -> Payout:
    """The payout whose refused transfers are asked for anew. What it was refused for is over."""
    return replace(
        payout,
        released=payout.refused,
        release_proposed_by="",
        reason="",
        message="",
        update_time=now,
    )


class Outcome(StrEnum):
    """What an operator has seen at the bank."""

    LEFT = "left"
    NOT_PAID = "not_paid"
    CAME_BACK = "came_back"


_SEEN = {
    Outcome.LEFT: Heard.LEFT,
    Outcome.NOT_PAID: Heard.REJECTED,
    Outcome.CAME_BACK: Heard.CAME_BACK,
}


def seen(payout: Payout, outcome: Outcome, reason: str) -> Word | None:
    """What an operator's word says of a payout; None where it says it too early, or against what
    a bank says. Said again, it is the same word."""
    heard, by_hand = payout.heard, not payout.bank_partner
    word = _SEEN[outcome]
    fits = {
        Outcome.LEFT: Heard.EXECUTED in heard or (by_hand and not heard & _NOTHING_IS_PAID),
        Outcome.NOT_PAID: by_hand and Heard.LEFT not in heard,
        Outcome.CAME_BACK: Heard.LEFT in heard,
    }
    if word not in heard and not (Heard.BOOKED in heard and fits[outcome]):
        return None
    name = "" if outcome is Outcome.LEFT else outcome.upper()
    return Word(word, reason=name, message=reason if name else "")


def wanted(payout: Payout) -> frozenset[Task]:
    """What is to be asked for, and asked again until it is done."""
    heard = payout.heard
    if Heard.REFUSED in heard or payout.is_stuck:
        return frozenset()
    if Heard.BOOKED not in heard:
        return frozenset({Task.BOOK})
    tasks = {
        Task.ORDER: bool(payout.bank_partner) and not heard & _BANK_HAS_IT,
        Task.SETTLE: Heard.LEFT in heard,
        Task.PUT_BACK: bool(heard & _NOTHING_IS_PAID),
        Task.SETTLE_BACK: Heard.CAME_BACK in heard,
        Task.BOOK_FEE: payout.fee_minor > 0,
        Task.SETTLE_FEE: Heard.FEE_BOOKED in heard and Heard.LEFT in heard,
    }
    return frozenset(
        task for task, is_due in tasks.items() if is_due and DONE_BY.get(task) not in heard
    )
