"""AcquirerService over HTTP: what is asked, as pydantic models, with examples."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.acquiring.codes.drawing import Format
from services.gateway.acquiring.orders.model import NOTE_MAXIMUM, VALID_SECONDS_MAXIMUM
from services.gateway.http.requests import (
    ID_FORM,
    PAGE_SIZE_MAXIMUM,
    TEXT_FORM,
    Asked,
    CallerId,
    CurrencyCode,
    MoneyInput,
)
from services.gateway.payments.pricing import LARGEST_PAYMENT

_ASCII = r"^[\x20-\x7e]*$"
_AFTER = r"^[A-Za-z0-9_=-]*$"
_NEXT = "`next_page_token` of the page before; empty for the first page."
_KANA = "In katakana, as banks write it; kanji has no reading by rule."
_IN_THE_HEADER = "Without it the Idempotency-Key header is the id."
MOST_MINOR_UNITS = LARGEST_PAYMENT


class PayoutAccountInput(Asked):
    """An account at a Japanese bank."""

    bank_code: str = Field(pattern=r"^[0-9]{4}$", description="Zengin's number of the bank.")
    branch_code: str = Field(pattern=r"^[0-9]{3}$", description="Zengin's number of the branch.")
    account_type: str = Field(pattern=r"^[124]$", description="1 ordinary, 2 current, 4 savings.")
    account_number: str = Field(
        pattern=r"^([0-9]{7}|\*{3}[0-9]{3})$",
        description="Seven digits; `***` and three, as it is shown, for the one that is known.",
    )
    holder_name: str = Field(min_length=1, max_length=100, pattern=TEXT_FORM, description=_KANA)


class MerchantInput(Asked):
    """All that is said of a shop."""

    name: str = Field(
        min_length=1, max_length=25, pattern=_ASCII, description="In ASCII, as codes carry it."
    )
    local_name: str = Field(
        default="", max_length=25, pattern=TEXT_FORM, description="As its people write it."
    )
    kana_name: str = Field(min_length=1, max_length=100, pattern=TEXT_FORM, description=_KANA)
    category_code: str = Field(pattern=r"^[0-9]{4}$", description="ISO 18245, such as 5812.")
    postal_code: str = Field(default="", max_length=10, pattern=_ASCII)
    city: str = Field(min_length=1, max_length=15, pattern=_ASCII, description="In ASCII.")
    country_code: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 letters.")
    currency_code: CurrencyCode
    scheme: CallerId = Field(description="The scheme of its code, such as jpqr.")
    scheme_account_id: str = Field(
        min_length=1,
        max_length=100,
        pattern=_ASCII,
        description="Its id there, as codes decode it.",
    )
    parent_merchant_id: CallerId | None = Field(
        default=None, description="Of a sub-merchant: the shop it belongs to."
    )
    fee_plan_id: CallerId = Field(description="Which is asked for; you may be given another.")
    net_debit_limit: int = Field(
        default=0,
        ge=0,
        le=MOST_MINOR_UNITS,
        description="How far refunds after payout may overdraw what it is owed; minor units.",
    )
    refund_day_limit: int = Field(
        default=0,
        ge=0,
        le=MOST_MINOR_UNITS,
        description="The most that you may refund in a day; minor units, 0 for no limit.",
    )
    payout_account: PayoutAccountInput | None = Field(
        default=None, description="Only a sub-merchant may leave it out: its parent is paid."
    )


class ProposeMerchantInput(MerchantInput):
    """A fresh shop."""

    merchant_id: CallerId | None = Field(
        default=None, description=f"Your own id of it. {_IN_THE_HEADER}"
    )


class CreateCodeInput(Asked):
    """A code to hang up, or with an amount to show."""

    code_id: CallerId | None = Field(
        default=None, description=f"Your own id of it. {_IN_THE_HEADER}"
    )
    merchant_id: CallerId
    amount: MoneyInput | None = Field(
        default=None, description="In the merchant's currency; without it the payer types it."
    )
    terminal_label: str = Field(
        default="", max_length=25, pattern=_ASCII, description="Of the place where it hangs."
    )


class CreateOrderInput(Asked):
    """What is to be paid once."""

    order_id: CallerId | None = Field(
        default=None, description=f"Your own id of it. {_IN_THE_HEADER}"
    )
    merchant_id: CallerId
    amount: MoneyInput = Field(description="In the merchant's currency.")
    note: str = Field(default="", max_length=NOTE_MAXIMUM, pattern=TEXT_FORM)
    valid_seconds: int = Field(
        default=0,
        ge=0,
        le=VALID_SECONDS_MAXIMUM,
        description="How long a payment may begin; 0: 15 minutes.",
    )


OrderStateName = Literal["open", "paying", "paid", "expired", "closed"]


class ListOrdersQuery(BaseModel):
    """Which page of which orders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_size: int = Field(default=100, ge=1, le=PAGE_SIZE_MAXIMUM)
    page_token: str = Field(default="", max_length=128, pattern=_AFTER, description=_NEXT)
    merchant_id: str = Field(
        default="", max_length=64, pattern=r"^[A-Za-z0-9_-]*$", description="Only of this shop."
    )
    state: OrderStateName | None = Field(
        default=None,
        description="Only orders in this state. A page may then hold few or none and still name a "
        "next one.",
    )


OrderQuery = Annotated[ListOrdersQuery, Query()]
MerchantIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the merchant.")]
CodeIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the code.")]
OrderIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the order.")]
ReferencePath = Annotated[str, Path(pattern=ID_FORM, description="Our reference of the payment.")]
Drawn = Annotated[
    Format,
    Query(alias="format", description="`sheet` is a page of A6 to hang up, as PDF."),
]
Named = Annotated[
    str,
    Query(
        alias="participant_id",
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="Whose, where an operator asks; leave it out otherwise.",
    ),
]
PendingOnly = Annotated[bool, Query(description="Only those that wait for an operator.")]
PageSize = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAXIMUM)]
PageToken = Annotated[
    str,
    Query(
        max_length=128,
        pattern=_AFTER,
        description=_NEXT,
    ),
]

_ACCOUNT: dict[str, Any] = {
    "bank_code": "9901",
    "branch_code": "101",
    "account_type": "1",
    "account_number": "1234567",
    "holder_name": "カ)テストショクドウ",
}
UPDATE_MERCHANT: dict[str, Any] = {
    "name": "TEST SHOKUDO",
    "local_name": "テスト食堂",
    "kana_name": "カブシキガイシャテストショクドウ",
    "category_code": "5812",
    "postal_code": "1000001",
    "city": "TOKYO",
    "country_code": "JP",
    "currency_code": "JPY",
    "scheme": "jpqr",
    "scheme_account_id": "0000000000001.0001.000002.000001",
    "fee_plan_id": "jp-shop",
    "refund_day_limit": 100000,
    "payout_account": _ACCOUNT,
}
PROPOSE_MERCHANT = {"merchant_id": "shop-7", **UPDATE_MERCHANT}
CREATE_CODE = {"code_id": "till-1", "merchant_id": "shop-7", "terminal_label": "TILL 1"}
CREATE_ORDER: dict[str, Any] = {
    "order_id": "table-12",
    "merchant_id": "shop-7",
    "amount": {"currency_code": "JPY", "minor_units": 1200},
    "note": "Table 12",
    "valid_seconds": 600,
}
