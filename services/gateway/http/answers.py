"""What callers are told, as pydantic models made of the messages that gRPC sends."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, ConfigDict, Field

from services.codes.model import Kind
from services.core.display import display
from services.core.money import Money as Amount
from services.gateway.http.requests import PaymentStateName
from services.gateway.payments.messages import STATES
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REFERENCE = Field(
    pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$",
    description="Ours, 26 characters, as partners and files show it.",
)
_REASON = Field(description="Why it is not completed, in UPPER_SNAKE.")
_MESSAGE = Field(description="The same, for people.")

PendingStateName = Literal["pending", "completed", "declined"]
_REFUND_STATES: dict[int, PendingStateName] = {
    payment_pb2.REFUND_STATE_PENDING: "pending",
    payment_pb2.REFUND_STATE_COMPLETED: "completed",
    payment_pb2.REFUND_STATE_DECLINED: "declined",
}
_TOP_UP_STATES: dict[int, PendingStateName] = {
    payment_pb2.TOP_UP_STATE_PENDING: "pending",
    payment_pb2.TOP_UP_STATE_COMPLETED: "completed",
    payment_pb2.TOP_UP_STATE_DECLINED: "declined",
}


# Forms that are said and not checked: what partners tell is passed on as it came.
TellCurrency = Annotated[
    str, Field(description="ISO 4217 letters.", json_schema_extra={"pattern": "^[A-Z]{3}$"})
]
TellCountry = Annotated[
    str,
    Field(
        description="ISO 3166-1 letters; empty where unknown.",
        json_schema_extra={"pattern": "^([A-Z]{2})?$"},
    ),
]


class Told(BaseModel):
    """A part of an answer: every field is told, null where there is nothing."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Money(Told):
    """An amount: a whole number of minor units, and the same for people."""

    currency_code: TellCurrency
    minor_units: int
    display: str = Field(description="Such as ¥1,200 or CN¥56.00.")


class FieldProblem(Told):
    """What is wrong with a part of the request."""

    path: str = Field(description="Such as body.amount.minor_units.")
    message: str


class Problem(Told):
    """A refusal (RFC 9457), with the reason that gRPC's ErrorInfo carries."""

    type: str = Field(description="A URN per reason.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, for people.")
    reason: str = Field(description="UPPER_SNAKE, for programs.", pattern="^[A-Z0-9_]+$")
    metadata: dict[str, str] = Field(description="The variable parts of `detail`.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="Of a malformed request: each part that is wrong."
    )


class Merchant(Told):
    """Who is paid, as the code or its owner says."""

    merchant_id: str
    name: str
    city: str
    country_code: TellCountry


class CodeFinding(Told):
    """What is remarkable, or wrong, about a code."""

    code: str
    severity: str
    path: str
    message: str


class DecodedCode(Told):
    """What a code says."""

    kind: str = Field(json_schema_extra={"enum": [kind.value for kind in Kind]})
    valid: bool
    scheme: str | None
    merchant: Merchant | None
    currency_code: TellCurrency | None
    amount: Money | None = Field(description="Set where the code states its amount.")
    findings: list[CodeFinding]


class Payment(Told):
    """One payment of a payer to a merchant."""

    payment_id: str
    reference: str = _REFERENCE
    state: PaymentStateName
    payer_id: str
    corridor_id: str
    merchant: Merchant
    target: Money = Field(description="What the merchant is paid, before its fee.")
    home: Money = Field(description="What the payer pays, all told.")
    spread: Money = Field(description="The part of `home` that is the house's margin.")
    mid: str = Field(
        json_schema_extra={"pattern": r"^[0-9]+(\.[0-9]{1,12})?$"},
        description="Units of home currency for one of target currency, before the spread.",
    )
    refunded: Money | None = Field(description="Given back so far, in target currency.")
    authorised_target: Money | None = Field(
        default=None,
        description="Of a payment captured in part: what had been authorised, where `target`, "
        "`home` and `spread` are what was captured.",
    )
    authorised_home: Money | None = Field(default=None, description="The same, in home money.")
    bill_reference: str | None = Field(
        default=None, description="Of the payment of a bill: the reference printed on it."
    )
    in_escrow: bool = Field(
        default=False, description="What is paid goes into escrow, not to the merchant yet."
    )
    action_url: str | None = Field(
        description="In state action_required: where the payer approves."
    )
    reason: str | None = _REASON
    message: str | None = _MESSAGE
    quote_expire_time: datetime
    create_time: datetime
    update_time: datetime


class PaymentMove(Told):
    """One step in a payment's life."""

    number: int
    state: PaymentStateName
    step: str = Field(description="quote, reserve, collect, deliver, post, void, undo or done.")
    detail: str
    move_time: datetime


class PaymentWithMoves(Payment):
    """A payment, and how it came to where it is."""

    moves: list[PaymentMove]


class PaymentPage(Told):
    """A page of payments, in the order of your ids."""

    payments: list[Payment]
    next_page_token: str | None = Field(description="Null on the last page.")


class Refund(Told):
    """Money given back from a merchant to a payer."""

    refund_id: str
    payment_id: str
    reference: str = _REFERENCE
    state: PendingStateName
    target: Money = Field(description="What the merchant gives back.")
    home: Money | None = Field(
        description="What the payer gets back; told to the payer's own wallet only, else null."
    )
    reason: str | None = _REASON
    message: str | None = _MESSAGE
    create_time: datetime
    update_time: datetime
    from_escrow: Money | None = Field(
        default=None, description="What of `target` comes out of escrow, not from the merchant."
    )


