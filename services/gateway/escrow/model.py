"""What is kept of a payment, and what was released of it. Pure.

Amounts are the merchant's currency before its fee, which is taken when the merchant gets the money:
of what goes back no fee is taken.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.gateway.payments.model import FINAL
from services.gateway.payments.model import State as PaymentState
from services.gateway.resources import model as resources


class State(StrEnum):
    """What is to be said of an escrow; follows from amounts, clock and payment."""

    PENDING = "pending"  # the payment is on its way
    HELD = "held"
    DISPUTED = "disputed"  # the clock stands
    RELEASED = "released"  # nothing is held: all was the merchant's
    RETURNED = "returned"  # nothing is held: all went back
    DIVIDED = "divided"  # nothing is held: each has got a part
    DECLINED = "declined"  # the payment was


@dataclass(frozen=True, slots=True)
class Escrow:
    """An escrow as it is now.

    `returned_minor` counts refunds under way too, `unsettled_minor` those alone. `release_time` of
    one whose clock stands is what it was at `dispute_time`. `is_open` until the time was over with
    nothing left to release.
    """

    reference: str
    participant_id: str
    payment_id: str
    acquirer_id: str
    merchant_id: str
    corridor_id: str
    total: Money
    fee_minor: int
    released_minor: int
    released_fee_minor: int
    returned_minor: int
    unsettled_minor: int
    release_time: datetime
    dispute_time: datetime | None
    dispute_reason: str
    is_open: bool
    payment_state: PaymentState
    create_time: datetime
    update_time: datetime

    @property
    def held_minor(self) -> int:
        """What is neither released nor returned."""
        return self.total.minor - self.released_minor - self.returned_minor

    @property
    def held(self) -> Money:
        return Money(self.held_minor, self.total.currency)

    @property
    def state(self) -> State:
        """One word for it."""
        if self.payment_state is not PaymentState.COMPLETED:
            return State.DECLINED if self.payment_state in FINAL else State.PENDING
        if self.held_minor:
            return State.DISPUTED if self.dispute_time else State.HELD
        if not self.returned_minor:
            return State.RELEASED
        return State.DIVIDED if self.released_minor else State.RETURNED


class Cause(StrEnum):
    """Who, or what, has released."""

    BUYER = "buyer"
    TIME = "time"
    OPERATOR = "operator"


class ReleaseState(StrEnum):
    """A release is the merchant's when it is decided; the ledger follows."""

    RELEASED = "released"
    BOOKED = "booked"


class Step(StrEnum):
    """What a release waits for."""

    TRANSFER = "transfer"  # the ledger
    OPERATOR = "operator"  # a person: the ledger has refused
    DONE = "done"


Life = resources.Life[ReleaseState, Step]
Decision = resources.Decision[ReleaseState, Step]


@dataclass(frozen=True, slots=True)
class Part:
    """What was released. Never changes; `asked_minor` is None where all of it was asked for."""

    reference: str
    payment_reference: str
    cause: Cause
    release_id: str
    asked_minor: int | None
    amount: Money
    fee_minor: int
    left_minor: int
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """A release whole. The accounts are the escrow's and the merchant's."""

    part: Part
    escrow_account_id: str
    payable_account_id: str
    participant_id: str
    life: Life

    @property
    def reference(self) -> str:
        return self.part.reference

    @property
    def link_id(self) -> str:
        """The ledger's link, of the present attempt."""
        return f"{resource_id(Resource.ESCROW, self.reference)}{self.life.suffix}"
