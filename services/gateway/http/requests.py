"""What callers send, as pydantic models: strict, bounded, nothing unknown beside."""

from typing import Annotated, Literal

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.core.currencies import CURRENCIES
from services.core.money import Money
from services.gateway.http.headers import next_link
from services.gateway.payments.scanning import LONGEST_CODE
from services.gateway.refunds.refusals import NOTE_MAXIMUM
from services.gateway.topups.asking import HOLDER_NAME_MAXIMUM

ID_FORM = r"^[A-Za-z0-9_-]{1,64}$"
# No control characters: neither ledgers nor partners' files take them.
TEXT_FORM = r"^[^\x00-\x1f\x7f]*$"
LARGEST_MINOR_UNITS = 10**15 - 1
PAGE_SIZE_MAXIMUM = 500

EXAMPLE_CODE = (
    "00020101021226680019jp.or.paymentsjapan0113000000000000102040001030600000104060000015204"
    "581253033925802JP5912TEST SHOKUDO6005TOKYO6107100000164150002JA0105テスト食堂540412006237"
    "0113INV-2026-00010507REF00010705POS01630439AC"
)

CallerId = Annotated[str, StringConstraints(pattern=ID_FORM, min_length=1, max_length=64)]
CurrencyCode = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{3}$",
        min_length=3,
        max_length=3,
        description="ISO 4217 letters.",
        json_schema_extra={"enum": sorted(CURRENCIES)},
    ),
]
PaymentStateName = Literal[
    "quoted",
    "authorised",
    "confirmed",
    "action_required",
    "completed",
    "declined",
    "cancelled",
    "expired",
]


class Asked(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class MoneyInput(Asked):
    """An amount: a whole number of minor units. 1,200 yen is `1200`, 56.00 yuan is `5600`."""

    currency_code: CurrencyCode
    minor_units: int = Field(ge=1, le=LARGEST_MINOR_UNITS, description="Above zero.")

    @property
    def money(self) -> Money:
        return Money(self.minor_units, self.currency_code)


def given_money(given: MoneyInput | None) -> Money | None:
    """The amount, where one is given."""
    return None if given is None else given.money


class ListQuery(BaseModel):
    """Which page of a list. Lists add what they are filtered by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_size: int = Field(default=100, ge=1, le=PAGE_SIZE_MAXIMUM)
    page_token: str = Field(default="", max_length=128, pattern=r"^[A-Za-z0-9_=-]*$")

    def link(self, path: str, next_page_token: str | None) -> dict[str, str]:
        """The header that leads to the next page with the same filter; none from the last one."""
        if not next_page_token:
            return {}
        asked = self.model_dump(exclude={"page_token"}, exclude_defaults=True)
        kept = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in asked.items()
        }
        return {"link": next_link(path, kept, next_page_token)}


class DecodeCodeRequest(Asked):
    """A scanned text."""

    code: str = Field(
        min_length=1,
        max_length=LONGEST_CODE,
        pattern=r"^[^\x00]+$",
        description="The text as it was scanned.",
        examples=[EXAMPLE_CODE],
    )


class CreatePaymentRequest(DecodeCodeRequest):
    """A payment to be priced."""

    payment_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique among your payments: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    payer_id: CallerId = Field(description="Who pays, as you know them.")
    amount: MoneyInput | None = Field(
        default=None,
        description="What the payer typed, in the merchant's currency; only where the code states "
        "no amount.",
    )


class PayRequest(CreatePaymentRequest):
    """A payment to be priced and paid in one call."""

    maximum: MoneyInput = Field(
        description="The most that the payer agrees to pay, all told; in home currency."
    )


class CreateRefundRequest(Asked):
    """A refund of a completed payment."""

    refund_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique among your refunds: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    payment_id: CallerId = Field(
        description="A wallet names its payment by its own id, an acquirer by our reference."
    )
    amount: MoneyInput | None = Field(
        default=None, description="In the merchant's currency; without it all that is left."
    )
    reason: str = Field(
        default="", max_length=NOTE_MAXIMUM, pattern=TEXT_FORM, description="For the partner."
    )


class LinkBankAccountRequest(Asked):
    """A payer's account at a Japanese bank."""

    bank_link_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique among your links: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    payer_id: CallerId = Field(description="Whose account it is, as you know them.")
    partner_id: CallerId = Field(description="The bank, as it is named here.")
    bank_code: str = Field(pattern=r"^[0-9]{4}$", description="Zengin's number of the bank.")
    branch_code: str = Field(pattern=r"^[0-9]{3}$", description="Zengin's number of the branch.")
    account_type: str = Field(pattern=r"^[0-9]$", description="1 ordinary, 2 current, 4 savings.")
    account_number: str = Field(pattern=r"^[0-9]{7}$")
    holder_name: str = Field(
        min_length=1,
        max_length=HOLDER_NAME_MAXIMUM,
        pattern=r"^[^\x00-\x1f\x7f\s]([^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s])?$",
        description="The holder in kana, as the bank knows them.",
    )


class CreateTopUpRequest(Asked):
    """Money to be drawn from a linked bank account."""

    top_up_id: CallerId | None = Field(
        default=None,
        description="Your own id, unique among your top-ups: the idempotency key. Without it the "
        "Idempotency-Key header is the id.",
    )
    bank_link_id: CallerId
    amount: MoneyInput = Field(description="In your home currency.")


class ListPaymentsQuery(BaseModel):
    """Which page of which payments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_size: int = Field(default=100, ge=1, le=PAGE_SIZE_MAXIMUM)
    page_token: str = Field(
        default="",
        max_length=128,
        pattern=r"^[A-Za-z0-9_=-]*$",
        description="`next_page_token` of the page before; empty for the first page.",
    )
    state: PaymentStateName | None = Field(
        default=None,
        description="Only payments in this state. A page may then hold few or none and still name "
        "a next one.",
    )


PaymentIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the payment.")]
RefundIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the refund.")]
TopUpIdPath = Annotated[str, Path(pattern=ID_FORM, description="Your id of the top-up.")]
PageQuery = Annotated[ListPaymentsQuery, Query()]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r'^("[A-Za-z0-9_-]{1,64}"|[A-Za-z0-9_-]{1,64})$',
        description="The id of what is made, where the body leaves it out; where both are sent "
        "they have to be the same. Same id and content: the same answer. Same id with other "
        "content: 409.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1024,
        description="The ETag of what you have: answered with 304 while it is the same.",
    ),
]
Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        max_length=200,
        description="`wait=N` waits up to N seconds, at most 120, for the payment's end (25 "
        "without it).",
    ),
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=100,
        description="The id of the last event you have seen; it is not told again.",
    ),
]
