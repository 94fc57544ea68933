"""How the life of a held payment goes on. Pure.

What leads out of a hold gives back the limits that were taken, except for what is captured.
"""

from dataclasses import replace
from datetime import datetime

from services.gateway.payments.model import Life, Parts, State, Step


def authorising(life: Life) -> Life:
    """A confirmed life whose funds are to be held instead of paid."""
    return replace(life, step=Step.AUTHORISE)


def captured(life: Life, part: Parts | None, now: datetime) -> Life:
    """The acquirer takes all that is held, or a part."""
    return replace(
        life,
        state=State.COMPLETED,
        step=Step.POST,
        version=life.version + 1,
        update_time=now,
        captured=part,
    )


def cancelled_by_wallet(life: Life, now: datetime) -> Life:
    """The payer's wallet gives up what is held."""
    message = "The wallet cancelled the payment before it was captured."
    return _released(life, State.CANCELLED, Step.VOID, now, "CANCELLED", message)


def voided_by_acquirer(life: Life, now: datetime) -> Life:
    """The acquirer takes nothing."""
    message = "The merchant's side released what was held."
    return _released(life, State.CANCELLED, Step.VOID, now, "AUTHORISATION_VOIDED", message)


def out_of_time(life: Life, now: datetime) -> Life:
    """Nobody captured in time."""
    message = "The payment was not captured in time."
    return _released(life, State.EXPIRED, Step.EXPIRE, now, "AUTHORISATION_EXPIRED", message)


def _released(
    life: Life, state: State, step: Step, now: datetime, reason: str, message: str
) -> Life:
    return Life(
        state,
        step,
        life.version + 1,
        now,
        reason,
        message,
        partner_reference=life.partner_reference,
    )
