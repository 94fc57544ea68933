"""Payers' codes over HTTP: what is asked and told, as pydantic models, with their examples."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import ConfigDict, Field

from services.gateway.http.answers import (
    Merchant,
    Money,
    TellCountry,
    Told,
    merchant_told,
    money_told,
    time_told,
)
from services.gateway.http.examples import MERCHANT
from services.gateway.http.requests import (
    ID_FORM,
    LARGEST_MINOR_UNITS,
    Asked,
    CallerId,
    MoneyInput,
    PaymentStateName,
)
from services.gateway.payments.messages import STATES
from services.gateway.payments.scanning import LONGEST_CODE
from services.gateway.presenting.drawing import Form, Picture
from services.gateway.presenting.rules import MOST_CODES, MOST_KEY_DAYS
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb

CodeStateName = Literal["active", "used", "expired", "cancelled"]
_STATE_NAMES: dict[int, CodeStateName] = {
    pb.PAYMENT_CODE_STATE_ACTIVE: "active",
    pb.PAYMENT_CODE_STATE_USED: "used",
    pb.PAYMENT_CODE_STATE_EXPIRED: "expired",
    pb.PAYMENT_CODE_STATE_CANCELLED: "cancelled",
}
_OPERATOR_CODE = r"^([A-Za-z0-9]{5,16})?$"

CodeIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the code.")]
KeyIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the key.")]
PresentedIdPath = Annotated[
    str, Path(pattern=ID_FORM, description="Your id of the presented payment.")
]
DrawnForm = Annotated[
    Form, Query(description="`qr` draws the text, `barcode` the number as Code 128.")
]
DrawnFormat = Annotated[Picture, Query(alias="format")]
_ID = "Your own id, unique among your {}: the idempotency key. Without it the Idempotency-Key "
_ID += "header is the id."


class CreatePaymentCodeRequest(Asked):
    """A code for a payer to show."""

    code_id: CallerId | None = Field(default=None, description=_ID.format("codes"))
    payer_id: CallerId = Field(description="Who pays, as you know them.")
    country_code: str = Field(
        pattern=r"^[A-Z]{2}$", description="Where it is to be good: ISO 3166-1 letters."
    )
    valid_seconds: int = Field(
        default=0,
        ge=0,
        le=180,
        description="How long it is good; 0: as usual. Your country bounds it.",
    )


class PaymentCode(Told):
    """A code that a payer shows once."""

    code_id: str
    payer_id: str
    country_code: TellCountry
    code: str = Field(description="To be shown as a QR code: EMVCo CPM or JPQR CPM.")
    barcode_number: str = Field(description="To be shown as Code 128.")
    state: CodeStateName
    create_time: datetime
    expire_time: datetime
    payment_id: str | None = Field(description="Of a used one: your payment.")


class ProvisionOfflineCodesRequest(Asked):
    """A phone that is to make codes without a network."""

    offline_key_id: CallerId | None = Field(default=None, description=_ID.format("keys"))
    payer_id: CallerId = Field(description="Who pays, as you know them.")
    code_count: int = Field(default=0, ge=0, le=MOST_CODES, description="0: 20.")
    valid_days: int = Field(default=0, ge=0, le=MOST_KEY_DAYS, description="0: 7.")


class OfflineKey(Told):
    """A key, and its secret where it is a fresh one: it is told this once."""

    offline_key_id: str
    payer_id: str
    key_number: str = Field(description="10 digits.")
    code_count: int = Field(description="Counters run from 0 to one less.")
    step_seconds: int
    secret: str | None = Field(description="32 bytes in base64.")
    create_time: datetime
    expire_time: datetime


class PresentingPolicy(Asked):
    """What you wish for all your payers, in minor units of your home currency."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    confirm_above_minor_units: int = Field(
        ge=0,
        le=LARGEST_MINOR_UNITS,
        description="Above it the payer confirms on the phone; 0: always.",
    )
    offline_maximum_minor_units: int = Field(
        default=0,
        ge=0,
        le=LARGEST_MINOR_UNITS,
        description="The most that a code made by a phone is taken for; 0: none is taken.",
    )
    jpqr_operator_code: str = Field(
        default="",
        pattern=_OPERATOR_CODE,
        description="Yours at the Payments Japan Association: codes for Japan are JPQR CPM then.",
    )


class ChargePaymentCodeRequest(Asked):
    """A code that a payer has shown at a shop of yours."""

    payment_id: CallerId | None = Field(default=None, description=_ID.format("presented payments"))
    code: str = Field(
        min_length=1,
        max_length=LONGEST_CODE,
        pattern=r"^[^\x00]+$",
        description="The text or the number that was scanned.",
    )
    merchant_id: CallerId
    amount: MoneyInput = Field(description="In the merchant's currency.")


