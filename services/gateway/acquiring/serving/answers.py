"""AcquirerService over HTTP: what is told, made of the messages that gRPC sends."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.gateway.acquiring.serving.documents import (
    CREATE_ORDER,
    UPDATE_MERCHANT,
    OrderStateName,
)
from services.gateway.http.answers import (
    Merchant,
    Money,
    TellCountry,
    TellCurrency,
    Told,
    money_told,
    time_told,
)
from services.gateway.http.answers import merchant_told as payee_told
from services.gateway.http.requests import EXAMPLE_CODE, PaymentStateName
from services.gateway.payments.messages import STATES
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb

MerchantStateName = Literal["pending", "approved", "rejected", "replaced"]

_MERCHANT_STATES: dict[int, MerchantStateName] = {
    pb.MERCHANT_STATE_PENDING: "pending",
    pb.MERCHANT_STATE_APPROVED: "approved",
    pb.MERCHANT_STATE_REJECTED: "rejected",
    pb.MERCHANT_STATE_REPLACED: "replaced",
}
_ORDER_STATES: dict[int, OrderStateName] = {
    pb.ORDER_STATE_OPEN: "open",
    pb.ORDER_STATE_PAYING: "paying",
    pb.ORDER_STATE_PAID: "paid",
    pb.ORDER_STATE_EXPIRED: "expired",
    pb.ORDER_STATE_CLOSED: "closed",
}


class PayoutAccount(Told):
    """An account at a Japanese bank."""

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str = Field(description="`***` and the last three digits.")
    holder_name: str


class MerchantVersion(Told):
    """One version of what was said of a shop."""

    merchant_id: str
    acquirer_id: str
    version: int = Field(description="From 1; 0 for a shop that the operator has put itself.")
    state: MerchantStateName
    name: str
    local_name: str
    kana_name: str
    category_code: str
    postal_code: str
    city: str
    country_code: TellCountry
    currency_code: TellCurrency
    scheme: str
    scheme_account_id: str
    parent_merchant_id: str | None
    fee_plan_id: str
    fee_plan_expire_time: datetime | None = Field(description="Of a small merchant's plan.")
    fee_plan_after_id: str | None
    net_debit_limit: int
    refund_day_limit: int
    payout_account: PayoutAccount | None
    findings: list[str] = Field(description="What the operator is to look at.")
    reason: str | None = Field(description="Why it was rejected.")
    propose_time: datetime | None
    decide_time: datetime | None
    account_effective_time: datetime | None = Field(
        description="Nothing is paid to its account before; until then the one before it is paid."
    )


class MerchantWithChange(Told):
    """A shop's latest version, and the one in force where it is another."""

    merchant: MerchantVersion
    in_force: MerchantVersion | None


class MerchantPage(Told):
    """A page of shops."""

    merchants: list[MerchantVersion]
    next_page_token: str | None


class MerchantCode(Told):
    """A code of a shop."""

    code_id: str
    merchant_id: str
    code: str = Field(description="EMVCo text.")
    amount: Money | None
    create_time: datetime


class Order(Told):
    """What is to be paid once, and what pays it."""

    order_id: str
    merchant_id: str
    state: OrderStateName
    amount: Money
    note: str
    code: str = Field(description="EMVCo text, with the amount.")
    expire_time: datetime
    create_time: datetime
    payment_reference: str | None = Field(description="Ours; refunds name the payment by it.")
    payment_state: PaymentStateName | None
    refunded: Money | None
    close_time: datetime | None = Field(description="Of one that you have taken back.")


class OrderPage(Told):
    """A page of orders."""

    orders: list[Order]
    next_page_token: str | None = Field(description="Null on the last page.")


class ShopPayment(Told):
    """A payment at a shop: the merchant's side of it."""

    reference: str = Field(
        pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$", description="Ours; refunds name the payment by it."
    )
    state: PaymentStateName
    merchant: Merchant
    target: Money = Field(description="What the merchant is paid, before its fee.")
    authorised_target: Money | None = Field(
        description="Of a payment captured in part: what had been authorised."
    )
    refunded: Money | None = Field(description="What was given back of it so far.")
    bill_reference: str | None = Field(
        description="Of the payment of a bill: the reference printed on it."
    )
    in_escrow: bool
    create_time: datetime
    update_time: datetime


def merchant_told(version: pb.MerchantVersion) -> MerchantVersion:
    """A version."""
    content = version.content
    account = None
    if content.HasField("payout_account"):
        given = content.payout_account
        account = {field.name: getattr(given, field.name) for field in given.DESCRIPTOR.fields}
    fields: dict[str, Any] = {
        field.name: getattr(content, field.name) for field in content.DESCRIPTOR.fields
    }
    return MerchantVersion.model_validate(
        fields
        | {
            "parent_merchant_id": content.parent_merchant_id or None,
            "payout_account": account,
            "acquirer_id": version.acquirer_id,
            "version": version.version,
            "state": _MERCHANT_STATES[version.state],
            "findings": list(version.findings),
            "fee_plan_expire_time": _time(version, "fee_plan_expire_time"),
            "fee_plan_after_id": version.fee_plan_after_id or None,
            "reason": version.reason or None,
            "propose_time": _time(version, "propose_time"),
            "decide_time": _time(version, "decide_time"),
            "account_effective_time": _time(version, "account_effective_time"),
        }
    )


