"""What calls answer with: payments and refunds as values, amounts as `Money`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from services.core.money import Money
from services.pb.kawase.gateway.v1 import payment_pb2
from services.sdk.values import States, money_in, money_of, time_of


class PaymentState(StrEnum):
    """Where a payment is in its life; what each means stands at `PaymentState` in the protos."""

    QUOTED = "quoted"
    CONFIRMED = "confirmed"
    ACTION_REQUIRED = "action_required"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    AUTHORISED = "authorised"
    # A state that came after this client.
    OTHER = "other"


class RefundState(StrEnum):
    """Where a refund is in its life."""

    PENDING = "pending"
    COMPLETED = "completed"
    DECLINED = "declined"
    OTHER = "other"


FINAL = frozenset(
    {
        PaymentState.COMPLETED,
        PaymentState.DECLINED,
        PaymentState.CANCELLED,
        PaymentState.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who is paid, as the code or its owner says."""

    merchant_id: str
    name: str
    city: str
    country_code: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a payer to a merchant, as it was when it was asked for.

    `target` is what the merchant is paid, `home` what the payer pays all told, `spread` the margin
    in it; `mid` is units of home currency for one of target currency. `refunded` is in target
    currency. `action_url` is set in ACTION_REQUIRED: where the payer approves. `reason` and
    `message` say why a payment is not COMPLETED. `authorised_target` is set where less was captured
    than had been authorised; `bill_reference` where a bill was paid; `in_escrow` where the merchant
    does not get it yet.
    """

    payment_id: str
    reference: str
    state: PaymentState
    payer_id: str
    corridor_id: str
    merchant: Merchant
    target: Money
    home: Money
    spread: Money
    mid: Decimal
    refunded: Money
    action_url: str
    reason: str
    message: str
    quote_expire_time: datetime
    create_time: datetime
    update_time: datetime
    authorised_target: Money | None = None
    bill_reference: str = ""
    in_escrow: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it stays in this state."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back: `target` by the merchant, `home` to the payer.

    `home` is None for who is not the payer's wallet; `from_escrow` is what of `target` was still
    held.
    """

    refund_id: str
    payment_id: str
    reference: str
    state: RefundState
    target: Money
    home: Money | None
    reason: str
    message: str
    create_time: datetime
    update_time: datetime
    from_escrow: Money | None = None


PAYMENT_STATES = States(payment_pb2.PaymentState, "PAYMENT_STATE", PaymentState)
_REFUND_STATES = States(payment_pb2.RefundState, "REFUND_STATE", RefundState)


def merchant_of(message: payment_pb2.Merchant) -> Merchant:
    """A merchant as it came."""
    return Merchant(message.merchant_id, message.name, message.city, message.country_code)


def payment_of(message: payment_pb2.Payment) -> Payment:
    """A payment as it came."""
    target = money_of(message.target)
    return Payment(
        payment_id=message.payment_id,
        reference=message.reference,
        state=PAYMENT_STATES.of(message.state),
        payer_id=message.payer_id,
        corridor_id=message.corridor_id,
        merchant=merchant_of(message.merchant),
        target=target,
        home=money_of(message.home),
        spread=money_of(message.spread),
        mid=Decimal(message.mid),
        refunded=Money(message.refunded.minor_units, target.currency),
        action_url=message.action_url,
        reason=message.reason,
        message=message.message,
        quote_expire_time=time_of(message.quote_expire_time),
        create_time=time_of(message.create_time),
        update_time=time_of(message.update_time),
        authorised_target=money_in(message, "authorised_target"),
        bill_reference=message.bill_reference,
        in_escrow=message.in_escrow,
    )


def refund_of(message: payment_pb2.Refund) -> Refund:
    """A refund as it came."""
    return Refund(
        refund_id=message.refund_id,
        payment_id=message.payment_id,
        reference=message.reference,
        state=_REFUND_STATES.of(message.state),
        target=money_of(message.target),
        home=money_in(message, "home"),
        reason=message.reason,
        message=message.message,
        create_time=time_of(message.create_time),
        update_time=time_of(message.update_time),
        from_escrow=money_in(message, "from_escrow"),
    )
