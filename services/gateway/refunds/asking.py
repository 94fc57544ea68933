"""Whether a refund may be made, and what it comes to. Pure."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from services.core.ids import checked_id
from services.core.money import Money
from services.core.sheet import RateSheet
from services.gateway.escrow.parts import Held, escrowed_shares
from services.gateway.holding.parts import released_parts
from services.gateway.payments.model import Life, Parts, State, Terms
from services.gateway.payments.refusals import AmountCurrencyDiffers, AmountNotPositive
from services.gateway.reference import RefundPolicy, RefundRate
from services.gateway.refunds.model import Ask
from services.gateway.refunds.policy import Already, reckon
from services.gateway.refunds.refusals import (
    NOTE_MAXIMUM,
    HeldInEscrow,
    NoteTooLong,
    NoteUnreadable,
    NothingLeftToRefund,
    PaymentNotCompleted,
    RefundExceedsPayment,
    RefundExistsWithDifferentContent,
    RefundIdReserved,
    RefundTooLate,
)
from services.gateway.refunds.reversal import parts_of, reversed_parts

_OF_AN_ORDER = "prepaid-"
_RESERVED = re.compile(f"{_OF_AN_ORDER}[0-9A-HJKMNP-TV-Z]{{26}}")


def refund_id_of_order(payment_reference: str) -> str:
    """The id of the refund that the house itself asks for, of an order that ended unserved: the
    same however often it is asked for, and open to no caller."""
    return f"{_OF_AN_ORDER}{payment_reference}"


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
    if "\x00" in wish.note:
        raise NoteUnreadable


def check_own_id(wish: Wish) -> None:
    """A caller's fresh id is none of the house's. Raises `RefundIdReserved`."""
    if _RESERVED.fullmatch(wish.refund_id):
        raise RefundIdReserved(wish.refund_id)


def check_word(wish: Wish, terms: Terms, held: Held) -> None:
    """What is held in escrow is given back by the merchant's side or an operator: the payer's
    wallet alone could take back what its user has received. Raises `HeldInEscrow`."""
    if held.minor and wish.participant_id == terms.participant_id:
        raise HeldInEscrow(terms.payment_id, Money(held.minor, terms.target_currency))


def check_repeat(wish: Wish, ask: Ask) -> None:
    """The id is taken by `ask`: it has to be the same wish."""
    if wish.digest != ask.digest:
        raise RefundExistsWithDifferentContent(wish.refund_id)


@dataclass(frozen=True, slots=True)
class Conditions:
    """By what refunds are reckoned now: the corridor's policy, and the rates of the day."""

    policy: RefundPolicy
    rates: Callable[[], RateSheet]

    def day_mid(self, terms: Terms) -> Decimal | None:
        """The day's mid where the policy wants it. Raises `RatesStale`, `RateUnknown`."""
        home, target = terms.home_currency, terms.target_currency
        if self.policy.rate is not RefundRate.DAY or home == target:
            return None
        return self.rates().mid(target, home)


def ask_for(
    wish: Wish,
    terms: Terms,
    life: Life,
    already: Already,
    conditions: Conditions,
    reference: str,
    now: datetime,
    held: Held | None = None,
) -> Ask:
    """The refund of a payment, or a refusal.

    `already` sums its refunds and disputes, those under way too. What a capture has left counts as
    given back. `held` is of a payment into escrow.
    """
    if life.state is not State.COMPLETED:
        raise PaymentNotCompleted(wish.payment_id, life.state)
    already = replace(already, shares=already.shares.plus(released_parts(terms, life)))
    policy = conditions.policy
    if policy.within_days and now > terms.create_time + timedelta(days=policy.within_days):
        raise RefundTooLate(wish.payment_id, policy.within_days)
    amount = _amount_of(wish, terms, already.shares)
    if held is None:
        shares, out = reversed_parts(parts_of(terms), already.shares, amount.minor), 0
    else:
        shares, out = escrowed_shares(terms, held, already.shares, amount.minor)
    return Ask(
        reference,
        wish.participant_id,
        wish.refund_id,
        wish.digest,
        terms.reference,
        wish.payment_id,
        wish.note,
        amount.minor,
        shares,
        reckon(policy, terms, shares, already, conditions.day_mid(terms)),
        now,
        out,
    )


def _amount_of(wish: Wish, terms: Terms, already: Parts) -> Money:
    currency = terms.target_currency
    if wish.amount is not None and wish.amount.currency != currency:
        raise AmountCurrencyDiffers(wish.amount.currency, currency)
    left = Money(terms.target_minor - already.payable - already.fee, currency)
    if left.minor <= 0:
        raise NothingLeftToRefund(wish.payment_id)
    amount = left if wish.amount is None else wish.amount
    if amount.minor > left.minor:
        raise RefundExceedsPayment(amount, left)
    return amount
