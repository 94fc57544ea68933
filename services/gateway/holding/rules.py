"""What authorise, capture and void lead to, given where the payment is. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.core.money import Money
from services.gateway.holding import lives
from services.gateway.holding.parts import captured_parts
from services.gateway.holding.refusals import (
    AuthorisationCaptured,
    AuthorisationExpired,
    AuthorisationNotOffered,
    AuthorisationOver,
    AuthorisationPending,
    CapturedWithDifferentAmount,
    CaptureExceedsAuthorised,
    NotAuthorised,
)
from services.gateway.payments.asking import Outcome
from services.gateway.payments.model import Payment, State, captured_terms
from services.gateway.payments.refusals import AmountCurrencyDiffers, AmountNotPositive
from services.gateway.reference import Corridor


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What was agreed beside the terms: until when a capture is taken."""

    reference: str
    expire_time: datetime
    create_time: datetime


def authorised(payment: Payment, corridor: Corridor | None, outcome: Outcome) -> Outcome:
    """What a confirm comes to where the funds are to be held."""
    life, terms = outcome.life, payment.terms
    if life is None or life.state is not State.CONFIRMED:
        return outcome
    away = terms.acceptance_partner_id or terms.collect_partner_id
    if away or corridor is None or not corridor.authorisation_days:
        return Outcome(refusal=AuthorisationNotOffered(terms.payment_id, terms.corridor_id))
    return Outcome(lives.authorising(life))


def authorisation_of(payment: Payment, corridor: Corridor, now: datetime) -> Authorisation:
    """What is agreed with the payer's yes."""
    until = now + timedelta(days=corridor.authorisation_days)
    return Authorisation(payment.terms.reference, until, now)


def capture(
    payment: Payment, held: Authorisation | None, amount: Money | None, now: datetime
) -> Outcome:
    """Capture `amount`, or all of it. The same amount again changes nothing."""
    terms, life = payment.terms, payment.life
    if held is None:
        return Outcome(refusal=NotAuthorised(terms.reference))
    wanted = terms.target if amount is None else amount
    if wanted.currency != terms.target_currency:
        return Outcome(refusal=AmountCurrencyDiffers(wanted.currency, terms.target_currency))
    if wanted.minor <= 0:
        return Outcome(refusal=AmountNotPositive(wanted.minor))
    if life.state is State.COMPLETED:
        taken = captured_terms(payment).target
        if wanted == taken:
            return Outcome()
        return Outcome(refusal=CapturedWithDifferentAmount(terms.reference, taken))
    ended = _ended(payment, held, now)
    if ended is not None:
        return ended
    if wanted.minor > terms.target_minor:
        return Outcome(refusal=CaptureExceedsAuthorised(wanted, terms.target))
    whole = wanted == terms.target
    part = None if whole else captured_parts(terms, wanted.minor)
    return Outcome(lives.captured(life, part, now))


def void(payment: Payment, held: Authorisation | None, now: datetime) -> Outcome:
    """Release all. Again it changes nothing; what was released otherwise is no void."""
    terms, life = payment.terms, payment.life
    if held is None:
        return Outcome(refusal=NotAuthorised(terms.reference))
    if life.state is State.COMPLETED:
        return Outcome(refusal=AuthorisationCaptured(terms.reference))
    if life.state is State.CANCELLED:
        return Outcome()
    ended = _ended(payment, held, now)
    return ended or Outcome(lives.voided_by_acquirer(life, now))


def over(payment: Payment, now: datetime) -> Outcome:
    """The time of a hold is over."""
    return Outcome(
        lives.out_of_time(payment.life, now), AuthorisationExpired(payment.terms.reference)
    )


def _ended(payment: Payment, held: Authorisation, now: datetime) -> Outcome | None:
    """Why nothing is held of the payment; None where it is."""
    reference, state = payment.terms.reference, payment.life.state
    if state is State.EXPIRED:
        return Outcome(refusal=AuthorisationExpired(reference))
    if state is State.CONFIRMED:
        return Outcome(refusal=AuthorisationPending(reference))
    if state is not State.AUTHORISED:
        return Outcome(refusal=AuthorisationOver(reference, state))
    return over(payment, now) if now >= held.expire_time else None
