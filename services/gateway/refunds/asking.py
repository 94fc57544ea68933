"""Whether a refund may be made, and what it comes to. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.payments.model import Life, State, Terms
from services.gateway.payments.refusals import AmountCurrencyDiffers, AmountNotPositive
from services.gateway.refunds.model import Ask
from services.gateway.refunds.refusals import (
    NOTE_MAXIMUM,
    NoteTooLong,
    NothingLeftToRefund,
    PaymentNotCompleted,
    RefundExceedsPayment,
    RefundExistsWithDifferentContent,
)
from services.gateway.refunds.reversal import Parts, parts_of, reversed_parts


@dataclass(frozen=True, slots=True)
class Wish:
    """A request as it came. Without an amount: all that is left."""

    participant_id: str
    refund_id: str
    payment_id: str
    amount: Money | None
    note: str

    @property
    def digest(self) -> bytes:
        """Equal for requests of equal content."""
        amount = "" if self.amount is None else f"{self.amount.minor} {self.amount.currency}"
        content = "\n".join((self.payment_id, amount, self.note))
        return hashlib.sha256(content.encode()).digest()


def check_wish(wish: Wish) -> None:
    """What can be told without looking anything up."""
    checked_id(wish.refund_id, "refund_id")
    checked_id(wish.payment_id, "payment_id")
    if wish.amount is not None and wish.amount.minor <= 0:
        raise AmountNotPositive(wish.amount.minor)
    if len(wish.note) > NOTE_MAXIMUM:
        raise NoteTooLong


def check_repeat(wish: Wish, ask: Ask) -> None:
    """The id is taken by `ask`: it has to be the same wish."""
    if wish.digest != ask.digest:
        raise RefundExistsWithDifferentContent(wish.refund_id)


def ask_for(
    wish: Wish, terms: Terms, life: Life, already: Parts, reference: str, now: datetime
) -> Ask:
    """The refund of a payment, or a refusal. `already` sums its refunds, those under way too."""
    if life.state is not State.COMPLETED:
        raise PaymentNotCompleted(wish.payment_id, life.state)
    currency = terms.target_currency
    if wish.amount is not None and wish.amount.currency != currency:
        raise AmountCurrencyDiffers(wish.amount.currency, currency)
    left = Money(terms.target_minor - already.payable - already.fee, currency)
    if left.minor <= 0:
        raise NothingLeftToRefund(wish.payment_id)
    amount = left if wish.amount is None else wish.amount
    if amount.minor > left.minor:
        raise RefundExceedsPayment(amount, left)
    return Ask(
        reference,
        wish.participant_id,
        wish.refund_id,
        wish.digest,
        terms.reference,
        wish.payment_id,
        wish.note,
        amount.minor,
        reversed_parts(parts_of(terms), already, amount.minor),
        now,
    )
