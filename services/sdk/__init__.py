"""The Python client of the gateway, for wallets and acquirers: typed, async, over gRPC.

    async with WalletClient("pay.example:443", api_key, Tls()) as kawase:
        payment = await kawase.pay("order-1", "li-na", code, Money(6_000, "CNY"))

    async with AcquirerClient("pay.example:443", api_key, Tls()) as kawase:
        order = await kawase.orders.create("table-12", "shop-7", Money(1_200, "JPY"))

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
from services.sdk.acquirer.billers import (
    Alphabet,
    BillPayment,
    CheckMethod,
    CheckTen,
    DueDateForm,
    OwnBiller,
    ReferenceFormat,
)
from services.sdk.acquirer.client import AcquirerClient, Authorisation, Charge, ShopPayment
from services.sdk.acquirer.orders import Order, OrderState
from services.sdk.acquirer.shops import PayoutAccount, Shop, ShopCode, ShopState, ShopVersion
from services.sdk.drawing import DrawingFormat
from services.sdk.errors import AnswerOverdue, GatewayFailed, SignatureInvalid
from services.sdk.escrow import Escrow, EscrowState
from services.sdk.line import Tls
from services.sdk.model import Merchant, Payment, PaymentState, Refund, RefundState
from services.sdk.participant import DecodedCode
from services.sdk.prepaid import PrepaidOrder, PrepaidState
from services.sdk.retrying import Retry
from services.sdk.signing import RequestSigner, SigningPair, make_signing_pair
from services.sdk.wallet.banking import (
    BankAccount,
    BankLink,
    TopUp,
    TopUpState,
    Withdrawal,
    WithdrawalState,
)
from services.sdk.wallet.bills import Biller, BillFinding, CheckedBill
from services.sdk.wallet.client import WalletClient
from services.sdk.wallet.codes import PayerCode, PayerCodeState, Policy
from services.sdk.wallet.offline import OfflineKey
from services.sdk.wallet.persons import PersonalCode, PersonalReceipt
from services.sdk.webhooks.endpoints import (
    Attempt,
    Delivery,
    DeliveryHistory,
    DeliveryState,
    Endpoint,
)
from services.sdk.webhooks.verifying import WebhookEvent, check_secret, verify_webhook

__all__ = [
    "AcquirerClient",
    "Alphabet",
    "AnswerOverdue",
    "Attempt",
    "Authorisation",
    "BankAccount",
    "BankLink",
    "BillFinding",
    "BillPayment",
    "Biller",
    "Charge",
    "CheckMethod",
    "CheckTen",
    "CheckedBill",
    "Conflict",
    "Contended",
    "DecodedCode",
    "Delivery",
    "DeliveryHistory",
    "DeliveryState",
    "DrawingFormat",
    "DueDateForm",
    "Endpoint",
    "Escrow",
    "EscrowState",
    "Forbidden",
    "GatewayFailed",
    "KawaseError",
    "LimitReached",
    "Malformed",
    "Merchant",
    "Money",
    "NotFound",
    "OfflineKey",
    "Order",
    "OrderState",
    "OwnBiller",
    "PayerCode",
    "PayerCodeState",
    "Payment",
    "PaymentState",
    "PayoutAccount",
    "PersonalCode",
    "PersonalReceipt",
    "Policy",
    "PrepaidOrder",
    "PrepaidState",
    "ReferenceFormat",
    "Refund",
    "RefundState",
    "Refused",
    "RequestSigner",
    "Retry",
    "Shop",
    "ShopCode",
    "ShopPayment",
    "ShopState",
    "ShopVersion",
    "SignatureInvalid",
    "SigningPair",
    "Tls",
    "TopUp",
    "TopUpState",
    "Unauthenticated",
    "Unavailable",
    "WalletClient",
    "WebhookEvent",
    "Withdrawal",
    "WithdrawalState",
    "check_secret",
    "make_signing_pair",
    "verify_webhook",
]
