"""The moments of a payment at which somebody dies: each is a message that was just sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """A message of the payment, by its topic and type."""

    topic: str
    type: str


ACCEPTED = (
    Moment("wallet.command", "ReserveFunds"),
    Moment("wallet.event", "FundsReserved"),
    Moment("bridge.command", "StartCharge"),
    Moment("bridge.event", "ChargeAccepted"),
    Moment("payment.event", "PaymentCompleted"),
    Moment("wallet.command", "PostFunds"),
    Moment("wallet.event", "FundsPosted"),
)
"""Of a payment that the partner accepts, in order."""

REJECTED = (
    Moment("bridge.event", "ChargeRejected"),
    Moment("payment.event", "PaymentDeclined"),
    Moment("wallet.command", "VoidFunds"),
    Moment("wallet.event", "FundsVoided"),
)
"""What differs where the partner rejects it."""

VICTIMS = ("gateway", "wallet", "bridge", "postgres", "kafka")
"""Who is killed; each comes back by itself or is restarted."""
