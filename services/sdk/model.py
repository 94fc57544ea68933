"""What calls answer with: payments and refunds as values, amounts as `Money`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from services.core.money import Money
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2


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
    `message` say why a payment is not COMPLETED.
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

    @property
    def is_final(self) -> bool:
        """Whether it stays in this state."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back: `target` by the merchant, `home` to the payer."""

    refund_id: str
    payment_id: str
    reference: str
    state: RefundState
    target: Money
    home: Money
    reason: str
    message: str
    create_time: datetime
    update_time: datetime


_PAYMENT_STATES = {
    payment_pb2.PaymentState.Value(f"PAYMENT_STATE_{state.name}"): state
    for state in PaymentState
    if state is not PaymentState.OTHER
}
_REFUND_STATES = {
    payment_pb2.RefundState.Value(f"REFUND_STATE_{state.name}"): state
    for state in RefundState
    if state is not RefundState.OTHER
}


def state_number(state: PaymentState) -> payment_pb2.PaymentState.ValueType:
    """A state as requests name it. Raises ValueError for OTHER."""
    return payment_pb2.PaymentState.Value(f"PAYMENT_STATE_{state.name}")


def money_message(money: Money | None) -> money_pb2.Money | None:
    """An amount as requests carry it."""
    if money is None:
        return None
    return money_pb2.Money(minor_units=money.minor, currency_code=money.currency)


def _money(message: money_pb2.Money) -> Money:
    return Money(message.minor_units, message.currency_code)


def payment_of(message: payment_pb2.Payment) -> Payment:
    """A payment as it came."""
    merchant = message.merchant
    target = _money(message.target)
    return Payment(
        payment_id=message.payment_id,
        reference=message.reference,
        state=_PAYMENT_STATES.get(message.state, PaymentState.OTHER),
        payer_id=message.payer_id,
        corridor_id=message.corridor_id,
        merchant=Merchant(
            merchant.merchant_id, merchant.name, merchant.city, merchant.country_code
        ),
        target=target,
        home=_money(message.home),
        spread=_money(message.spread),
        mid=Decimal(message.mid),
        refunded=Money(message.refunded.minor_units, target.currency),
        action_url=message.action_url,
        reason=message.reason,
        message=message.message,
        quote_expire_time=message.quote_expire_time.ToDatetime(UTC),
        create_time=message.create_time.ToDatetime(UTC),
        update_time=message.update_time.ToDatetime(UTC),
    )


def refund_of(message: payment_pb2.Refund) -> Refund:
    """A refund as it came."""
    return Refund(
        refund_id=message.refund_id,
        payment_id=message.payment_id,
        reference=message.reference,
        state=_REFUND_STATES.get(message.state, RefundState.OTHER),
        target=_money(message.target),
        home=_money(message.home),
        reason=message.reason,
        message=message.message,
        create_time=message.create_time.ToDatetime(UTC),
        update_time=message.update_time.ToDatetime(UTC),
    )