def _time(version: pb.MerchantVersion, field: Any) -> datetime | None:
    return time_told(getattr(version, field)) if version.HasField(field) else None


def code_told(code: pb.MerchantCode) -> MerchantCode:
    """A code."""
    return MerchantCode(
        code_id=code.code_id,
        merchant_id=code.merchant_id,
        code=code.code,
        amount=money_told(code.amount) if code.HasField("amount") else None,
        create_time=time_told(code.create_time),
    )


def order_told(order: pb.Order) -> Order:
    """An order."""
    paying = order.payment_reference
    return Order(
        order_id=order.order_id,
        merchant_id=order.merchant_id,
        state=_ORDER_STATES[order.state],
        amount=money_told(order.amount),
        note=order.note,
        code=order.code,
        expire_time=time_told(order.expire_time),
        create_time=time_told(order.create_time),
        payment_reference=paying or None,
        payment_state=STATES[order.payment_state].value if paying else None,
        refunded=money_told(order.refunded) if order.HasField("refunded") else None,
        close_time=time_told(order.close_time) if order.HasField("close_time") else None,
    )


def shop_payment_told(payment: pb.ShopPayment) -> ShopPayment:
    """A payment at a shop."""
    authorised = payment.authorised_target if payment.HasField("authorised_target") else None
    return ShopPayment(
        reference=payment.reference,
        state=STATES[payment.state].value,
        merchant=payee_told(payment.merchant),
        target=money_told(payment.target),
        authorised_target=None if authorised is None else money_told(authorised),
        refunded=money_told(payment.refunded) if payment.HasField("refunded") else None,
        bill_reference=payment.bill_reference or None,
        in_escrow=payment.in_escrow,
        create_time=time_told(payment.create_time),
        update_time=time_told(payment.update_time),
    )


_TIME = "2026-10-30T09:00:00Z"
MERCHANT: dict[str, Any] = {
    **UPDATE_MERCHANT,
    "merchant_id": "shop-7",
    "acquirer_id": "edo",
    "version": 1,
    "state": "pending",
    "kana_name": "ｶﾌﾞｼｷｶﾞｲｼﾔﾃｽﾄｼﾖｸﾄﾞｳ",
    "parent_merchant_id": None,
    "net_debit_limit": 0,
    "fee_plan_expire_time": None,
    "fee_plan_after_id": None,
    "findings": [],
    "reason": None,
    "propose_time": _TIME,
    "decide_time": None,
    "account_effective_time": None,
    "payout_account": {**UPDATE_MERCHANT["payout_account"], "account_number": "***567"},
}
CHANGED_MERCHANT = {"merchant": {**MERCHANT, "version": 2}, "in_force": MERCHANT}
MERCHANTS = {"merchants": [MERCHANT], "next_page_token": None}
CODE = {
    "code_id": "till-1",
    "merchant_id": "shop-7",
    "code": EXAMPLE_CODE,
    "amount": None,
    "create_time": _TIME,
}
ORDER: dict[str, Any] = {
    "order_id": CREATE_ORDER["order_id"],
    "merchant_id": "shop-7",
    "state": "paid",
    "amount": {"currency_code": "JPY", "minor_units": 1200, "display": "¥1,200"},
    "note": "Table 12",
    "code": EXAMPLE_CODE,
    "expire_time": "2026-10-30T09:10:00Z",
    "create_time": _TIME,
    "payment_reference": "01K8TB3ZJ0A5V1Q2W3E4R5T6Y7",
    "payment_state": "completed",
    "refunded": None,
    "close_time": None,
}
CLOSED_ORDER = {
    **ORDER,
    "state": "closed",
    "payment_reference": None,
    "payment_state": None,
    "close_time": "2026-10-30T09:05:00Z",
}
ORDERS = {"orders": [ORDER], "next_page_token": None}
SHOP_PAYMENT = {
    "reference": ORDER["payment_reference"],
    "state": "completed",
    "merchant": {
        "merchant_id": "shop-7",
        "name": "TEST SHOKUDO",
        "city": "TOKYO",
        "country_code": "JP",
    },
    "target": ORDER["amount"],
    "authorised_target": None,
    "refunded": None,
    "bill_reference": None,
    "in_escrow": False,
    "create_time": _TIME,
    "update_time": "2026-10-30T09:00:02Z",
}