class BankLink(Told):
    """A payer's account at a bank."""

    bank_link_id: str
    payer_id: str
    display_name: str = Field(description="The bank and the last digits, for people.")
    create_time: datetime


class TopUp(Told):
    """Money drawn from a bank account into a hosted wallet."""

    top_up_id: str
    reference: str = _REFERENCE
    bank_link_id: str
    state: PendingStateName
    amount: Money
    reason: str | None = _REASON
    message: str | None = _MESSAGE
    create_time: datetime
    update_time: datetime


def money_told(money: money_pb2.Money) -> Money:
    """An amount."""
    shown = display(Amount(money.minor_units, money.currency_code))
    return Money(currency_code=money.currency_code, minor_units=money.minor_units, display=shown)


def time_told(instant: Timestamp) -> datetime:
    """An instant, in UTC."""
    return _EPOCH + timedelta(seconds=instant.seconds, microseconds=instant.nanos // 1000)


def merchant_told(merchant: payment_pb2.Merchant) -> Merchant:
    """A merchant."""
    return Merchant(
        merchant_id=merchant.merchant_id,
        name=merchant.name,
        city=merchant.city,
        country_code=merchant.country_code,
    )


def code_told(code: pb.DecodeCodeResponse) -> DecodedCode:
    """What a code says."""
    return DecodedCode(
        kind=code.kind,
        valid=code.valid,
        scheme=code.scheme or None,
        merchant=merchant_told(code.merchant) if code.HasField("merchant") else None,
        currency_code=code.currency_code or None,
        amount=money_told(code.amount) if code.HasField("amount") else None,
        findings=[
            CodeFinding(code=f.code, severity=f.severity, path=f.path, message=f.message)
            for f in code.findings
        ],
    )


def _amount_told(
    payment: payment_pb2.Payment, field: Literal["refunded", "authorised_target", "authorised_home"]
) -> Money | None:
    """An amount that not every payment has."""
    return money_told(getattr(payment, field)) if payment.HasField(field) else None


def _payment_fields(payment: payment_pb2.Payment) -> dict[str, object]:
    return {
        "payment_id": payment.payment_id,
        "reference": payment.reference,
        "state": STATES[payment.state].value,
        "payer_id": payment.payer_id,
        "corridor_id": payment.corridor_id,
        "merchant": merchant_told(payment.merchant),
        "target": money_told(payment.target),
        "home": money_told(payment.home),
        "spread": money_told(payment.spread),
        "mid": payment.mid,
        "refunded": _amount_told(payment, "refunded"),
        "authorised_target": _amount_told(payment, "authorised_target"),
        "authorised_home": _amount_told(payment, "authorised_home"),
        "bill_reference": payment.bill_reference or None,
        "in_escrow": payment.in_escrow,
        "action_url": payment.action_url or None,
        "reason": payment.reason or None,
        "message": payment.message or None,
        "quote_expire_time": time_told(payment.quote_expire_time),
        "create_time": time_told(payment.create_time),
        "update_time": time_told(payment.update_time),
    }


def payment_told(payment: payment_pb2.Payment) -> Payment:
    """A payment."""
    return Payment.model_validate(_payment_fields(payment))


def payment_with_moves_told(
    payment: payment_pb2.Payment, moves: Iterable[payment_pb2.PaymentMove]
) -> PaymentWithMoves:
    """A payment and its moves."""
    told = [
        PaymentMove(
            number=move.number,
            state=STATES[move.state].value,
            step=move.step,
            detail=move.detail,
            move_time=time_told(move.move_time),
        )
        for move in moves
    ]
    return PaymentWithMoves.model_validate(_payment_fields(payment) | {"moves": told})


def refund_told(refund: payment_pb2.Refund) -> Refund:
    """A refund."""
    return Refund(
        refund_id=refund.refund_id,
        payment_id=refund.payment_id,
        reference=refund.reference,
        state=_REFUND_STATES[refund.state],
        target=money_told(refund.target),
        home=money_told(refund.home) if refund.HasField("home") else None,
        reason=refund.reason or None,
        message=refund.message or None,
        create_time=time_told(refund.create_time),
        update_time=time_told(refund.update_time),
        from_escrow=money_told(refund.from_escrow) if refund.HasField("from_escrow") else None,
    )


def bank_link_told(link: payment_pb2.BankLink) -> BankLink:
    """A bank link."""
    return BankLink(
        bank_link_id=link.bank_link_id,
        payer_id=link.payer_id,
        display_name=link.display_name,
        create_time=time_told(link.create_time),
    )


def top_up_told(top_up: payment_pb2.TopUp) -> TopUp:
    """A top-up."""
    return TopUp(
        top_up_id=top_up.top_up_id,
        reference=top_up.reference,
        bank_link_id=top_up.bank_link_id,
        state=_TOP_UP_STATES[top_up.state],
        amount=money_told(top_up.amount),
        reason=top_up.reason or None,
        message=top_up.message or None,
        create_time=time_told(top_up.create_time),
        update_time=time_told(top_up.update_time),
    )
