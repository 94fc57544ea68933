"""The Python client of the gateway, for wallets and acquirers: typed, async, over gRPC.

    async with Client("pay.example:443", api_key, Tls()) as kawase:
        payment = await kawase.pay("order-1", "li-na", code, Money(6_000, "CNY"))

It stands on the contracts (`services.pb`) and on `services.core` alone, never on a service.
"""

from services.core.errors import (
    Conflict,
    Contended,
    Forbidden,
    KawaseError,
    LimitReached,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from services.core.money import Money
from services.sdk.client import Client, Tls
from services.sdk.errors import AnswerOverdue, GatewayFailed, SignatureInvalid
from services.sdk.model import Merchant, Payment, PaymentState, Refund, RefundState
from services.sdk.retrying import Retry
from services.sdk.webhooks import WebhookEvent, verify_webhook

__all__ = [
    "AnswerOverdue",
    "Client",
    "Conflict",
    "Contended",
    "Forbidden",
    "GatewayFailed",
    "KawaseError",
    "LimitReached",
    "Malformed",
    "Merchant",
    "Money",
    "NotFound",
    "Payment",
    "PaymentState",
    "Refund",
    "RefundState",
    "Refused",
    "Retry",
    "SignatureInvalid",
    "Tls",
    "Unauthenticated",
    "Unavailable",
    "WebhookEvent",
    "verify_webhook",
]
