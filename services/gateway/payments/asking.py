"""What confirm and cancel lead to, given where the payment is. Pure.

A confirm of a payment that was confirmed before is answered with its state; of one that was
cancelled or expired it is refused, each time. A cancel of a cancelled payment is answered; of a
confirmed or expired one it is refused. What is only authorised can be given up as a quote can.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.holding.lives import cancelled_by_wallet
from services.gateway.payments.limits import (
    Rules,
    Usage,
    amount_refusal,
    limit_keys,
    period_refusal,
)
from services.gateway.payments.model import Life, Payment, State
from services.gateway.payments.refusals import (
    CorridorClosed,
    MaximumCurrencyDiffers,
    PaymentCancelled,
    PaymentConfirmed,
    PriceAboveMaximum,
    QuoteExpired,
)
from services.gateway.payments.saga import (
    cancelled,
    cancelled_by_shop,
    confirmed,
    expired,
    screened_out,
)
from services.gateway.reference import Corridor
from services.gateway.screening import Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """`life` is set where the payment moves; a refusal may come with a move (an expired quote)."""

    life: Life | None = None
    refusal: KawaseError | None = None


def confirm(
    payment: Payment,
    corridor: Corridor | None,
    day: date,
    used: Mapping[Usage, int],
    now: datetime,
    rules: Rules = (),
    away: KawaseError | None = None,
) -> Outcome:
    """Confirm: expiry, corridor, partners and limits are looked at again, in this order.

    `used` is as of this moment; `away` says that a partner takes no payments now.
    """
    terms, life = payment.terms, payment.life
    if life.state is State.CANCELLED:
        return Outcome(refusal=PaymentCancelled(terms.payment_id))
    if life.state is State.EXPIRED:
        return Outcome(refusal=QuoteExpired(terms.payment_id))
    if life.state is not State.QUOTED:
        return Outcome()
    if now >= terms.quote_expire_time:
        return Outcome(expired(life, now), QuoteExpired(terms.payment_id))
    if corridor is None or not corridor.open:
        return Outcome(refusal=CorridorClosed(terms.corridor_id))
    if away is not None:
        return Outcome(refusal=away)
    refusal = amount_refusal(corridor, terms.home, terms.target, rules) or period_refusal(
        corridor, terms, day, used, rules
    )
    if refusal is not None:
        return Outcome(refusal=refusal)
    keys = limit_keys(corridor, terms, rules)
    return Outcome(confirmed(life, now, day if keys else None, keys))


def price_refusal(payment: Payment, maximum: Money) -> KawaseError | None:
    """Why a payer who agreed to pay up to `maximum` does not pay this price; None where they do.

    What was confirmed before is past asking: a repeat is answered with its state.
    """
    terms = payment.terms
    if payment.life.state is not State.QUOTED:
        return None
    if maximum.currency != terms.home_currency:
        return MaximumCurrencyDiffers(maximum.currency, terms.home_currency)
    if terms.home_minor > maximum.minor:
        return PriceAboveMaximum(terms.payment_id, terms.home, maximum)
    return None


def screened(payment: Payment, outcome: Outcome, verdict: Verdict, now: datetime) -> Outcome:
    """What a confirm comes to once it was screened: a refused payment is declined, and it is not
    told why."""
    if not verdict.refused:
        return outcome
    return Outcome(screened_out(payment.life, now))


def cancel(payment: Payment, now: datetime, *, by_shop: bool = False) -> Outcome:
    """Cancel: only a quote or a hold can be given up, a hold not by its shop this way."""
    terms, life = payment.terms, payment.life
    if life.state is State.QUOTED:
        return Outcome(cancelled_by_shop(life, now) if by_shop else cancelled(life, now))
    if life.state is State.AUTHORISED and not by_shop:
        return Outcome(cancelled_by_wallet(life, now))
    if life.state is State.CANCELLED:
        return Outcome()
    if life.state is State.EXPIRED:
        return Outcome(refusal=QuoteExpired(terms.payment_id))
    return Outcome(refusal=PaymentConfirmed(terms.payment_id))