class PresentedPayment(Told):
    """A payment as the acquirer of the shop sees it."""

    payment_id: str
    reference: str = Field(description="Ours, 26 characters: refunds name it.")
    state: PaymentStateName = Field(
        description="action_required while the payer has to confirm, until `expire_time`."
    )
    merchant: Merchant
    amount: Money
    refunded: Money | None
    message: str = Field(description="For the till.")
    expire_time: datetime | None
    create_time: datetime
    update_time: datetime


def code_told(code: pb.PaymentCode) -> PaymentCode:
    """A code."""
    return PaymentCode(
        code_id=code.code_id,
        payer_id=code.payer_id,
        country_code=code.country_code,
        code=code.code,
        barcode_number=code.barcode_number,
        state=_STATE_NAMES[code.state],
        create_time=time_told(code.create_time),
        expire_time=time_told(code.expire_time),
        payment_id=code.payment_id or None,
    )


def key_told(key: pb.OfflineKey, secret: str) -> OfflineKey:
    """A key."""
    return OfflineKey(
        offline_key_id=key.offline_key_id,
        payer_id=key.payer_id,
        key_number=key.key_number,
        code_count=key.code_count,
        step_seconds=key.step_seconds,
        secret=secret or None,
        create_time=time_told(key.create_time),
        expire_time=time_told(key.expire_time),
    )


def policy_told(policy: pb.PresentingPolicy) -> PresentingPolicy:
    """A policy."""
    return PresentingPolicy(
        confirm_above_minor_units=policy.confirm_above_minor_units,
        offline_maximum_minor_units=policy.offline_maximum_minor_units,
        jpqr_operator_code=policy.jpqr_operator_code,
    )


def presented_told(payment: pb.PresentedPayment) -> PresentedPayment:
    """A presented payment."""
    refunded = money_told(payment.refunded) if payment.HasField("refunded") else None
    waits = payment.HasField("expire_time")
    return PresentedPayment(
        payment_id=payment.payment_id,
        reference=payment.reference,
        state=STATES[payment.state].value,
        merchant=merchant_told(payment.merchant),
        amount=money_told(payment.amount),
        refunded=refunded,
        message=payment.message,
        expire_time=time_told(payment.expire_time) if waits else None,
        create_time=time_told(payment.create_time),
        update_time=time_told(payment.update_time),
    )


CODE: dict[str, Any] = {
    "code_id": "code-1",
    "payer_id": "li-na",
    "country_code": "JP",
    "code": "hQVDUFYwMWEhTwfwS0FXQVNFUAZLQVdBU0VXDhKDRTR5A0U0eS1JEgAF",
    "barcode_number": "12834534790345347925",
    "state": "active",
    "create_time": "2026-10-30T09:00:00Z",
    "expire_time": "2026-10-30T09:01:00Z",
    "payment_id": None,
}
CREATE_CODE = {"code_id": "code-1", "payer_id": "li-na", "country_code": "JP"}
CANCELLED_CODE = {**CODE, "state": "cancelled"}
PROVISION = {"offline_key_id": "phone-1", "payer_id": "li-na", "code_count": 10}
OFFLINE_KEY = {
    "offline_key_id": "phone-1",
    "payer_id": "li-na",
    "key_number": "4711081599",
    "code_count": 10,
    "step_seconds": 30,
    "secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    "create_time": "2026-10-30T09:00:00Z",
    "expire_time": "2026-11-06T09:00:00Z",
}
POLICY = {
    "confirm_above_minor_units": 10_000,
    "offline_maximum_minor_units": 5_000,
    "jpqr_operator_code": "",
}
CHARGE = {
    "payment_id": "till-1",
    "code": CODE["barcode_number"],
    "merchant_id": "shokudo",
    "amount": {"currency_code": "JPY", "minor_units": 1200},
}
PRESENTED: dict[str, Any] = {
    "payment_id": "till-1",
    "reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "state": "completed",
    "merchant": MERCHANT,
    "amount": {"currency_code": "JPY", "minor_units": 1200, "display": "¥1,200"},
    "refunded": None,
    "message": "Paid.",
    "expire_time": None,
    "create_time": "2026-10-30T09:00:10Z",
    "update_time": "2026-10-30T09:00:11Z",
}
GIVEN_UP = {
    **PRESENTED,
    "state": "cancelled",
    "message": "Cancelled at the till: nothing was taken.",
}
