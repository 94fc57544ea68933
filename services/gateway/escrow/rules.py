"""What may happen to an escrow: who comes first takes from what is held. Pure.

Whoever calls has locked the payment, so what is held is what these rules see. Rules raise why
something cannot be.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.core.accounts import AccountKind
from services.core.money import Money
from services.gateway.escrow.model import Cause, Escrow, Part, State
from services.gateway.escrow.refusals import (
    ConfirmedWithoutEscrow,
    EscrowDisputed,
    EscrowDisputeResolvedOtherwise,
    EscrowEmpty,
    EscrowNotDisputed,
    EscrowNotOffered,
    EscrowPending,
    EscrowPeriodOver,
    ExceedsHeld,
    ReleasedDifferently,
)
from services.gateway.payments.asking import Outcome
from services.gateway.payments.model import Payment
from services.gateway.payments.model import State as PaymentState
from services.gateway.payments.refusals import AmountCurrencyDiffers, AmountNotPositive
from services.gateway.reference import Corridor

_OF_MERCHANTS = f"{AccountKind.MERCHANT_PAYABLE}:"


def confirmed_into(payment: Payment, corridor: Corridor | None, outcome: Outcome) -> Outcome:
    """What a confirm comes to where the money is to go into escrow.

    A repeat is answered with the payment's state; what was confirmed otherwise is refused, for the
    payer would take its money to be held.
    """
    life, terms = outcome.life, payment.terms
    if life is None and outcome.refusal is None and not payment.life.escrowed:
        return Outcome(refusal=ConfirmedWithoutEscrow(terms.payment_id))
    if life is None or life.state is not PaymentState.CONFIRMED:
        return outcome
    away = terms.acceptance_partner_id or terms.collect_partner_id or terms.bill_reference
    ours = terms.payable_account_id.startswith(_OF_MERCHANTS)
    if away or not ours or corridor is None or not corridor.escrow_days:
        return Outcome(refusal=EscrowNotOffered(terms.payment_id, terms.corridor_id))
    return Outcome(replace(life, escrowed=True))


def escrow_of(payment: Payment, corridor: Corridor, acquirer_id: str, now: datetime) -> Escrow:
    """What is agreed with the payer's yes."""
    terms = payment.terms
    return Escrow(
        terms.reference,
        terms.participant_id,
        terms.payment_id,
        acquirer_id,
        terms.merchant_id,
        terms.corridor_id,
        terms.target,
        terms.fee_minor,
        0,
        0,
        0,
        0,
        now + timedelta(days=corridor.escrow_days),
        None,
        "",
        True,
        payment.life.state,
        now,
        now,
    )


def released(
    escrow: Escrow,
    amount: Money | None,
    now: datetime,
    cause: Cause,
    reference: str,
    release_id: str,
) -> tuple[Escrow, Part]:
    """`amount`, or all that is held, becomes the merchant's.

    The operator's word ends a dispute, the buyer withdraws theirs first.
    """
    _check_amount(escrow, amount)
    if cause is Cause.BUYER and escrow.dispute_time is not None:
        raise EscrowDisputed(escrow.reference)
    minor = escrow.held_minor if amount is None else amount.minor
    fee = _fee_of(escrow, minor)
    after = replace(
        escrow,
        released_minor=escrow.released_minor + minor,
        released_fee_minor=escrow.released_fee_minor + fee,
        update_time=now,
    )
    part = Part(
        reference,
        escrow.reference,
        cause,
        release_id,
        None if amount is None else amount.minor,
        Money(minor, escrow.total.currency),
        fee,
        after.held_minor,
        now,
    )
    return after, part


def _fee_of(escrow: Escrow, minor: int) -> int:
    """What of a release is the merchant's fee: halves up over all releases, so that it is exact
    where all is released."""
    so_far, total = escrow.released_minor + minor, escrow.total.minor
    return (2 * escrow.fee_minor * so_far + total) // (2 * total) - escrow.released_fee_minor


def returnable(escrow: Escrow, amount: Money | None) -> Money:
    """What of the held an acquirer's wish gives back. A dispute does not stand in its way."""
    _check_amount(escrow, amount)
    return escrow.held if amount is None else amount


def _check_amount(escrow: Escrow, amount: Money | None) -> None:
    _check_there(escrow)
    if amount is None:
        return
    if amount.currency != escrow.total.currency:
        raise AmountCurrencyDiffers(amount.currency, escrow.total.currency)
    if amount.minor <= 0:
        raise AmountNotPositive(amount.minor)
    if amount.minor > escrow.held_minor:
        raise ExceedsHeld(amount, escrow.held)


def _check_there(escrow: Escrow) -> None:
    if escrow.state is State.PENDING:
        raise EscrowPending(escrow.reference)
    if escrow.state is State.DECLINED or not escrow.held_minor:
        raise EscrowEmpty(escrow.reference, escrow.state)


def check_repeat(part: Part, amount: Money | None) -> None:
    """The id was used by `part`: it has to be the same wish."""
    same = amount.currency == part.amount.currency if amount else True
    if not same or part.asked_minor != (None if amount is None else amount.minor):
        raise ReleasedDifferently(part.release_id, part.amount)


def disputed(escrow: Escrow, reason: str, now: datetime) -> Escrow:
    """The clock stands. Again it changes nothing; what time has released is past it."""
    _check_there(escrow)
    if escrow.dispute_time is not None:
        return escrow
    if now >= escrow.release_time:
        raise EscrowPeriodOver(escrow.reference)
    return replace(escrow, dispute_time=now, dispute_reason=reason, update_time=now)


def withdrawn(escrow: Escrow, now: datetime) -> Escrow:
    """The clock goes on where it was stopped. Again it changes nothing."""
    _check_there(escrow)
    if escrow.dispute_time is None:
        return escrow
    # A service's clock may be behind the one that stopped it.
    stood = max(now - escrow.dispute_time, timedelta(0))
    return replace(
        escrow,
        release_time=escrow.release_time + stood,
        dispute_time=None,
        dispute_reason="",
        update_time=now,
    )


def divided(escrow: Escrow, release: Money) -> tuple[Money | None, Money | None]:
    """What an operator's word releases and returns of what is held; None for nothing."""
    _check_there(escrow)
    if escrow.dispute_time is None:
        raise EscrowNotDisputed(escrow.reference)
    if release.minor:
        _check_amount(escrow, release)
    elif release.currency != escrow.total.currency:
        raise AmountCurrencyDiffers(release.currency, escrow.total.currency)
    back = escrow.held - release
    return release if release.minor else None, back if back.minor else None


def check_resolved(reference: str, before: int, release: Money) -> None:
    """A resolution's id was used: it has to be the same word."""
    if before != release.minor:
        raise EscrowDisputeResolvedOtherwise(reference)


def is_due(escrow: Escrow, now: datetime) -> bool:
    """Whether the time has come to release what is held, or to look whether anything is left."""
    return escrow.is_open and escrow.dispute_time is None and now >= escrow.release_time


def closed(escrow: Escrow) -> Escrow | None:
    """Nothing more is looked for; None while a refund under way may still be refused."""
    over = not escrow.held_minor and not escrow.unsettled_minor
    never = escrow.payment_state is not PaymentState.COMPLETED
    return replace(escrow, is_open=False) if over or never else None
